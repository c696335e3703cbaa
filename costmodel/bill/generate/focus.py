"""A generated chunk as AWS's FOCUS exports: charges without negation rows, commitments split.

Rules: covered usage has BilledCost 0; a fee row of a commitment has EffectiveCost 0, and what
nobody used of it is a row of its own.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from costmodel.bill.generate import fees
from costmodel.bill.generate.cur import (
    Column,
    Period,
    RowContext,
    kind_texts,
    line_texts,
    payer_id,
    period_times,
    rate_column,
    row_context,
    times_ms,
)
from costmodel.bill.generate.cur2 import tag_map
from costmodel.bill.generate.lines import LineKind
from costmodel.bill.generate.rows import (
    MICRO,
    PLAN_EFFECTIVE,
    RESERVED_EFFECTIVE,
    Chunk,
    join_chunks,
    money_as_usd,
)
from costmodel.bill.generate.texts import (
    PLAN_KINDS,
    RESERVED_KINDS,
    TextColumn,
    Texts,
    as_texts,
    from_codes,
)

Floats = npt.NDArray[np.float64]

_USAGE = (LineKind.ON_DEMAND, LineKind.SPOT, LineKind.RESERVED, LineKind.PLANNED)
_COVERED = (LineKind.RESERVED, LineKind.PLANNED)
_UNUSED = (LineKind.UNUSED_RESERVATION, LineKind.UNUSED_PLAN)
_UPFRONT = (LineKind.RESERVATION_UPFRONT, LineKind.PLAN_UPFRONT)
_RECURRING = (LineKind.RESERVATION_FEE, LineKind.PLAN_FEE)
_COMMITMENT_FEES = (*_UPFRONT, *_RECURRING)
_OF_LEASE = (*RESERVED_KINDS, LineKind.UNUSED_RESERVATION)
_OF_PLAN = (*PLAN_KINDS, LineKind.UNUSED_PLAN)


def focus_rows(context: RowContext) -> RowContext:
    """Return the rows as FOCUS has them: no negations, unused commitment in rows of its own."""
    chunk, kind = context.chunk, context.keys.kind
    zero = np.zeros(context.rows, np.int64)
    idle_lease = (kind == LineKind.RESERVATION_FEE) & (
        chunk.extra.get(fees.UNUSED_QUANTITY, zero) > 0
    )
    idle_plan = (kind == LineKind.PLAN_FEE) & (
        chunk.extra.get(fees.PLAN_TOTAL, zero) > chunk.extra.get(fees.PLAN_USED, zero)
    )
    kept = np.flatnonzero(kind != LineKind.NEGATION)
    idle = np.flatnonzero(idle_lease | idle_plan)
    joined = join_chunks([_take(chunk, kept), _take(chunk, idle)])
    rows = row_context(context.texts, context.period, joined)
    new_kind = rows.keys.kind.copy()
    new_kind[len(kept) :] = np.where(
        idle_lease[idle], LineKind.UNUSED_RESERVATION, LineKind.UNUSED_PLAN
    )
    keys = rows.keys._replace(kind=new_kind)
    return RowContext(rows.texts, rows.period, joined, keys)


def _take(chunk: Chunk, rows: npt.NDArray[np.intp]) -> Chunk:
    extra = {name: values[rows] for name, values in chunk.extra.items()}
    return Chunk._make([*(column[rows] for column in chunk[:-1]), extra])


def _is(context: RowContext, kinds: Sequence[LineKind]) -> npt.NDArray[np.bool_]:
    chosen = np.zeros(len(LineKind), dtype=bool)
    chosen[list(kinds)] = True
    found: npt.NDArray[np.bool_] = chosen[context.keys.kind]
    return found


def _or_null(
    texts: pa.DictionaryArray, elsewhere: npt.NDArray[np.bool_] | None = None
) -> pa.DictionaryArray:
    """Return texts with null in place of '', and on the rows of ``elsewhere``."""
    blank = pc.index(texts.dictionary, "").as_py()
    codes = texts.indices.to_numpy()
    empty = codes == blank if elsewhere is None else (codes == blank) | elsewhere
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=empty), texts.dictionary)


def _where(numbers: Floats, rows: npt.NDArray[np.bool_]) -> pa.Array:
    return pa.array(numbers, mask=~rows)


def _kind(default: str, *special: tuple[Sequence[LineKind], str]) -> Column:
    column: TextColumn = kind_texts(default, *special)
    return lambda context: _or_null(context.by_kind(column))


def _billed(context: RowContext) -> Floats:
    billed = money_as_usd(context.chunk.unblended)
    billed[_is(context, (*_COVERED, *_UNUSED))] = 0.0
    return billed


def _effective(context: RowContext) -> Floats:
    kind = context.keys.kind
    cost = np.where(_is(context, _COMMITMENT_FEES), 0.0, money_as_usd(context.chunk.unblended))
    cost = np.where(kind == LineKind.RESERVED, context.money(RESERVED_EFFECTIVE), cost)
    cost = np.where(kind == LineKind.PLANNED, context.money(PLAN_EFFECTIVE), cost)
    idle_lease = context.money(fees.UNUSED_RECURRING) + context.money(fees.UNUSED_UPFRONT)
    idle_plan = context.money(fees.PLAN_TOTAL) - context.money(fees.PLAN_USED)
    cost = np.where(kind == LineKind.UNUSED_RESERVATION, np.round(idle_lease, 10), cost)
    cost = np.where(kind == LineKind.UNUSED_PLAN, np.round(idle_plan, 10), cost)
    return np.asarray(cost)


def _list_prices(context: RowContext) -> Floats:
    """Return the public price of each row; spot's is its on-demand price."""
    lines, prices = context.texts.lines, context.texts.plan.prices
    price = lines.rates.public[context.chunk.rate_row]
    metered = np.minimum(context.keys.offer, len(prices.offers) - 1)
    on_demand = prices.tiers.unit_price[prices.tiers.first[:-1]][metered]
    return np.where(context.keys.kind == LineKind.SPOT, on_demand, price)


