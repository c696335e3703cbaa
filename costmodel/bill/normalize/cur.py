"""Legacy CUR (Parquet, CSV) and CUR 2.0 as columns of ``bill``: one mapping for both.

The canonical names are those of Athena (snake_case). CUR 2.0 keeps product attributes, tags and
cost categories in maps; the legacy report has a column for each.
"""

from collections.abc import Mapping
from typing import Final

from costmodel.bill.normalize import services
from costmodel.bill.normalize.cur_costs import (
    COVERED,
    NEGATION,
    PLAN_FEE,
    PLAN_UPFRONT,
    RESERVED_FEE,
    RESERVED_USE,
    CurCosts,
    cur_costs,
)
from costmodel.bill.normalize.raw import (
    QUANTITY_TYPE,
    ZERO,
    RawColumns,
    Sql,
    case,
    coalesce,
    isin,
    literal,
)
from costmodel.bill.normalize.regions import base_usage_type, region_of
from costmodel.bill.normalize.relation import Expressions, Rows
from costmodel.bill.normalize.tags import (
    cost_categories,
    cur_tag,
    discounts,
    is_gathered,
    product_map,
    tag_columns,
    tags_map,
)

ALIASES: Final = {
    "savings_plan_savings_plan_a_r_n": ("savings_plan_savings_plan_arn",),
    "reservation_reservation_a_r_n": ("reservation_reservation_arn",),
    "pricing_public_on_demand_cost": ("pricing_publicondemandcost",),
    "product_region_code": ("product_regioncode",),
    "product_product_name": ("product_productname",),
}

DISCOUNTS: Final = (
    "Discount", "BundledDiscount", "EdpDiscount", "PrivateRateDiscount", "RiVolumeDiscount",
    "SppDiscount", "DistributorDiscount",
)  # fmt: skip
_USAGE: Final = ("Usage", RESERVED_USE, COVERED, NEGATION, "FlatRateSubscription")
_PURCHASES: Final = ("Fee", RESERVED_FEE, PLAN_FEE, PLAN_UPFRONT)
SPLIT_OPERATIONS: Final = ("EKSPod-EC2", "ECSTask-EC2")

_TYPE = "line_item_line_item_type"


class CurColumns(RawColumns):
    """Raw columns of a CUR, with product attributes wherever the report keeps them."""

    def product(self, attribute: str) -> Sql | None:
        """Return a product attribute: a column of its own, or an entry of the product map."""
        return coalesce(self.text(f"product_{attribute}"), self.entry("product", attribute))

    @property
    def kind(self) -> Sql:
        """The line item type."""
        return self.plain(_TYPE) or "''"


def cur_rows(raw: CurColumns, prefixes: Mapping[str, str], label: str) -> Rows:
    """Return a CUR as columns of ``bill``.

    Args:
        raw: columns of the report.
        prefixes: usage-type prefix → region.
        label: format name, for ``x_BillFormat``.
    """
    costs = cur_costs(raw)
    columns: Expressions = {
        **_who_when(raw),
        **_what(raw, prefixes),
        **_charge(raw),
        **_commitment(raw),
        **_prices(raw),
        **_money(raw, costs),
        "Tags": tags_map(raw),
        "x_CostCategories": cost_categories(raw),
        "x_Discounts": discounts(raw),
        "x_BillFormat": literal(label),
    }
    unused = costs.amortized.unused
    return Rows(
        columns=columns,
        where=_not_split(raw),
        unused={
            name: sql for name, sql in _unused_columns(raw, costs).items() if columns.get(name)
        },
        unused_where=None if unused is None else _carries_unused(raw, unused),
        fee_where=isin(raw.kind, (RESERVED_FEE, PLAN_FEE)),
        folded=_folded(costs),
        tag=lambda key: cur_tag(raw, key),
        tag_columns={**tag_columns(raw)},
        split_where=_is_split(raw),
        split=_split_columns(raw, columns),
        other=raw.others(left_out=is_gathered) | product_map(raw),
    )


