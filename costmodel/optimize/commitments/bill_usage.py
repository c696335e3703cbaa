"""Hourly usage out of a bill: one query, summed by hour and price key."""

from typing import TYPE_CHECKING

from costmodel.errors import CommitmentError
from costmodel.optimize.commitments.usage import ON_DEMAND, PRICE_KEYS, HourlyUsage, read_usage

if TYPE_CHECKING:
    from costmodel.bill.query import Bill

_READ = (
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "ChargeCategory",
    "PricingCategory",
    "CommitmentDiscountStatus",
    "PricingQuantity",
)
_GROUPED = ("ChargeCategory", "PricingCategory", "CommitmentDiscountStatus")


def bill_usage(
    bill: "Bill", *, keys: tuple[str, ...] = PRICE_KEYS, pricing: tuple[str, ...] = ON_DEMAND
) -> HourlyUsage:
    """Return the usage in a bill; arguments as for ``read_usage``.

    Raises:
        CommitmentError: the bill has no on-demand cost, is not in USD, or has no usage on demand.
    """
    cost = on_demand_cost_column(bill)
    dimensions = ", ".join((*keys, *_GROUPED))
    currency = bill.currency_of(bill.filter(None))
    if currency not in ("", "USD"):
        raise CommitmentError(f"the bill is in {currency}, but commitments are priced in USD")
    inner = bill.relation_sql([*_READ, *keys, cost])
    return read_usage(
        bill.arrow(
            f"SELECT {dimensions}, DATE_TRUNC('hour', ChargePeriodStart) AS ChargePeriodStart, "  # noqa: S608 - names are constants of this package
            "MAX(ChargePeriodEnd) AS ChargePeriodEnd, "
            "CAST(SUM(PricingQuantity) AS DOUBLE) AS PricingQuantity, "
            f"CAST(SUM({cost}) AS DOUBLE) AS {cost} FROM ({inner}) AS bill "
            "WHERE ChargeCategory = 'Usage' GROUP BY ALL"
        ),
        keys=keys,
        pricing=pricing,
    )


def on_demand_cost_column(bill: "Bill") -> str:
    """Return the column with the on-demand cost of usage.

    Raises:
        CommitmentError: the bill has none.
        BillError: the bill is in several currencies.
    """
    bill.currency_of(bill.filter(None))
    for name in ("ContractedCost", "ListCost"):
        if name in bill.available:
            return name
    raise CommitmentError(
        "the bill has neither ContractedCost nor ListCost: without on-demand prices nothing can "
        "be planned or measured; use a CUR, CUR 2.0 or FOCUS export"
    )