def _list_cost(context: RowContext) -> Floats:
    units = context.chunk.quantity / MICRO
    cost = np.where(_is(context, _UNUSED), 0.0, money_as_usd(context.chunk.unblended))
    return np.where(_is(context, _USAGE), np.round(units * _list_prices(context), 10), cost)


def _contracted_cost(context: RowContext) -> Floats:
    cost = np.where(_is(context, _UNUSED), 0.0, money_as_usd(context.chunk.unblended))
    return np.where(_is(context, _COVERED), money_as_usd(context.chunk.public), cost)


def _contracted_price(context: RowContext) -> pa.Array:
    price = context.texts.lines.rates.unblended[context.chunk.rate_row]
    price = np.where(_is(context, _COVERED), _list_prices(context), price)
    return _where(price, _is(context, _USAGE))


def _quantity(kinds: Sequence[LineKind]) -> Column:
    return lambda context: _where(context.chunk.quantity / MICRO, _is(context, kinds))


def _commitment_quantity(context: RowContext) -> pa.Array:
    kind, units = context.keys.kind, context.chunk.quantity / MICRO
    units = np.where(kind == LineKind.PLANNED, context.money(PLAN_EFFECTIVE), units)
    units = np.where(kind == LineKind.UNUSED_PLAN, _effective(context), units)
    units = np.where(kind == LineKind.PLAN_FEE, context.money(fees.PLAN_TOTAL), units)
    idle = context.money(fees.UNUSED_QUANTITY)
    units = np.where(kind == LineKind.UNUSED_RESERVATION, idle, units)
    return _where(units, _is(context, (*_OF_LEASE, *_OF_PLAN)))


def _commitment_id(context: RowContext) -> pa.DictionaryArray:
    lease, plan = context.texts.lease_arn, context.texts.plan_arn
    values = pa.concat_arrays([lease.values, plan.values.slice(1)])
    codes = np.where(
        context.keys.plan > 0,
        plan.code[context.keys.plan] + len(lease.values) - 1,
        lease.code[context.keys.lease],
    )
    return _or_null(from_codes(codes, values))


