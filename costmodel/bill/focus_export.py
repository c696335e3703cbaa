"""A bill of any format as FOCUS 1.2 rows: what a conformant dataset must fill is filled.

Rules are those of the FOCUS 1.2 CostAndUsage dataset (https://focus.finops.org/focus-specification/):
which columns may be null for which charge, which values are allowed, which columns hang together.
Savings-plan negation rows are left out: covered usage has BilledCost 0 already.
"""

from typing import Final

from costmodel.bill.normalize.raw import Sql, literal, quote
from costmodel.bill.normalize.relation import BILL_COLUMNS
from costmodel.bill.query import Bill
from costmodel.errors import Issue, IssueReason

_NUMBER, _TEXT, _TIME, _MAP = "DOUBLE", "VARCHAR", "TIMESTAMPTZ", "MAP(VARCHAR, VARCHAR)"

# FOCUS column → type as AWS's own exports have it.
FOCUS_1_2: Final[dict[str, str]] = {
    "AvailabilityZone": _TEXT, "BilledCost": _NUMBER, "BillingAccountId": _TEXT,
    "BillingAccountName": _TEXT, "BillingAccountType": _TEXT, "BillingCurrency": _TEXT,
    "BillingPeriodEnd": _TIME, "BillingPeriodStart": _TIME, "CapacityReservationId": _TEXT,
    "CapacityReservationStatus": _TEXT, "ChargeCategory": _TEXT, "ChargeClass": _TEXT,
    "ChargeDescription": _TEXT, "ChargeFrequency": _TEXT, "ChargePeriodEnd": _TIME,
    "ChargePeriodStart": _TIME, "CommitmentDiscountCategory": _TEXT,
    "CommitmentDiscountId": _TEXT, "CommitmentDiscountName": _TEXT,
    "CommitmentDiscountQuantity": _NUMBER, "CommitmentDiscountStatus": _TEXT,
    "CommitmentDiscountType": _TEXT, "CommitmentDiscountUnit": _TEXT,
    "ConsumedQuantity": _NUMBER, "ConsumedUnit": _TEXT, "ContractedCost": _NUMBER,
    "ContractedUnitPrice": _NUMBER, "EffectiveCost": _NUMBER, "InvoiceId": _TEXT,
    "InvoiceIssuerName": _TEXT, "ListCost": _NUMBER, "ListUnitPrice": _NUMBER,
    "PricingCategory": _TEXT, "PricingCurrency": _TEXT,
    "PricingCurrencyContractedUnitPrice": _NUMBER, "PricingCurrencyEffectiveCost": _NUMBER,
    "PricingCurrencyListUnitPrice": _NUMBER, "PricingQuantity": _NUMBER, "PricingUnit": _TEXT,
    "ProviderName": _TEXT, "PublisherName": _TEXT, "RegionId": _TEXT, "RegionName": _TEXT,
    "ResourceId": _TEXT, "ResourceName": _TEXT, "ResourceType": _TEXT, "ServiceCategory": _TEXT,
    "ServiceName": _TEXT, "ServiceSubcategory": _TEXT, "SkuId": _TEXT, "SkuMeter": _TEXT,
    "SkuPriceDetails": _MAP, "SkuPriceId": _TEXT, "SubAccountId": _TEXT, "SubAccountName": _TEXT,
    "SubAccountType": _TEXT, "Tags": _MAP, "x_Discounts": _MAP, "x_Operation": _TEXT,
    "x_ServiceCode": _TEXT, "x_UsageType": _TEXT,
}  # fmt: skip

