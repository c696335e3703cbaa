"""Unused commitment spread over the period it belongs to, to the last digit conserved.

AWS dates a month's unused reservation on the 1st. Pieces are differences of a running share, so
that they add up to the whole exactly whatever the division leaves.
"""

from collections.abc import Mapping

from costmodel.bill.normalize.raw import MONEY_TYPE, QUANTITY_TYPE, Sql, quote
from costmodel.bill.normalize.relation import MEASURES


def spread_sql(carried: Sql, wanted: Mapping[str, str], step: str) -> Sql:
    """Return rows of unused commitment cut into pieces of an hour or a day.

    Args:
        carried: SELECT of the rows, with ChargePeriodStart and ChargePeriodEnd.
        wanted: column → SQL type, in order.
        step: ``hour`` or ``day``.
    """
    start, end = "ChargePeriodStart", "ChargePeriodEnd"
    pieces = f"GREATEST(CAST(DATE_DIFF('{step}', {start}, {end}) AS BIGINT), 1)"
    counted = (
        f"SELECT *, {pieces} AS pieces, UNNEST(RANGE({pieces})) AS piece FROM ({carried}) AS whole"
    )
    fields = ", ".join(
        f"{_piece(name, kind, step)} AS {quote(name)}" for name, kind in wanted.items()
    )
    return f"SELECT {fields} FROM ({counted}) AS cut"


def _piece(name: str, kind: str, step: str) -> Sql:
    column = quote(name)
    if name == "ChargePeriodStart":
        return f"{column} + piece * INTERVAL 1 {step}"
    if name == "ChargePeriodEnd":
        return f"LEAST(ChargePeriodStart + (piece + 1) * INTERVAL 1 {step}, {column})"
    if name in MEASURES and kind in (MONEY_TYPE, QUANTITY_TYPE):
        until, before = (_share(column, count, kind) for count in ("piece + 1", "piece"))
        return f"CAST({until} - {before} AS {kind})"
    return column


def _share(column: Sql, count: Sql, kind: str) -> Sql:
    part = f"CAST(CAST({column} AS DOUBLE) * ({count}) / pieces AS {kind})"
    return f"CASE WHEN {count} = pieces THEN {column} ELSE {part} END"
