"""``check_bill``: every figure verified, the reconciliation, and whether the bill holds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from costmodel.bill.check.billed_rates import BilledRates, check_billed_rates
from costmodel.bill.check.figure import CheckFigure, Verdict
from costmodel.bill.check.identities import IDENTITIES, check_identity
from costmodel.bill.check.list_prices import check_list_prices
from costmodel.bill.check.quality import check_quality
from costmodel.bill.query import Bill
from costmodel.catalog.catalog import PriceCatalog
from costmodel.columns import COST_METRICS
from costmodel.errors import Issue
from costmodel.result import Result


@dataclass(frozen=True)
class BillCheck(Result):
    """What was verified about a bill.

    Attributes:
        totals: sum of each cost metric.
        figures: every check with tolerance and verdict.
        reconciliation: on-demand usage against the catalog; None without usage types.
        issues: what the readers noticed.
    """

    report_module: ClassVar[str] = "costmodel.report.bill_check"

    totals: dict[str, float]
    figures: Sequence[CheckFigure]
    reconciliation: BilledRates | None
    issues: Sequence[Issue] = field(default_factory=list)

    @property
    def failed(self) -> list[CheckFigure]:
        """Checks that rows break."""
        return [figure for figure in self.figures if figure.verdict is Verdict.FAIL]

    @property
    def table(self) -> Any:
        """The figures as a pandas table."""
        import pandas as pd

        rows = [figure.to_json() for figure in self.figures]
        return pd.DataFrame(rows).drop(columns="rows")

    def __repr__(self) -> str:
        return f"BillCheck({len(self.figures)} checks, {len(self.failed)} failed)"

    def to_json(self) -> dict[str, Any]:
        """Return every verified figure with its tolerance and verdict."""
        return {
            "verdict": str(Verdict.FAIL if self.failed else Verdict.PASS),
            "total": self.totals,
            "figures": [figure.to_json() for figure in self.figures],
            "reconciliation": self.reconciliation.to_json() if self.reconciliation else None,
            "issues": [issue.to_json() for issue in self.issues],
        }


def check_bill(bill: Bill, catalog: PriceCatalog) -> BillCheck:
    """Verify a bill: identities, data quality, and its prices against the catalog.

    Args:
        bill: any bill; checks whose columns it lacks are skipped and say so.
        catalog: prices to reconcile with.
    """
    figures = [check_identity(bill, identity) for identity in IDENTITIES]
    figures += [*_file_sums(bill), *check_quality(bill), *check_list_prices(bill, catalog)]
    has_keys = "PricingQuantity" in bill.available and bill.available & {
        "x_UsageType", "SkuPriceId",
    }  # fmt: skip
    return BillCheck(
        totals=_totals(bill),
        figures=figures,
        reconciliation=check_billed_rates(bill, catalog) if has_keys else None,
        issues=bill.issues,
    )


def _totals(bill: Bill) -> dict[str, float]:
    """Return the sum of each metric, and list cost of usage alone, which counts nothing twice."""
    if len(bill.currencies) > 1:
        return {}
    metrics = [metric for metric in COST_METRICS if metric in bill.available]
    total = {name: float(value) for name, value in bill.summarize(metric=metrics).total.items()}
    if {"ListCost", "ChargeCategory"} <= bill.available:
        usage = bill.summarize(metric="ListCost", filter="ChargeCategory = 'Usage'")
        total["ListCost of usage"] = float(usage.total["ListCost"])
    return total


def _file_sums(bill: Bill) -> list[CheckFigure]:
    """Return how files with totals of their own add up against them."""
    return [
        CheckFigure(
            name=f"{name} of {source.paths[0]}",
            meaning="the cells add up to the totals of the file",
            verdict=Verdict.PASS if residual <= tolerance else Verdict.FAIL,
            tested=1,
            broken=int(residual > tolerance),
            residual=float(residual),
            tolerance=float(tolerance),
        )
        for source in bill.sources
        for name, residual, tolerance in source.sums
    ]