_SELLER = "'Amazon Web Services, Inc.'"
_IS_PRICED = (
    "(ChargeCategory IN ('Usage', 'Purchase') AND ChargeClass IS NULL"
    " AND COALESCE(CommitmentDiscountStatus, '') <> 'Unused')"
)
_IS_IDLE = "(COALESCE(CommitmentDiscountStatus, '') = 'Unused')"
_IS_USED = f"(ChargeCategory = 'Usage' AND NOT {_IS_IDLE})"
_HAS_COMMITMENT = (
    "(CommitmentDiscountId IS NOT NULL AND ChargeCategory IN ('Usage', 'Purchase')"
    " AND ChargeClass IS NULL)"
)
BILLING_PERIOD: Final[Sql] = "COALESCE(BillingPeriodStart, DATE_TRUNC('month', ChargePeriodStart))"
_LIST_COST = "COALESCE(ListCost, ContractedCost, BilledCost, 0)"
_CONTRACTED_COST = "COALESCE(ContractedCost, BilledCost, 0)"
# Subscription rows have a quantity of 0 and a cost: one of it was bought.
_AMOUNT = (
    f"(CASE WHEN PricingQuantity = 0 AND {_LIST_COST} <> 0 THEN 1"
    " ELSE COALESCE(PricingQuantity, 1) END)"
)
_QUANTITY = f"CASE WHEN {_IS_PRICED} THEN {_AMOUNT} END"
_UNIT = f"CASE WHEN {_IS_PRICED} THEN COALESCE(PricingUnit, 'Units') END"


def _unit_price(price: str, cost: str) -> Sql:
    """Return the price as billed where it makes the cost, else the cost of one unit."""
    number = "CAST({} AS DOUBLE)"
    stated, amount, total = map(number.format, (price, _AMOUNT, cost))
    makes_cost = f"ABS({stated} * {amount} - {total}) <= 1e-9 + 1e-9 * ABS({total})"
    per_unit = f"{total} / NULLIF({amount}, 0)"
    return (
        f"CASE WHEN {_IS_PRICED} THEN CASE WHEN {makes_cost} THEN {stated}"
        f" ELSE COALESCE({per_unit}, {stated}, 0) END END"
    )


def _details() -> Sql:
    """Return SkuPriceDetails: FOCUS's own keys, ours with x_."""
    keys = {
        "InstanceType": "x_InstanceType",
        "OperatingSystem": "x_OperatingSystem",
        "x_Term": "LeaseContractLength",
        "x_PurchaseOption": "PurchaseOption",
        "x_OfferingClass": "OfferingClass",
        "x_ProductFamily": "x_ProductFamily",
    }
    entries = ", ".join(
        f"CASE WHEN {column} IS NOT NULL THEN {{'key': {literal(key)}, 'value': {column}}} END"
        for key, column in keys.items()
    )
    filled = f"MAP_FROM_ENTRIES(LIST_FILTER([{entries}], lambda entry: entry IS NOT NULL))"
    details = f"COALESCE(SkuPriceDetails, {filled})"
    return f"CASE WHEN {_sku('SkuPriceId')} IS NOT NULL THEN {details} END"


def _priced_in_its_currency(column: str, in_billing_currency: Sql) -> Sql:
    """Return an amount in the currency of prices: the bill's own figure where that is another."""
    return (
        f"CASE WHEN PricingCurrency <> BillingCurrency THEN {quote(column)}"
        f" ELSE {in_billing_currency} END"
    )


def _sku(column: str) -> Sql:
    """Return a SKU column; what has no price list entry is named by its usage type."""
    named = "COALESCE(SkuMeter, x_UsageType, x_ServiceCode, 'unknown')"
    return f"CASE WHEN {_IS_PRICED} THEN COALESCE({column}, {named}) ELSE {column} END"


_KEPT: Final[Sql] = "COALESCE(x_LineItemType, '') <> 'SavingsPlanNegation'"

