"""Tiers of every on-demand and free-tier SKU: begin at 0, no gap, no overlap.

Known defects of the source are mended deliberately; what cannot be mended keeps its price under
its rate code (the usage type is emptied, so that no key finds it) and is reported.
"""

import math

import numpy as np
import pandas as pd

from costmodel.io.catalog_build.tier_solver import hint_of, solve_ladder
from costmodel.io.catalog_build.variants import KEY

_SKU = [*KEY, "x_Variant"]


def mend_tiers(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[dict[str, str]]]:
    """Return the rows with sound tiers, and a report of what was mended or set aside."""
    frame = frame.sort_values([*_SKU, "BeginRange"], kind="stable", ignore_index=True)
    alone = frame.groupby(_SKU, sort=False)["ListUnitPrice"].transform("size") == 1
    unknown = alone & frame["BeginRange"].isna()
    frame.loc[unknown, "BeginRange"] = 0.0
    frame.loc[alone & frame["EndRange"].isna(), "EndRange"] = math.inf
    usage = unknown & (frame["x_TermType"] != "Reserved")
    report = [_entry(row, "range not given: one price for all") for row in _examples(frame[usage])]
    for mend in (_solve_unknown, _fill_included, _open_end):
        frame, mended = mend(frame)
        report += mended
    broken = (frame["x_TermType"] != "Reserved") & ~sound_tiers(frame)
    named = frame[broken & (frame["x_UsageType"] != "")]
    report += [_entry(row, "tiers with a gap or overlap: set aside") for row in _examples(named)]
    frame.loc[broken, "x_Variant"] = frame.loc[broken, "SkuPriceId"]
    frame.loc[broken, ["x_NameBasis", "x_UsageType"]] = ""
    return frame, report


def _solve_unknown(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[dict[str, str]]]:
    """Fill bounds the source left out from the descriptions, where only one ladder fits."""
    has_unknown = frame["BeginRange"].isna().groupby([frame[name] for name in _SKU], sort=False)
    open_rows = frame[has_unknown.transform("any") & (frame["x_TermType"] == "OnDemand")]
    solved: list[int] = []
    for _, rows in open_rows.groupby(_SKU, sort=False):
        texts = zip(rows["BeginRange"], rows["EndRange"], rows["x_SkuDescription"], strict=True)
        hints = [hint_of(*text) for text in texts]
        bounds = solve_ladder(hints, rows["ListUnitPrice"].to_list())
        if bounds is not None:
            frame.loc[rows.index, ["BeginRange", "EndRange"]] = np.array(bounds)
            solved += rows.index.to_list()
    reason = "tier bounds read from the descriptions"
    report = [_entry(row, reason) for row in _examples(frame.loc[solved])]
    return frame.sort_values([*_SKU, "BeginRange"], kind="stable", ignore_index=True), report


# A fee that is paid once for an organisation: more of it costs nothing (its page says so).
_PAID_ONCE = {("AWSShield", "Advanced Monthly Fee")}


def _open_end(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[dict[str, str]]]:
    """Add a tier above a ladder that ends.

    Its price is unknown (NaN), for AWS agrees it by contract, or 0 where the fee is paid once.
    """
    last = frame.groupby(_SKU, sort=False).cumcount(ascending=False) == 0
    named = pd.MultiIndex.from_frame(frame[["x_ServiceCode", "x_UsageType"]])
    once = pd.Series(named.isin(_PAID_ONCE), index=frame.index)
    tiered = (frame["BeginRange"] > 0) | once
    ends = last & tiered & np.isfinite(frame["EndRange"]) & (frame["x_TermType"] == "OnDemand")
    added = frame[ends & (frame["x_UsageType"] != "")].copy()
    added["BeginRange"], added["EndRange"], added["ListUnitPrice"] = (
        added["EndRange"],
        np.inf,
        np.where(once[added.index], 0.0, np.nan),
    )
    added["SkuPriceId"], added["x_Basis"] = "", "not published"
    reason = "no public price above the last tier: NaN there, 0 for a fee paid once"
    report = [_entry(row, reason) for row in _examples(added)]
    return pd.concat([frame, added], ignore_index=True).sort_values(
        [*_SKU, "BeginRange"], kind="stable", ignore_index=True
    ), report


def sound_tiers(frame: pd.DataFrame) -> pd.Series:
    """Return per row whether its SKU's tiers begin at 0 and follow each other without a gap."""
    grouped = frame.groupby(_SKU, sort=False)
    previous = grouped["EndRange"].shift()
    begins = frame["BeginRange"].where(previous.notna() | (grouped.cumcount() > 0), 0.0)
    expected = previous.fillna(0.0)
    fine = (frame["BeginRange"] == expected) & (begins == expected)
    last = grouped.cumcount(ascending=False) == 0
    fine &= ~last | np.isinf(frame["EndRange"]) | (frame["x_TermType"] == "FreeTier")
    sound: pd.Series = fine.groupby([frame[name] for name in _SKU], sort=False).transform("all")
    return sound


# A ladder whose first row starts higher: AWS includes what lies below (its page says so).
_INCLUDED_BELOW = {
    ("AmazonEC2", "ElasticIP:Remap"): "the first 100 remaps a month are free",
    ("AmazonCloudFront", "Executions-CloudFrontFunctions"): "the first 2 M invocations are free",
}


def _fill_included(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[dict[str, str]]]:
    lowest = frame.groupby(_SKU, sort=False)["BeginRange"].transform("min")
    key = pd.MultiIndex.from_frame(frame[["x_ServiceCode", "x_UsageType"]])
    starts_high = (lowest > 0) & (frame["BeginRange"] == lowest) & key.isin(list(_INCLUDED_BELOW))
    added = frame[starts_high].copy()
    added["EndRange"], added["BeginRange"], added["ListUnitPrice"] = added["BeginRange"], 0.0, 0.0
    added["SkuPriceId"] = ""
    report = [
        _entry(row, _INCLUDED_BELOW[row["x_ServiceCode"], row["x_UsageType"]])
        for row in _examples(added)
    ]
    return pd.concat([frame, added], ignore_index=True).sort_values(
        [*_SKU, "BeginRange"], kind="stable", ignore_index=True
    ), report


def _examples(frame: pd.DataFrame) -> list[dict[str, str]]:
    """Return one row per service and usage type, with how many rows it stands for."""
    grouped = frame.groupby(["x_ServiceCode", "x_UsageType"], sort=True)
    return [
        {"x_ServiceCode": str(key[0]), "x_UsageType": str(key[1]), "rows": str(len(rows))}
        for key, rows in grouped
    ]


def _entry(row: dict[str, str], reason: str) -> dict[str, str]:
    return {**row, "reason": reason}
