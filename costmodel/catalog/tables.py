"""The schemas of the catalog's tables: names of their columns, in order.

Every table is a pyarrow table. A *rate row* is one price tier; the tier rows of one SKU lie side
by side, ascending, and the first begins at 0: ``BeginRange == 0`` marks where a SKU starts.
"""

from typing import Final

# The key of a rate. A SKU is one (key, x_TermType, lease, option, class, x_Variant).
RATE_KEY: Final = ("x_ServiceCode", "RegionId", "x_UsageType", "x_Operation")

RATE_COLUMNS: Final = (
    *RATE_KEY,
    "x_ProductFamily",
    "x_SkuDescription",
    "PricingUnit",
    "x_TermType",
    "PricingCategory",
    "LeaseContractLength",
    "PurchaseOption",
    "OfferingClass",
    "BeginRange",
    "EndRange",
    "ListUnitPrice",
    "SkuPriceId",
    "x_Variant",
    "x_Basis",
    "x_NameBasis",
    "x_Published",
)
RATE_NUMBERS: Final = ("BeginRange", "EndRange", "ListUnitPrice")

# Rows are sorted by these, so that one region's rows, one key's rows and one SKU's tiers are runs.
RATE_ORDER: Final = (
    "RegionId",
    "x_UsageType",
    "x_Operation",
    "x_TermType",
    "LeaseContractLength",
    "PurchaseOption",
    "OfferingClass",
    "x_Variant",
    "BeginRange",
)

GLOBAL_REGION: Final = "global"

SCHEMA_VERSION: Final = 1
CURRENCY: Final = "USD"

# FOCUS PricingCategory of each price-list term.
PRICING_CATEGORY: Final = {
    "OnDemand": "Standard",
    "FreeTier": "Other",
    "Reserved": "Committed",
    "SavingsPlan": "Committed",
    "Spot": "Dynamic",
}
