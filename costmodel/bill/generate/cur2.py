"""A generated chunk as a CUR 2.0 export: fixed columns, maps for product attributes and tags."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from costmodel.bill.generate.cur import (
    COMMON,
    Column,
    Period,
    RowContext,
    row_context,
)
from costmodel.bill.generate.rows import Chunk
from costmodel.bill.generate.texts import ENVIRONMENTS, TEAMS, Texts, as_texts, from_codes

_TEXT_MAP = pa.map_(pa.string(), pa.string())


def text_map(rows: Sequence[Mapping[str, str]]) -> pa.MapArray:
    """Return maps of text to text."""
    return pa.array([list(row.items()) for row in rows], _TEXT_MAP)


def tag_map(context: RowContext, prefix: str) -> pa.Array:
    """Return the tags of every row as a map; keys begin with ``prefix``."""
    pairs = [
        {f"{prefix}{key}": value for key, value in (("team", team), ("env", env)) if value}
        for team in ("", *TEAMS)
        for env in ("", *ENVIRONMENTS)
    ]
    place = context.keys.team * (len(ENVIRONMENTS) + 1) + context.keys.environment
    return _take(text_map(pairs), place)


def _take(maps: pa.MapArray, place: npt.NDArray[np.integer]) -> pa.Array:
    return maps.take(pa.array(place))


def _product_map(context: RowContext) -> pa.Array:
    offers = context.texts.offers
    named = {
        "product_name": "product_name",
        "region": "region",
        "instance_type": "instance_type",
    }
    columns = {
        key: offers[name].values.take(pa.array(offers[name].code)).to_pylist()
        for key, name in named.items()
    }
    rows = [
        {key: text for key, text in zip(columns, values, strict=True) if text}
        for values in zip(*columns.values(), strict=True)
    ]
    return _take(text_map(rows), context.keys.offer)


def _empty_map(context: RowContext) -> pa.Array:
    return _take(text_map([{}]), np.zeros(context.rows, np.int32))


_MAPS_AND_NAMES: dict[str, Column] = {
    "bill_payer_account_name": lambda c: from_codes(
        np.zeros(c.rows, np.int32), c.texts.account_name.values.slice(0, 1)
    ),
    "line_item_usage_account_name": lambda c: as_texts(c.texts.account_name, c.keys.account),
    "product": _product_map,
    "product_instance_type": lambda c: c.offer("instance_type"),
    "product_location": lambda c: c.offer("location"),
    "product_product_family": lambda c: c.offer("product_family"),
    "product_region_code": lambda c: c.offer("region"),
    "product_servicecode": lambda c: c.offer("product_code"),
    "product_sku": lambda c: c.offer("sku"),
    "resource_tags": lambda c: tag_map(c, "user_"),
    "cost_category": _empty_map,
}
CUR2_COLUMNS: dict[str, Column] = {**COMMON, **_MAPS_AND_NAMES}


def cur2_batch(texts: Texts, period: Period, chunk: Chunk) -> pa.RecordBatch:
    """Return a chunk as CUR 2.0 rows."""
    context = row_context(texts, period, chunk)
    return pa.RecordBatch.from_pydict(
        {name: column(context) for name, column in CUR2_COLUMNS.items()}
    )
