"""A what-if on a whole bill: the same usage elsewhere, on other kinds, at other prices.

region: eu-west-1                  # or a map: {us-east-1: eu-west-1}
processor: graviton                # graviton, amd or intel: the newest family of that maker
families: {m5: m7g, r5: r7g}       # or name them
volumes: {gp2: gp3}
discount_percent: 9                # or a map: {AmazonEC2: 12}
commitments: none                  # or a list of {type, hourly_commitment_usd, term, payment}
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, Protocol, get_args

import numpy as np

from costmodel.bill.reprice.lines import Bools, Texts, UsageLines
from costmodel.errors import BadInputError

Processor = Literal["graviton", "amd", "intel"]
_KEYS: Final = (
    "region", "processor", "families", "volumes", "discount_percent", "commitments",
)  # fmt: skip
_PLAN_KEYS: Final = ("type", "hourly_commitment_usd", "term", "payment")
_PLAN_TYPES: Final = ("Compute", "EC2Instance", "Database")
_TERMS: Final = ("1yr", "3yr")
_PAYMENTS: Final = ("No Upfront", "Partial Upfront", "All Upfront")

# "BoxUsage:m5.large", "InstanceUsage:db.m5.large", "NodeUsage:cache.m5.large" …
_INSTANCE = re.compile(r"^(.*:(?:db\.|cache\.)?)([a-z][a-z0-9-]*)\.([a-z0-9-]+)$")
_VOLUME = re.compile(r"^(EBS:Volume[\w-]*\.)(\w+)$")


class Successors(Protocol):
    """The newest families that take over from one; empty where there is none."""

    @property
    def intel(self) -> str:
        """Of Intel."""

    @property
    def amd(self) -> str:
        """Of AMD."""

    @property
    def graviton(self) -> str:
        """Of AWS."""


@dataclass(frozen=True, slots=True)
class PlanTerms:
    """A Savings Plan of the scenario."""

    type: str
    hourly_commitment_usd: float
    term: str = "1yr"
    payment: str = "No Upfront"


@dataclass(frozen=True, slots=True)
class BillScenario:
    """What is different; ``None`` keeps things as they are.

    Attributes:
        regions: region → region; ``"*"`` is every region.
        processor: whose newest family instances move to.
        families: instance family → family; goes before ``processor``.
        volumes: EBS volume type → type.
        discount_percent: product code → discount; ``"*"`` is every service.
        commitments: Savings Plans instead of the bill's commitments; empty is none.
    """

    regions: Mapping[str, str] = field(default_factory=dict)
    processor: Processor | None = None
    families: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[str, str] = field(default_factory=dict)
    discount_percent: Mapping[str, float] = field(default_factory=dict)
    commitments: tuple[PlanTerms, ...] | None = None


def parse_bill_scenario(document: Any, name: str) -> BillScenario:
    """Return the scenario of a parsed YAML document.

    Raises:
        BadInputError: a key or value is wrong; the message names the file and the key.
    """
    if not isinstance(document, Mapping) or not document:
        raise BadInputError(f"{name}: a scenario is a mapping with {', '.join(_KEYS)}")
    for key in document:
        if key not in _KEYS:
            raise BadInputError(f"{name}: unknown key {key!r}; there are {', '.join(_KEYS)}")
    processor = document.get("processor")
    if processor is not None and processor not in get_args(Processor):
        raise BadInputError(
            f"{name}: processor {processor!r}; choose one of {', '.join(get_args(Processor))}"
        )
    return BillScenario(
        regions=_text_map(document.get("region"), f"{name}: region"),
        processor=processor,
        families=_text_map(document.get("families"), f"{name}: families"),
        volumes=_text_map(document.get("volumes"), f"{name}: volumes"),
        discount_percent=_discounts(document.get("discount_percent"), name),
        commitments=_plans(document.get("commitments"), name),
    )


def _text_map(value: Any, where: str) -> dict[str, str]:
    """Return a map of texts; one text is the target of everything."""
    if value is None:
        return {}
    if isinstance(value, str):
        return {"*": value}
    if not isinstance(value, Mapping):
        raise BadInputError(f"{where}: give a map from old to new")
    return {str(old): str(new) for old, new in value.items()}


def _discounts(value: Any, name: str) -> dict[str, float]:
    if value is None:
        return {}
    given = value if isinstance(value, Mapping) else {"*": value}
    for service, percent in given.items():
        is_number = isinstance(percent, int | float) and not isinstance(percent, bool)
        if not is_number or not 0 <= percent <= 100:
            raise BadInputError(
                f"{name}: discount_percent of {service} is {percent!r}; give 0 to 100"
            )
    return {str(service): float(percent) for service, percent in given.items()}


def _plans(value: Any, name: str) -> tuple[PlanTerms, ...] | None:
    if value is None:
        return None
    if value == "none":
        return ()
    if not isinstance(value, list):
        raise BadInputError(f"{name}: commitments is 'none' or a list of Savings Plans")
    return tuple(
        _plan(entry, f"{name}: commitment {place}") for place, entry in enumerate(value, start=1)
    )


def _plan(entry: Any, where: str) -> PlanTerms:
    if not isinstance(entry, Mapping) or not set(entry) <= set(_PLAN_KEYS):
        raise BadInputError(f"{where}: expected a mapping with {', '.join(_PLAN_KEYS)}")
    amount = entry.get("hourly_commitment_usd")
    if isinstance(amount, bool) or not isinstance(amount, int | float) or not amount > 0:
        raise BadInputError(f"{where}: hourly_commitment_usd is {amount!r}; give USD above 0")
    plan = PlanTerms(
        str(entry.get("type", "Compute")), float(amount), str(entry.get("term", "1yr")),
        str(entry.get("payment", "No Upfront")),
    )  # fmt: skip
    for value, known in (
        (plan.type, _PLAN_TYPES),
        (plan.term, _TERMS),
        (plan.payment, _PAYMENTS),
    ):
        if value not in known:
            raise BadInputError(f"{where}: {value!r}; choose one of {', '.join(known)}")
    return plan


def move_lines(
    lines: UsageLines, scenario: BillScenario, successors: Mapping[str, Mapping[str, Successors]]
) -> UsageLines:
    """Return the usage as the scenario has it: regions, families and volume types replaced.

    Args:
        lines: usage of the bill.
        scenario: what is different.
        successors: service code → family → newest families, for ``processor``.
    """
    family = _FamilyMap(scenario, successors)
    moved = [
        _moved_type(usage, service, scenario, family)
        for usage, service in zip(lines.usage_type, lines.service, strict=True)
    ]
    usage_type = np.array(moved, dtype=object)
    operation = np.array(
        [_moved_operation(operation, scenario.volumes) for operation in lines.operation],
        dtype=object,
    )
    region = _moved_regions(lines.region, scenario.regions)
    changed = (usage_type != lines.usage_type) | (region != lines.region)
    # The bill's rate code is the price of what was used, not of what would be.
    rate_code = np.where(changed, "", lines.rate_code)
    return replace(
        lines, region=region, usage_type=usage_type, operation=operation, rate_code=rate_code
    )


def changed_lines(before: UsageLines, after: UsageLines) -> Bools:
    """Return which lines a scenario moved, (n,)."""
    moved: Bools = (before.usage_type != after.usage_type) | (before.region != after.region)
    return moved


def _moved_regions(region: Texts, regions: Mapping[str, str]) -> Texts:
    if not regions:
        return region
    everywhere = regions.get("*")
    # Global services have no region and stay.
    return np.array(
        [regions.get(name, everywhere or name) if name else name for name in region], dtype=object
    )


class _FamilyMap:
    """Where instance families go."""

    def __init__(
        self, scenario: BillScenario, successors: Mapping[str, Mapping[str, Successors]]
    ) -> None:
        self._named = scenario.families
        self._processor = scenario.processor
        self._successors = successors

    def target(self, service: str, family: str) -> str:
        """Return the family an instance of this one moves to: its own where nothing says."""
        if family in self._named:
            return self._named[family]
        # The map is EC2's; managed services run on the same families.
        known = self._successors.get(service, {}).get(family) or self._successors.get(
            "AmazonEC2", {}
        ).get(family)
        if self._processor is None or known is None:
            return family
        return getattr(known, self._processor) or family


def _moved_type(usage_type: str, service: str, scenario: BillScenario, family: _FamilyMap) -> str:
    volume = _VOLUME.match(usage_type)
    if volume:
        return volume[1] + scenario.volumes.get(volume[2], volume[2])
    instance = _INSTANCE.match(usage_type)
    if instance:
        return f"{instance[1]}{family.target(service, instance[2])}.{instance[3]}"
    return usage_type


def _moved_operation(operation: str, volumes: Mapping[str, str]) -> str:
    kind = operation.removeprefix("CreateVolume-")
    if kind == operation or kind.lower() not in volumes:
        return operation
    return f"CreateVolume-{volumes[kind.lower()].capitalize()}"
