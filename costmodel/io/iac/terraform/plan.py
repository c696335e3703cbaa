"""Terraform plan and state JSON (``terraform show -json``) → architectures.

A plan has two sides: what exists before it and what will exist after it. Formats 0.1 to 1.x:
https://developer.hashicorp.com/terraform/internals/json-format
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from costmodel.errors import Issue, IssueReason, SpecError
from costmodel.io.iac.references import with_prefixes
from costmodel.io.iac.terraform.configuration import Configuration, Reference
from costmodel.io.iac.terraform.evidence import given_values, region_from_values
from costmodel.usage.spec import ArchitectureSpec, Resource

_SHOW = "give the output of 'terraform show -json PLANFILE'"


@dataclass(frozen=True, slots=True)
class _Instance:
    """One resource instance as a plan or state lists it."""

    address: str
    type: str
    values: Mapping[str, Any]
    module: tuple[str, ...]  # names of the module calls, without instance keys
    module_address: str  # with instance keys and a final dot; "" for the root
    config_address: str  # type.name
    index: Any
    after_unknown: Mapping[str, Any]


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


def parse_plan(plan: Mapping[str, Any], name: str) -> tuple[ArchitectureSpec, ArchitectureSpec]:
    """Return what exists before a plan and what will exist after it."""
    changes = [change for change in _list(plan, "resource_changes", name) if _managed(change)]
    before = [
        _changed(change, _object(change["change"], "before", name), name)
        for change in changes
        if "deposed" not in change and change["change"].get("before") is not None
    ]
    if "planned_values" in plan:
        unknown = {change.get("address"): change["change"] for change in changes}
        values = _object(plan, "planned_values", name)
        after = list(_planned(_object(values, "root_module", name), unknown, name))
    else:
        after = [
            _changed(change, _object(change["change"], "after", name), name)
            for change in changes
            if "deposed" not in change and change["change"].get("after") is not None
        ]
    configuration = Configuration(plan)
    return _spec(before, configuration, name), _spec(after, configuration, name)


def parse_state(state: Mapping[str, Any], name: str) -> ArchitectureSpec:
    """Return the resources of a state."""
    if "lineage" in state:
        instances = list(_raw_state(state, name))
    else:
        values = _object(state, "values", name)
        instances = list(_planned(_object(values, "root_module", name), {}, name))
    return _spec(instances, Configuration({}), name)


def _managed(change: Mapping[str, Any]) -> bool:
    return change.get("mode", "managed") == "managed" and isinstance(change.get("change"), dict)


def _planned(
    module: Mapping[str, Any], changes: Mapping[Any, Mapping[str, Any]], name: str
) -> Iterator[_Instance]:
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
            yield _Instance(
                address,
                _string(resource, "type", name),
                _object(resource, "values", name),
                path,
                f"{module_address}." if module_address else "",
                f"{resource['type']}.{resource.get('name')}",
                resource.get("index"),
                changes.get(address, {}).get("after_unknown") or {},
            )
        stack.extend(reversed(_list(node, "child_modules", name)))


def _changed(change: Mapping[str, Any], values: Mapping[str, Any], name: str) -> _Instance:
    module_address = str(change.get("module_address") or "")
    return _Instance(
        _string(change, "address", name),
        _string(change, "type", name),
        values,
        module_path(module_address),
        f"{module_address}." if module_address else "",
        f"{change['type']}.{change.get('name')}",
        change.get("index"),
        change["change"].get("after_unknown") or {},
    )


def _raw_state(state: Mapping[str, Any], name: str) -> Iterator[_Instance]:
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
            yield _Instance(
                f"{prefix}{base}{index_text(index)}",
                resource["type"],
                _object(instance, "attributes", name),
                module_path(module_address),
                prefix,
                base,
                index,
                {},
            )


def _spec(
    instances: Sequence[_Instance], configuration: Configuration, name: str
) -> ArchitectureSpec:
    targets = _targets(instances)
    resources = [_resource(instance, configuration, targets, name) for instance in instances]
    # Without a region anywhere the caller's --region applies; with some known, say which are not.
    lost = [resource for resource in resources if resource.region is None]
    issues = (
        [_no_region(resource) for resource in lost] if len(lost) not in (0, len(resources)) else []
    )
    return ArchitectureSpec(resources=resources, issues=issues)


def _no_region(resource: Resource) -> Issue:
    return Issue(
        IssueReason.MISSING_INPUT,
        resource.address,
        f"{resource.source}: the plan does not say the region of {resource.address}'s provider; "
        "set --region",
    )


class _Targets(NamedTuple):
    """What references can point to: every address, and the instances of each resource."""

    addresses: frozenset[str]
    by_config: Mapping[tuple[tuple[str, ...], str], list[_Instance]]


def _targets(instances: Sequence[_Instance]) -> _Targets:
    by_config: dict[tuple[tuple[str, ...], str], list[_Instance]] = defaultdict(list)
    for instance in instances:
        by_config[instance.module, instance.config_address].append(instance)
    return _Targets(frozenset(instance.address for instance in instances), by_config)


def _resource(
    instance: _Instance, configuration: Configuration, targets: _Targets, name: str
) -> Resource:
    configured = configuration.resource(instance.module, instance.config_address)
    region = instance.values.get("region")  # set on every resource since AWS provider 6
    if not isinstance(region, str) and configured is not None:
        region = configuration.region(str(configured.get("provider_config_key", "")))
    if not isinstance(region, str):
        region = region_from_values(instance.values)
    set_by_user = None if configured is None else frozenset(configured.get("expressions") or ())
    return Resource(
        address=instance.address,
        type=instance.type,
        region=region,
        inputs=given_values(instance.values),
        references=with_prefixes(_reference_pairs(instance, configuration, targets)),
        unknown=frozenset(_unknown(instance.after_unknown, set_by_user)),
        source=name,
    )


def _reference_pairs(
    instance: _Instance, configuration: Configuration, targets: _Targets
) -> Iterator[tuple[str, str]]:
    for reference in configuration.references(instance.module, instance.config_address):
        for address in _selected(instance, reference, targets):
            yield reference.attribute, address


def _selected(instance: _Instance, reference: Reference, targets: _Targets) -> Iterator[str]:
    """Yield the instances a reference selects: one by its index, or else all of the resource."""
    base, bracket, _ = reference.target.partition("[")
    if reference.module == instance.module:
        own_index = index_text(instance.index) if reference.same_index else ""
        for text in (reference.target if bracket else "", f"{base}{own_index}"):
            if text and f"{instance.module_address}{text}" in targets.addresses:
                yield f"{instance.module_address}{text}"
                return
    for target in _same_module(instance, targets.by_config.get((reference.module, base), ())):
        if not bracket or target.address.endswith(reference.target):
            yield target.address


def _same_module(instance: _Instance, targets: Sequence[_Instance]) -> Iterator[_Instance]:
    """Yield the targets in the instance's own module instance, where there are such."""
    for target in targets:
        own = instance.module_address
        if target.module == instance.module and target.module_address != own:
            continue
        # module.a[0].module.b refers within module.a[0], not within module.a[1].
        deeper = target.module[: len(instance.module)] == instance.module
        if deeper and not target.module_address.startswith(own):
            continue
        higher = instance.module[: len(target.module)] == target.module
        if higher and not own.startswith(target.module_address):
            continue
        yield target


