"""What may be wrong with the data of a bill: duplicates, gaps, late rows, mixtures."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

from costmodel.bill.check.figure import MOST_ROWS, CheckFigure, Verdict
from costmodel.bill.check.identities import Relation
from costmodel.bill.normalize.raw import quote
from costmodel.bill.normalize.tags import lookalikes

# A line item id is unique with its interval only; an hour that crosses a tier has a row per rate.
_IDENTITY: Final = (
    "x_LineItemId", "ChargePeriodStart", "ChargePeriodEnd", "BillingPeriodStart",
    "x_LineItemType", "SkuPriceId", "x_UnblendedRate",
)  # fmt: skip
_NOT_DERIVED: Final = "COALESCE(CommitmentDiscountStatus, '') <> 'Unused'"


def check_quality(bill: Relation) -> list[CheckFigure]:
    """Return the outcome of every check of data quality."""
    return [
        duplicates(bill),
        day_gaps(bill),
        late_rows(bill),
        currencies(bill),
        granularities(bill),
        tags_alike(bill),
    ]


def duplicates(bill: Relation) -> CheckFigure:
    """Return whether a line stands twice: same id and interval."""
    name, meaning = "no duplicates", "no two rows share line item id, interval and rate"
    if "x_LineItemId" not in bill.available:
        return CheckFigure(name, f"{meaning}; the bill has no line ids", Verdict.SKIPPED)
    keys = ", ".join(map(quote, _IDENTITY))
    inner = bill.relation_sql([*_IDENTITY, "CommitmentDiscountStatus", "x_UnblendedCost"])
    groups = (
        f"SELECT {keys}, COUNT(*) AS copies, SUM(x_UnblendedCost) AS cost FROM ({inner}) AS bill"
        f" WHERE x_LineItemId IS NOT NULL AND {_NOT_DERIVED} GROUP BY {keys}"
    )
    tested, broken = bill.run(
        f"SELECT COUNT(*), COUNT(CASE WHEN copies > 1 THEN 1 END) FROM ({groups}) AS counted"
    ).fetchall()[0]
    rows = _first(bill, f"SELECT * FROM ({groups}) AS counted WHERE copies > 1 ORDER BY {keys}")
    verdict = Verdict.FAIL if broken else Verdict.PASS
    columns = (*_IDENTITY, "copies", "cost")
    return CheckFigure(name, meaning, verdict, tested, broken, columns=columns, rows=rows)


def day_gaps(bill: Relation) -> CheckFigure:
    """Return the days without any usage between the first and the last."""
    inner = bill.relation_sql(["ChargePeriodStart", "ChargeCategory"])
    days = (
        f"SELECT DISTINCT CAST(ChargePeriodStart AS DATE) AS day FROM ({inner}) AS bill"
        " WHERE ChargeCategory IS NULL OR ChargeCategory = 'Usage'"
    )
    found = sorted(row[0] for row in bill.run(days).fetchall() if row[0] is not None)
    # Monthly files have one day a month: gaps mean something between days only.
    is_daily = any((later - day).days == 1 for day, later in pairwise(found))
    gaps = [pair for pair in pairwise(found) if (pair[1] - pair[0]).days > 1] if is_daily else []
    missing = sum((later - day).days - 1 for day, later in gaps)
    return CheckFigure(
        name="no gaps in days",
        meaning="every day from the first to the last has usage",
        verdict=Verdict.FAIL if gaps else Verdict.PASS,
        tested=len(found),
        broken=missing,
        columns=("last day before", "first day after"),
        rows=[(str(day), str(later)) for day, later in gaps[:MOST_ROWS]],
    )


def late_rows(bill: Relation) -> CheckFigure:
    """Return rows that change a month before the one they are billed in."""
    name = "late restatements"
    meaning = "rows billed in a later month than they were used in"
    if "BillingPeriodStart" not in bill.available:
        return CheckFigure(name, f"{meaning}; the bill has no billing period", Verdict.SKIPPED)
    columns = ("BillingPeriodStart", "ChargePeriodStart", "x_LineItemType", "SubAccountId")
    inner = bill.relation_sql([*columns, "BilledCost", "CommitmentDiscountStatus"])
    late = (
        f"SELECT BillingPeriodStart, DATE_TRUNC('month', ChargePeriodStart) AS used,"
        f" x_LineItemType, COUNT(*) AS n, SUM(BilledCost) AS cost FROM ({inner}) AS bill"
        f" WHERE ChargePeriodStart < BillingPeriodStart AND {_NOT_DERIVED} GROUP BY 1, 2, 3"
    )
    rows = _first(bill, f"{late} ORDER BY 1, 2, 3")
    count = sum(row[3] for row in rows)
    return CheckFigure(
        name=name,
        meaning=meaning,
        verdict=Verdict.NOTE if rows else Verdict.PASS,
        broken=count,
        columns=("BillingPeriodStart", "used in", "x_LineItemType", "rows", "BilledCost"),
        rows=rows,
    )


def currencies(bill: Relation) -> CheckFigure:
    """Return whether all rows are in one currency."""
    inner = bill.relation_sql(["BillingCurrency", "BilledCost"])
    rows = bill.run(
        f"SELECT BillingCurrency, COUNT(*), SUM(BilledCost) FROM ({inner}) AS bill"
        " WHERE BillingCurrency IS NOT NULL GROUP BY 1 ORDER BY 1"
    ).fetchall()
    mixed = len(rows) > 1
    return CheckFigure(
        name="one currency",
        meaning="all rows are in one currency",
        verdict=Verdict.FAIL if mixed else Verdict.PASS,
        tested=len(rows),
        broken=len(rows) - 1 if mixed else 0,
        columns=("BillingCurrency", "rows", "BilledCost"),
        rows=rows if mixed else [],
    )


def granularities(bill: Relation) -> CheckFigure:
    """Return whether usage of one meter comes in periods of different length."""
    name = "one granularity"
    meaning = "usage of a service is hourly, daily or monthly, not two of them at the same time"
    inner = bill.relation_sql(
        ["ChargePeriodStart", "ChargePeriodEnd", "ChargeCategory", "SkuMeter", "x_ServiceCode",
         "BilledCost", "CommitmentDiscountStatus"]
    )  # fmt: skip
    length = (
        "CASE WHEN DATE_DIFF('hour', ChargePeriodStart, ChargePeriodEnd) <= 1 THEN 'hourly'"
        " WHEN DATE_DIFF('hour', ChargePeriodStart, ChargePeriodEnd) <= 25 THEN 'daily'"
        " ELSE 'longer' END"
    )
    lengths = (
        f"SELECT {length} AS length, COUNT(*) AS n, SUM(BilledCost) AS cost"
        f" FROM ({inner}) AS bill WHERE ChargeCategory = 'Usage' AND {_NOT_DERIVED}"
        " GROUP BY 1 ORDER BY 1"
    )
    rows = bill.run(lengths).fetchall()
    return CheckFigure(
        name=name,
        meaning=meaning,
        verdict=Verdict.NOTE if len(rows) > 1 else Verdict.PASS,
        tested=len(rows),
        columns=("length", "rows", "BilledCost"),
        rows=rows if len(rows) > 1 else [],
    )


def tags_alike(bill: Relation) -> CheckFigure:
    """Return whether tag keys differ only in case or separators, as team and Team."""
    keys = bill.tag_keys
    groups = lookalikes(keys)
    return CheckFigure(
        name="tag keys are distinct",
        meaning="no two tag keys differ only in case or separators",
        verdict=Verdict.NOTE if groups else Verdict.PASS if keys else Verdict.SKIPPED,
        tested=len(keys),
        broken=len(groups),
        columns=("tags",),
        rows=[(" and ".join(group),) for group in groups[:MOST_ROWS]],
    )


def _first(bill: Relation, query: str) -> Sequence[tuple[Any, ...]]:
    rows: Sequence[tuple[Any, ...]] = bill.run(f"{query} LIMIT {MOST_ROWS}").fetchall()
    return rows