# Columns that differ from the relation's; the others are taken as they are.
_FILLED: Final[dict[str, Sql]] = {
    "BilledCost": "COALESCE(BilledCost, 0)",
    "EffectiveCost": "COALESCE(EffectiveCost, BilledCost, 0)",
    "ListCost": _LIST_COST,
    "ContractedCost": _CONTRACTED_COST,
    "BillingAccountId": "COALESCE(BillingAccountId, 'unknown')",
    "BillingAccountType": "COALESCE(BillingAccountType, 'Management Account')",
    "SubAccountType": "CASE WHEN SubAccountId IS NOT NULL"
    " THEN COALESCE(SubAccountType, 'Member Account') END",
    "BillingCurrency": "COALESCE(BillingCurrency, 'USD')",
    "BillingPeriodStart": BILLING_PERIOD,
    "BillingPeriodEnd": f"COALESCE(BillingPeriodEnd, {BILLING_PERIOD} + INTERVAL 1 MONTH)",
    "ChargePeriodEnd": "COALESCE(ChargePeriodEnd, ChargePeriodStart + INTERVAL 1 HOUR)",
    "ChargeFrequency": "CASE WHEN LOWER(ChargeFrequency) = 'recurring' THEN 'Recurring' WHEN"
    " LOWER(ChargeFrequency) = 'one-time' OR ChargeCategory = 'Purchase' THEN 'One-Time'"
    " ELSE 'Usage-Based' END",
    "PricingCategory": "CASE WHEN ChargeCategory = 'Tax' THEN NULL WHEN ChargeCategory ="
    " 'Purchase' AND PricingCategory = 'Committed' THEN 'Standard'"
    f" WHEN {_IS_PRICED} THEN COALESCE(PricingCategory, 'Standard') ELSE PricingCategory END",
    "CommitmentDiscountId": "CommitmentDiscountId",
    "CommitmentDiscountQuantity": f"CASE WHEN {_HAS_COMMITMENT} THEN"
    " COALESCE(CommitmentDiscountQuantity, PricingQuantity, 1) END",
    "CommitmentDiscountUnit": f"CASE WHEN {_HAS_COMMITMENT} THEN COALESCE(CommitmentDiscountUnit,"
    " CASE WHEN CommitmentDiscountCategory = 'Spend' THEN COALESCE(BillingCurrency, 'USD')"
    " ELSE 'Hours' END) END",
    "CommitmentDiscountStatus": "CASE WHEN CommitmentDiscountId IS NOT NULL AND ChargeCategory ="
    " 'Usage' THEN COALESCE(CommitmentDiscountStatus, 'Used') END",
    "ConsumedQuantity": f"CASE WHEN {_IS_USED} AND ChargeClass IS NULL"
    " THEN COALESCE(ConsumedQuantity, PricingQuantity, 0) END",
    "ConsumedUnit": f"CASE WHEN {_IS_USED} AND ChargeClass IS NULL"
    " THEN COALESCE(ConsumedUnit, PricingUnit, 'Units') END",
    "PricingQuantity": _QUANTITY,
    "PricingUnit": _UNIT,
    "ListUnitPrice": _unit_price("ListUnitPrice", _LIST_COST),
    "ContractedUnitPrice": _unit_price("ContractedUnitPrice", _CONTRACTED_COST),
    "PricingCurrency": "COALESCE(PricingCurrency, BillingCurrency, 'USD')",
    "PricingCurrencyContractedUnitPrice": _priced_in_its_currency(
        "PricingCurrencyContractedUnitPrice", _unit_price("ContractedUnitPrice", _CONTRACTED_COST)
    ),
    "PricingCurrencyEffectiveCost": _priced_in_its_currency(
        "PricingCurrencyEffectiveCost", "COALESCE(EffectiveCost, BilledCost, 0)"
    ),
    "PricingCurrencyListUnitPrice": _priced_in_its_currency(
        "PricingCurrencyListUnitPrice", _unit_price("ListUnitPrice", _LIST_COST)
    ),
    "InvoiceIssuerName": f"COALESCE(InvoiceIssuerName, {_SELLER})",
    "ProviderName": "COALESCE(ProviderName, 'AWS')",
    "PublisherName": f"COALESCE(PublisherName, {_SELLER})",
    "RegionName": "CASE WHEN RegionId IS NOT NULL THEN COALESCE(RegionName, RegionId) END",
    "ResourceType": "CASE WHEN ResourceId IS NOT NULL"
    " THEN COALESCE(ResourceType, x_ProductFamily, ServiceName, 'Resource') END",
    "ServiceCategory": "COALESCE(ServiceCategory, 'Other')",
    "ServiceName": "COALESCE(ServiceName, x_ServiceCode, 'Other')",
    "ServiceSubcategory": "COALESCE(ServiceSubcategory,"
    " 'Other (' || COALESCE(ServiceCategory, 'Other') || ')')",
    "SkuId": _sku("SkuId"),
    "SkuPriceId": _sku("SkuPriceId"),
    "SkuMeter": f"CASE WHEN {_sku('SkuId')} IS NOT NULL"
    " THEN COALESCE(SkuMeter, x_UsageType, 'unknown') END",
    "SkuPriceDetails": _details(),
    "Tags": "COALESCE(Tags, MAP())",
}  # fmt: skip

