"""The usage of a bill by price key: what has to be priced, and nothing more.

Letters in shapes: ``n`` lines.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from costmodel.bill.analysis.dialect import QueryEngine, Sql, ask, named, places, quote, source
from costmodel.bill.doubts import require_met
from costmodel.bill.query import Bill
from costmodel.bill.reprice.raw_keys import ROWS, grouped_rows
from costmodel.bill.source import BillFormat
from costmodel.catalog.catalog import PriceCatalog
from costmodel.errors import BadInputError

Texts = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

# What decides a price. The usage type is taken as billed: its prefix is cut off once per distinct
# key, not once per row.
_KEYS = (
    "x_ServiceCode", "x_PriceServiceCode", "RegionId", "SkuMeter", "x_Operation", "SkuPriceId",
    "PricingUnit", "PricingCategory",
)  # fmt: skip
# Whose use fills one tier ladder: the organisation's, month by month.
_POOL = ("BillingAccountId", "BillingPeriodStart")
_SUMS = ("PricingQuantity", "ListCost", "ContractedCost", "EffectiveCost")
_SPOT = "SpotUsage"


@dataclass(frozen=True, slots=True)
class UsageLines:
    """Usage by price key, tier pool and, if asked for, resource."""

    service: Texts  # (n,) product code on the bill
    price_service: Texts  # (n,) service code of the price list, as the bill names it
    region: Texts  # (n,)
    usage_type: Texts  # (n,) without region prefix
    operation: Texts  # (n,)
    rate_code: Texts  # (n,) price of the bill; "" where it has none
    unit: Texts  # (n,)
    category: Texts  # (n,) PricingCategory
    resource: Texts  # (n,) "" unless asked for
    pool: Ints  # (n,) payer and month
    quantity: Floats  # (n,) PricingQuantity
    list_cost: Floats  # (n,) as billed, NaN where the bill does not say
    contracted_cost: Floats  # (n,)
    effective_cost: Floats  # (n,)
    rows: npt.NDArray[np.int64]  # (n,) rows of the bill

    def __len__(self) -> int:
        return len(self.quantity)

    def take(self, rows: Ints) -> "UsageLines":
        """Return some of the lines."""
        return UsageLines(*(getattr(self, part.name)[rows] for part in fields(self)))


def read_lines(
    bill: Bill,
    catalog: PriceCatalog,
    *,
    by: Sequence[str] = (),
    filter_text: str | None = None,
    engine: QueryEngine | None = None,
) -> UsageLines:
    """Return the usage of a bill by price key.

    Args:
        bill: the bill.
        catalog: names regions of usage types.
        by: ``("ResourceId",)`` to keep resources apart.
        filter_text: expression of the filter language.
        engine: where to run it; the bill's DuckDB by default.

    Raises:
        BadInputError: the bill is in another currency than the catalog, or no row meets the
            filter.
    """
    currency = bill.currency_of(bill.filter(filter_text))
    if currency not in ("", "USD"):
        raise BadInputError(f"the bill is in {currency} and the catalog in USD: convert the bill")
    require_met(bill, filter_text)
    query = _quick_query if engine is None else lines_query
    table = ask(bill, query(bill, by, filter_text), engine)
    texts = {name: _texts(table[f"k{place}"]) for place, name in enumerate((*_KEYS, *by))}
    pools = [_texts(table[f"p{place}"]) for place in range(len(_POOL))]
    _, pool = np.unique(np.array(["\x1f".join(parts) for parts in zip(*pools, strict=True)],
                                 dtype=str), return_inverse=True)  # fmt: skip
    # The region is named by the bill; only the prefix of the usage type is cut off.
    _, usage_type = catalog.strip_region_prefix(texts["SkuMeter"])
    sums = [table[name].cast(pa.float64()).to_numpy() for name in ("s0", "s1", "s2", "s3")]
    count = len(table)
    return UsageLines(
        service=texts["x_ServiceCode"],
        price_service=texts["x_PriceServiceCode"],
        region=texts["RegionId"],
        usage_type=np.asarray(usage_type, dtype=object),
        operation=texts["x_Operation"],
        rate_code=texts["SkuPriceId"],
        unit=texts["PricingUnit"],
        category=texts["PricingCategory"],
        resource=texts[by[0]] if by else np.full(count, "", dtype=object),
        pool=pool.astype(np.intp),
        quantity=np.nan_to_num(sums[0]),
        list_cost=sums[1],
        contracted_cost=sums[2],
        effective_cost=sums[3],
        rows=table["rows"].cast(pa.int64()).to_numpy(),
    )


def lines_query(bill: Bill, by: Sequence[str] = (), filter_text: str | None = None) -> Sql:
    """Return quantity and cost of usage by price key, pool and further columns."""
    test = usage_test(bill)
    read = source(bill, [*_KEYS, *by, *_POOL, *_SUMS, *test.columns], filter_text, unused="folded")
    return (
        f"SELECT {_fields(by, 'COUNT(*)')} FROM {read.sql} WHERE {test.sql} AND {HAS_QUANTITY}"
        f" AND {read.condition} GROUP BY {places(len((*_KEYS, *by, *_POOL)))}"
    )


def _quick_query(bill: Bill, by: Sequence[str], filter_text: str | None) -> Sql:
    """Return the same for DuckDB, which is quick at grouping raw columns."""
    test, condition = usage_test(bill), bill.filter(filter_text)
    rows = grouped_rows(
        bill, [*_KEYS, *by, *_POOL], _SUMS,
        f"{test.sql} AND {HAS_QUANTITY} AND {condition.sql}",
        [*test.columns, *sorted(condition.columns)],
    )  # fmt: skip
    return (
        f"SELECT {_fields(by, f'SUM({ROWS})')} FROM ({rows}) AS bill"
        f" GROUP BY {places(len((*_KEYS, *by, *_POOL)))}"
    )


def _fields(by: Sequence[str], count: Sql) -> Sql:
    keys = [(quote(name), f"k{place}") for place, name in enumerate((*_KEYS, *by))]
    keys += [(quote(name), f"p{place}") for place, name in enumerate(_POOL)]
    sums = [(f"SUM({quote(name)})", f"s{place}") for place, name in enumerate(_SUMS)]
    return named([*keys, *sums, (count, "rows")])


class UsageTest(NamedTuple):
    """Which rows are metered usage, and the columns that say so.

    Of these, rows without a quantity have nothing to be priced.
    """

    columns: tuple[str, ...]
    sql: Sql


HAS_QUANTITY = '"PricingQuantity" IS NOT NULL'

# No corrections, no negations, no unused commitment (it has no quantity).
_BY_CATEGORY = UsageTest(
    ("ChargeCategory", "ChargeClass", "x_LineItemType"),
    '"ChargeCategory" = \'Usage\' AND "ChargeClass" IS NULL'
    " AND COALESCE(\"x_LineItemType\", '') <> 'SavingsPlanNegation'",
)
# The same where the bill has line item types: it reads fewer columns.
_BY_LINE_ITEM_TYPE = UsageTest(
    ("x_LineItemType",),
    "\"x_LineItemType\" IN ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage',"
    " 'FlatRateSubscription')",
)


def usage_test(bill: Bill) -> UsageTest:
    """Return the test for metered usage that suits a bill's formats."""
    is_cur = all(part.format in (BillFormat.LEGACY_CUR, BillFormat.CUR_2) for part in bill.sources)
    return _BY_LINE_ITEM_TYPE if is_cur else _BY_CATEGORY


def on_demand_usage_type(usage_type: Texts) -> Texts:
    """Return usage types with spot usage named as the on-demand usage it stands for."""
    return np.array(
        [
            text.replace(_SPOT, "BoxUsage", 1) if text.startswith(_SPOT) else text
            for text in usage_type
        ],
        dtype=object,
    )


def _texts(column: pa.ChunkedArray) -> Texts:
    if pa.types.is_temporal(column.type):
        return np.array([f"{value:%Y-%m}" if value else "" for value in column.to_pylist()],
                        dtype=object)  # fmt: skip
    filled = column.fill_null("")
    return np.asarray(filled.to_numpy(), dtype=object)
