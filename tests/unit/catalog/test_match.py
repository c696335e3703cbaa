import pyarrow as pa
import pytest

from costmodel.catalog.arrow import text_array
from costmodel.catalog.match import AMBIGUOUS, NO_SKU, Keys, index_rates, match_keys


def rates(*rows):
    """Return a look-up of (region, usage type, operation, variant, begin, price) rows."""
    names = ("RegionId", "x_UsageType", "x_Operation", "x_Variant", "BeginRange", "ListUnitPrice")
    return index_rates(pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))))


def match(index, usage_type, operation="", variant="", region="r"):
    asked = (region, usage_type, operation, variant)
    return match_keys(index, Keys(*(text_array([text]) for text in asked))).tolist()[0]


ONE_PRICE = rates(("r", "U", "A", "", 0.0, 1.0), ("r", "U", "B", "", 0.0, 1.0))
TWO_PRICES = rates(("r", "U", "A", "", 0.0, 1.0), ("r", "U", "B", "", 0.0, 2.0))
DEFAULT = rates(("r", "U", "", "", 0.0, 1.0), ("r", "U", "", "other", 0.0, 0.5))
TIERS = rates(
    ("r", "U", "A", "", 0.0, 1.0),
    ("r", "U", "A", "", 10.0, 0.5),
    ("r", "U", "B", "", 0.0, 1.0),
    ("r", "U", "B", "", 20.0, 0.5),
)
AMBIGUOUS_OPERATION = rates(
    ("r", "U", "A", "", 0.0, 1.0),
    ("r", "U", "B", "x", 0.0, 2.0),
    ("r", "U", "B", "y", 0.0, 3.0),
)
ELSEWHERE = rates(("global", "U", "A", "", 0.0, 1.0))
INSTANCE = rates(("r", "BoxUsage:m5.large", "RunInstances", "", 0.0, 1.0))


@pytest.mark.parametrize(
    ("index", "asked", "sku"),
    [
        (ONE_PRICE, ("U", "B"), 1),
        (ONE_PRICE, ("U", ""), 0),
        (ONE_PRICE, ("U", "unknown"), 0),
        (TWO_PRICES, ("U", "B"), 1),
        (TWO_PRICES, ("U", ""), AMBIGUOUS),
        (TWO_PRICES, ("U", "unknown"), AMBIGUOUS),
        (TWO_PRICES, ("V", ""), NO_SKU),
        (DEFAULT, ("U", "unknown"), 0),
        (DEFAULT, ("U", "", "other"), 1),
        (DEFAULT, ("U", "", "none"), NO_SKU),
        (TIERS, ("U", ""), AMBIGUOUS),
        (TIERS, ("U", "B"), 1),
        (AMBIGUOUS_OPERATION, ("U", "A"), 0),
        (AMBIGUOUS_OPERATION, ("U", "B"), AMBIGUOUS),
        (AMBIGUOUS_OPERATION, ("U", ""), AMBIGUOUS),
        (AMBIGUOUS_OPERATION, ("U", "", "y"), 2),
        (ELSEWHERE, ("U", "A"), 0),
        (INSTANCE, ("BoxUsage:m5.large", ""), 0),
        (INSTANCE, ("BoxUsage:m5.large", "RunInstances:0002"), NO_SKU),
    ],
)
def test_the_ladder_finds_one_price_or_says_why_not(index, asked, sku) -> None:
    assert match(index, *asked) == sku