def _who_when(raw: CurColumns) -> Expressions:
    end = raw.time("line_item_usage_end_date")
    # A fee of a whole month ends at 23:59:59; periods are half-open.
    until = f"CASE WHEN SECOND({end}) = 59 THEN {end} + INTERVAL 1 SECOND ELSE {end} END"
    return {
        "BillingAccountId": raw.text("bill_payer_account_id"),
        "BillingAccountName": raw.text("bill_payer_account_name"),
        "SubAccountId": raw.text("line_item_usage_account_id"),
        "SubAccountName": raw.text("line_item_usage_account_name"),
        "BillingCurrency": raw.text("line_item_currency_code"),
        "PricingCurrency": raw.text("pricing_currency"),
        "BillingPeriodStart": raw.time("bill_billing_period_start_date"),
        "BillingPeriodEnd": raw.time("bill_billing_period_end_date"),
        "ChargePeriodStart": raw.time("line_item_usage_start_date"),
        "ChargePeriodEnd": None if end is None else until,
        "InvoiceId": raw.text("bill_invoice_id"),
        "InvoiceIssuerName": raw.text("bill_invoicing_entity", "line_item_legal_entity"),
        "ProviderName": "'AWS'",
        "ServiceProviderName": "'AWS'",
        "HostProviderName": "'AWS'",
        "PublisherName": raw.text("line_item_legal_entity", "bill_billing_entity"),
        "x_LineItemId": raw.text("identity_line_item_id"),
        "x_BillType": raw.text("bill_bill_type"),
        "x_TaxType": raw.text("line_item_tax_type"),
    }


def _what(raw: CurColumns, prefixes: Mapping[str, str]) -> Expressions:
    code = raw.text("line_item_product_code")
    meter = raw.text("line_item_usage_type")
    named = coalesce(raw.product("region_code"), raw.product("region"))
    regional = None if named is None else f"NULLIF({named}, 'global')"
    family = raw.product("product_family")
    from_prefix = region_of(meter, code, prefixes) if meter else None
    return {
        "x_ServiceCode": code,
        "x_PriceServiceCode": coalesce(raw.product("servicecode"), code),
        "ServiceName": coalesce(
            raw.product("product_name"), services.name_sql(code) if code else None
        ),
        "ServiceCategory": services.category_sql(code, meter) if code and meter else None,
        "ServiceSubcategory": services.subcategory_sql(code, meter) if code and meter else None,
        "RegionId": coalesce(regional, from_prefix),
        "RegionName": None
        if regional is None
        else f"CASE WHEN {regional} IS NOT NULL THEN {raw.product('location') or regional} END",
        "AvailabilityZone": raw.text("line_item_availability_zone"),
        "SkuMeter": meter,
        "x_UsageType": base_usage_type(meter, code, prefixes) if meter else None,
        "x_Operation": raw.text("line_item_operation"),
        "x_ProductFamily": family,
        "x_InstanceType": _instance_type(raw),
        "x_OperatingSystem": raw.product("operating_system"),
        "x_Tenancy": raw.product("tenancy"),
        "x_LicenseModel": raw.product("license_model"),
        "x_DatabaseEngine": raw.product("database_engine"),
        "x_DeploymentOption": raw.product("deployment_option"),
        "ResourceId": raw.text("line_item_resource_id"),
        "ResourceType": family if raw.has("line_item_resource_id") else None,
    }


def _instance_type(raw: CurColumns) -> Sql | None:
    """Return the instance type; Spot rows name it in the usage type only."""
    meter = raw.text("line_item_usage_type")
    if meter is None:
        return raw.product("instance_type")
    spot = f"CASE WHEN {meter} LIKE '%SpotUsage:%' THEN SPLIT_PART({meter}, ':', 2) END"
    return coalesce(raw.product("instance_type"), spot)


def _charge(raw: CurColumns) -> Expressions:
    kind = raw.kind
    arn = coalesce(
        raw.text("savings_plan_savings_plan_a_r_n"), raw.text("reservation_reservation_a_r_n")
    )
    refunded = f"CASE WHEN {arn} IS NULL THEN 'Usage' ELSE 'Purchase' END" if arn else "'Usage'"
    spot = f"{raw.plain('line_item_usage_type') or ZERO} LIKE '%SpotUsage%'"
    return {
        "ChargeCategory": case(
            [
                (isin(kind, _USAGE), "'Usage'"),
                (isin(kind, _PURCHASES), "'Purchase'"),
                (f"{kind} = 'Tax'", "'Tax'"),
                (isin(kind, ("Credit", *DISCOUNTS)), "'Credit'"),
                (f"{kind} = 'Refund'", refunded),
            ],
            "'Adjustment'",
        ),
        "ChargeClass": f"CASE WHEN {kind} = 'Refund' THEN 'Correction' END",
        "ChargeDescription": raw.text("line_item_line_item_description"),
        "ChargeFrequency": case(
            [(isin(kind, (RESERVED_FEE, PLAN_FEE)), "'Recurring'"),
             (isin(kind, ("Fee", PLAN_UPFRONT, "Tax", "Credit", "Refund")), "'One-Time'")],
            "'Usage-Based'",
        ),
        "PricingCategory": case(
            [(isin(kind, (RESERVED_USE, COVERED, NEGATION)), "'Committed'"),
             (spot, "'Dynamic'"),
             (f"{kind} = 'Tax'", None),
             (isin(kind, ("Credit", "Refund", *DISCOUNTS)), "'Other'")],
            "'Standard'",
        ),
        "x_LineItemType": raw.text(_TYPE),
    }  # fmt: skip


