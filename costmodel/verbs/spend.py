"""The public verbs on spend: what it will be, what rose, which budgets are crossed.

A source is a bill (``read_bill``), the paths of one, or a table of daily spend with
``ChargePeriodStart``, dimensions and cost columns.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from costmodel.bill.query import Bill
from costmodel.budget.anomalies import AnomalyReport, find_spend_anomalies
from costmodel.budget.causes import CAUSE_DIMENSIONS
from costmodel.budget.check import BudgetReport, check
from costmodel.budget.feedback import Feedback
from costmodel.budget.model import Budget
from costmodel.budget.outlook import Outlook, forecast_spend
from costmodel.budget.spend import TIME, TIME_END, NeedsDaysError, Spend, read_columns
from costmodel.budget.state import Crossing, state_from_json
from costmodel.columns import COLUMNS
from costmodel.engine.anomaly import Sensitivity
from costmodel.errors import BadInputError, MissingDependencyError
from costmodel.io.budget_files import read_budgets, read_feedback
from costmodel.verbs.bills import read_bill

if TYPE_CHECKING:
    import pandas as pd

    from costmodel.io.delivery.destination import DeliveryConfig
    from costmodel.io.delivery.outbox import Outbox
    from costmodel.io.delivery.worker import DeliveryReport

# Commitment fees, tax and credits are decisions and dates, not behaviour.
# Bills that name no category (Cost Explorer by service) count as usage.
_NOT_USAGE: Final = ("Purchase", "Tax", "Credit", "Adjustment")
_USAGE_ONLY: Final = (
    f"ChargeCategory not in ({', '.join(map(repr, _NOT_USAGE))}) or ChargeCategory is null"
)
_QUANTITY: Final = "ConsumedQuantity"
# Older anomalies are history: a first run must not send a year of them.
_TOLD_DAYS: Final = 7
_DAY_HOURS: Final = 25  # with a change of clocks
_WATCHED: Final = ("ServiceName", "SubAccountId")


Source: TypeAlias = "Bill | pd.DataFrame | Spend | str | Path | Sequence[str | Path]"


def forecast(
    source: Source,
    *,
    by: Sequence[str] | None = None,
    metric: str | None = None,
    filter: str | None = None,
    as_of: datetime | None = None,
) -> Outlook:
    """Forecast a bill to the end of the month, the quarter and the year.

    Args:
        source: bill, paths of a bill, or table of daily spend.
        by: columns whose values are forecast too; the parts add up to the total. The service, or
            else the account, without it.
        metric: cost metric; the bill's default without it.
        filter: expression of the bill's filter language.
        as_of: forecast as if it were this time: later rows are left out.
    """
    source = _open(source)
    if by is None:
        by = [name for name in _WATCHED if name in _columns(source)][:1]
    spend, cost = _read(source, list(by), metric, filter, as_of)
    return forecast_spend(spend, by=tuple(by), metric=cost)


def anomalies(
    source: Source,
    *,
    by: Sequence[str] | None = None,
    metric: str | None = None,
    filter: str | None = None,
    as_of: datetime | None = None,
    sensitivity: Sensitivity | None = None,
    feedback: str | Path | Sequence[Feedback] = (),
) -> AnomalyReport:
    """Find unexpected rises in a bill, on every level, with their causes.

    Args:
        source: bill, paths of a bill, or table of daily spend.
        by: columns; every combination of their values and all sums are watched. Service and
            account, as far as there are columns for them, without it.
        metric: cost metric; the bill's default without it.
        filter: expression of the bill's filter language; only usage without it.
        as_of: look as if it were this time: later rows are left out.
        sensitivity: the score, the amount and the percentage that must all be exceeded.
        feedback: verdicts of people, or the file that holds them.
    """
    found = _open(source)
    if by is None:
        by = [name for name in _WATCHED if name in _columns(found)]
    if filter is None and "ChargeCategory" in _columns(found):
        found, filter = _usage_only(found)
    spend, cost = _read(found, [*by, *CAUSE_DIMENSIONS], metric, filter, as_of)
    verdicts = read_feedback(feedback) if isinstance(feedback, str | Path) else feedback
    return find_spend_anomalies(
        spend, by=tuple(by), metric=cost, sensitivity=sensitivity, feedback=verdicts
    )


def check_budgets(
    budgets: str | Path | Sequence[Budget],
    source: Source,
    *,
    now: datetime,
    state: Mapping[str, Crossing] | None = None,
) -> BudgetReport:
    """Hold budgets against a bill.

    Args:
        budgets: budgets, or the file that holds them (YAML, or the AWS Budgets API's JSON).
        source: bill, paths of a bill, or table of daily spend.
        now: the time of the check, UTC; later rows are left out.
        state: what the last check remembered, so that nothing is told twice.
    """
    entries = read_budgets(budgets) if isinstance(budgets, str | Path) else list(budgets)
    found = _open(source)
    if not isinstance(found, Spend):
        entries = [_with_metric_of(found, budget) for budget in entries]
    dimensions, metrics = read_columns(entries)
    wanted = sorted(dimensions | set(CAUSE_DIMENSIONS))
    if not isinstance(found, Spend):
        # A budget that reads another column is not measured, and the others are.
        wanted = [name for name in wanted if _has(found, _bill_name(name))]
        metrics = {name for name in metrics if name in found.available} | {found.default_metric}
    # Other time zones cut days in two: only hours can be counted there.
    hours = any(budget.time_zone != "UTC" for budget in entries)
    spend = _spend(
        found, wanted, sorted(metrics), None, now, granularity="hourly" if hours else "daily"
    )
    return check(spend, entries, now=now, state=state or {})


def send_budget_alerts(
    budgets: str | Path | Sequence[Budget],
    source: Source,
    *,
    now: datetime,
    outbox: str,
    destinations: str | Path,
) -> tuple[BudgetReport, "DeliveryReport"]:
    """Hold budgets against a bill, and deliver what was not told before.

    New alerts and the new state are committed together; delivery begins after that, and what it
    cannot deliver now waits in the outbox.

    Args:
        budgets: budgets, or the file that holds them.
        source: bill, paths of a bill, or table of daily spend.
        now: the time of the check, UTC.
        outbox: SQLite file or ``postgresql://`` URL that keeps states, alerts and deliveries.
        destinations: file that names the receivers.
    """
    store, config, deliver = _open_delivery(outbox, destinations)
    entries = read_budgets(budgets) if isinstance(budgets, str | Path) else list(budgets)
    kept = store.read_states()
    known = {key: crossing for state in kept.states.values() for key, crossing in state.items()}
    report = check_budgets(entries, source, now=now, state=state_from_json(known, outbox))
    store.commit_evaluation(
        report.states_by_budget(entries),
        report.alerts,
        destinations=config.destinations.values(),
        now=now.timestamp(),
        revision=kept.revision,
    )
    return report, deliver(store, config)


def send_anomaly_alerts(
    report: AnomalyReport, *, now: datetime, outbox: str, destinations: str | Path
) -> "DeliveryReport":
    """Deliver the anomalies of the last week of a report that were not told before.

    Args:
        report: what `anomalies` found.
        now: the time of the alerts, UTC.
        outbox: SQLite file or ``postgresql://`` URL that keeps alerts and deliveries.
        destinations: file that names the receivers.
    """
    store, config, deliver = _open_delivery(outbox, destinations)
    store.commit_evaluation(
        {},
        report.recent(_TOLD_DAYS).alerts(now),
        destinations=config.destinations.values(),
        now=now.timestamp(),
    )
    return deliver(store, config)


def _open_delivery(
    outbox: str, destinations: str | Path
) -> tuple["Outbox", "DeliveryConfig", "Callable[[Outbox, DeliveryConfig], DeliveryReport]"]:
    """Open the outbox and read the receivers; SQLAlchemy and the rest load only here."""
    try:
        from costmodel.io.delivery.destination import read_destinations
        from costmodel.io.delivery.outbox import open_outbox
        from costmodel.io.delivery.worker import deliver_pending
    except ModuleNotFoundError as error:
        raise MissingDependencyError(error.name or "sqlalchemy", "alerts") from None
    config = read_destinations(destinations)  # first: a wrong file leaves no empty outbox behind
    return open_outbox(outbox), config, deliver_pending


def _read(
    source: Source,
    columns: list[str],
    metric: str | None,
    filter: str | None,
    as_of: datetime | None,
) -> tuple[Spend, str]:
    """Return the spend and the cost metric to use."""
    found = _open(source)
    if not isinstance(found, Spend):
        _require_days(found)
    if metric is None:
        metric = "EffectiveCost" if isinstance(found, Spend) else found.default_metric
        if metric not in _columns(found):
            raise BadInputError(f"the spend has no {metric}: name a metric")
    return _spend(found, columns, [metric], filter, as_of), metric


def _open(source: Source) -> "Bill | Spend":
    import pandas as pd

    if isinstance(source, pd.DataFrame):
        return Spend.from_table(source)
    if isinstance(source, str | Path):
        source = [source]
    if isinstance(source, list | tuple):
        return read_bill(*source)
    return source  # type: ignore[return-value] # the sequences are gone


def _columns(source: "Bill | Spend") -> frozenset[str]:
    if isinstance(source, Spend):
        return frozenset(map(str, source.table.columns))
    return source.available


def _usage_only(source: "Bill | Spend") -> tuple["Bill | Spend", str | None]:
    if isinstance(source, Spend):
        usage = ~source.table["ChargeCategory"].isin(_NOT_USAGE)
        return Spend(source.table[usage], source.through), None
    return source, _USAGE_ONLY


def _spend(
    source: "Bill | Spend",
    columns: list[str],
    metrics: list[str],
    filter: str | None,
    as_of: datetime | None,
    *,
    granularity: Literal["daily", "hourly"] = "daily",
) -> Spend:
    """Return spend by day or hour with the columns asked for (as far as the bill has them)."""
    if isinstance(source, Spend):
        if filter is not None:
            raise BadInputError("a filter expression needs a bill: filter the table itself")
        return _until(source, as_of)
    maps = [name for name in columns if name in COLUMNS and COLUMNS[name].kind == "tags"]
    if maps:
        raise BadInputError(f"{maps[0]} holds many values: name one, as tag:team")
    spelled = {
        name: source.resolve(_bill_name(name))
        for name in dict.fromkeys(columns)
        if name not in CAUSE_DIMENSIONS or name in source.available
    }
    # An end tells monthly fees from hours.
    ends = [TIME_END] if granularity == "hourly" and TIME_END in source.available else []
    quantity = [_QUANTITY] if _QUANTITY in source.available else []
    summary = source.summarize(
        by=list(dict.fromkeys([*spelled.values(), *ends])),
        metric=list(dict.fromkeys([*metrics, *quantity])),
        granularity=granularity,
        filter=filter,
        # Unused reservations stand on the 1st of the month: that is no spike.
        unused="spread",
    )
    table = summary.table
    # A column may be asked for in several spellings.
    table = table.assign(**{name: table[column] for name, column in spelled.items()})
    end = _end_of_months(source)
    if end is not None:
        return _until(Spend.from_table(table, through=end, is_monthly=True), as_of)
    return _until(_until(Spend.from_table(table), _usage_end(source)), as_of)


def _with_metric_of(bill: Bill, budget: Budget) -> Budget:
    """Return a budget whose metric is the bill's default, if none was chosen."""
    if budget.has_own_metric or budget.metric in bill.available:
        return budget
    return budget.model_copy(update={"metric": bill.default_metric})


def _has(bill: Bill, name: str) -> bool:
    """Return whether a bill has a column, or the map a tag is an entry of."""
    try:
        column, *entry = bill.resolve(name).split("[", 1)
    except BadInputError:
        return False
    is_map = column in COLUMNS and COLUMNS[column].kind == "tags"
    return column in {*bill.available, *bill.names.others} and (not is_map or bool(entry))


def _require_days(bill: Bill) -> None:
    """Refuse a bill that only knows months: a month is no day, and no day of it is known."""
    if _end_of_months(bill) is not None:
        raise NeedsDaysError(
            f"{bill.sources[0].label}: the charges are by month, and forecasts and anomalies need "
            "days: download them daily"
        )


def _end_of_months(bill: Bill) -> datetime | None:
    """Return where the charges of a bill that only knows months end; None if it knows days."""
    if "ChargePeriodEnd" not in bill.available:
        return None
    inner = bill.relation_sql(["ChargePeriodStart", "ChargePeriodEnd"])
    length = "DATE_DIFF('hour', ChargePeriodStart, ChargePeriodEnd)"
    query = f"SELECT MIN({length}), MAX(ChargePeriodEnd) FROM ({inner}) AS bill"  # noqa: S608 - no text of a user
    ((hours, end),) = bill.run(query).fetchall()
    if hours is None or hours <= _DAY_HOURS:
        return None
    found: datetime = end.replace(tzinfo=UTC)
    return found


def _usage_end(bill: Bill) -> datetime | None:
    """Return where usage ends: spread fees reach to the end of the month."""
    usage = _USAGE_ONLY if "ChargeCategory" in bill.available else None
    days = bill.summarize(metric=bill.default_metric, granularity="daily", filter=usage).table
    return Spend.from_table(days).through


def _bill_name(name: str) -> str:
    """Return a column of a budget filter in the bill's words."""
    key = name.removeprefix("cost_category:")
    return f"x_CostCategories['{key}']" if key != name else name


def _until(spend: Spend, as_of: datetime | None) -> Spend:
    if as_of is None or spend.through is None or spend.through <= as_of:
        return spend
    rows = spend.table[spend.table[TIME] < as_of]
    if spend.is_monthly:
        return Spend.from_table(rows, through=as_of if len(rows) else None, is_monthly=True)
    return Spend.from_table(rows)
