"""Every table column once: FOCUS Column ID, type, unit and meaning.

Names are FOCUS 1.3 Column IDs verbatim; columns of our own take the FOCUS prefix ``x_``; words
of the AWS price list (``BeginRange``, ``LeaseContractLength`` …) fill the gaps. Modules refer to
these columns by name; docs/nomenclature.md is generated from this list.
"""

from typing import Final, Literal, NamedTuple

Kind = Literal["text", "number", "money", "quantity", "time", "tags", "flag"]


class Column(NamedTuple):
    """One column of a table."""

    name: str
    kind: Kind
    meaning: str
    unit: str = ""


# --- money -------------------------------------------------------------------------------------
_MONEY = (
    Column("BilledCost", "money", "what the invoice charges in the billing period", "USD"),
    Column(
        "EffectiveCost",
        "money",
        "amortised cost after all discounts, unused commitment incl.",
        "USD",
    ),
    Column("ContractedCost", "money", "cost at contracted rates, before commitments", "USD"),
    Column("ListCost", "money", "cost at public list prices", "USD"),
    Column("x_NetEffectiveCost", "money", "amortised cost after private discounts", "USD"),
    Column("x_AmortizedCost", "money", "amortised cost before private discounts", "USD"),
    Column("x_UnblendedCost", "money", "legacy CUR lineItem/UnblendedCost", "USD"),
    Column("x_BlendedCost", "money", "legacy CUR lineItem/BlendedCost", "USD"),
    Column("x_NetUnblendedCost", "money", "CUR lineItem/NetUnblendedCost", "USD"),
    Column("ListUnitPrice", "money", "public price of one PricingUnit", "USD / PricingUnit"),
    Column("ContractedUnitPrice", "money", "agreed price of one PricingUnit", "USD / PricingUnit"),
    Column("PricingCurrencyEffectiveCost", "money", "EffectiveCost, in the currency of prices"),
    Column("PricingCurrencyListUnitPrice", "money", "ListUnitPrice, in the currency of prices"),
    Column(
        "PricingCurrencyContractedUnitPrice",
        "money",
        "ContractedUnitPrice, in the currency of prices",
    ),
)
# What a CUR says beyond FOCUS; the identities of a bill are checked with these.
_BILL_DETAIL = (
    Column("x_CommitmentTrueUp", "money", "minus the amortised upfront fee of the period", "USD"),
    Column("x_CommitmentUpfront", "money", "upfront fee of a commitment paid on this row", "USD"),
    Column("x_RecurringFeeForUsage", "money", "recurring reservation fee of this usage", "USD"),
    Column(
        "x_AmortizedUpfrontCostForUsage", "money", "upfront reservation fee of this use", "USD"
    ),
    Column("x_TotalCommitment", "money", "savings plan commitment of the row's period", "USD"),
    Column("x_UsedCommitment", "money", "savings plan commitment used in the row's period", "USD"),
    Column("x_UnblendedRate", "money", "CUR lineItem/UnblendedRate", "USD / PricingUnit"),
    Column("x_SavingsPlanRate", "money", "rate under the savings plan", "USD / PricingUnit"),
    Column("x_NormalizationFactor", "quantity", "size factor of an instance: small is 1"),
    Column("x_ReservedUnits", "quantity", "units of a reservation in the period"),
    Column("x_PriceServiceCode", "text", "price-list service the rate stands under"),
    Column("x_LineItemId", "text", "CUR identity/LineItemId; unique with the charge period only"),
    Column("x_BillType", "text", "CUR bill/BillType: Anniversary, Purchase or Refund"),
    Column("x_TaxType", "text", "kind of tax"),
    Column("x_CommitmentOffering", "text", "ComputeSavingsPlans, EC2InstanceSavingsPlans …"),
    Column("x_CommitmentInstanceFamily", "text", "instance family of an EC2 savings plan"),
    Column("x_CommitmentRegion", "text", "region of an EC2 savings plan"),
    Column("x_CommitmentStart", "text", "start of the commitment, ISO"),
    Column("x_CommitmentEnd", "text", "end of the commitment, ISO"),
    Column("x_OperatingSystem", "text", "operating system of an instance"),
    Column("x_Tenancy", "text", "Shared, Dedicated or Host"),
    Column("x_LicenseModel", "text", "licence model of an instance"),
    Column("x_DatabaseEngine", "text", "database engine"),
    Column("x_DeploymentOption", "text", "Single-AZ, Multi-AZ …"),
    Column("x_Discounts", "tags", "private discounts folded into the row, name to amount"),
    Column("x_BillFormat", "text", "format the row was read from"),
)
_QUANTITY = (
    Column("PricingQuantity", "quantity", "quantity that is priced", "PricingUnit"),
    Column("PricingUnit", "text", "unit of the price list"),
    Column("ConsumedQuantity", "quantity", "quantity used", "ConsumedUnit"),
    Column("ConsumedUnit", "text", "unit of the use"),
    Column("BeginRange", "quantity", "lower bound of a price tier", "PricingUnit"),
    Column("EndRange", "quantity", "upper bound of a price tier, inf for the last", "PricingUnit"),
)
_WHAT = (
    Column("ServiceName", "text", "service as FOCUS names it"),
    Column("ServiceCategory", "text", "FOCUS service category"),
    Column("ServiceSubcategory", "text", "FOCUS service subcategory"),
    Column("x_ServiceCode", "text", "price-list service code"),
    Column("RegionId", "text", "AWS region code"),
    Column("RegionName", "text", "AWS region name"),
    Column("AvailabilityZone", "text", "AWS availability zone"),
    Column("x_UsageType", "text", "usage type without its region prefix"),
    Column("x_Operation", "text", "billing operation code"),
    Column("x_ProductFamily", "text", "price-list product family"),
    Column("x_InstanceType", "text", "instance type of the usage, where it has one"),
    Column("SkuMeter", "text", "what the SKU counts: the usage type as billed"),
    Column("SkuId", "text", "price-list SKU"),
    Column("SkuPriceId", "text", "price-list rate code = CUR pricing/RateCode"),
    Column("SkuPriceDetails", "tags", "attributes of the SKU price, name to value"),
    Column("x_SkuDescription", "text", "AWS's description of the price row"),
    Column("ResourceId", "text", "id or ARN of the resource"),
    Column("ResourceName", "text", "name of the resource"),
    Column("ResourceType", "text", "kind of the resource"),
    Column("Tags", "tags", "tags of the resource, provider prefixes kept"),
    Column("x_CostCategories", "tags", "AWS cost categories"),
    Column("AllocatedMethodId", "text", "how a shared cost was split, by its name"),
    Column("AllocatedMethodDetails", "text", "how a shared cost was split, as JSON"),
    Column("AllocatedResourceId", "text", "resource a split cost was allocated to"),
    Column("AllocatedResourceName", "text", "name of the resource a split cost went to"),
    Column("AllocatedTags", "tags", "tags of the resource a split cost went to"),
)
_CHARGE = (
    Column("ChargeCategory", "text", "Usage, Purchase, Tax, Credit or Adjustment"),
    Column("ChargeClass", "text", "Correction, or null"),
    Column("ChargeDescription", "text", "the provider's description of the line"),
    Column("ChargeFrequency", "text", "One-Time, Recurring or Usage-Based"),
    Column("PricingCategory", "text", "Standard, Committed, Dynamic or Other"),
    Column("x_LineItemType", "text", "CUR lineItem/LineItemType"),
    Column("CommitmentDiscountId", "text", "ARN of the reservation or savings plan"),
    Column("CommitmentDiscountName", "text", "name of the commitment"),
    Column("CommitmentDiscountType", "text", "Reserved Instance, Savings Plan …"),
    Column("CommitmentDiscountCategory", "text", "Usage or Spend"),
    Column("CommitmentDiscountStatus", "text", "Used or Unused"),
    Column("CommitmentDiscountQuantity", "quantity", "commitment used", "CommitmentDiscountUnit"),
    Column("CommitmentDiscountUnit", "text", "unit of the commitment"),
    Column("CapacityReservationId", "text", "capacity reservation of the usage"),
    Column("CapacityReservationStatus", "text", "Used or Unused"),
)
_WHO_WHEN = (
    Column("BillingAccountId", "text", "payer account, leading zeros kept"),
    Column("BillingAccountName", "text", "name of the payer account"),
    Column("BillingAccountType", "text", "type of the billing account"),
    Column("SubAccountId", "text", "usage account, leading zeros kept"),
    Column("SubAccountName", "text", "name of the usage account"),
    Column("SubAccountType", "text", "type of the usage account"),
    Column("BillingCurrency", "text", "currency of the bill"),
    Column("PricingCurrency", "text", "currency of the price list"),
    Column("BillingPeriodStart", "time", "start of the billing period, UTC, inclusive"),
    Column("BillingPeriodEnd", "time", "end of the billing period, UTC, exclusive"),
    Column("ChargePeriodStart", "time", "start of the charge, UTC, inclusive"),
    Column("ChargePeriodEnd", "time", "end of the charge, UTC, exclusive"),
    Column("InvoiceId", "text", "invoice the charge is on"),
    Column("InvoiceIssuerName", "text", "who issued the invoice"),
    Column("ProviderName", "text", "who provides the service"),
    Column("PublisherName", "text", "who publishes the service"),
    Column("ServiceProviderName", "text", "who sells the service: FOCUS 1.3 of ProviderName"),
    Column("HostProviderName", "text", "whose infrastructure the service runs on"),
    Column("ContractApplied", "text", "contract commitments applied to the row, as JSON"),
)
_PRICE_LIST = (
    Column("LeaseContractLength", "text", "term of a commitment: 1yr or 3yr"),
    Column("PurchaseOption", "text", "No Upfront, Partial Upfront or All Upfront"),
    Column("OfferingClass", "text", "standard or convertible"),
    Column("x_TermType", "text", "OnDemand, FreeTier, Reserved, SavingsPlan or Spot"),
    Column("x_Variant", "text", "what keeps two prices of one key apart; empty for most"),
    Column("x_Basis", "text", "published, derived, documented free, compiled or not published"),
    Column(
        "x_NameBasis",
        "text",
        "where the usage type comes from: sku, rule, infer, attributes, "
        "description; empty: none, by rate code only",
    ),
    Column("x_HourlyUnitPrice", "money", "hourly rate of a reserved offer", "USD / unit hour"),
    Column("x_UpfrontFee", "money", "fee paid in advance for one reserved unit", "USD"),
    Column(
        "x_EffectiveUnitPrice",
        "money",
        "hourly rate with the upfront fee spread over the term",
        "USD / unit hour",
    ),
    Column("x_OperatingSystem", "text", "operating system as the spot advisor names it"),
    Column(
        "x_InterruptionBucket", "quantity", "spot interruption bucket: 0 (< 5 %) to 4 (> 20 %)"
    ),
    Column("x_InterruptionLabel", "text", "spot interruption frequency in words"),
    Column("x_SavingsPercent", "quantity", "usual saving of spot over on-demand", "%"),
    Column("x_Month", "text", "month of spot history, YYYY-MM"),
    Column("x_MeanUnitPrice", "money", "mean spot price of the month", "USD / hour"),
    Column("x_MinUnitPrice", "money", "lowest spot price of the month", "USD / hour"),
    Column("x_MaxUnitPrice", "money", "highest spot price of the month", "USD / hour"),
    Column("x_Snapshots", "quantity", "observations of the month"),
    Column("x_Prefix", "text", "the region's usage-type prefix"),
    Column("x_RegionKind", "text", "region, or zone (local or wavelength)"),
    Column("x_Published", "text", "publication date of the price"),
)

COLUMNS: Final[dict[str, Column]] = {
    column.name: column
    for column in (*_MONEY, *_BILL_DETAIL, *_QUANTITY, *_WHAT, *_CHARGE, *_WHO_WHEN, *_PRICE_LIST)
}

# The metrics a bill can be summed by; the names users type after --metric.
COST_METRICS: Final = (
    "BilledCost", "EffectiveCost", "ContractedCost", "ListCost",
    "x_NetEffectiveCost", "x_AmortizedCost", "x_UnblendedCost", "x_BlendedCost",
    "x_NetUnblendedCost",
)  # fmt: skip
