"""Terraform source of a directory and its local modules, as the ``configuration`` of a plan."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from costmodel.errors import SpecError
from costmodel.io.iac.documents import read_text
from costmodel.io.iac.terraform.hcl import Block, block_expressions, expression_names, scan_hcl

_LITERAL = re.compile(r"\s*source\s*=\s*\"([^\"]*)\"")
_MAX_LOCALS = 16  # locals that refer to locals
MAX_INSTANCES = 10_000  # of one resource


class Declared(NamedTuple):
    """A resource as the source declares it.

    Attributes:
        file: where.
        line: where.
        is_repeated: whether a ``for_each`` of its own or around it repeats it.
        count_names: what its ``count`` refers to.
    """

    file: str
    line: int
    is_repeated: bool
    count_names: list[str]


@dataclass(slots=True)
class SourceModule:
    """A module's source.

    Attributes:
        configuration: as in a plan JSON: resources, module_calls, outputs.
        declared: ``type.name`` → its declaration.
        remote: (module address without keys, source, file:line) of modules that are not here.
        late_calls: module name → (module output its count or for_each follows, file:line).
    """

    configuration: dict[str, Any]
    declared: dict[str, Declared] = field(default_factory=dict)
    remote: list[tuple[str, str, str]] = field(default_factory=list)
    late_calls: dict[str, tuple[str, str]] = field(default_factory=dict)
    children: dict[str, "SourceModule"] = field(default_factory=dict)


def read_module(
    directory: Path, root: Path, providers: Mapping[str, str] | None = None, path: str = ""
) -> SourceModule:
    """Read the source of a module and of the local modules it calls.

    Args:
        directory: the module's directory.
        root: directory file names are given relative to.
        providers: provider name in this module → provider key of the root module.
        path: module address without keys, ``module.a.module.b``.

    Raises:
        SpecError: a module calls itself.
    """
    return _read(directory, root, providers, path, (directory.resolve(),))


def _read(
    directory: Path,
    root: Path,
    providers: Mapping[str, str] | None,
    path: str,
    above: tuple[Path, ...],
) -> SourceModule:
    files = [(file, _scanned(file)) for file in terraform_files(directory)]
    blocks = [(_relative(file, root), block) for file, tree in files for block in tree.blocks]
    local = {
        name: text
        for _, block in blocks
        if block.type == "locals"
        for name, text in block.attributes.items()
    }
    module = SourceModule({"resources": [], "module_calls": {}, "outputs": {}})
    for name, block in blocks:
        if block.type == "resource" and len(block.labels) == 2:
            _add_resource(module, block, name, local, providers)
        elif block.type == "output" and block.labels:
            value = block.attributes.get("value", "")
            module.configuration["outputs"][block.labels[0]] = {
                "expression": {"references": _with_locals(expression_names(value), local)}
            }
        elif block.type == "module" and block.labels:
            _add_call(module, block, directory, root, name, local, providers, path, above)
    return module


def _scanned(file: Path) -> Block:
    try:
        return scan_hcl(read_text(file))
    except SpecError as failure:
        message = str(failure)
        raise SpecError(message if str(file) in message else f"{file}: {message}") from None


def terraform_files(directory: Path) -> list[Path]:
    """Return the Terraform files of one directory that are not empty."""
    return sorted(file for file in directory.glob("*.tf") if file.read_bytes().strip())


def _relative(file: Path, root: Path) -> str:
    resolved, base = file.resolve(), root.resolve()
    return str(resolved.relative_to(base)) if resolved.is_relative_to(base) else str(file)


def _add_resource(
    module: SourceModule,
    block: Block,
    file: str,
    local: Mapping[str, str],
    providers: Mapping[str, str] | None,
) -> None:
    address = ".".join(block.labels)
    if address in module.declared:
        first = module.declared[address]
        raise SpecError(
            f"{file}:{block.line}: {address} is declared twice (first in "
            f"{first.file}:{first.line}); keep one"
        )
    _check_count(address, file, block)
    provider = block.attributes.get("provider", "aws").strip() or "aws"
    count_names = _with_locals(expression_names(block.attributes.get("count", "")), local)
    is_repeated = "for_each" in block.attributes
    module.declared[address] = Declared(file, block.line, is_repeated, count_names)
    module.configuration["resources"].append(
        {
            "address": address,
            "provider_config_key": _root_provider(provider, providers),
            "expressions": _deep_locals(block_expressions(block), local),
        }
    )


def _check_count(address: str, file: str, block: Block) -> None:
    """Refuse a literal count that cannot be: the compiled parser drops it or dies of it."""
    text = block.attributes.get("count", "").strip()
    if re.fullmatch(r"-?\d+", text) and not 0 <= int(text) <= MAX_INSTANCES:
        raise SpecError(
            f"{file}:{block.line}: the count of {address} is {text}; give 0 to {MAX_INSTANCES}"
        )


def _root_provider(name: str, providers: Mapping[str, str] | None) -> str:
    # A module without a 'providers' map inherits the unaliased providers.
    return name if providers is None else providers.get(name, name if "." not in name else "")


def _add_call(
    module: SourceModule,
    block: Block,
    directory: Path,
    root: Path,
    file: str,
    local: Mapping[str, str],
    providers: Mapping[str, str] | None,
    path: str,
    above: tuple[Path, ...],
) -> None:
    name = block.labels[0]
    address = f"{path}.module.{name}" if path else f"module.{name}"
    source = _module_source(root / file, block)
    target = _module_directory(directory, root, source, address)
    if target is None:
        module.remote.append((address, source, f"{file}:{block.line}"))
        return
    if target.resolve() in above:
        raise SpecError(
            f"{root / file}:{block.line}: module '{name}' calls itself through '{source}'; "
            "break the circle"
        )
    passed = _passed_providers(block, providers)
    child = _read(target, root, passed, address, (*above, target.resolve()))
    if "for_each" in block.attributes:
        _mark_repeated(child)
    module.children[name] = child
    repeated = block.attributes.get("count", "") + block.attributes.get("for_each", "")
    late = [n for n in _with_locals(expression_names(repeated), local) if n.startswith("module.")]
    if late:
        module.late_calls[name] = (late[0], f"{file}:{block.line}")
    module.remote += child.remote
    module.configuration["module_calls"][name] = {
        "expressions": _deep_locals(block_expressions(block), local),
        "module": child.configuration,
    }


def _mark_repeated(module: SourceModule) -> None:
    for base, declared in module.declared.items():
        module.declared[base] = declared._replace(is_repeated=True)
    for child in module.children.values():
        _mark_repeated(child)


def _module_source(file: Path, block: Block) -> str:
    """Return the literal ``source`` of a module block; the scan keeps no plain text."""
    lines = read_text(file).splitlines()[block.line - 1 :]
    for line in lines:
        found = _LITERAL.match(line) or re.search(r"[{;]\s*source\s*=\s*\"([^\"]*)\"", line)
        if found:
            return found[1]
    return ""


def _module_directory(directory: Path, root: Path, source: str, address: str) -> Path | None:
    """Return where a module's source is, None if it would have to be fetched."""
    if source.startswith(("./", "../")) or source in (".", ".."):
        target = directory / source
        return target if target.is_dir() else None
    key = ".".join(part for part in address.split(".module.")).removeprefix("module.")
    return installed_modules(root).get(key)


