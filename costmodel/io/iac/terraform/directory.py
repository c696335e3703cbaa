"""Terraform directories → architectures, evaluated by the compiled parser of ``tfparse``.

The parser fills what only AWS knows with invented ids; every value that rests on one is taken out
and named in ``unknown``. Nothing is fetched: a module that is not on this machine is an issue.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from costmodel.errors import Issue, IssueReason, MissingDependencyError, SpecError
from costmodel.io.iac.terraform.configuration import Configuration, expression_references
from costmodel.io.iac.terraform.counts import module_issues, settled
from costmodel.io.iac.terraform.instances import Instance, build_spec, module_path
from costmodel.io.iac.terraform.source import Declared, SourceModule, read_module, terraform_files
from costmodel.io.iac.terraform.variables import Variables, passed_variable
from costmodel.usage.spec import ArchitectureSpec

# Arguments of Terraform itself, not of the resource.
_META = frozenset(
    {"__tfmeta", "count", "for_each", "provider", "depends_on", "lifecycle", "connection",
     "provisioner", "timeouts"}
)  # fmt: skip
_PREFIX = "unable to create TerraformConverter: "
_FAKE_REGION = "current-region"  # what the parser answers for an aws_region data source
_ADDRESS = re.compile(
    r"(?P<module>(?:module\.[^.\[]+(?:\[[^\]]*\])?\.)*)"
    r"(?P<base>\w+\.[^.\[]+)(?:\[(?P<index>.*)\])?"
)


def read_directory(
    directory: Path, region: str | None = None, variable_files: Sequence[str | Path] = ()
) -> ArchitectureSpec:
    """Read a Terraform directory.

    Args:
        directory: the root module. ``terraform.tfvars`` and ``*.auto.tfvars`` in it are used.
        region: of the resources whose provider states none.
        variable_files: further variable files; later ones win.

    Raises:
        SpecError: the source is not valid, or a module calls itself.
        MissingDependencyError: tfparse is not installed.
    """
    source = read_module(directory, directory)
    parsed = _parse(directory, [*_automatic_variables(directory), *map(str, variable_files)])
    invented = {item["id"] for item in _objects(parsed) if isinstance(item.get("id"), str)}
    plan = {
        "configuration": {
            "root_module": source.configuration,
            "provider_config": _providers(parsed),
        }
    }
    configuration = Configuration(plan)
    reading = _Reading(invented, configuration, Variables(parsed, invented), region)
    items = list(_resource_items(parsed))
    counts = {str(i["__tfmeta"]["path"]): i["count"] for i in items if type(i.get("count")) is int}
    written = [_instance(item, reading) for item in items]
    instances, late = settled(written, counts, configuration)
    instances.sort(key=lambda instance: (instance.source.rpartition(":")[0], _line(instance)))
    issues = [
        *_source_issues(source, written, reading.variables),
        *_count_issues(instances),
        *late,
        *module_issues(source),
    ]
    return build_spec(instances, configuration, region, issues)


def _resource_items(parsed: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for kind, items in parsed.items():
        for item in items if isinstance(items, list) and "_" in kind else ():
            if isinstance(item, dict) and item.get("__tfmeta", {}).get("type") == "resource":
                yield item


def _line(instance: Instance) -> int:
    return int(instance.source.rpartition(":")[2])


def _automatic_variables(directory: Path) -> list[str]:
    """Return the variable files Terraform loads by itself, in its order."""
    plain = [directory / "terraform.tfvars", directory / "terraform.tfvars.json"]
    automatic = sorted([*directory.glob("*.auto.tfvars"), *directory.glob("*.auto.tfvars.json")])
    return [str(file) for file in [*plain, *automatic] if file.is_file()]


def _parse(directory: Path, variable_files: list[str]) -> Mapping[str, Any]:
    if not terraform_files(directory) and not any(directory.glob("*.tf.json")):
        raise SpecError(
            f"{directory}: holds no Terraform files (*.tf); give a directory that does"
        )
    for file in variable_files:
        if not Path(file).is_file():
            raise SpecError(f"{file}: does not exist; check the path of the variable file")
    try:
        import tfparse
    except ImportError:
        raise MissingDependencyError("tfparse", "terraform") from None
    try:
        parsed: Mapping[str, Any] = tfparse.load_from_path(
            str(directory),
            stop_on_hcl_error=True,
            # The parser takes every path as relative to the directory.
            vars_paths=[os.path.relpath(file, directory) for file in variable_files],
        )
    except tfparse.ParseError as failure:
        text = " ".join(str(failure).removeprefix(_PREFIX).split())
        raise SpecError(f"{directory}: Terraform source is not valid: {text}") from None
    return parsed


def _objects(parsed: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield every object that the parser gave an invented id: blocks at any depth."""
    stack: list[Any] = list(parsed.values())
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            stack.extend(node)
        elif isinstance(node, dict):
            if "__tfmeta" in node:
                yield node
            stack.extend(node.values())


