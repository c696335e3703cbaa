"""A service sheet: which meters a resource has, what they are called in the price list, how much.

One TOML file per service in ``pricing_data/services``; ``parse_sheet`` checks it at load and says
which file, resource, meter and word is wrong. The format is explained in docs/sheets.md.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal

from costmodel.engine.formula import Formula, Template

InputKind = Literal["number", "text", "flag"]
TierScope = Literal["account", "resource"]
PRICING_MODELS: Final = ("OnDemand", "Reserved", "SavingsPlan", "Spot")


@dataclass(frozen=True, slots=True)
class Input:
    """One value a resource is priced by.

    Attributes:
        name: name in formulas.
        kind: number, text or flag.
        path: where it stands among the attributes or usage keys, dotted; ``name`` by default.
        default: value where it is not given; None leaves it unknown.
        unit: unit of a number.
        usage: it is usage (a usage-file key), not an attribute.
        counts: the value is the number of elements at ``path``.
        from_reference: ``attribute.input``: taken from the resource the attribute refers to.
        referenced_by: the value is how many resources of this type refer to this one.
        values: the texts it may have; empty for any.
        description: one line for the documentation.
    """

    name: str
    kind: InputKind
    path: str
    default: float | str | bool | None = None
    unit: str = ""
    usage: bool = False
    counts: bool = False
    from_reference: tuple[str, ...] = ()
    referenced_by: str = ""
    values: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True)
class Purchase:
    """How a meter is bought; each part a template."""

    model: Template  # one of PRICING_MODELS
    lease_contract_length: Template  # 1yr or 3yr
    purchase_option: Template  # No Upfront, Partial Upfront or All Upfront
    offering_class: Template  # standard or convertible
    plan_type: Template  # Compute, EC2Instance, Database


@dataclass(frozen=True, slots=True)
class Meter:
    """One line of the bill a resource causes."""

    name: Template
    path: str
    service_code: str
    usage_type: Template
    operation: Template
    variant: Template
    region: Template | None
    unit: str
    quantity: Formula
    when: Formula | None
    tier_scope: TierScope
    purchase: Purchase | None


@dataclass(frozen=True, slots=True)
class Child:
    """Something inside or behind a resource that is priced as another kind.

    Attributes:
        resource: the kind it is priced as.
        block: nested block it stands in, dotted; empty for none.
        reference: attributes that refer to it (a launch template); empty for none.
        always: it exists although the block is absent (an instance's root volume).
        when: formula over the parent's inputs.
        count: how many for each parent.
        fields: inputs read from the block or the referenced resource.
        inputs: input of the kind → formula over ``fields`` and the parent's inputs.
        passes: attributes handed over as they are.
    """

    path: Template
    resource: str
    block: str
    reference: tuple[str, ...]
    always: bool
    when: Formula | None
    count: Formula | None
    fields: Mapping[str, Input]
    inputs: Mapping[str, Formula]
    passes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """A worked example: inputs, each meter's list cost to the cent, meters without a price."""

    source: str
    region: str
    inputs: Mapping[str, Any]
    list_cost: Mapping[str, float]
    effective_cost: Mapping[str, float]
    resources: Mapping[str, Mapping[str, Any]]
    unpriced: tuple[str, ...] = ()


@dataclass(frozen=True)
class ResourceSheet:
    """One kind of resource: its inputs, meters, children and examples."""

    type: str
    cloudformation: str
    description: str
    inputs: Mapping[str, Input]
    meters: tuple[Meter, ...]
    children: tuple[Child, ...]
    examples: tuple[Example, ...]
    hidden: bool = False

    @cached_property
    def blocks(self) -> frozenset[str]:
        """Attributes that can only be blocks: inputs stand in them, and none is their value."""
        inside = {given.path for given in self.inputs.values() if "." in given.path}
        inside |= {child.block for child in self.children if child.block}
        own = {given.path for given in self.inputs.values()} | self.inputs.keys()
        own |= {name for child in self.children for name in (*child.reference, *child.passes)}
        led = (name for given in self.inputs.values() for name in given.from_reference)
        heads = {re.split(r"[.\[]", path, maxsplit=1)[0] for path in inside}
        return frozenset(heads - own - {name.partition(".")[0] for name in led})


@dataclass(frozen=True, slots=True)
class Alias:
    """Another type priced as a kind, with defaults of its own: a spot request is an instance."""

    kind: str
    defaults: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServiceSheet:
    """One service: its resources, look-up tables and source."""

    file: str
    service_code: str
    service_name: str
    service_category: str
    resources: Mapping[str, ResourceSheet]
    aliases: Mapping[str, Alias] = field(default_factory=dict)
    free: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
