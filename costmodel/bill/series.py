"""Usage by hour and commitments by lease or plan: what the commitments planner reads from a bill.

Tables are Arrow with FOCUS columns; quantities and money are float64, rounded nowhere.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from costmodel.bill.filter import Filter
from costmodel.bill.normalize.raw import quote

if TYPE_CHECKING:
    import pyarrow as pa


class Relation(Protocol):
    """What these tables ask of a bill."""

    def filter(self, text: str | None) -> Filter:
        """Compile a filter expression."""

    def relation_sql(self, columns: Sequence[str]) -> str:
        """Return the SELECT of ``bill`` with some columns."""

    def arrow(self, query: str) -> "pa.Table":
        """Return the answer of a query."""

    def summarize(
        self, by: Any, metric: Any, granularity: Any, filter: str | None, *, unused: Any
    ) -> Any:
        """Return cost summed by columns and period."""


USAGE_KEYS: Final = (
    "ChargePeriodStart", "ChargePeriodEnd", "SubAccountId", "x_ServiceCode", "RegionId",
    "x_UsageType", "x_Operation", "x_InstanceType", "x_OperatingSystem", "x_Tenancy",
    "PricingUnit", "ChargeCategory", "PricingCategory", "CommitmentDiscountStatus",
    "CommitmentDiscountId",
)  # fmt: skip
_USAGE_SUMS = ("PricingQuantity", "ListCost", "ContractedCost", "EffectiveCost")
_COMMITMENT_KEYS = ("CommitmentDiscountId", "CommitmentDiscountType")
# What the fee row says; other accounts may use the commitment.
_OWNER_FACTS = ("SubAccountId", "x_ServiceCode", "x_UsageType")
_COMMITMENT_FACTS = (
    "RegionId", "x_InstanceType", "LeaseContractLength", "PurchaseOption",
    "OfferingClass", "x_CommitmentOffering", "x_CommitmentInstanceFamily", "x_CommitmentRegion",
    "x_CommitmentStart", "x_CommitmentEnd",
)  # fmt: skip
_COMMITMENT_SUMS = (
    "BilledCost", "EffectiveCost", "x_TotalCommitment", "x_UsedCommitment", "x_ReservedUnits",
    "x_CommitmentTrueUp", "x_CommitmentUpfront",
)  # fmt: skip


def hourly_usage(bill: Relation, filter: str | None = None) -> "pa.Table":
    """Return usage by hour and by what decides its price and its coverage.

    Spot and unused commitment are left out; covered usage stays, with
    ``PricingCategory = 'Committed'`` and its on-demand cost in ``ContractedCost``.

    Args:
        bill: any bill; one of daily rows gives days.
        filter: expression of the filter language, e.g. ``x_ServiceCode = 'AmazonEC2'``.

    Returns:
        ``USAGE_KEYS``, and PricingQuantity, ListCost, ContractedCost and EffectiveCost as sums.
    """
    condition = bill.filter(filter)
    inner = bill.relation_sql(
        [*USAGE_KEYS, *_USAGE_SUMS, "x_LineItemType", *sorted(condition.columns)]
    )
    keys = ", ".join(map(quote, USAGE_KEYS))
    sums = ", ".join(f"CAST(SUM({name}) AS DOUBLE) AS {name}" for name in _USAGE_SUMS)
    return bill.arrow(
        f"SELECT {keys}, {sums} FROM ({inner}) AS bill"
        " WHERE ChargeCategory = 'Usage' AND PricingCategory IN ('Standard', 'Committed')"
        " AND COALESCE(CommitmentDiscountStatus, '') <> 'Unused'"
        " AND COALESCE(x_LineItemType, '') <> 'SavingsPlanNegation'"
        f" AND ({condition.sql}) GROUP BY {keys} ORDER BY {keys}"
    )


def commitment_lines(bill: Relation) -> "pa.Table":
    """Return the reservations and plans of a bill: one row each, facts and sums.

    ``EffectiveCost`` of a row is what its use and its unused part cost; ``x_UnusedCost`` is the
    unused part alone.
    """
    wanted = [*_COMMITMENT_KEYS, *_OWNER_FACTS, *_COMMITMENT_FACTS, *_COMMITMENT_SUMS]
    wanted += ["CommitmentDiscountStatus", "ChargeCategory"]
    inner = bill.relation_sql(wanted)
    keys = ", ".join(map(quote, _COMMITMENT_KEYS))
    owner = ", ".join(
        f"COALESCE(MAX(CASE WHEN ChargeCategory = 'Purchase' THEN {name} END), MAX({name}))"
        f" AS {name}"
        for name in _OWNER_FACTS
    )
    facts = ", ".join(f"MAX({name}) AS {name}" for name in _COMMITMENT_FACTS)
    sums = ", ".join(f"CAST(SUM({name}) AS DOUBLE) AS {name}" for name in _COMMITMENT_SUMS)
    unused = (
        "CAST(SUM(CASE WHEN CommitmentDiscountStatus = 'Unused' THEN EffectiveCost ELSE 0 END)"
        " AS DOUBLE) AS x_UnusedCost"
    )
    return bill.arrow(
        f"SELECT {keys}, {owner}, {facts}, {sums}, {unused} FROM ({inner}) AS bill"
        f" WHERE CommitmentDiscountId IS NOT NULL GROUP BY {keys} ORDER BY {keys}"
    )


def daily(bill: Relation, by: Any = (), metric: Any = None, filter: str | None = None) -> Any:
    """Return cost by day as pandas: ChargePeriodStart, the columns, the metrics.

    Unused reservations are spread over their month: on its 1st they would be a spike.
    """
    return bill.summarize(by, metric, "daily", filter, unused="spread").table
