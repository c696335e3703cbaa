"""Pieces of SQL over a bill, in the restricted dialect every engine understands."""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal, NamedTuple, Protocol

from costmodel.bill.doubts import require_met
from costmodel.bill.normalize.raw import Sql, literal, quote
from costmodel.bill.query import Bill
from costmodel.columns import COST_METRICS
from costmodel.errors import BadInputError

__all__ = [
    "Period", "QueryEngine", "Source", "Sql", "ask", "literal", "metric", "named", "parse_period",
    "places", "quote", "source",
]  # fmt: skip


class QueryEngine(Protocol):
    """An engine other than the bill's own DuckDB, such as ``engines.SparkEngine``."""

    def query(self, query: str) -> Any:
        """Return the rows of a query in the restricted dialect as an Arrow table."""


def ask(bill: Bill, query: Sql, engine: QueryEngine | None) -> Any:
    """Return the answer as an Arrow table, from DuckDB or from another engine."""
    return bill.arrow(query) if engine is None else engine.query(query)


def metric(bill: Bill, name: str | None, filter_text: str | None = None) -> str:
    """Return a cost metric the bill has, and that its rows can be added up by.

    Args:
        bill: the bill.
        name: the metric; None takes the bill's default.
        filter_text: the rows that count.

    Raises:
        BadInputError: it is no metric, the bill lacks it, the rows are in several currencies, or
            no row meets the filter.
    """
    name = name or bill.default_metric
    if name not in COST_METRICS:
        raise BadInputError(f"--metric {name}: choose one of {', '.join(COST_METRICS)}")
    if name not in bill.available:
        raise BadInputError(f"this bill has no {name}: it has {', '.join(bill.metrics)}")
    bill.currency_of(bill.filter(filter_text))
    require_met(bill, filter_text)
    return name


class Source(NamedTuple):
    """What a query on a bill reads from, and the condition of the user's filter."""

    sql: Sql  # "(SELECT …) AS bill"
    condition: Sql


def source(
    bill: Bill,
    columns: Sequence[str],
    filter_text: str | None = None,
    unused: Literal["rows", "folded"] = "rows",
) -> Source:
    """Return the part of the relation a query needs.

    Args:
        bill: the bill.
        columns: columns the query reads, as ``Bill.resolve`` spells them.
        filter_text: expression of the filter language.
        unused: unused commitment as rows of its own; or folded into its fee, which spares a
            second scan where only metered usage counts.
    """
    condition = bill.filter(filter_text)
    read = dict.fromkeys([*columns, *sorted(condition.columns)])
    return Source(f"({bill.relation_sql(list(read), unused=unused)}) AS bill", condition.sql)


class Period(NamedTuple):
    """A span of charges: a billing month, or days."""

    label: str
    column: str
    condition: Sql


def parse_period(text: str) -> Period:
    """Return the period of ``2026-01`` (a billing month) or ``2026-01-05..2026-01-11`` (days).

    Raises:
        BadInputError: the text is neither.
    """
    month = re.fullmatch(r"\d{4}-\d{2}", text)
    days = re.fullmatch(r"(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})", text)
    try:
        if month:
            start = _timestamp(date.fromisoformat(f"{text}-01"))
            return Period(text, "BillingPeriodStart", f"{quote('BillingPeriodStart')} = {start}")
        if days:
            first, last = map(date.fromisoformat, days.groups())
            column, end = quote("ChargePeriodStart"), _timestamp(last + timedelta(days=1))
            inside = f"{column} >= {_timestamp(first)} AND {column} < {end}"
            return Period(text, "ChargePeriodStart", inside)
    except ValueError:
        pass
    raise BadInputError(f"period {text}: write 2026-01 or 2026-01-05..2026-01-11")


def _timestamp(day: date) -> Sql:
    return f"TIMESTAMP '{datetime(day.year, day.month, day.day):%Y-%m-%d %H:%M:%S}'"  # noqa: DTZ001 - UTC


def named(expressions: Sequence[tuple[Sql, str]]) -> Sql:
    """Return ``expression AS "name"`` fields."""
    return ", ".join(f"{expression} AS {quote(name)}" for expression, name in expressions)


def places(count: int) -> Sql:
    """Return ``1, 2, …``: the first fields, for GROUP BY."""
    return ", ".join(str(place + 1) for place in range(count))
