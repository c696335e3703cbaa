"""Several prices under one key: exact copies merge, different products are kept apart.

A key is (service, region, usage type, operation, term, lease, option). Its rows fall into ladders,
one per SKU of the price list (the first part of the rate code), or, where the source has no rate
code, one per price list and description. Ladders of one key are told apart by ``x_Variant``: the
description without its tier words, or the SKU where the description is empty. Nothing is dropped
but exact copies, and no ladder is preferred for its price.
"""

import re

import numpy as np
import pandas as pd

KEY = [
    "x_ServiceCode", "RegionId", "x_UsageType", "x_Operation", "x_TermType",
    "LeaseContractLength", "PurchaseOption", "OfferingClass",
]  # fmt: skip


def drop_copies(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows without copies: the same price, tier and rate code of one key.

    Of copies the one with the longest description, then the newest, stays.
    """
    order = frame.assign(length=-frame["x_SkuDescription"].str.len()).sort_values(
        ["length", "x_Published"], ascending=[True, False], kind="stable"
    )
    coded = order["SkuPriceId"] != ""
    same = [*KEY, "BeginRange", "ListUnitPrice", "SkuPriceId"]
    by_code = order[coded].drop_duplicates(same)
    # Without rate codes the unnamed rows are apart by description only.
    bare = order[~coded]
    by_text = bare.drop_duplicates([*same, "EndRange"])
    kept = pd.concat([by_code, by_text])
    # A row without rate code whose price a coded row of the key already gives adds nothing.
    given = pd.MultiIndex.from_frame(by_code[[*KEY, "BeginRange", "ListUnitPrice"]])
    mine = pd.MultiIndex.from_frame(kept[[*KEY, "BeginRange", "ListUnitPrice"]])
    redundant = (kept["SkuPriceId"] == "").to_numpy() & mine.isin(given)
    return kept[~redundant].drop(columns="length").sort_index()


def separate(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with x_Variant telling apart the ladders of one key."""
    frame = frame.copy()
    frame["ladder"] = _ladders(frame)
    named = frame["x_UsageType"] != ""
    # Products the rules gave a variant stand apart already.
    plain = [*KEY, "x_Variant"]
    ladders = frame.groupby(plain, sort=False)["ladder"].transform("nunique")
    several = named & (ladders > 1)
    frame.loc[several, "x_Variant"] = _variant_names(frame[several])
    # Unnamed rows are reached by rate code only; the code keeps them apart.
    frame.loc[~named, "x_Variant"] = frame.loc[~named, "ladder"]
    return frame.drop(columns="ladder")


def _ladders(frame: pd.DataFrame) -> pd.Series:
    sku = frame["SkuPriceId"].str.split(".").str[0]
    tiered = (frame["BeginRange"] > 0) | np.isfinite(frame["EndRange"])
    text = frame["x_SkuDescription"].where(~tiered, "tiers")
    return sku.where(sku != "", text + "|" + frame["ListUnitPrice"].astype(str).where(~tiered, ""))


_TIER_WORDS = re.compile(
    r"\b(first|next|over|above|up to|and more|\d[\d,]*\+?|inf)\b", re.IGNORECASE
)


def _variant_names(frame: pd.DataFrame) -> pd.Series:
    """Return a name per row, the same for all tiers of a ladder, distinct in the key."""
    first = frame.sort_values("BeginRange", kind="stable").groupby([*KEY, "ladder"], sort=False)
    text = first["x_SkuDescription"].transform("first")
    clean = text.str.replace(_TIER_WORDS, "", regex=True).str.split().str.join(" ")
    name = clean.where(clean != "", frame["ladder"].str.split("|").str[0])
    # Two ladders with one description: the SKU (or the price map's ladder) tells them apart.
    keyed = frame.assign(name=name)
    clash = keyed.groupby([*KEY, "name"], sort=False)["ladder"].transform("nunique") > 1
    sku = frame["ladder"].str.split("|").str
    return name.where(~clash, name + " " + sku[0].where(sku[0] != "", sku[-1]))