def _providers(parsed: Mapping[str, Any]) -> dict[str, Any]:
    """Return provider key → configuration, in the form of a plan."""
    providers: dict[str, Any] = {}
    for item in parsed.get("provider") or ():
        meta = item.get("__tfmeta", {})
        path = module_path(str(meta.get("path", "")))
        label, alias, region = meta.get("label"), item.get("alias"), item.get("region")
        key = f"{label}.{alias}" if isinstance(alias, str) else str(label)
        expressions = {"region": {"constant_value": region}} if isinstance(region, str) else {}
        if not path:
            providers[key] = {"expressions": expressions}
    return providers


class _Reading(NamedTuple):
    """What it takes to tell known values from unknown ones.

    Attributes:
        invented: ids the parser made up.
        configuration: the source, for what expressions refer to.
        variables: of all modules.
        region: of the resources whose provider states none.
    """

    invented: set[str]
    configuration: Configuration
    variables: Variables
    region: str | None


def _instance(item: Mapping[str, Any], reading: _Reading) -> Instance:
    meta = item["__tfmeta"]
    address = str(meta["path"])
    found = _ADDRESS.fullmatch(address)
    module_address, base, index = (
        (found["module"], found["base"], found["index"]) if found else ("", address, None)
    )
    module = module_path(module_address)
    configured = reading.configuration.resource(module, base) or {}
    region = reading.configuration.region(str(configured.get("provider_config_key", "aws")))
    names = dict(expression_references(configured.get("expressions")))
    evaluated = _Evaluated(reading, module_address.rstrip("."), names, region or reading.region)
    body = {key: value for key, value in item.items() if key not in _META and key != "id"}
    values = evaluated.values(body, "")
    if _is_unevaluated(item.get("count", 1)) or evaluated.is_doubtful("count"):
        evaluated.unknown.add("count")
    return Instance(
        address=address,
        type=str(meta["label"]),
        values=values,
        module=module,
        module_address=module_address,
        config_address=base,
        index=_index(index),
        unknown=sorted(evaluated.unknown),
        source=f"{meta['filename']}:{meta['line_start']}",
    )


def _index(text: str | None) -> Any:
    if text is None:
        return None
    return int(text) if text.isdigit() else text.strip('"')


def _is_unevaluated(value: Any) -> bool:
    return value is None or (isinstance(value, dict) and "__attribute__" in value)


