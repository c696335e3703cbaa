"""What a bill will come to: forecasts to the end of month, quarter and year that add up."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from costmodel.budget.expect import days_of_month
from costmodel.budget.period import Calendar, TimeUnit
from costmodel.budget.series import Node, SeriesTree, build_series
from costmodel.budget.spend import Spend
from costmodel.engine.backtest import Backtest, backtest
from costmodel.engine.forecast import LEVELS, Forecast, forecast, forecast_total
from costmodel.engine.reconcile import reconcile
from costmodel.engine.smoothing import Floats
from costmodel.errors import Issue, IssueReason
from costmodel.result import Result

if TYPE_CHECKING:
    import pandas as pd

HORIZONS: Final = {
    "month": TimeUnit.MONTHLY,
    "quarter": TimeUnit.QUARTERLY,
    "year": TimeUnit.ANNUALLY,
}
_BACKTEST_DAYS: Final = 30
_NORMAL_80: Final = 2.5631  # width of a normal's central 80 % in standard deviations


@dataclass(frozen=True)
class HorizonEnd:
    """One date the forecast is asked for.

    Attributes:
        name: month, quarter or year.
        start: first day of the period.
        end: the day after its last.
        actual: (nodes,) spent in the period so far.
        mean: (nodes,) expected total of the period.
        lower: (levels, nodes) lower ends of its intervals.
        upper: (levels, nodes) upper ends of its intervals.
    """

    name: str
    start: date
    end: date
    actual: Floats
    mean: Floats
    lower: Floats
    upper: Floats


@dataclass(frozen=True)
class Outlook(Result):
    """A forecast of a bill: total, each dimension value, each combination, reconciled.

    Attributes:
        metric: the cost metric.
        currency: its currency.
        tree: the history, day by day.
        ahead: daily forecast of all nodes, sums first, to the end of the year.
        ends: month, quarter and year end.
        tested: how such forecasts of these series did in the past; None = too short a history.
        issues: what the reader should know.
    """

    report_module: ClassVar[str] = "costmodel.report.outlook"

    metric: str
    currency: str
    tree: SeriesTree
    ahead: Forecast
    ends: tuple[HorizonEnd, ...]
    tested: Backtest | None
    issues: tuple[Issue, ...] = field(default=())

    @property
    def data_end(self) -> date:
        """The first day of the forecast."""
        return self.tree.day(self.tree.leaf.shape[1])

    @property
    def table(self) -> "pd.DataFrame":
        """One row per node and horizon."""
        import pandas as pd

        return pd.DataFrame(self._rows())

    def _rows(self) -> list[dict[str, Any]]:
        nodes = list(enumerate(self.tree.nodes))
        return [self._row(node, i, end) for end in self.ends for i, node in nodes]

    def _row(self, node: Node, i: int, end: HorizonEnd) -> dict[str, Any]:
        bands = {
            f"x_{side}{100 * level:.0f}": float(values[k][i])
            for k, level in enumerate(LEVELS)
            for side, values in (("Lower", end.lower), ("Upper", end.upper))
        }
        return {
            "x_Level": node.level,
            **dict(node.values),
            "x_Horizon": end.name,
            "ChargePeriodStart": end.start.isoformat(),
            "ChargePeriodEnd": end.end.isoformat(),
            "x_ActualToDate": float(end.actual[i]),
            "x_Forecast": float(end.mean[i]),
            **bands,
        }

    def to_json(self) -> dict[str, Any]:
        """Return the forecast as a JSON object; the first rows are the total's."""
        return {
            "metric": self.metric,
            "currency": self.currency,
            "data_through": self.data_end.isoformat(),
            "rows": self._rows(),
            "daily": {
                "first": self.data_end.isoformat(),
                "mean": self.ahead.mean[0].tolist(),
                "lower_80": self.ahead.interval(0.8)[0][0].tolist(),
                "upper_80": self.ahead.interval(0.8)[1][0].tolist(),
            },
            "backtest": self._backtest_json(),
            "issues": [issue.to_json() for issue in self.issues],
        }

    def _backtest_json(self) -> dict[str, Any] | None:
        if self.tested is None:
            return None
        total = {"mase": self.tested.mase, "seasonal_naive_mase": self.tested.seasonal_naive_mase}
        return {
            "horizon_days": _BACKTEST_DAYS,
            "origins": len(self.tested.origins),
            **{name: float(values[0]) for name, values in total.items()},
            "coverage": {
                f"{100 * level:.0f}": float(self.tested.coverage[k][0])
                for k, level in enumerate(self.tested.levels)
            },
            "median_total_error": float(self.tested.total_error[0]),
        }

    def __repr__(self) -> str:
        month = self.ends[0]
        return (
            f"<Outlook {month.name} end {month.mean[0]:,.2f} {self.currency} from {self.data_end}>"
        )