def _commitment(raw: CurColumns) -> Expressions:
    plan = raw.text("savings_plan_savings_plan_a_r_n")
    reservation = raw.text("reservation_reservation_a_r_n")
    kinds = [(f"{plan} IS NOT NULL", "'Savings Plan'")] if plan else []
    kinds += [(f"{reservation} IS NOT NULL", "'Reserved Instance'")] if reservation else []
    groups = [(f"{plan} IS NOT NULL", "'Spend'")] if plan else []
    groups += [(f"{reservation} IS NOT NULL", "'Usage'")] if reservation else []
    used = raw.quantity("line_item_usage_amount")
    reserved = raw.quantity("reservation_total_reserved_units")
    return {
        "CommitmentDiscountId": coalesce(plan, reservation),
        "CommitmentDiscountType": case(kinds, None) if kinds else None,
        "CommitmentDiscountCategory": case(groups, None) if groups else None,
        "CommitmentDiscountStatus": f"CASE WHEN {isin(raw.kind, (RESERVED_USE, COVERED))}"
        " THEN 'Used' END",
        "CommitmentDiscountQuantity": case(
            [
                (f"{raw.kind} = '{RESERVED_USE}'", used),
                (f"{raw.kind} = '{RESERVED_FEE}'", coalesce(reserved, used)),
                (f"{raw.kind} = '{COVERED}'",
                 raw.quantity("savings_plan_savings_plan_effective_cost")),
                (f"{raw.kind} = '{PLAN_FEE}'",
                 raw.quantity("savings_plan_total_commitment_to_date")),
            ],
            None,
        ),
        "CommitmentDiscountUnit": case(
            [(f"{raw.kind} IN ('{RESERVED_USE}', '{RESERVED_FEE}')", "'Hours'"),
             (f"{raw.kind} IN ('{COVERED}', '{PLAN_FEE}')",
              raw.text("line_item_currency_code") or "'USD'")],
            None,
        ),
        "LeaseContractLength": raw.text("savings_plan_purchase_term",
                                        "pricing_lease_contract_length"),
        "PurchaseOption": raw.text("savings_plan_payment_option", "pricing_purchase_option"),
        "OfferingClass": raw.text("pricing_offering_class"),
        "x_CommitmentOffering": raw.text("savings_plan_offering_type"),
        "x_CommitmentInstanceFamily": raw.text("savings_plan_instance_type_family"),
        "x_CommitmentRegion": raw.text("savings_plan_region"),
        "x_CommitmentStart": raw.text("savings_plan_start_time", "reservation_start_time"),
        "x_CommitmentEnd": raw.text("savings_plan_end_time", "reservation_end_time"),
        "x_ReservedUnits": reserved,
        "x_TotalCommitment": raw.money("savings_plan_total_commitment_to_date"),
        "x_UsedCommitment": raw.money("savings_plan_used_commitment"),
    }  # fmt: skip


def _prices(raw: CurColumns) -> Expressions:
    amount = raw.quantity("line_item_usage_amount")
    # A negation row takes back the cost of covered usage, not the usage.
    quantity = f"CASE WHEN {raw.kind} = '{NEGATION}' THEN 0 ELSE {amount} END" if amount else None
    sku, rate_id = raw.product("sku"), raw.text("pricing_rate_id")
    # Reports of 2018 have no rate code.
    joined = f"{sku} || '.' || {rate_id}" if sku and rate_id else None
    unit = raw.text("pricing_unit")
    public = raw.money("pricing_public_on_demand_rate")
    rate = raw.money("line_item_net_unblended_rate", "line_item_unblended_rate")
    is_usage = isin(raw.kind, ("Usage", RESERVED_USE, COVERED, "FlatRateSubscription"))
    return {
        "PricingQuantity": quantity,
        "PricingUnit": unit,
        "ConsumedQuantity": f"CASE WHEN {is_usage} THEN {amount} END" if amount else None,
        "ConsumedUnit": f"CASE WHEN {is_usage} THEN {unit} END" if unit else None,
        "SkuId": sku,
        "SkuPriceId": coalesce(raw.text("pricing_rate_code"), joined),
        "ListUnitPrice": public,
        "ContractedUnitPrice": case([(f"{raw.kind} = '{RESERVED_USE}'", public)], rate)
        if rate
        else None,
        "x_UnblendedRate": raw.money("line_item_unblended_rate"),
        "x_SavingsPlanRate": raw.money("savings_plan_savings_plan_rate"),
        "x_NormalizationFactor": raw.quantity("line_item_normalization_factor"),
    }


