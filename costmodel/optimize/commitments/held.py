"""Commitments already bought or queued, and when they begin and end.

Reads the answer of the Savings Plans API (DescribeSavingsPlans) and a plain list of the same facts
for reservations and plans alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np

from costmodel.engine.coverage.commitments import Commitments
from costmodel.engine.coverage.normalization import (
    canonical_platform,
    family_and_size,
    normalization_factor,
)
from costmodel.engine.tiers import Floats, Ints
from costmodel.errors import BadInputError
from costmodel.optimize.commitments.offers import (
    RESERVED,
    STAGE,
    family_pools,
    flexible_units,
    reservation_pools,
    unit_draw,
)
from costmodel.optimize.commitments.rates import PAYMENTS, PLAN_TYPES, TERMS, CommittedRates
from costmodel.optimize.commitments.usage import platform_of

# Three years of 365 days are 94,608,000 seconds.
_THREE_YEAR_SECONDS = 94_608_000
_DEFAULT_PLATFORM = "Linux/UNIX"
_IN_FORCE = ("active", "queued", "payment-pending", "")


@dataclass(frozen=True, slots=True)
class HeldCommitment:
    """One Savings Plan or reservation that exists or is queued.

    ``commitment`` is USD per hour of a plan or the number of instances reserved; ``scope``
    is the family of an EC2 Instance plan or the instance type of a reservation. ``account`` owns
    the commitment; ``platform`` is the operating system or engine of a
    reservation.
    """

    plan_type: str
    commitment: float
    term: str = "1yr"
    payment: str = "No Upfront"
    scope: str = ""
    region: str = ""
    start: datetime | None = None
    end: datetime | None = None
    commitment_id: str = ""
    offering_class: str = "standard"
    account: str = ""
    platform: str = _DEFAULT_PLATFORM

    def __post_init__(self) -> None:
        where = f"commitment {self.commitment_id or self.plan_type}"
        for value, known in (
            (self.plan_type, (*PLAN_TYPES, RESERVED)),
            (self.term, TERMS),
            (self.payment, PAYMENTS),
        ):
            if value not in known:
                raise BadInputError(f"{where}: {value!r} is none of {', '.join(known)}")
        if not (np.isfinite(self.commitment) and self.commitment >= 0.0):
            raise BadInputError(f"{where}: commitment is {self.commitment}: give a number >= 0")
        if self.plan_type in ("EC2Instance", RESERVED) and not (self.scope and self.region):
            raise BadInputError(f"{where}: give its family or instance type and its region")

    def is_in_force(self, at: datetime) -> bool:
        """Whether it covers usage at a time."""
        return (self.start is None or self.start <= at) and (self.end is None or at < self.end)


def parse_held(payload: Any, where: str) -> list[HeldCommitment]:
    """Return the commitments in a DescribeSavingsPlans answer or a list of plain objects.

    Args:
        payload: parsed JSON or YAML.
        where: name of the source for messages.
    """
    if isinstance(payload, Mapping) and "savingsPlans" in payload:
        plans = payload["savingsPlans"]
        if not isinstance(plans, list) or not all(isinstance(plan, Mapping) for plan in plans):
            raise BadInputError(f"{where}: savingsPlans is no list of Savings Plans")
        return [_from_api(plan, where) for plan in plans if plan.get("state", "") in _IN_FORCE]
    rows = payload.get("commitments") if isinstance(payload, Mapping) else payload
    if not isinstance(rows, list):
        raise BadInputError(
            f"{where}: give the answer of describe-savings-plans, or a list 'commitments'"
        )
    return [_from_plain(row, where) for row in rows]


def _from_api(plan: Mapping[str, Any], where: str) -> HeldCommitment:
    try:
        seconds = int(plan["termDurationInSeconds"])
        return HeldCommitment(
            plan_type=plan["savingsPlanType"],
            commitment=float(plan["commitment"]),
            term="3yr" if seconds >= _THREE_YEAR_SECONDS else "1yr",
            payment=plan["paymentOption"],
            scope=plan.get("ec2InstanceFamily", ""),
            region=plan.get("region", ""),
            start=_time(plan.get("start"), where),
            end=_time(plan.get("end"), where),
            commitment_id=plan.get("savingsPlanId", ""),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadInputError(f"{where}: a Savings Plan lacks or garbles {error}") from None


def _from_plain(row: Any, where: str) -> HeldCommitment:
    known = set(HeldCommitment.__slots__)
    if not isinstance(row, Mapping) or not {"plan_type", "commitment"} <= set(row):
        raise BadInputError(f"{where}: each commitment needs plan_type and commitment")
    strange = sorted(set(map(str, row)) - known)
    if strange:
        raise BadInputError(
            f"{where}: a commitment has no {', '.join(strange)}; it has {', '.join(sorted(known))}"
        )
    values = dict(row)
    try:
        values["commitment"] = float(values["commitment"])
    except (TypeError, ValueError):
        raise BadInputError(
            f"{where}: commitment is {values['commitment']!r}: give a number"
        ) from None
    for name in ("start", "end"):
        values[name] = _time(values.get(name), where)
    return HeldCommitment(**values)


def _time(text: Any, where: str) -> datetime | None:
    if text in (None, ""):
        return None
    try:
        parsed = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        raise BadInputError(f"{where}: {text!r} is no date; write 2026-05-01") from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def held_commitments(held: Sequence[HeldCommitment], rates: CommittedRates) -> Commitments:
    """Return held commitments on the usage rows, in full: (1, p) quantities."""
    pools = _reserved_pools(rates) if any(h.plan_type == RESERVED for h in held) else []
    draws = [_draw(commitment, rates, pools) for commitment in held]
    units = [draw[1] for draw in draws]
    rows = len(rates.usage.rows)
    return Commitments(
        np.array([draw[0] for draw in draws]).reshape(len(held), rows),
        np.array([[h.commitment * u for h, u in zip(held, units, strict=True)]]).reshape(1, -1),
        np.array([STAGE[h.plan_type] for h in held], dtype=np.intp),
        np.array([h.plan_type == RESERVED for h in held], dtype=bool),
    )


class _Pool(NamedTuple):
    """Rows one reservation may reach: their region, numbers and draw (k,)."""

    region: str
    rows: Ints
    draw: Floats


def _reserved_pools(rates: CommittedRates) -> list[_Pool]:
    return [
        _Pool(region, rows, unit_draw(rates.usage, rows))
        for (region, _), rows in reservation_pools(rates.usage).items()
    ]


def _draw(
    held: HeldCommitment, rates: CommittedRates, pools: Sequence[_Pool]
) -> tuple[Floats, float]:
    """Return the draw per row (k,) and the units one piece of the commitment holds."""
    nothing = np.full(len(rates.usage.rows), np.nan)
    if held.plan_type == RESERVED:
        return _reserved_draw(held, rates, pools)
    draw = rates.plan(held.plan_type, held.term, held.payment)
    if held.plan_type != "EC2Instance":
        return draw, 1.0
    rows = family_pools(rates.usage).get((held.scope, held.region))
    if rows is None:
        return nothing, 1.0
    nothing[rows] = draw[rows]
    return nothing, 1.0


def _reserved_draw(
    held: HeldCommitment, rates: CommittedRates, pools: Sequence[_Pool]
) -> tuple[Floats, float]:
    types = rates.usage.rows["x_InstanceType"]
    for region, rows, draw in pools:
        if region != held.region or not _is_same_kind(rates, int(rows[0]), held):
            continue
        same = rows[(types[rows] == held.scope).to_numpy()]
        if len(same):
            return draw, float(draw[same[0]])
        if _is_stretched(rates, int(rows[0])):
            return draw, normalization_factor(held.scope)
    return np.full(len(types), np.nan), 1.0


def _is_stretched(rates: CommittedRates, row: int) -> bool:
    """Say whether another size of the family may cover the row."""
    columns = ("x_ServiceCode", "x_UsageType", "x_Operation", "x_InstanceType")
    values = (str(rates.usage.rows[column][row]) for column in columns)
    return flexible_units(*values) is not None


def _is_same_kind(rates: CommittedRates, row: int, held: HeldCommitment) -> bool:
    """Say whether a row has the family and, for EC2, the platform of a reservation."""
    columns = ("x_ServiceCode", "x_Operation", "x_InstanceType")
    service, operation, instance_type = (str(rates.usage.rows[name][row]) for name in columns)
    if not instance_type:
        return False
    same_family = family_and_size(instance_type)[0] == family_and_size(held.scope)[0]
    # A database or cache reservation that names no engine fits the first engine in use.
    if service != "AmazonEC2" and held.platform == _DEFAULT_PLATFORM:
        return same_family
    bought = canonical_platform(service, held.platform)
    return same_family and platform_of(service, operation) == bought


def segments(
    held: Sequence[HeldCommitment], as_of: datetime, horizon_hours: float
) -> list[tuple[datetime, float]]:
    """Return the stretches of the horizon in which the same commitments hold: start and hours."""
    end = as_of + timedelta(hours=horizon_hours)
    changes = {as_of}
    for commitment in held:
        for moment in (commitment.start, commitment.end):
            if moment is not None and as_of < moment < end:
                changes.add(moment)
    starts = sorted(changes)
    stops = [*starts[1:], end]
    return [
        (start, (stop - start).total_seconds() / 3600.0)
        for start, stop in zip(starts, stops, strict=True)
    ]