_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(slots=True)
class _Evaluated:
    """The parser's values of one resource, without what is unknown.

    Attributes:
        reading: the directory's facts.
        module: address of the resource's module, without a final dot.
        names: dotted attribute → what its expression refers to.
        region: region of the resource.
        unknown: attributes found to be unknown.
    """

    reading: _Reading
    module: str
    names: Mapping[str, list[str]]
    region: str | None
    unknown: set[str] = field(default_factory=set)

    def is_doubtful(self, path: str) -> bool:
        """Tell whether an expression works on what the parser invents.

        An invented id or region that shows in the value is taken out; one that went through a
        comparison or a function leaves a value that looks real (``name == "eu-west-1" ? 2 : 1``).
        """
        return any(
            name.startswith("data.aws_region.") or name.endswith(".id") or self._is_unset(name)
            for name in self.names.get(path, ())
        )

    def _is_unset(self, name: str) -> bool:
        # In a module the parser takes a variable without a value for null; in the root it says so.
        variable = name.removeprefix("var.").partition(".")[0]
        return (
            self.module != ""
            and name.startswith("var.")
            and self.reading.variables.is_unset(self.module, variable)
        )

    def values(self, value: Any, path: str) -> Any:
        """Return a value with its unknown parts left out; blocks become lists of mappings."""
        if isinstance(value, dict) and "__attribute__" in value:
            variable = passed_variable(value)
            is_null = variable and self.reading.variables.is_null(self.module, variable)
            return None if is_null else self._unknown(path)
        if isinstance(value, dict):
            is_block = "__tfmeta" in value
            inner = {
                key: self.values(item, f"{path}.{key}" if path else key)
                for key, item in value.items()
                if not (is_block and key in ("__tfmeta", "id"))
            }
            inner = {key: item for key, item in inner.items() if item is not None}
            return [inner] if is_block else inner
        if isinstance(value, list):
            items = [self.values(item, path) for item in value]
            # A list of blocks: each came back as a list of one.
            blocks = all(isinstance(item, dict) and "__tfmeta" in item for item in value) and items
            # An unknown item keeps its place: the length is known and may set a price.
            return [item[0] for item in items] if blocks else items
        return self._scalar(value, path)

    def _scalar(self, value: Any, path: str) -> Any:
        if value is None:
            names = self.names.get(path, ())
            rests = self.reading.variables.rests_on_unknown(self.module, names)
            return self._unknown(path) if rests else None
        if isinstance(value, str) and _FAKE_REGION in value and self.region is not None:
            return value.replace(_FAKE_REGION, self.region)
        shows = isinstance(value, str) and (
            _FAKE_REGION in value
            or any(found in self.reading.invented for found in _UUID.findall(value))
        )
        return self._unknown(path) if shows or self.is_doubtful(path) else value

    def _unknown(self, path: str) -> None:
        self.unknown.add(path)


def _count_issues(instances: Sequence[Instance]) -> Iterator[Issue]:
    taken = Counter(
        (f"{instance.module_address}{instance.config_address}", instance.source)
        for instance in instances
        if "count" in instance.unknown
    )
    for (address, source), number in taken.items():
        yield Issue(
            IssueReason.UNRESOLVED,
            address,
            f"{source}: the count of {address} is not known before apply; it is taken as "
            f"{number}: set its variable in a tfvars file",
        )


def _source_issues(
    source: SourceModule, instances: Sequence[Instance], variables: Variables
) -> Iterator[Issue]:
    for address, where, place in source.remote:
        yield Issue(
            IssueReason.UNRESOLVED,
            address,
            f"{place}: {address} comes from '{where}', which is not on this machine, and is left "
            "out; run terraform init first, or give a plan in JSON",
        )
    present = {(instance.module, instance.config_address) for instance in instances}
    for path, base, declared in _declarations(source, ()):
        module = ".".join(f"module.{name}" for name in path)
        address = f"{module}.{base}" if module else base
        what = "for_each" if declared.is_repeated else "count"
        # The parser takes a count without a value for one in the root module, for none in others.
        is_open = declared.is_repeated or (
            module != "" and variables.rests_on_unknown(module, declared.count_names)
        )
        if is_open and (path, base) not in present:
            yield Issue(
                IssueReason.UNRESOLVED,
                address,
                f"{declared.file}:{declared.line}: the {what} of {address} is empty or not known "
                "before apply; it is left out",
            )


def _declarations(
    source: SourceModule, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str, Declared]]:
    for base, declared in source.declared.items():
        yield path, base, declared
    for name, child in source.children.items():
        yield from _declarations(child, (*path, name))
