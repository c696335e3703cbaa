"""What advice that was carried out saved, read off bills from before and after.

A resource's daily cost up to the day the advice was last open stands against its daily cost after
the day it was found done. The cost is amortised: what a commitment then covers elsewhere shows on
the other resource.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

from costmodel.errors import Issue, IssueReason
from costmodel.optimize.billed_rows import short_name
from costmodel.result import Result
from costmodel.units import HOURS_PER_MONTH

if TYPE_CHECKING:
    from costmodel.bill.query import Bill

_DAYS_PER_MONTH: Final = HOURS_PER_MONTH / 24.0
# What is compared with: so many days before; a verdict needs so many after.
_LOOK_BACK: Final = timedelta(days=30)
_SETTLED_DAYS: Final = 28
_KEPT_PROMISE: Final = 0.9

DailyCosts = Mapping[str, Mapping[date, float]]


class Realised(NamedTuple):
    """One recommendation that was carried out. Amounts in USD a month; NaN unknown.

    Attributes:
        fingerprint, check_id, resource: the recommendation.
        done: day it was found done.
        promised: saving it was estimated to bring.
        before: cost of the resource, and of what went along, up to the last day it was open.
        after: their cost since it was done.
        days_before, days_after: days on the bills behind these.
    """

    fingerprint: str
    check_id: str
    resource: str
    done: date
    promised: float
    before: float
    after: float
    days_before: int
    days_after: int

    @property
    def realised(self) -> float:
        """Drop of the cost [USD a month]."""
        return self.before - self.after

    @property
    def verdict(self) -> str:
        """Whether the promise was kept, or why nobody can say yet."""
        if math.isnan(self.realised):
            return "not on the bills"
        if self.days_after < _SETTLED_DAYS:
            return "too early"
        return (
            "verified" if self.realised >= _KEPT_PROMISE * self.promised else "less than promised"
        )

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON; unknown amounts are null."""
        amounts = {"promised": self.promised, "before": self.before, "after": self.after,
                   "realised": self.realised}  # fmt: skip
        return {
            "recommendationId": self.fingerprint,
            "checkId": self.check_id,
            "resourceId": self.resource,
            "done": self.done.isoformat(),
            **{name: None if math.isnan(v) else v for name, v in amounts.items()},
            "daysBefore": self.days_before,
            "daysAfter": self.days_after,
            "verdict": self.verdict,
        }


@dataclass(frozen=True)
class RealisedSavings(Result):
    """What carried-out advice saved.

    Attributes:
        rows: one per recommendation that is done.
        issues: advice that no bill can tell about.
    """

    report_module: ClassVar[str] = "costmodel.report.realised"

    rows: Sequence[Realised]
    issues: Sequence[Issue] = field(default_factory=list)

    @property
    def measured(self) -> list[Realised]:
        """The rows that both bills tell about."""
        return [row for row in self.rows if not math.isnan(row.realised)]

    @property
    def promised(self) -> float:
        """What the measured ones were estimated to save [USD a month]."""
        return sum(row.promised for row in self.measured)

    @property
    def realised(self) -> float:
        """What they saved [USD a month]."""
        return sum(row.realised for row in self.measured)

    @property
    def table(self) -> Any:
        """One row per recommendation, as a pandas DataFrame."""
        import pandas as pd

        return pd.DataFrame([row.to_json() for row in self.rows])

    def to_json(self) -> dict[str, Any]:
        """Return rows and totals."""
        return {
            "currencyCode": "USD",
            "promisedMonthlySavings": self.promised,
            "realisedMonthlySavings": self.realised,
            "items": [row.to_json() for row in self.rows],
            "issues": [issue.to_json() for issue in self.issues],
        }

    def __repr__(self) -> str:
        return (
            f"RealisedSavings({len(self.measured)} of {len(self.rows)} measured, "
            f"{self.realised:,.2f} USD a month of {self.promised:,.2f} promised)"
        )


def resources_of(record: Mapping[str, Any]) -> list[str]:
    """Return the ids of a record's resource and of what went along with it."""
    along = [text.split(" ", 1)[1] for text in record.get("included", ())]  # "table id"
    return [str(record["resource"]), *along]


def daily_costs(bill: "Bill", resources: Sequence[str]) -> DailyCosts:
    """Return resource → day → amortised cost [USD], for the wanted resources on a bill.

    A day on which others are billed and a resource is not costs it nothing.
    """
    if "ResourceId" not in bill.available:
        return {}
    metric = bill.default_metric
    inner = bill.relation_sql(["ResourceId", "ChargePeriodStart", metric])
    listed = bill.arrow(
        "SELECT ResourceId, CAST(ChargePeriodStart AS DATE) AS day, "  # noqa: S608 - constants of this package
        f"CAST(SUM({metric}) AS DOUBLE) AS cost FROM ({inner}) AS bill GROUP BY ALL"
    )
    wanted = set(map(short_name, resources))
    days = sorted(set(listed["day"].to_pylist()))
    found: dict[str, dict[date, float]] = {}
    for row in listed.to_pylist():
        name = short_name(row["ResourceId"] or "")
        if name in wanted:
            costs = found.setdefault(name, dict.fromkeys(days, 0.0))
            costs[row["day"]] += row["cost"] or 0.0
    return found


def measure_realised(state: Mapping[str, Mapping[str, Any]], costs: DailyCosts) -> RealisedSavings:
    """Return what the advice of a state file that is done saved.

    Purchases are left out: a commitment has no cost of a resource that could drop.

    Args:
        state: fingerprint → record, see ``lifecycle.follow_up``.
        costs: resource → day → cost.
    """
    rows = [
        _measured(fingerprint, record, costs)
        for fingerprint, record in state.items()
        if record["status"] == "done" and record.get("stage") != "commitments"
    ]
    lacking = [row for row in rows if math.isnan(row.realised)]
    issues = [
        Issue(IssueReason.MISSING_INPUT, row.resource,
              "the bills have no days of it from before and after: give both months, with ids")
        for row in lacking
    ]  # fmt: skip
    return RealisedSavings(rows, issues)


def _measured(fingerprint: str, record: Mapping[str, Any], costs: DailyCosts) -> Realised:
    names = resources_of(record)
    last, done = (date.fromisoformat(str(record[name])) for name in ("last_seen", "done"))
    days: dict[date, float] = {}
    for name in names:
        for day, cost in costs.get(short_name(name), {}).items():
            days[day] = days.get(day, 0.0) + cost
    before = [cost for day, cost in days.items() if last - _LOOK_BACK < day <= last]
    after = [cost for day, cost in days.items() if day > done]
    return Realised(
        fingerprint, str(record["check"]), str(record["resource"]), done,
        float(record["saving"]), _monthly(before), _monthly(after), len(before), len(after),
    )  # fmt: skip


def _monthly(days: Sequence[float]) -> float:
    return sum(days) / len(days) * _DAYS_PER_MONTH if days else math.nan
