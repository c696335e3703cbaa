"""A bill hour by hour: usage that commitments may cover, the commitments, and who used what."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from costmodel.catalog.catalog import PriceCatalog
from costmodel.errors import BillError, CommitmentError, Issue, IssueReason
from costmodel.optimize.billed_rows import short_name
from costmodel.optimize.commitments.bill_usage import bill_usage
from costmodel.optimize.commitments.billed_held import held_on_bill
from costmodel.optimize.commitments.held import HeldCommitment, held_commitments
from costmodel.optimize.commitments.offers import build_offers
from costmodel.optimize.commitments.rates import PAYMENTS, PLAN_TYPES, TERMS, CommittedRates
from costmodel.optimize.commitments.usage import EITHER, PRICE_KEYS, HourlyUsage

if TYPE_CHECKING:
    from costmodel.bill.query import Bill

Floats = NDArray[np.float64]
PriceKey = tuple[str, ...]  # service, region, usage type, operation
Profiles = dict[tuple[str, PriceKey], Floats]


@dataclass(frozen=True)
class HourlyBill:
    """Usage of every hour that something on sale or held covers.

    Attributes:
        usage: k usage rows over h hours, covered ones too.
        held: commitments in force, None where the bill does not tell the terms of all.
        profiles: (resource as billed, price key) → (h,) units per hour; None where the bill does
            not tell resources apart.
        names: ids an inventory may write → resource as billed.
        issues: what was left out or is not known.
    """

    usage: HourlyUsage
    held: Sequence[HeldCommitment] | None
    profiles: Profiles | None
    names: Mapping[str, str] = field(default_factory=dict)
    issues: Sequence[Issue] = ()


def read_hourly_bill(
    bill: "Bill",
    catalog: PriceCatalog,
    resources: Iterable[str],
    held: Sequence[HeldCommitment] = (),
) -> HourlyBill | None:
    """Return a bill hour by hour; None where it has no usage, or no prices, on demand.

    Args:
        bill: a bill of any format.
        catalog: says what can be covered.
        resources: ids whose own hours are wanted, as an inventory writes them.
        held: commitments; those on the bill by default.
    """
    try:
        usage = bill_usage(bill, pricing=EITHER)
    except (CommitmentError, BillError):
        return None
    known, unknown = (list(held), []) if held else held_on_bill(bill)
    known = _merged(known)
    rates = CommittedRates(usage, catalog)
    kept = usage.select(_coverable(rates, known))
    issues = [*usage.issues, *unknown]
    present = None if unknown else known
    if "ResourceId" not in bill.available:
        return HourlyBill(kept, present, None, issues=issues)
    names = _billed_names(bill, set(resources))
    profiles = _profiles(bill, kept, set(names.values()))
    return HourlyBill(kept, present, profiles, names, issues)


def _merged(held: Sequence[HeldCommitment]) -> list[HeldCommitment]:
    """Return commitments that differ by id and owner only as one: together they cover the same."""
    sums: dict[HeldCommitment, float] = {}
    for one in held:
        kind = replace(one, commitment=0.0, commitment_id="", account="")
        sums[kind] = sums.get(kind, 0.0) + one.commitment
    return [replace(kind, commitment=total) for kind, total in sums.items()]


def _coverable(rates: CommittedRates, held: Sequence[HeldCommitment]) -> NDArray[np.bool_]:
    offers = build_offers(
        rates, plan_types=PLAN_TYPES, terms=TERMS, payments=PAYMENTS, offering_class="standard"
    )
    draws = np.concatenate([offers.arrays.draw, held_commitments(held, rates).draw])
    return np.asarray(~np.isnan(draws).all(axis=0))


def row_keys(usage: HourlyUsage) -> list[PriceKey]:
    """Return the price key of each usage row."""
    return [tuple(map(str, row)) for row in usage.rows[list(PRICE_KEYS)].itertuples(index=False)]


def _billed_names(bill: "Bill", resources: set[str]) -> dict[str, str]:
    """Return the wanted ids that name one billed resource: its ARN, or the id inside."""
    inner = bill.relation_sql(["ResourceId"])
    listed = bill.arrow(
        f"SELECT DISTINCT ResourceId FROM ({inner}) AS bill WHERE ResourceId IS NOT NULL"  # noqa: S608 - constants of this package
    )["ResourceId"].to_pylist()
    shared = Counter(map(short_name, listed))
    names = {short_name(name): name for name in listed if shared[short_name(name)] == 1}
    names |= {name: name for name in listed}
    return {name: names[name] for name in resources & set(names)}


def _profiles(bill: "Bill", usage: HourlyUsage, resources: set[str]) -> Profiles:
    """Return the hours of each billed resource and price key."""
    table = _hours_by_resource(bill, usage, resources)
    unit = "D" if usage.is_daily else "h"
    first = usage.start[0].to_datetime64().astype("datetime64[s]")
    starts = pc.cast(table["start"], pa.timestamp("s")).to_numpy().astype("datetime64[s]")
    slot = (starts - first).astype(f"timedelta64[{unit}]").astype(np.int64)
    quantity = np.asarray(table["quantity"].to_numpy(), dtype=np.float64) / usage.weight[0]
    columns = [table[name].to_pylist() for name in ("ResourceId", *PRICE_KEYS)]
    wanted = set(row_keys(usage))
    profiles: Profiles = {}
    for (resource, *key), place, amount in zip(
        zip(*columns, strict=True), slot.tolist(), quantity.tolist(), strict=True
    ):
        if tuple(key) in wanted and 0 <= place < len(usage.weight):
            hours = profiles.setdefault((resource, tuple(key)), np.zeros(len(usage.weight)))
            hours[place] += amount
    return profiles


def _hours_by_resource(bill: "Bill", usage: HourlyUsage, resources: set[str]) -> pa.Table:
    columns = [*PRICE_KEYS, "ResourceId", "PricingQuantity", "ChargePeriodStart",
               "ChargePeriodEnd", "ChargeCategory", "PricingCategory",
               "CommitmentDiscountStatus"]  # fmt: skip
    inner = bill.relation_sql(columns)
    step, most = ("day", 36) if usage.is_daily else ("hour", 1.5)
    return bill.arrow(
        f"SELECT ResourceId, {_keys()}, DATE_TRUNC('{step}', ChargePeriodStart) AS start, "  # noqa: S608 - names of the bill, quoted
        f"CAST(SUM(PricingQuantity) AS DOUBLE) AS quantity FROM ({inner}) AS bill "
        "WHERE ChargeCategory = 'Usage' AND PricingCategory IN ('Standard', 'Committed') "
        "AND COALESCE(CommitmentDiscountStatus, '') <> 'Unused' "
        f"AND DATE_DIFF('minute', ChargePeriodStart, ChargePeriodEnd) <= {60 * most} "
        f"AND x_UsageType IN ({_texts(usage.rows['x_UsageType'])}) "
        f"AND ResourceId IN ({_texts(resources)}) GROUP BY ALL"
    )


def _keys() -> str:
    return ", ".join(f"COALESCE({name}, '') AS {name}" for name in PRICE_KEYS)


def _texts(values: Iterable[str]) -> str:
    quoted = sorted("'" + value.replace("'", "''") + "'" for value in set(values))
    return ", ".join(quoted) or "''"


_WEEK: Final = 168.0


def why_no_plan(hourly: HourlyBill) -> Issue | None:
    """Return why commitments cannot be planned on a bill; None where they can."""
    usage = hourly.usage
    if usage.is_daily:
        text = "a daily bill does not show the hours commitments are for"
    elif float(usage.weight.sum()) < _WEEK:
        text = f"{usage.weight.sum():.0f} hours of usage do not stand for a year"
    elif hourly.held is None:
        text = "the bill does not tell the terms of every present commitment"
    else:
        return None
    text += ": commitments are not planned; see 'costmodel commitments plan'"
    return Issue(IssueReason.MISSING_INPUT, "commitments", text)
