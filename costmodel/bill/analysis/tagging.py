"""How much of the usage carries a tag."""

from collections.abc import Sequence

from costmodel.bill.analysis.cost_table import CostTable
from costmodel.bill.analysis.dialect import QueryEngine, Sql, ask, metric, named, quote, source
from costmodel.bill.doubts import absent
from costmodel.bill.query import Bill


def untagged_costs(
    bill: Bill,
    tags: Sequence[str],
    *,
    cost: str | None = None,
    filter_text: str | None = None,
    engine: QueryEngine | None = None,
) -> CostTable:
    """Return for each tag the cost that carries it, the cost that does not, and the share.

    Only usage counts: fees, taxes and credits carry no tags.

    Args:
        bill: the bill.
        tags: tag keys, without or with AWS's prefix.
        cost: a cost metric; the bill's default without it.
        filter_text: expression of the filter language.
        engine: where to run it; the bill's DuckDB by default.
    """
    rows, cost = [], metric(bill, cost, filter_text)
    for key in tags:
        query = untagged_query(bill, key.removeprefix("tag:"), cost, filter_text)
        (sums,) = ask(bill, query, engine).to_pylist()
        tagged, untagged = (float(sums[name] or 0.0) for name in ("tagged", "untagged"))
        whole = tagged + untagged
        rows.append((key, tagged, untagged, untagged / whole if whole else float("nan")))
    columns = ("x_TagKey", "x_Tagged", "x_Untagged", "x_UntaggedShare")
    asked = [bill.resolve(f"tag:{row[0].removeprefix('tag:')}") for row in rows if not row[1]]
    return CostTable(
        f"Untagged {cost}", columns, rows, 3, ("x_UntaggedShare",),
        issues=tuple(absent(bill, asked)),
    )  # fmt: skip


def untagged_query(bill: Bill, key: str, cost: str, filter_text: str | None = None) -> Sql:
    """Return the sums of usage with and without a tag."""
    tag = bill.resolve(f"tag:{key}")
    sums = [
        (f"SUM(CASE WHEN {quote(tag)} IS {is_}NULL THEN {quote(cost)} END)", name)
        for is_, name in (("NOT ", "tagged"), ("", "untagged"))
    ]
    read = source(bill, [tag, cost, "ChargeCategory"], filter_text)
    usage = f"{quote('ChargeCategory')} = 'Usage' AND {read.condition}"
    return f"SELECT {named(sums)} FROM {read.sql} WHERE {usage}"