def _money(raw: CurColumns, costs: CurCosts) -> Expressions:
    net = costs.net_amortized
    return {
        "BilledCost": costs.billed,
        "EffectiveCost": (net or costs.amortized).without_unused,
        "ContractedCost": costs.contracted,
        "ListCost": costs.list_cost,
        "x_AmortizedCost": costs.amortized.without_unused,
        "x_NetEffectiveCost": net.without_unused if net else None,
        "x_UnblendedCost": costs.unblended,
        "x_NetUnblendedCost": costs.net_unblended,
        "x_BlendedCost": raw.money("line_item_blended_cost"),
        "x_CommitmentTrueUp": costs.true_up,
        "x_CommitmentUpfront": costs.upfront,
        "x_RecurringFeeForUsage": raw.money("reservation_recurring_fee_for_usage"),
        "x_AmortizedUpfrontCostForUsage": raw.money(
            "reservation_amortized_upfront_cost_for_usage"
        ),
    }


def _unused_columns(raw: CurColumns, costs: CurCosts) -> Expressions:
    """Return what differs on the derived row of unused commitment."""
    net = costs.net_amortized
    idle_units = raw.quantity("reservation_unused_quantity")
    idle = f"CAST({costs.amortized.unused} AS {QUANTITY_TYPE})"
    zero = dict.fromkeys(
        ("BilledCost", "ContractedCost", "ListCost", "x_UnblendedCost", "x_BlendedCost",
         "x_NetUnblendedCost", "x_CommitmentTrueUp", "x_CommitmentUpfront"), ZERO
    )  # fmt: skip
    missing: Expressions = dict.fromkeys(
        ("PricingQuantity", "ConsumedQuantity", "ConsumedUnit", "x_TotalCommitment",
         "x_UsedCommitment", "x_ReservedUnits", "x_UnblendedRate", "ListUnitPrice",
         "ContractedUnitPrice"), None
    )  # fmt: skip
    return {
        **zero,
        **missing,
        "EffectiveCost": (net or costs.amortized).unused,
        "x_AmortizedCost": costs.amortized.unused,
        "x_NetEffectiveCost": net.unused if net else None,
        "ChargeCategory": "'Usage'",
        "ChargeFrequency": "'Usage-Based'",
        "PricingCategory": "'Committed'",
        "CommitmentDiscountStatus": "'Unused'",
        "CommitmentDiscountQuantity": case(
            [(f"{raw.kind} = '{RESERVED_FEE}'", idle_units)] if idle_units else [], idle
        ),
    }


def _folded(costs: CurCosts) -> Expressions:
    net = costs.net_amortized
    return {
        "EffectiveCost": (net or costs.amortized).with_unused,
        "x_AmortizedCost": costs.amortized.with_unused,
        "x_NetEffectiveCost": net.with_unused if net else None,
    }


def _carries_unused(raw: CurColumns, unused: Sql) -> Sql:
    idle_units = raw.quantity("reservation_unused_quantity")
    units = f" OR {idle_units} > 0" if idle_units else ""
    return f"{isin(raw.kind, (RESERVED_FEE, PLAN_FEE))} AND ({unused} <> 0{units})"


def _is_split(raw: CurColumns) -> Sql | None:
    """Return which rows repeat a node's cost by pod or task; None where the report has none."""
    operation = raw.plain("line_item_operation")
    # The legacy report has these rows only together with their columns.
    has_split = raw.has("product") or any(n.startswith("split_line_item_") for n in raw.names)
    return isin(operation, SPLIT_OPERATIONS) if operation and has_split else None


def _not_split(raw: CurColumns) -> Sql | None:
    split = _is_split(raw)
    operation = raw.plain("line_item_operation")
    return f"({operation} IS NULL OR NOT {split})" if split else None


def _split_columns(raw: CurColumns, columns: Expressions) -> Expressions:
    """Return the cost of a pod or task: its share of the node and of the node's idle part."""
    if not raw.has("split_line_item_split_cost"):
        return {}
    parts = ("split_cost", "unused_cost")
    gross = [raw.money(f"split_line_item_{part}") for part in parts]
    net = [raw.money(f"split_line_item_net_{part}", f"split_line_item_{part}") for part in parts]
    public = [raw.money(f"split_line_item_public_on_demand_{part}") for part in parts]

    def total(amounts: list[Sql | None]) -> Sql | None:
        known = [f"COALESCE({amount}, {ZERO})" for amount in amounts if amount]
        return " + ".join(known) if known else None

    return columns | {
        "BilledCost": ZERO,
        "EffectiveCost": total(net),
        "x_AmortizedCost": total(gross),
        "ListCost": total(public),
        "ContractedCost": total(public),
        "ConsumedQuantity": raw.quantity("split_line_item_split_usage"),
        "PricingQuantity": raw.quantity("split_line_item_split_usage"),
    }
