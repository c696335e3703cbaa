"""A what-if on an architecture: the same resources in another region or with other inputs."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any, Final

from costmodel.errors import Issue, IssueReason, SpecError
from costmodel.usage.spec import ArchitectureSpec, Resource

_KEYS: Final = ("region", "inputs", "discount_percent")


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is different.

    Attributes:
        region: every resource stands there.
        inputs: resource type or address → inputs that replace the resource's own.
        discount_percent: private discount (EDP) on the effective cost of every line.
    """

    region: str | None = None
    inputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    discount_percent: float = 0.0


def parse_scenario(document: Any, name: str) -> Scenario:
    """Return the scenario of a parsed YAML document.

    Raises:
        SpecError: a key or value is wrong; the message names the file and the key.
    """
    if not isinstance(document, Mapping):
        raise SpecError(f"{name}: a scenario is a mapping with {', '.join(_KEYS)}")
    for key in document:
        if key not in _KEYS:
            raise SpecError(f"{name}: unknown key {key!r}; a scenario has {', '.join(_KEYS)}")
    inputs = document.get("inputs") or {}
    if not isinstance(inputs, Mapping) or not all(isinstance(v, Mapping) for v in inputs.values()):
        raise SpecError(f"{name}: inputs maps a resource type or address to its inputs")
    discount = document.get("discount_percent", 0.0)
    if isinstance(discount, bool) or not isinstance(discount, int | float):
        raise SpecError(f"{name}: discount_percent is a number from 0 to 100")
    if not 0 <= discount <= 100:
        raise SpecError(f"{name}: discount_percent {discount} is not between 0 and 100")
    region = document.get("region")
    if region is not None and not isinstance(region, str):
        raise SpecError(f"{name}: region is a text such as eu-central-1, not {region!r}")
    return Scenario(region, {_full(k): v for k, v in inputs.items()}, float(discount))


def _full(key: str) -> str:
    return key if key.startswith("aws_") or ":" in key else f"aws_{key}"


def apply_scenario(
    spec: ArchitectureSpec,
    scenario: Scenario,
    known_inputs: Mapping[str, Collection[str]] | None = None,
) -> ArchitectureSpec:
    """Return the architecture as the scenario has it; what changes nothing becomes an issue.

    Args:
        spec: the architecture.
        scenario: what is different.
        known_inputs: resource type → names of its inputs.
    """
    if scenario == Scenario():
        return spec
    resources = [_changed(resource, scenario) for resource in spec.resources]
    return replace(
        spec,
        resources=resources,
        region=scenario.region or spec.region,
        issues=[
            *spec.issues,
            *_without_effect(spec, scenario, {} if known_inputs is None else known_inputs),
        ],
    )


def _without_effect(
    spec: ArchitectureSpec, scenario: Scenario, known_inputs: Mapping[str, Collection[str]]
) -> Iterator[Issue]:
    type_of = {resource.address: resource.type for resource in spec.resources}
    type_of |= {kind: kind for kind in type_of.values()}
    for key, inputs in scenario.inputs.items():
        if key not in type_of:
            close = get_close_matches(key, sorted(type_of), 1)
            hint = f"; did you mean {close[0]}?" if close else "; give a resource type or address"
            message = f"the scenario's {key!r} matches no resource{hint}"
            yield Issue(IssueReason.DATA_QUALITY, key, message)
            continue
        known = known_inputs.get(type_of[key], inputs)  # a type without a sheet passes
        for name in (name for name in inputs if name not in known):
            close = get_close_matches(name, sorted(known), 1)
            hint = f"; did you mean {close[0]}?" if close else ""
            message = f"the scenario's {name!r} does not change the price of {key}{hint}"
            yield Issue(IssueReason.DATA_QUALITY, key, message)


def _changed(resource: Resource, scenario: Scenario) -> Resource:
    own = {
        **scenario.inputs.get(resource.type, {}),
        **scenario.inputs.get(resource.address, {}),
    }
    return replace(
        resource,
        region=scenario.region or resource.region,
        inputs={**resource.inputs, **own} if own else resource.inputs,
    )
