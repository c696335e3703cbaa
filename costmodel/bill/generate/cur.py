"""A generated chunk as a legacy Cost and Usage Report: snake_case columns, missing text is ''."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from costmodel.bill.generate.lines import FEE_OFFERS, LINE_ITEM_TYPES, LineKind
from costmodel.bill.generate.rows import MICRO, Chunk, money_as_usd
from costmodel.bill.generate.texts import (
    PLAN_KINDS,
    RESERVED_KINDS,
    RowKeys,
    TextColumn,
    Texts,
    as_texts,
    from_codes,
    row_keys,
    text_column,
)

_MS_PER_HOUR = 3_600_000
UTC_MS = pa.timestamp("ms", tz="UTC")
TEXT = pa.dictionary(pa.int32(), pa.string())


class Period(NamedTuple):
    """The billing period a chunk belongs to."""

    month: str  # 2026-01
    start_hour: int  # since the start of the range
    hours: int


@dataclass(frozen=True, slots=True)
class RowContext:
    """A chunk with its keys and texts looked up; formats make their columns from it."""

    texts: Texts
    period: Period
    chunk: Chunk
    keys: RowKeys

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.chunk.line)

    def offer(self, name: str) -> pa.DictionaryArray:
        """Return a text that hangs on the offer."""
        return as_texts(self.texts.offers[name], self.keys.offer)

    def usage_types(self) -> pa.DictionaryArray:
        """Return usage types; spot has names of its own."""
        offers = len(self.texts.plan.prices.offers) + len(FEE_OFFERS)
        place = self.keys.offer + offers * (self.keys.kind == LineKind.SPOT).astype(np.int32)
        return as_texts(self.texts.offers["usage_type"], place)

    def constant(self, text: str) -> pa.DictionaryArray:
        """Return one text for all rows."""
        return from_codes(np.zeros(self.rows, np.int32), pa.array([text]))

    def money(self, name: str) -> npt.NDArray[np.float64]:
        """Return a money column only some kinds of row fill [USD], zero elsewhere."""
        amount = self.chunk.extra.get(name)
        return np.zeros(self.rows) if amount is None else money_as_usd(amount)

    def by_kind(self, column: TextColumn) -> pa.DictionaryArray:
        """Return a text that hangs on the kind of row."""
        return as_texts(column, self.keys.kind)


def row_context(texts: Texts, period: Period, chunk: Chunk) -> RowContext:
    """Look up the keys of a chunk."""
    return RowContext(texts, period, chunk, row_keys(texts.lines, chunk))


def kind_texts(default: str, *special: tuple[Sequence[LineKind], str]) -> TextColumn:
    """Return a text by kind of row."""
    texts = [default] * len(LineKind)
    for kinds, text in special:
        for kind in kinds:
            texts[kind] = text
    return text_column("kind", texts)


_USED = (LineKind.ON_DEMAND, LineKind.SPOT, LineKind.RESERVED, LineKind.PLANNED)
_LINE_ITEM_TYPE = text_column("kind", LINE_ITEM_TYPES)
_BILL_TYPE = kind_texts(
    "Anniversary",
    ((LineKind.REFUND,), "Refund"),
    ((LineKind.RESERVATION_UPFRONT, LineKind.PLAN_UPFRONT), "Purchase"),
)
_TAX_TYPE = kind_texts("", ((LineKind.TAX,), "VAT"))
_TERM = kind_texts("", ((LineKind.ON_DEMAND, LineKind.PLANNED), "OnDemand"),
                   ((LineKind.RESERVED, LineKind.RESERVATION_FEE), "Reserved"))  # fmt: skip
_CURRENCY = kind_texts("", (_USED, "USD"))
_LEASE_LENGTH = kind_texts("", (RESERVED_KINDS, "1yr"))
_OFFERING_CLASS = kind_texts("", (RESERVED_KINDS, "standard"))
_PURCHASE_OPTION = kind_texts("", (RESERVED_KINDS, "Partial Upfront"))
_OFFERING_TYPE = kind_texts("", (PLAN_KINDS, "ComputeSavingsPlans"))
_PLAN_TERM = kind_texts("", (PLAN_KINDS, "1yr"))
_PLAN_PAYMENT = kind_texts("", (PLAN_KINDS, "No Upfront"))

Column = Callable[[RowContext], Any]


def times_ms(context: RowContext) -> tuple[pa.Array, pa.Array]:
    """Return start and end of usage [ms since 1970, UTC]; an RIFee ends a second early."""
    first = np.datetime64(context.texts.plan.settings.first_month, "M").astype("datetime64[ms]")
    start = first.astype(np.int64) + context.chunk.hour.astype(np.int64) * _MS_PER_HOUR
    end = start + context.chunk.hours.astype(np.int64) * _MS_PER_HOUR
    end -= 1000 * (context.keys.kind == LineKind.RESERVATION_FEE)
    return pa.array(start).cast(UTC_MS), pa.array(end).cast(UTC_MS)


def period_times(context: RowContext, month: int) -> pa.Array:
    """Return the start of the billing period ``month`` months on, once per row."""
    at = (np.datetime64(context.period.month, "M") + month).astype("datetime64[ms]")
    return pa.array(np.full(context.rows, at.astype(np.int64))).cast(UTC_MS)


def time_intervals(context: RowContext) -> pa.DictionaryArray:
    """Return identity/TimeInterval: start/end in ISO 8601."""
    packed = context.chunk.hour.astype(np.int64) << 32 | context.chunk.hours
    distinct, codes = np.unique(packed, return_inverse=True)
    first = np.datetime64(context.texts.plan.settings.first_month, "M").astype("datetime64[s]")
    start = first + (distinct >> 32) * np.timedelta64(3600, "s")
    end = start + (distinct & 0xFFFFFFFF) * np.timedelta64(3600, "s")
    texts = [f"{a}Z/{b}Z" for a, b in zip(start.astype(str), end.astype(str), strict=True)]
    return from_codes(codes, pa.array(texts, pa.string()))


def rate_texts(context: RowContext, kind: str) -> pa.DictionaryArray:
    """Return ``unblended`` or ``public`` rates as CUR writes them, '' where there is none."""
    rates = context.texts.lines.rates
    price = rates.unblended if kind == "unblended" else rates.public
    texts = [
        f"{value:.10f}" if has_rate and value == value else ""
        for value, has_rate in zip(price.tolist(), rates.has_rate.tolist(), strict=True)
    ]
    return as_texts(text_column("rate", texts), context.keys.rate)


def line_texts(context: RowContext, column: pa.Array) -> pa.DictionaryArray:
    """Return a text of each line; lines beyond the column's end share its last text.

    The dictionary holds only the texts of this chunk: a bill may have millions of resources.
    """
    place = np.minimum(context.chunk.line, len(column) - 1)
    is_used = np.zeros(len(column), dtype=bool)
    is_used[place] = True
    codes = np.cumsum(is_used, dtype=np.int32) - 1
    return from_codes(codes[place], column.filter(pa.array(is_used)))


def _normalised(context: RowContext) -> npt.NDArray[np.float64]:
    # Real CURs write 0 where usage has no size; sizes are in the price list's hardware table.
    return np.zeros(context.rows)


_IDENTITY: dict[str, Column] = {
    "identity_line_item_id": lambda c: line_texts(c, c.texts.line_id),
    "identity_time_interval": time_intervals,
    "bill_invoice_id": lambda c: c.constant(""),
    "bill_invoicing_entity": lambda c: c.constant("Amazon Web Services, Inc."),
    "bill_billing_entity": lambda c: c.constant("AWS"),
    "bill_bill_type": lambda c: c.by_kind(_BILL_TYPE),
    "bill_payer_account_id": lambda c: c.constant(payer_id(c.texts)),
    "bill_billing_period_start_date": lambda c: period_times(c, 0),
    "bill_billing_period_end_date": lambda c: period_times(c, 1),
}
_LINE_ITEM: dict[str, Column] = {
    "line_item_usage_account_id": lambda c: as_texts(c.texts.account_id, c.keys.account),
    "line_item_line_item_type": lambda c: c.by_kind(_LINE_ITEM_TYPE),
    "line_item_usage_start_date": lambda c: times_ms(c)[0],
    "line_item_usage_end_date": lambda c: times_ms(c)[1],
    "line_item_product_code": lambda c: c.offer("product_code"),
    "line_item_usage_type": lambda c: c.usage_types(),
    "line_item_operation": lambda c: c.offer("operation"),
    "line_item_availability_zone": lambda c: as_texts(c.texts.zone, c.keys.place),
    "line_item_resource_id": lambda c: line_texts(c, c.texts.resource_id),
    "line_item_usage_amount": lambda c: c.chunk.quantity / MICRO,
    "line_item_normalization_factor": _normalised,
    "line_item_normalized_usage_amount": _normalised,
    "line_item_currency_code": lambda c: c.constant("USD"),
    "line_item_unblended_rate": lambda c: rate_texts(c, "unblended"),
    "line_item_unblended_cost": lambda c: money_as_usd(c.chunk.unblended),
    "line_item_blended_cost": lambda c: money_as_usd(c.chunk.blended),
    "line_item_line_item_description": lambda c: rate_column(c, "description"),
    "line_item_tax_type": lambda c: c.by_kind(_TAX_TYPE),
    "line_item_legal_entity": lambda c: c.constant("Amazon Web Services, Inc."),
}
PRODUCT: dict[str, Column] = {
    "product_product_name": lambda c: c.offer("product_name"),
    "product_instance_type": lambda c: c.offer("instance_type"),
    "product_location": lambda c: c.offer("location"),
    "product_product_family": lambda c: c.offer("product_family"),
    "product_region_code": lambda c: c.offer("region"),
    "product_servicecode": lambda c: c.offer("product_code"),
    "product_sku": lambda c: c.offer("sku"),
}
_PRICING: dict[str, Column] = {
    "pricing_currency": lambda c: c.by_kind(_CURRENCY),
    "pricing_lease_contract_length": lambda c: c.by_kind(_LEASE_LENGTH),
    "pricing_offering_class": lambda c: c.by_kind(_OFFERING_CLASS),
    "pricing_public_on_demand_cost": lambda c: money_as_usd(c.chunk.public),
    "pricing_public_on_demand_rate": lambda c: rate_texts(c, "public"),
    "pricing_purchase_option": lambda c: c.by_kind(_PURCHASE_OPTION),
    "pricing_rate_code": lambda c: rate_column(c, "rate_code"),
    "pricing_term": lambda c: c.by_kind(_TERM),
    "pricing_unit": lambda c: c.offer("pricing_unit"),
}
_RESERVATION_MONEY = (
    "reservation_amortized_upfront_cost_for_usage",
    "reservation_amortized_upfront_fee_for_billing_period",
    "reservation_effective_cost",
    "reservation_recurring_fee_for_usage",
    "reservation_unused_amortized_upfront_fee_for_billing_period",
    "reservation_unused_quantity",
    "reservation_unused_recurring_fee",
)
_PLAN_MONEY = (
    "savings_plan_amortized_upfront_commitment_for_billing_period",
    "savings_plan_recurring_commitment_for_billing_period",
    "savings_plan_savings_plan_effective_cost",
    "savings_plan_total_commitment_to_date",
    "savings_plan_used_commitment",
)


def _money(name: str) -> Column:
    return lambda c: c.money(name)


_COMMITMENTS: dict[str, Column] = {
    "reservation_reservation_a_r_n": lambda c: as_texts(c.texts.lease_arn, c.keys.lease),
    "reservation_subscription_id": lambda c: as_texts(c.texts.account_id, c.keys.account),
    **{name: _money(name) for name in _RESERVATION_MONEY},
    "savings_plan_offering_type": lambda c: c.by_kind(_OFFERING_TYPE),
    "savings_plan_payment_option": lambda c: c.by_kind(_PLAN_PAYMENT),
    "savings_plan_purchase_term": lambda c: c.by_kind(_PLAN_TERM),
    "savings_plan_savings_plan_a_r_n": lambda c: as_texts(c.texts.plan_arn, c.keys.plan),
    **{name: _money(name) for name in _PLAN_MONEY},
}
_TAGS: dict[str, Column] = {
    "resource_tags_user_env": lambda c: as_texts(c.texts.environment, c.keys.environment),
    "resource_tags_user_team": lambda c: as_texts(c.texts.team, c.keys.team),
}
COMMON: dict[str, Column] = {**_IDENTITY, **_LINE_ITEM, **_PRICING, **_COMMITMENTS}
CUR_COLUMNS: dict[str, Column] = {
    **_IDENTITY, **_LINE_ITEM, **PRODUCT, **_PRICING, **_COMMITMENTS, **_TAGS,
}  # fmt: skip


def payer_id(texts: Texts) -> str:
    """Return the management account: the first."""
    return str(texts.account_id.values[texts.account_id.code[0]])


def rate_column(context: RowContext, name: str) -> pa.DictionaryArray:
    """Return a text of the row's rate."""
    column = text_column("rate", getattr(context.texts.lines.rates, name).tolist())
    return as_texts(column, context.keys.rate)


def cur_batch(texts: Texts, period: Period, chunk: Chunk) -> pa.RecordBatch:
    """Return a chunk as legacy CUR rows."""
    context = row_context(texts, period, chunk)
    arrays = {name: column(context) for name, column in CUR_COLUMNS.items()}
    return pa.RecordBatch.from_pydict(arrays)
