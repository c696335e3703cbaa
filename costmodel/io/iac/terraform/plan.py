"""Terraform plan and state JSON (``terraform show -json``) → architectures.

A plan has two sides: what exists before it and what will exist after it. Formats 0.1 to 1.x:
https://developer.hashicorp.com/terraform/internals/json-format
"""

from collections.abc import Iterator, Mapping
from typing import Any

from costmodel.errors import SpecError
from costmodel.io.iac.terraform.configuration import Configuration
from costmodel.io.iac.terraform.instances import Instance, build_spec, index_text, module_path
from costmodel.usage.spec import ArchitectureSpec

_SHOW = "give the output of 'terraform show -json PLANFILE'"


def is_plan(document: Any) -> bool:
    """Tell whether a document is a plan in JSON."""
    return isinstance(document, Mapping) and (
        "planned_values" in document or "resource_changes" in document
    )


def is_state(document: Any) -> bool:
    """Tell whether a document is a state: ``terraform show -json``, or a raw state file."""
    if not isinstance(document, Mapping):
        return False
    shown = "terraform_version" in document and "values" in document
    raw = "terraform_version" in document and "lineage" in document
    empty = set(document) == {"format_version"}  # what show prints for an empty state
    return shown or raw or empty


def parse_plan(
    plan: Mapping[str, Any], name: str, region: str | None = None
) -> tuple[ArchitectureSpec, ArchitectureSpec]:
    """Return what exists before a plan and what will exist after it.

    Args:
        plan: the parsed JSON.
        name: its file.
        region: of the resources whose provider states none.
    """
    _check_format(plan, name)
    changes = [
        change
        for change in _list(plan, "resource_changes", name)
        if change.get("mode", "managed") == "managed"
    ]
    for change in changes:
        if not isinstance(change.get("change"), dict):
            raise SpecError(f"{name}: a resource change has no 'change'; {_SHOW}")
    before = [
        _changed(change, _object(change["change"], "before", name), name)
        for change in changes
        if "deposed" not in change and change["change"].get("before") is not None
    ]
    if "planned_values" in plan:
        unknown = {str(change.get("address")): change["change"] for change in changes}
        values = _object(plan, "planned_values", name)
        after = list(_planned(_object(values, "root_module", name), unknown, name))
    else:
        after = [
            _changed(change, _object(change["change"], "after", name), name)
            for change in changes
            if "deposed" not in change and change["change"].get("after") is not None
        ]
    configuration = Configuration(plan)
    return build_spec(before, configuration, region), build_spec(after, configuration, region)


def parse_state(
    state: Mapping[str, Any], name: str, region: str | None = None
) -> ArchitectureSpec:
    """Return the resources of a state."""
    _check_format(state, name)
    if "lineage" in state:
        instances = list(_raw_state(state, name))
    else:
        values = _object(state, "values", name)
        instances = list(_planned(_object(values, "root_module", name), {}, name))
    return build_spec(instances, Configuration({}), region)


def _check_format(document: Mapping[str, Any], name: str) -> None:
    """Refuse a format whose meaning may have changed: another major version."""
    version = str(document.get("format_version", "1.0"))
    if version.partition(".")[0] not in ("0", "1"):
        raise SpecError(f"{name}: has format_version {version}; only 0.1 to 1.x can be read")


def _planned(
    module: Mapping[str, Any], changes: Mapping[Any, Mapping[str, Any]], name: str
) -> Iterator[Instance]:
    """Yield the instances of a module tree of ``planned_values`` or of a state."""
    stack = [module]
    while stack:
        node = stack.pop()
        module_address = str(node.get("address") or "")
        path = module_path(module_address)
        for resource in _list(node, "resources", name):
            if resource.get("mode", "managed") != "managed":
                continue
            address = _string(resource, "address", name)
            yield Instance(
                address,
                _string(resource, "type", name),
                _object(resource, "values", name),
                path,
                f"{module_address}." if module_address else "",
                f"{resource['type']}.{resource.get('name')}",
                resource.get("index"),
                tuple(_marked(changes.get(address, {}).get("after_unknown"))),
                name,
            )
        stack.extend(reversed(_list(node, "child_modules", name)))


def _changed(change: Mapping[str, Any], values: Mapping[str, Any], name: str) -> Instance:
    module_address = str(change.get("module_address") or "")
    return Instance(
        _string(change, "address", name),
        _string(change, "type", name),
        values,
        module_path(module_address),
        f"{module_address}." if module_address else "",
        f"{change['type']}.{change.get('name')}",
        change.get("index"),
        tuple(_marked(change["change"].get("after_unknown"))),
        name,
    )


def _marked(marks: Any, path: str = "") -> Iterator[str]:
    """Yield the dotted attributes that ``after_unknown`` marks."""
    if marks is True and path:
        yield path
    elif isinstance(marks, Mapping):
        for key, inner in marks.items():
            yield from _marked(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(marks, list):
        for inner in marks:
            yield from _marked(inner, path)


def _raw_state(state: Mapping[str, Any], name: str) -> Iterator[Instance]:
    """Yield the instances of a raw state file (version 4)."""
    for resource in _list(state, "resources", name):
        if resource.get("mode", "managed") != "managed":
            continue
        module_address = str(resource.get("module") or "")
        prefix = f"{module_address}." if module_address else ""
        base = f"{_string(resource, 'type', name)}.{resource.get('name')}"
        for instance in _list(resource, "instances", name):
            if "deposed" in instance:
                continue
            index = instance.get("index_key")
            yield Instance(
                f"{prefix}{base}{index_text(index)}",
                resource["type"],
                _object(instance, "attributes", name),
                module_path(module_address),
                prefix,
                base,
                index,
                (),
                name,
            )


def _object(node: Mapping[str, Any], key: str, name: str) -> Mapping[str, Any]:
    value = node.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise SpecError(f"{name}: '{key}' is not an object; {_SHOW}")
    return value


def _list(node: Mapping[str, Any], key: str, name: str) -> list[Mapping[str, Any]]:
    value = node.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise SpecError(f"{name}: '{key}' is not a list of objects; {_SHOW}")
    return value


def _string(node: Mapping[str, Any], key: str, name: str) -> str:
    value = node.get(key)
    if not isinstance(value, str) or not value:
        raise SpecError(f"{name}: a resource has no '{key}'; {_SHOW}")
    return value