def installed_modules(root: Path) -> dict[str, Path]:
    """Return module key (``a.b``) → directory, of the modules ``terraform init`` has fetched."""
    manifest = root / ".terraform" / "modules" / "modules.json"
    if not manifest.is_file():
        return {}
    found = re.findall(
        r"\"Key\"\s*:\s*\"([^\"]*)\"[^{}]*?\"Dir\"\s*:\s*\"([^\"]*)\"", read_text(manifest)
    )
    return {key: root / place for key, place in found if (root / place).is_dir()}


def _passed_providers(block: Block, providers: Mapping[str, str] | None) -> dict[str, str] | None:
    text = block.attributes.get("providers")
    if text is None:
        inherited = {} if providers is None else providers
        plain = {key: value for key, value in inherited.items() if "." not in key}
        return plain if providers is not None else None
    pairs = re.findall(r"([\w.-]+)\s*=\s*([\w.-]+)", text)
    return {inner: _root_provider(outer, providers) for inner, outer in pairs}


def _deep_locals(expressions: Any, local: Mapping[str, str]) -> Any:
    if isinstance(expressions, list):
        return [_deep_locals(item, local) for item in expressions]
    if not isinstance(expressions, dict):
        return expressions
    if isinstance(expressions.get("references"), list):
        return {"references": _with_locals(expressions["references"], local)}
    return {key: _deep_locals(item, local) for key, item in expressions.items()}


def _with_locals(names: list[str], local: Mapping[str, str], hops: int = _MAX_LOCALS) -> list[str]:
    """Return the names with every ``local.x`` replaced by what it refers to."""
    return list(_without_locals(names, local, hops))


def _without_locals(names: list[str], local: Mapping[str, str], hops: int) -> Iterator[str]:
    for name in names:
        if not name.startswith("local."):
            yield name
        elif hops > 0:
            inner = local.get(re.split(r"[.\[]", name)[1], "")
            yield from _without_locals(expression_names(inner), local, hops - 1)