def _unknown(marks: Any, set_by_user: frozenset[str] | None, path: str = "") -> Iterator[str]:
    """Yield the attributes known only after apply, but not those the user left to AWS."""
    if marks is True and path:
        yield path
    elif isinstance(marks, Mapping):
        for key, inner in marks.items():
            if path or set_by_user is None or key in set_by_user:
                yield from _unknown(inner, set_by_user, f"{path}.{key}" if path else str(key))
    elif isinstance(marks, list):
        for inner in marks:
            yield from _unknown(inner, set_by_user, path)


def module_path(module_address: str) -> tuple[str, ...]:
    """Return the names of the module calls of ``module.a["x.y"].module.b``."""
    names: list[str] = []
    rest = module_address
    while rest.startswith("module."):
        rest = rest.removeprefix("module.")
        ends = [position for position in (rest.find("."), rest.find("[")) if position >= 0]
        end = min(ends, default=len(rest))
        names.append(rest[:end])
        following = rest.find("module.", end)
        rest = rest[following:] if following >= 0 else ""
    return tuple(names)


def index_text(index: Any) -> str:
    """Return an instance key as Terraform prints it: ``[0]``, ``["a"]`` or nothing."""
    if index is None:
        return ""
    return f'["{index}"]' if isinstance(index, str) else f"[{index}]"


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