def _on(kinds: Sequence[LineKind], name: str) -> Column:
    """Return the offer's text on rows of some kinds only."""
    return lambda context: _or_null(context.offer(name), ~_is(context, kinds))


def _usage_end(context: RowContext) -> pa.Array:
    # FOCUS periods are half-open: the second an RIFee ends early comes back.
    hours = context.chunk.hour.astype(np.int64) + context.chunk.hours
    first = np.datetime64(context.texts.plan.settings.first_month, "M").astype("datetime64[ms]")
    return pa.array(first + hours * np.timedelta64(3_600_000, "ms")).cast(
        times_ms(context)[0].type
    )


_TIMES_AND_ACCOUNTS: dict[str, Column] = {
    "BillingAccountId": lambda c: c.constant(payer_id(c.texts)),
    "BillingAccountName": lambda c: from_codes(
        np.zeros(c.rows, np.int32), c.texts.account_name.values.slice(0, 1)
    ),
    "BillingAccountType": lambda c: c.constant("Management Account"),
    "BillingCurrency": lambda c: c.constant("USD"),
    "BillingPeriodEnd": lambda c: period_times(c, 1),
    "BillingPeriodStart": lambda c: period_times(c, 0),
    "ChargePeriodEnd": _usage_end,
    "ChargePeriodStart": lambda c: times_ms(c)[0],
    "SubAccountId": lambda c: as_texts(c.texts.account_id, c.keys.account),
    "SubAccountName": lambda c: as_texts(c.texts.account_name, c.keys.account),
    "SubAccountType": lambda c: c.constant("Member Account"),
    "InvoiceId": lambda c: _or_null(c.constant("")),
    "InvoiceIssuerName": lambda c: c.constant("Amazon Web Services, Inc."),
    "ProviderName": lambda c: c.constant("AWS"),
    "PublisherName": lambda c: c.constant("Amazon Web Services, Inc."),
}
_CHARGE: dict[str, Column] = {
    "ChargeCategory": _kind(
        "Usage", ((*_COMMITMENT_FEES, LineKind.SUPPORT), "Purchase"),
        ((LineKind.TAX,), "Tax"), ((LineKind.CREDIT,), "Credit"),
    ),
    "ChargeClass": _kind("", ((LineKind.REFUND,), "Correction")),
    "ChargeDescription": lambda c: rate_column(c, "description"),
    "ChargeFrequency": _kind(
        "Usage-Based", (_RECURRING, "Recurring"),
        ((*_UPFRONT, LineKind.SUPPORT, LineKind.TAX, LineKind.CREDIT), "One-Time"),
    ),
    "PricingCategory": _kind(
        "",
        ((LineKind.ON_DEMAND, LineKind.REFUND, LineKind.SUPPORT, *_COMMITMENT_FEES), "Standard"),
        ((LineKind.SPOT,), "Dynamic"), ((*_COVERED, *_UNUSED), "Committed"),
    ),
    "CommitmentDiscountCategory": _kind("", (_OF_LEASE, "Usage"), (_OF_PLAN, "Spend")),
    "CommitmentDiscountId": _commitment_id,
    "CommitmentDiscountName": lambda c: _or_null(c.constant("")),
    "CommitmentDiscountQuantity": _commitment_quantity,
    "CommitmentDiscountStatus": _kind("", (_COVERED, "Used"), (_UNUSED, "Unused")),
    "CommitmentDiscountType": _kind(
        "", (_OF_LEASE, "Reserved Instance"), (_OF_PLAN, "Savings Plan")
    ),
    "CommitmentDiscountUnit": _kind("", (_OF_LEASE, "Hours"), (_OF_PLAN, "USD")),
    "CapacityReservationId": lambda c: _or_null(c.constant("")),
    "CapacityReservationStatus": lambda c: _or_null(c.constant("")),
}  # fmt: skip
_COST: dict[str, Column] = {
    "BilledCost": _billed,
    "EffectiveCost": _effective,
    "ListCost": _list_cost,
    "ContractedCost": _contracted_cost,
    "ListUnitPrice": lambda c: _where(_list_prices(c), _is(c, _USAGE)),
    "ContractedUnitPrice": _contracted_price,
    "ConsumedQuantity": _quantity(_USAGE),
    "ConsumedUnit": _on((*_USAGE, *_UNUSED), "pricing_unit"),
    "PricingQuantity": _quantity((*_USAGE, *_COMMITMENT_FEES, LineKind.SUPPORT)),
    "PricingUnit": _on((*_USAGE, *_UNUSED), "pricing_unit"),
    "PricingCurrency": lambda c: c.constant("USD"),
    "PricingCurrencyContractedUnitPrice": _contracted_price,
    "PricingCurrencyEffectiveCost": _effective,
    "PricingCurrencyListUnitPrice": lambda c: _where(_list_prices(c), _is(c, _USAGE)),
}
_WHAT: dict[str, Column] = {
    "AvailabilityZone": lambda c: _or_null(as_texts(c.texts.zone, c.keys.place)),
    "RegionId": lambda c: _or_null(c.offer("focus_region")),
    "RegionName": lambda c: _or_null(c.offer("focus_location")),
    "ResourceId": lambda c: _or_null(line_texts(c, c.texts.resource_id)),
    "ResourceName": lambda c: _or_null(c.constant("")),
    "ResourceType": _on(_USAGE, "product_family"),
    "ServiceCategory": lambda c: c.offer("service_category"),
    "ServiceName": lambda c: c.offer("product_name"),
    "ServiceSubcategory": lambda c: c.offer("service_subcategory"),
    "SkuId": _on((*_USAGE, *_UNUSED), "sku"),
    "SkuMeter": lambda c: _or_null(c.usage_types(), ~_is(c, (*_USAGE, *_UNUSED))),
    "SkuPriceDetails": lambda c: pa.nulls(c.rows, pa.map_(pa.string(), pa.string())),
    "SkuPriceId": lambda c: _or_null(rate_column(c, "rate_code")),
    "Tags": lambda c: tag_map(c, "user:"),
    "x_Discounts": lambda c: pa.nulls(c.rows, pa.map_(pa.string(), pa.float64())),
    "x_Operation": lambda c: c.offer("operation"),
    "x_ServiceCode": lambda c: c.offer("product_code"),
}
_USAGE_TYPE: dict[str, Column] = {"x_UsageType": lambda c: c.usage_types()}
FOCUS_1_2_COLUMNS: dict[str, Column] = {**_TIMES_AND_ACCOUNTS, **_CHARGE, **_COST, **_WHAT}
_LATER_THAN_1_0 = (
    "BillingAccountType", "SubAccountType", "InvoiceId", "CapacityReservationId",
    "CapacityReservationStatus", "CommitmentDiscountQuantity", "CommitmentDiscountUnit",
    "ServiceSubcategory", "SkuMeter", "SkuPriceDetails", "PricingCurrency",
    "PricingCurrencyContractedUnitPrice", "PricingCurrencyEffectiveCost",
    "PricingCurrencyListUnitPrice",
)  # fmt: skip
FOCUS_1_0_COLUMNS: dict[str, Column] = {
    name: column
    for name, column in (FOCUS_1_2_COLUMNS | _USAGE_TYPE).items()
    if name not in _LATER_THAN_1_0
}


def focus_1_2_batch(texts: Texts, period: Period, chunk: Chunk) -> pa.RecordBatch:
    """Return a chunk as rows of AWS's FOCUS 1.2 export."""
    return _batch(FOCUS_1_2_COLUMNS, texts, period, chunk)


def focus_1_0_batch(texts: Texts, period: Period, chunk: Chunk) -> pa.RecordBatch:
    """Return a chunk as rows of AWS's FOCUS 1.0 export."""
    return _batch(FOCUS_1_0_COLUMNS, texts, period, chunk)


def _batch(
    columns: dict[str, Column], texts: Texts, period: Period, chunk: Chunk
) -> pa.RecordBatch:
    context = focus_rows(row_context(texts, period, chunk))
    return pa.RecordBatch.from_pydict({name: columns[name](context) for name in sorted(columns)})
