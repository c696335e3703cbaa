"""Tier bounds the source left out, read from AWS's own words in the descriptions.

``First 1000``, ``Next 4000``, ``upto 10M``, ``from 10M to 50M``, ``Over 10000``: each tier's text
gives bounds or a width. The bounds are accepted only if exactly one order of the tiers makes an
unbroken ladder from 0 to infinity (falling prices break a tie).
"""

import math
import re
from itertools import permutations
from typing import NamedTuple

_NUMBER = r"(\d[\d,]*(?:\.\d+)?) ?(MM|M|K|[GTP]B)?"
_MULTIPLE = {"": 1.0, "K": 1e3, "M": 1e6, "MM": 1e6, "GB": 1.0, "TB": 1024.0, "PB": 1024.0**2}
_FORMS = (
    (re.compile(rf"\bfrom {_NUMBER} (?:up)?to {_NUMBER}", re.IGNORECASE), ("low", "high")),
    (re.compile(rf"\b{_NUMBER} (?:up)?to {_NUMBER}", re.IGNORECASE), ("low", "high")),
    (re.compile(rf"\bnext {_NUMBER}", re.IGNORECASE), ("width",)),
    (re.compile(rf"\b(?:first|up ?to) {_NUMBER}", re.IGNORECASE), ("high",)),
    (re.compile(rf"\b(?:over|above) {_NUMBER}", re.IGNORECASE), ("low",)),
    (re.compile(r"\bAmazonLocationService (\d+)() (\d+)()\b"), ("low", "high")),
    (re.compile(r"\bAmazonLocationService (\d+)() Inf\b"), ("low",)),
)

# More tiers than this do not occur, and the orders to try grow with the factorial.
_MOST_TIERS = 6


class Hint(NamedTuple):
    """What is known of one tier; NaN is unknown."""

    low: float
    high: float
    width: float = math.nan


def hint_of(begin: float, end: float, description: str) -> Hint:
    """Return what the source's range and, where it has none, the description say of a tier."""
    if not math.isnan(begin):
        return Hint(begin, end)
    text = description.split(" | ")[-1]
    for form, names in _FORMS:
        found = form.search(text)
        if found:
            parts = found.groups()
            values = [_amount(parts[at], parts[at + 1]) for at in range(0, len(parts), 2)]
            said = dict(zip(names, values, strict=True))
            nan = math.nan
            high = said.get("high", nan if "width" in said else math.inf)
            low = said.get("low", 0.0 if "first" in text.casefold() else nan)
            return Hint(low, high, said.get("width", nan))
    return Hint(math.nan, math.nan)


def _amount(number: str, multiple: str | None) -> float:
    return float(number.replace(",", "")) * _MULTIPLE[(multiple or "").upper()]


def solve_ladder(hints: list[Hint], prices: list[float]) -> list[tuple[float, float]] | None:
    """Return (begin, end) of each tier, or None unless exactly one ladder fits.

    Two widths may fit in either order; then the one ladder whose charged prices fall holds.
    """
    if len(hints) > _MOST_TIERS:
        return None
    ladders = {
        tuple(ladder)
        for order in permutations(range(len(hints)))
        if (ladder := _chain(hints, order)) is not None
    }
    if len(ladders) > 1:
        ladders = {ladder for ladder in ladders if _falls(ladder, prices)}
    return list(ladders.pop()) if len(ladders) == 1 else None


def _falls(ladder: tuple[tuple[float, float], ...], prices: list[float]) -> bool:
    charged = [price for _, price in sorted(zip(ladder, prices, strict=True)) if price > 0]
    return charged == sorted(charged, reverse=True)


def _chain(hints: list[Hint], order: tuple[int, ...]) -> list[tuple[float, float]] | None:
    bounds = [(math.nan, math.nan)] * len(hints)
    at = 0.0
    for tier in order:
        hint = hints[tier]
        # A free first unit shifts the words "over 500000" by one.
        if not (math.isnan(hint.low) or abs(hint.low - at) <= 1.0):
            return None
        end = at + hint.width if math.isnan(hint.high) else hint.high
        if not end > at:
            return None
        bounds[tier] = (at, end)
        at = end
    return bounds if math.isinf(at) else None
