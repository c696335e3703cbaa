"""Rate rows as a frame while the catalog is built: complete, typed, sorted.

Sources give some columns each; ``rate_frame`` fills the rest with the neutral value.
"""

import math
from typing import Any

import pandas as pd
import pyarrow as pa

from costmodel.catalog.tables import PRICING_CATEGORY, RATE_COLUMNS, RATE_NUMBERS, RATE_ORDER

_NEUTRAL = {
    "x_TermType": "OnDemand",
    "BeginRange": 0.0,
    "EndRange": math.inf,
    "x_Basis": "published",
}


def rate_frame(columns: dict[str, Any]) -> pd.DataFrame:
    """Return a frame of rate rows from the columns a source has."""
    neutral: dict[str, Any] = {
        name: _NEUTRAL.get(name, "") for name in RATE_COLUMNS if name not in columns
    }
    frame = pd.DataFrame(columns).assign(**neutral)
    frame["PricingCategory"] = frame["x_TermType"].map(PRICING_CATEGORY)
    texts = [name for name in RATE_COLUMNS if name not in RATE_NUMBERS]
    for name in texts:
        frame[name] = frame[name].fillna("").astype(object)
    return frame[list(RATE_COLUMNS)]


def rate_table(frame: pd.DataFrame) -> pa.Table:
    """Return rate rows in catalog order as a table."""
    ordered = frame.sort_values(
        [*RATE_ORDER, "SkuPriceId", "x_SkuDescription"], kind="stable", ignore_index=True
    )
    return plain_table(ordered[list(RATE_COLUMNS)])


def plain_table(frame: pd.DataFrame) -> pa.Table:
    """Return a frame as a table of text, float64, int64 and bool columns; absent text is ""."""
    columns = {}
    for name in frame.columns:
        values = frame[name]
        if values.dtype == object or isinstance(values.dtype, pd.StringDtype):
            columns[name] = pa.array(values.fillna("").astype(object), pa.string())
        else:
            columns[name] = pa.array(values.to_numpy())
    return pa.table(columns)
