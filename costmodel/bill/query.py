"""``Bill``: any bill as the relation ``bill``, filtered, summed and asked in SQL.

A bill reads nothing until it is asked; every question scans only the columns it needs.

* ``summarize(by, metric, granularity, filter, top)`` → ``BillSummary``.
* ``daily(by)``, ``hourly_usage()``, ``commitment_lines()`` (``bill.series``): Arrow tables for
  forecasts and for the commitments planner.
* ``sql(query)`` → Arrow table; ``bill`` and ``split_cost`` are the relations one can name.
* ``relation_sql(columns)`` → the SELECT of ``bill`` with some columns, for other modules; names
  from ``normalize.relation.BILL_COLUMNS``, tags as ``Tags['key']``.

Unused commitment stands on rows of its own (``CommitmentDiscountStatus = 'Unused'``). Rows of
split cost allocation repeat the cost of their node: they are only in ``split_cost``.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from costmodel.bill import engine, series
from costmodel.bill.doubts import alike_issues, doubts
from costmodel.bill.filter import Filter, compile_filter
from costmodel.bill.misread import placed
from costmodel.bill.naming import ColumnNames
from costmodel.bill.normalize.raw import Sql, quote
from costmodel.bill.normalize.relation import (
    BILL_COLUMNS,
    MEASURES,
    Rows,
    select,
    select_all,
    select_folded,
    select_unused,
    select_used,
)
from costmodel.bill.normalize.source_rows import EXACT, rows_of, rows_of_columns
from costmodel.bill.source import BillFormat, BillSource
from costmodel.bill.spread import spread_sql
from costmodel.bill.summary import BillSummary, fold_rows
from costmodel.columns import COST_METRICS
from costmodel.errors import BadInputError, BillError, Issue
from costmodel.result import Shown

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

Granularity = Literal["total", "monthly", "daily", "hourly"]
Unused = Literal["as billed", "spread"]

_PERIOD: Final[dict[str, tuple[str, Sql]]] = {
    "monthly": (
        "BillingPeriodStart",
        "COALESCE(BillingPeriodStart, DATE_TRUNC('month', ChargePeriodStart))",
    ),
    "daily": ("ChargePeriodStart", "DATE_TRUNC('day', ChargePeriodStart)"),
    "hourly": ("ChargePeriodStart", "DATE_TRUNC('hour', ChargePeriodStart)"),
}


class Bill(Shown):
    """A bill of any format as one relation.

    Args:
        sources: what the readers found, in the order of reading.
        prefixes: usage-type prefix → region or zone.
        connection: DuckDB connection to use; a new one by default.
    """

    report_module: ClassVar[str] = "costmodel.report.bill_sources"

    def __init__(
        self,
        sources: Sequence[BillSource],
        prefixes: Mapping[str, str],
        connection: "duckdb.DuckDBPyConnection | None" = None,
    ) -> None:
        if not sources:
            raise BillError("the bill is empty: name at least one file")
        self.sources = tuple(sources)
        self.prefixes = prefixes
        self.connection = connection or engine.connect()
        self.rows: tuple[Rows, ...] = tuple(rows_of(source, prefixes) for source in sources)
        self.names = ColumnNames(self.rows)
        self._daily = tuple(
            rows_of_columns(BillFormat.STORE, source.daily_columns, prefixes, EXACT)
            if source.daily_scan
            else None
            for source in sources
        )
        self._tables = {name: table for source in sources for name, table in source.tables.items()}
        self.issues: list[Issue] = [issue for source in sources for issue in source.issues]
        self.issues += alike_issues(self.names.tag_keys)

    def __repr__(self) -> str:
        formats = ", ".join(dict.fromkeys(source.format for source in self.sources))
        files = sum(len(source.paths) for source in self.sources)
        return f"Bill({formats}: {files} files)"

    @property
    def available(self) -> frozenset[str]:
        """Columns that at least one source has."""
        return frozenset().union(*(rows.available for rows in self.rows))

    @property
    def metrics(self) -> list[str]:
        """Cost metrics the bill has."""
        return [metric for metric in COST_METRICS if metric in self.available]

    @property
    def default_metric(self) -> str:
        """``EffectiveCost``, or what stands nearest to it in this bill."""
        if not self.metrics:
            raise BillError(f"{self.sources[0].label}: no cost column: is this a bill?")
        return "EffectiveCost" if "EffectiveCost" in self.available else self.metrics[0]

    @cached_property
    def currencies(self) -> list[str]:
        """Currencies of the bill; more than one cannot be added up."""
        inner = self.relation_sql(["BillingCurrency"], unused="folded", grain="day")
        query = f"SELECT DISTINCT BillingCurrency FROM ({inner}) AS bill"
        return sorted(row[0] for row in self.run(query).fetchall() if row[0])

    @cached_property
    def tag_keys(self) -> list[str]:
        """Tag keys of the bill's rows as they are spelled; tags in maps are looked through."""
        parts = [
            f"SELECT UNNEST(MAP_KEYS({rows.columns['Tags']})) AS key FROM {source.scan}"
            for source, rows in zip(self.sources, self.rows, strict=True)
            if rows.columns.get("Tags") and not rows.tag_columns
        ]
        keys = dict.fromkeys(self.names.tag_keys)
        if parts:
            query = f"SELECT DISTINCT key FROM ({' UNION ALL '.join(parts)}) AS tags"
            keys |= dict.fromkeys(sorted(row[0] for row in self.run(query).fetchall()))
        return list(keys)

    def currency_of(self, condition: Filter) -> str:
        """Return the one currency of the rows that meet a condition; empty where none says.

        Raises:
            BillError: they have several, which do not add up.
        """
        found = self.currencies
        if len(found) > 1 and condition.columns:
            inner = self.relation_sql(["BillingCurrency", *sorted(condition.columns)])
            query = f"SELECT DISTINCT BillingCurrency FROM ({inner}) AS bill WHERE {condition.sql}"
            found = sorted(row[0] for row in self.run(query).fetchall() if row[0])
        if len(found) > 1:
            raise BillError(
                f"the bill has several currencies ({', '.join(found)}), which do not "
                "add up: group by BillingCurrency or filter one"
            )
        return found[0] if found else ""

    def run(self, query: Sql) -> "duckdb.DuckDBPyConnection":
        """Run a query made by this package on a cursor of its own."""
        with placed(self.sources, self.rows), engine.naming(self.sources[0].label):
            return engine.run(self.connection, query, self._tables)

    def arrow(self, query: Sql) -> "pa.Table":
        """Return the answer of a query made by this package as an Arrow table."""
        with placed(self.sources, self.rows), engine.naming(self.sources[0].label):
            return engine.arrow(self.connection, query, self._tables)

    def sql(self, query: str) -> "pa.Table":
        """Return the answer to any SQL over ``bill`` and ``split_cost``; money stays DECIMAL."""
        self._create_views()
        return self.arrow(query)

    def relation_sql(
        self,
        columns: Sequence[str],
        *,
        unused: Literal["rows", "folded", "spread"] = "rows",
        step: Literal["hour", "day"] = "day",
        grain: Literal["row", "day"] = "row",
    ) -> Sql:
        """Return the SELECT of ``bill`` with some columns.

        Args:
            columns: names of ``BILL_COLUMNS``, or map entries such as ``Tags['team']``.
            unused: unused commitment as rows of its own; folded into the row of its fee (one scan,
                equal sums); or in rows spread over the period it belongs to.
            step: length of the pieces of a spread row.
            grain: ``day`` lets a store answer from its daily sums: same sums by day and longer.
        """
        names = list(dict.fromkeys(columns))
        parts = []
        for source, rows, daily in zip(self.sources, self.rows, self._daily, strict=True):
            wanted = frozenset(names) & rows.available
            entries = any(name not in BILL_COLUMNS for name in names)
            if grain == "day" and daily and not entries and wanted <= daily.available:
                kinds = {name: BILL_COLUMNS[name] for name in names}
                parts.append(select(daily.columns, source.daily_scan, None, kinds))
            else:
                parts.append(self._source_sql(source, rows, names, unused, step))
        return " UNION ALL ".join(parts)

    def split_sql(self, columns: Sequence[str]) -> Sql | None:
        """Return the SELECT of split-cost rows; None where no source has them."""
        wanted = {name: BILL_COLUMNS[name] for name in columns}
        parts = [
            select(rows.split, source.scan, rows.split_where, wanted)
            for source, rows in zip(self.sources, self.rows, strict=True)
            if rows.split
        ]
        parts += [
            select(
                rows_of_columns(BillFormat.STORE, source.split_columns, {}, EXACT).columns,
                source.split_scan,
                None,
                wanted,
            )
            for source in self.sources
            if source.split_scan
        ]
        return " UNION ALL ".join(parts) or None

    def resolve(self, name: str) -> str:
        """Return a column as this package spells it.

        Raises:
            BadInputError: there is no such column; the message has the nearest name.
        """
        return self.names.resolve(name)

    def filter(self, text: str | None) -> Filter:
        """Compile a filter expression over this bill's columns."""
        if not text:
            return Filter("TRUE", frozenset())
        compiled = compile_filter(text, self._resolve_for_filter)
        return compiled._replace(columns=frozenset(map(self.resolve, compiled.columns)))

    def summarize(
        self,
        by: Sequence[str] | str = (),
        metric: Sequence[str] | str | None = None,
        granularity: Granularity = "total",
        filter: str | None = None,
        top: int | None = None,
        unused: Unused = "as billed",
    ) -> BillSummary:
        """Return cost summed by columns and period.

        Args:
            by: columns, or tags as ``Tags['team']`` or ``tag:team``.
            metric: cost metrics or quantities; ``default_metric`` by default.
            granularity: total, monthly (billing periods), daily or hourly.
            filter: expression of the filter language, see ``bill.filter``.
            top: keep the groups with the largest cost; the rest is one group "other".
            unused: unused reservations as billed (on the 1st) or spread over their period.

        Raises:
            BadInputError: an unknown column, metric, granularity or filter.
        """
        columns = [self.resolve(name) for name in _names(by)]
        metrics = self._metrics(metric)
        condition = self.filter(filter)
        if granularity not in ("total", *_PERIOD):
            raise BadInputError(f"granularity {granularity}: total, monthly, daily or hourly")
        separated = "BillingCurrency" in columns
        currency = "" if separated and len(self.currencies) > 1 else self.currency_of(condition)
        if separated and not currency and top is not None:
            raise BadInputError("top adds the rest up, and currencies do not: filter one")
        period = _PERIOD.get(granularity)
        periods = 0 if period is None else 1
        query = self._summary_query(columns, metrics, condition, period, unused, granularity)
        found = self.run(query).fetchall()
        keys = periods + len(columns)
        asked = doubts(self, columns, condition, filter, found, keys)
        return BillSummary(
            columns=tuple([period[0]] if period else []) + tuple(columns),
            metrics=tuple(metrics),
            rows=fold_rows(found, keys, periods, top),
            currency=currency,
            granularity=granularity,
            issues=list(dict.fromkeys([*self.issues, *asked])),
        )

    def daily(
        self,
        by: Sequence[str] | str = (),
        metric: Sequence[str] | str | None = None,
        filter: str | None = None,
    ) -> Any:
        """Return cost by day as pandas, see ``bill.series.daily``."""
        return series.daily(self, by, metric, filter)

    def hourly_usage(self, filter: str | None = None) -> "pa.Table":
        """Return usage by hour as Arrow, see ``bill.series.hourly_usage``."""
        return series.hourly_usage(self, filter)

    def commitment_lines(self) -> "pa.Table":
        """Return the bill's commitments as Arrow, see ``bill.series.commitment_lines``."""
        return series.commitment_lines(self)

    def _summary_query(
        self,
        columns: list[str],
        metrics: list[str],
        condition: Filter,
        period: tuple[str, Sql] | None,
        unused: Unused,
        granularity: Granularity,
    ) -> Sql:
        times = ["ChargePeriodStart", "BillingPeriodStart"] if period else []
        read = [*columns, *metrics, *times, *sorted(condition.columns)]
        if unused == "spread":
            step: Literal["hour", "day"] = "hour" if granularity == "hourly" else "day"
            inner = self.relation_sql(read, unused="spread", step=step)
        else:
            dimensions = {*columns, *condition.columns} - MEASURES
            split = any(rows.split_by_unused & dimensions for rows in self.rows)
            # A condition on a measure sees single rows, so they must be whole.
            measured = any(name in MEASURES for name in condition.columns)
            timed = "ChargePeriodStart" in {*columns, *condition.columns}
            by_row = granularity == "hourly" or measured or timed
            inner = self.relation_sql(
                read,
                unused="rows" if split or measured else "folded",
                grain="row" if by_row else "day",
            )
        keys = ([f"{period[1]} AS period"] if period else []) + [quote(name) for name in columns]
        sums = [self.names.summed(name) for name in metrics]
        where = "" if condition.sql == "TRUE" else f" WHERE {condition.sql}"
        groups = ", ".join(str(place + 1) for place in range(len(keys)))
        tail = f" GROUP BY {groups}" if keys else ""
        return f"SELECT {', '.join(keys + sums)} FROM ({inner}) AS bill{where}{tail}"

    def _metrics(self, metric: Sequence[str] | str | None) -> list[str]:
        if metric is None or not metric:
            return [self.default_metric]
        names = [self.resolve(name) for name in _names(metric)]
        for name in names:
            if self.names.can_be_summed(name):
                continue
            if name not in MEASURES:
                known = ", ".join(self.metrics)
                raise BadInputError(f"{name} cannot be summed: metrics are {known}")
            if name not in self.available:
                raise BadInputError(f"this bill has no {name}: it has {', '.join(self.metrics)}")
        return names

    def _resolve_for_filter(self, name: str) -> tuple[Sql, str]:
        known = self.resolve(name)
        kind = self.names.kind(known)
        if kind == "tags":
            raise BadInputError(f"filter on one entry: {known}['key']")
        return quote(known), kind

    def _source_sql(
        self, source: BillSource, rows: Rows, columns: list[str], unused: str, step: str
    ) -> Sql:
        wanted = {name: self.names.sql_type(name) for name in columns}
        entries = self.names.entries(rows, columns)
        if entries:
            rows = Rows(**{**rows.__dict__, "columns": rows.columns | entries})
        if unused == "folded":
            return select_folded(rows, source.scan, wanted)
        if unused == "spread" and (rows.unused_where or rows.is_unused):
            main = select_used(rows, source.scan, wanted)
            periods = dict.fromkeys(("ChargePeriodStart", "ChargePeriodEnd"), "TIMESTAMP")
            carried = select_unused(rows, source.scan, wanted | periods)
            return f"{main} UNION ALL {spread_sql(carried, wanted, step)}"
        return select_all(rows, source.scan, wanted)

    def _create_views(self) -> None:
        every = list(BILL_COLUMNS)
        split = self.split_sql(every)
        nothing = f"SELECT * FROM ({self.relation_sql(every)}) AS none WHERE FALSE"
        whole = self.relation_sql([*every, *self.names.others])
        views = {"bill": whole, "split_cost": split or nothing}
        for name, body in views.items():
            self.run(f"CREATE OR REPLACE VIEW {name} AS {body}")


def _names(names: Sequence[str] | str) -> list[str]:
    """Return names given as a list or as one text with commas."""
    if isinstance(names, str):
        return [name.strip() for name in names.split(",") if name.strip()]
    return list(names)