def forecast_spend(
    spend: Spend, *, by: tuple[str, ...], metric: str, currency: str = "USD"
) -> Outlook:
    """Forecast spend to the end of the month, the quarter and the year.

    Args:
        spend: rows of spend.
        by: columns whose values and combinations are forecast too; the sums agree with the total.
        metric: the cost column.
        currency: for display.
    """
    tree = build_series(spend, by, metric)
    today = datetime.combine(tree.day(tree.leaf.shape[1]), datetime.min.time(), UTC)
    periods = {name: Calendar(unit).period_at(today) for name, unit in HORIZONS.items()}
    horizon = max((period.end - today).days for period in periods.values())
    history = _without_the_time_before_birth(tree.daily)
    days = days_of_month(tree.first, history.shape[1] + horizon + 1)
    daily = forecast(history, horizon, day_of_month=days)
    total = forecast_total(history, horizon, day_of_month=days)
    shift = _reconciled_mean(tree, daily) - daily.mean
    ends = [
        _horizon_end(tree, total, np.cumsum(shift, axis=1), name, (p.start.date(), p.end.date()))
        for name, p in periods.items()
    ]
    return Outlook(
        metric, currency, tree, _moved(daily, shift), tuple(ends), _test(history), _issues(tree)
    )


def _without_the_time_before_birth(daily: Floats) -> Floats:
    """Return series whose zeros before the first cost are unknown: they were not there yet."""
    costs = np.nan_to_num(daily) != 0.0
    born = costs.argmax(axis=1)
    before = np.arange(daily.shape[1]) < born[:, None]
    return np.where(before, np.nan, daily)


def _reconciled_mean(tree: SeriesTree, daily: Forecast) -> Floats:
    """Return (a + b, h) means whose sums agree."""
    count = len(tree.sums)
    if count == 0:
        return daily.mean
    lower, upper = daily.interval(0.8)
    spread = np.nan_to_num((upper - lower) / _NORMAL_80)
    variance = np.square(spread).mean(axis=1)
    mean = np.nan_to_num(daily.mean)
    agreed = reconcile(
        mean[count:], variance[count:], mean[:count], variance[:count], tree.membership
    )
    return np.vstack([agreed.total, agreed.leaf])


def _moved(daily: Forecast, shift: Floats) -> Forecast:
    return Forecast(
        daily.mean + shift,
        daily.levels,
        _moved_lower(daily.lower, shift),
        daily.upper + shift,
    )


def _moved_lower(lower: Floats, shift: Floats) -> Floats:
    """Return lower ends moved along with the mean; what cannot be negative stays so."""
    moved = lower + shift
    return np.where(lower >= 0.0, np.maximum(moved, 0.0), moved)


def _horizon_end(
    tree: SeriesTree, total: Forecast, shift: Floats, name: str, span: tuple[date, date]
) -> HorizonEnd:
    start, end = span
    begin = max((start - tree.first).days, 0)
    actual = np.nan_to_num(tree.daily[:, begin:]).sum(axis=1)
    last = (end - tree.day(tree.leaf.shape[1])).days - 1
    move = shift[:, last]
    return HorizonEnd(
        name,
        start,
        end,
        actual,
        actual + total.mean[:, last] + move,
        actual + _moved_lower(total.lower[:, :, last], move),
        actual + total.upper[:, :, last] + move,
    )


def _test(history: Floats) -> Backtest | None:
    """Return how the forecast did on the total and the other nodes, 30 days ahead."""
    if history.shape[1] < 2 * _BACKTEST_DAYS:
        return None
    return backtest(history, _BACKTEST_DAYS, origins=6)


def _issues(tree: SeriesTree) -> tuple[Issue, ...]:
    missing = int(np.isnan(tree.leaf[0]).sum())
    length = tree.leaf.shape[1]
    found = []
    if missing:
        text = f"{missing} day(s) without any row are taken as unknown, not as free"
        found.append(Issue(IssueReason.DATA_QUALITY, "bill", text))
    if length < _BACKTEST_DAYS:
        text = f"{length} days of history: the forecast is a guess; give a longer bill"
        found.append(Issue(IssueReason.APPROXIMATION, "bill", text))
    return tuple(found)
