"""Resource instances of a plan, a state or a directory, joined with the configuration."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from costmodel.errors import Issue, IssueReason
from costmodel.io.iac.references import with_prefixes
from costmodel.io.iac.terraform.configuration import Configuration, Reference
from costmodel.io.iac.terraform.evidence import given_values, region_from_values
from costmodel.usage.spec import ArchitectureSpec, Resource


@dataclass(frozen=True, slots=True)
class Instance:
    """One resource instance of a plan, a state or a directory.

    Attributes:
        address: with modules and instance key.
        type: resource type.
        values: its attributes as far as they are known.
        module: names of the module calls, without instance keys.
        module_address: the same with instance keys and a final dot; "" in the root module.
        config_address: ``type.name``.
        index: instance key, None where there is none.
        unknown: dotted attributes known only after apply.
        source: ``file`` or ``file:line``.
    """

    address: str
    type: str
    values: Mapping[str, Any]
    module: tuple[str, ...]
    module_address: str
    config_address: str
    index: Any
    unknown: Sequence[str]
    source: str


def build_spec(
    instances: Sequence[Instance],
    configuration: Configuration,
    region: str | None = None,
    issues: Sequence[Issue] = (),
) -> ArchitectureSpec:
    """Join instances with what the configuration says: regions, references, what is unknown.

    Args:
        instances: in the order of the source.
        configuration: of the root module.
        region: of the resources whose provider states none.
        issues: what is known to be missing already.
    """
    targets = _targets(instances)
    resources = [_resource(instance, configuration, targets) for instance in instances]
    lost = [resource for resource in resources if resource.region is None]
    # Where no resource has a region the estimator says so once; here it is some of them.
    partly = region is None and len(lost) not in (0, len(resources))
    return ArchitectureSpec(
        resources=resources,
        region=region,
        issues=[*issues, *(map(_no_region, lost) if partly else ())],
    )


def _no_region(resource: Resource) -> Issue:
    return Issue(
        IssueReason.MISSING_INPUT,
        resource.address,
        f"{resource.source}: nothing says the region of {resource.address}'s provider; "
        "set it in the provider block or with --region",
    )


class _Targets(NamedTuple):
    """What references can point to: every address, and the instances of each resource."""

    addresses: frozenset[str]
    by_config: Mapping[tuple[tuple[str, ...], str], list[Instance]]


def _targets(instances: Sequence[Instance]) -> _Targets:
    by_config: dict[tuple[tuple[str, ...], str], list[Instance]] = defaultdict(list)
    for instance in instances:
        by_config[instance.module, instance.config_address].append(instance)
    return _Targets(frozenset(instance.address for instance in instances), by_config)


def _resource(instance: Instance, configuration: Configuration, targets: _Targets) -> Resource:
    configured = configuration.resource(instance.module, instance.config_address)
    region = instance.values.get("region")  # set on every resource since AWS provider 6
    if not isinstance(region, str):
        # A plan that does not list the resource's configuration still names its default provider.
        key = "aws" if configured is None else configured.get("provider_config_key", "aws")
        region = configuration.region(str(key))
    if not isinstance(region, str):
        region = region_from_values(instance.values)
    expressions = {} if configured is None else configured.get("expressions")
    set_by_user = frozenset(expressions if isinstance(expressions, dict) else ())
    return Resource(
        address=instance.address,
        type=instance.type,
        region=region,
        inputs=given_values(instance.values),
        references=with_prefixes(_reference_pairs(instance, configuration, targets)),
        unknown=frozenset(
            name
            for name in instance.unknown
            # What the user left to AWS is not unresolved: defaults apply.
            if configured is None or name.partition(".")[0] in set_by_user
        ),
        source=instance.source,
    )


def _reference_pairs(
    instance: Instance, configuration: Configuration, targets: _Targets
) -> Iterator[tuple[str, str]]:
    for reference in configuration.references(instance.module, instance.config_address):
        for address in _selected(instance, reference, targets):
            yield reference.attribute, address


def _selected(instance: Instance, reference: Reference, targets: _Targets) -> Iterator[str]:
    """Yield the instances a reference selects: one by its index, or else all of the resource."""
    base, bracket, _ = reference.target.partition("[")
    if reference.module == instance.module:
        own_index = index_text(instance.index) if reference.same_index else ""
        for text in (reference.target if bracket else "", f"{base}{own_index}"):
            if text and f"{instance.module_address}{text}" in targets.addresses:
                yield f"{instance.module_address}{text}"
                return
    for target in _same_module(instance, targets.by_config.get((reference.module, base), ())):
        if bracket and not target.address.endswith(reference.target):
            continue
        if all(part in target.module_address for part in reference.within):
            yield target.address


def _same_module(instance: Instance, targets: Sequence[Instance]) -> Iterator[Instance]:
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
