"""How far the commitments on a bill covered what they could, and how far they were used."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from costmodel.catalog.catalog import PriceCatalog
from costmodel.errors import CommitmentError, Issue
from costmodel.optimize.commitments.bill_usage import bill_usage, on_demand_cost_column
from costmodel.optimize.commitments.offers import build_offers
from costmodel.optimize.commitments.rates import PAYMENTS, PLAN_TYPES, TERMS, CommittedRates
from costmodel.optimize.commitments.usage import COVERED, ON_DEMAND, HourlyUsage
from costmodel.result import Result

if TYPE_CHECKING:
    import pandas as pd

    from costmodel.bill.query import Bill


@dataclass(frozen=True)
class BilledCoverage(Result):
    """Coverage and utilisation as billed.

    Attributes:
        hours: by hour (or day): on-demand value of usage that could be covered, covered part.
        table: by commitment: used, unused and committed [USD, amortised], utilisation.
        issues: what was left out.
    """

    report_module: ClassVar[str] = "costmodel.report.billed_coverage"

    hours: "pd.DataFrame"
    table: "pd.DataFrame"
    issues: list[Issue] = field(default_factory=list)

    def __repr__(self) -> str:
        return (
            f"BilledCoverage({self.coverage:.1%} covered, commitments used to "
            f"{self.utilization:.1%})"
        )

    @property
    def coverage(self) -> float:
        """On-demand value covered / that could be covered; 0 without any."""
        eligible = float(self.hours["on_demand_value"].sum())
        return float(self.hours["covered_value"].sum()) / eligible if eligible else 0.0

    @property
    def utilization(self) -> float:
        """Used / committed; 1 without commitments."""
        committed = float(self.table["committed"].sum())
        return float(self.table["used"].sum()) / committed if committed else 1.0

    def to_json(self) -> dict[str, Any]:
        """Return coverage and utilisation as a JSON object."""
        return {
            "currency": "USD",
            "coverage": self.coverage,
            "utilization": self.utilization,
            "commitments": self.table.to_dict("records"),
            "days": daily_rows(self.hours),
            "issues": [issue.to_json() for issue in self.issues],
        }


def daily_rows(hours: "pd.DataFrame") -> list[dict[str, Any]]:
    """Return on-demand value, covered value and coverage of each day."""
    day = hours["ChargePeriodStart"].dt.strftime("%Y-%m-%d")
    sums = hours.groupby(day)[["on_demand_value", "covered_value"]].sum()
    eligible, covered = (sums[name].to_numpy(dtype=np.float64) for name in sums)
    return [
        {
            "day": name,
            "on_demand_value": float(value),
            "covered_value": float(part),
            "coverage": float(part / value) if value else 0.0,
        }
        for name, value, part in zip(sums.index, eligible, covered, strict=True)
    ]


def billed_coverage(bill: "Bill", catalog: PriceCatalog) -> BilledCoverage:
    """Return coverage and utilisation of the commitments on a bill.

    Usage on demand counts where some Savings Plan or reservation has a rate for it; usage that is
    covered counts in any case.
    """
    import pandas as pd

    on_demand_cost_column(bill)
    issues: list[Issue] = []
    eligible, covered = _hourly_value(bill, COVERED, None, issues)
    open_value, _ = _hourly_value(bill, ON_DEMAND, catalog, issues)
    frame = pd.DataFrame(
        {"on_demand_value": open_value.add(eligible, fill_value=0.0), "covered_value": covered}
    ).fillna(0.0)
    frame.index.name = "ChargePeriodStart"
    return BilledCoverage(frame.reset_index(), _by_commitment(bill), issues)


def _hourly_value(
    bill: "Bill", pricing: tuple[str, ...], catalog: PriceCatalog | None, issues: list[Issue]
) -> tuple["pd.Series[float]", "pd.Series[float]"]:
    """Return on-demand value by hour, and the part that is covered.

    Args:
        bill: the bill.
        pricing: usage on demand, or covered usage.
        catalog: leaves out usage that nothing on sale covers; None for covered usage.
        issues: collects what was left out.
    """
    import pandas as pd

    try:
        usage = bill_usage(bill, pricing=pricing)
    except CommitmentError:
        # A bill without covered usage has a coverage of 0; one without any other, of 1.
        nothing = pd.Series(dtype=np.float64, index=pd.DatetimeIndex([], tz="UTC"))
        return nothing, nothing
    issues += [issue for issue in usage.issues if issue not in issues]
    if catalog is not None:
        usage = usage.select(_could_be_covered(usage, catalog))
    value = pd.Series(usage.quantity @ usage.on_demand_rate * usage.weight, index=usage.start)
    return value, value if catalog is None else value * 0.0


def _could_be_covered(usage: HourlyUsage, catalog: PriceCatalog) -> Any:
    table = build_offers(
        CommittedRates(usage, catalog),
        plan_types=PLAN_TYPES,
        terms=TERMS,
        payments=PAYMENTS,
        offering_class="standard",
    )
    return ~np.isnan(table.arrays.draw).all(axis=0)


def _by_commitment(bill: "Bill") -> "pd.DataFrame":
    import pandas as pd

    names = ["CommitmentDiscountId", "CommitmentDiscountType", "CommitmentDiscountStatus"]
    cost = bill.default_metric
    inner = bill.relation_sql([*names, cost])
    query = (
        "SELECT CommitmentDiscountId, MAX(CommitmentDiscountType) AS CommitmentDiscountType, "  # noqa: S608 - names are constants of this package
        f"{_sum_where(cost, 'Used')} AS used, {_sum_where(cost, 'Unused')} AS unused "
        f"FROM ({inner}) AS bill WHERE CommitmentDiscountStatus IS NOT NULL "
        "GROUP BY CommitmentDiscountId ORDER BY CommitmentDiscountId"
    )
    frame: pd.DataFrame = bill.arrow(query).to_pandas().fillna({"used": 0.0, "unused": 0.0})
    committed = frame["used"] + frame["unused"]
    # Nothing committed, nothing wasted.
    utilization = (frame["used"] / committed.where(committed > 0.0)).fillna(1.0)
    return frame.assign(committed=committed, utilization=utilization)


def _sum_where(cost: str, status: str) -> str:
    return f"CAST(SUM(CASE WHEN CommitmentDiscountStatus = '{status}' THEN {cost} END) AS DOUBLE)"