# Column → what its absence makes of the row; FOCUS forbids null there, and the bill does not say.
_STANDS_IN: Final[dict[str, tuple[Sql, str]]] = {
    "ListCost": ("ListCost IS NULL", "the contracted or billed cost stands in for it"),
    "ContractedCost": ("ContractedCost IS NULL", "the billed cost stands in for it"),
    "EffectiveCost": ("EffectiveCost IS NULL", "the billed cost stands in for it"),
    "BilledCost": ("BilledCost IS NULL", "0 stands in for it"),
    "BillingCurrency": ("BillingCurrency IS NULL", "USD is assumed"),
    "BillingPeriodStart": ("BillingPeriodStart IS NULL", "the month of the charge stands in"),
    "ChargePeriodEnd": ("ChargePeriodEnd IS NULL", "one hour is assumed"),
    "ChargeCategory": ("ChargeCategory IS NULL", "Usage is assumed"),
    "BillingAccountId": ("BillingAccountId IS NULL", "'unknown' stands in for it"),
    # One fee is bought whole: it needs neither.
    "PricingQuantity": (
        f"{_IS_USED} AND ChargeClass IS NULL AND PricingQuantity IS NULL",
        "1 stands in for it, so that the unit price is the cost",
    ),
    "PricingUnit": (
        f"{_IS_USED} AND ChargeClass IS NULL AND PricingUnit IS NULL",
        "'Units' stands in for it",
    ),
}
# Columns of the relation the expressions read beside those of the dataset.
_READ = (
    "x_LineItemType", "x_ProductFamily", "x_InstanceType", "x_OperatingSystem",
    "LeaseContractLength", "PurchaseOption", "OfferingClass",
)  # fmt: skip


def focus_query(bill: Bill, month: Sql | None = None) -> Sql:
    """Return the SELECT of the bill as FOCUS 1.2 rows, in DuckDB's words.

    Args:
        bill: a bill of any format.
        month: literal of a BillingPeriodStart; None is all.
    """
    inner = (
        "SELECT * REPLACE (COALESCE(ChargeCategory, 'Usage') AS ChargeCategory)"
        f" FROM ({_relation(bill)}) AS whole"
    )
    fields = ", ".join(
        f"{_typed(_FILLED.get(name, quote(name)), kind)} AS {quote(name)}"
        for name, kind in FOCUS_1_2.items()
    )
    in_month = "" if month is None else f" AND {BILLING_PERIOD} = {month}"
    return f"SELECT {fields} FROM ({inner}) AS bill WHERE {_KEPT}{in_month}"


def stand_ins(bill: Bill) -> list[Issue]:
    """Return what the dataset says that the bill does not: one issue a column, rows counted."""
    counts = ", ".join(
        f"COUNT(CASE WHEN {missing} THEN 1 END)" for missing, _ in _STANDS_IN.values()
    )
    (row,) = bill.run(f"SELECT {counts} FROM ({_relation(bill)}) AS bill WHERE {_KEPT}").fetchall()
    return [
        Issue(IssueReason.APPROXIMATION, column, f"{count:,} rows have no {column}: {meaning}")
        for (column, (_, meaning)), count in zip(_STANDS_IN.items(), row, strict=True)
        if count
    ]


def _relation(bill: Bill) -> Sql:
    columns = [name for name in FOCUS_1_2 if name in BILL_COLUMNS]
    return bill.relation_sql([*columns, *(name for name in _READ if name not in FOCUS_1_2)])


def _typed(expression: Sql, kind: str) -> Sql:
    if kind == _TIME:
        return f"({expression}) AT TIME ZONE 'UTC'"
    return f"CAST({expression} AS {kind})"
