"""Every query on a bill by name, for the contract suite and the golden SQL."""

from costmodel.bill.analysis.change import change_query
from costmodel.bill.analysis.dialect import parse_period
from costmodel.bill.analysis.tagging import untagged_query
from costmodel.bill.analysis.unit_cost import usage_unit_query
from costmodel.bill.analysis.virtual_tags import allocation_query, parse_virtual_tag
from costmodel.bill.query import Bill
from costmodel.bill.reprice.lines import lines_query

RULES = {
    "rules": [
        {"value": "support", "filter": "x_ServiceCode like 'AWSSupport%'"},
        {"value_of": "tag:team", "filter": "RegionId is not null"},
    ]
}
NAMES = (
    "summary by service", "summary by day and account", "summary by status and tag", "filtered",
    "change of months", "change of days by tag", "allocation", "untagged", "unit cost",
    "usage by price key",
)  # fmt: skip
_MONEY = ["EffectiveCost", "BilledCost", "ListCost", "ContractedCost", "x_UnblendedCost"]


def bill_queries(bill: Bill) -> dict[str, str]:
    """Return every query in the restricted dialect; each is deterministic but for its order."""
    months = parse_period("2026-01"), parse_period("2026-02")
    days = parse_period("2026-01-05..2026-01-11"), parse_period("2026-01-12..2026-01-18")
    team = bill.resolve("tag:team")
    condition = bill.filter("RegionId in ('us-east-1', 'eu-west-1') and ListCost > 0.01")
    return {
        "summary by service": summary(bill, ["ServiceName"], _MONEY, None),
        "summary by day and account": summary(
            bill, ["SubAccountId", "ChargeCategory"], ["EffectiveCost"], "ChargePeriodStart"
        ),
        "summary by status and tag": summary(
            bill, ["CommitmentDiscountStatus", team], ["EffectiveCost"], None
        ),
        "filtered": (
            f'SELECT "x_UsageType", SUM("ListCost") AS "cost" FROM '
            f"({bill.relation_sql(['x_UsageType', 'ListCost', 'RegionId'])}) AS bill"
            f" WHERE {condition.sql} GROUP BY 1"
        ),
        "change of months": change_query(bill, months, ["ServiceName"], "EffectiveCost"),
        "change of days by tag": change_query(bill, days, [team], "BilledCost"),
        "allocation": allocation_query(bill, parse_virtual_tag(RULES, "rules"), "EffectiveCost"),
        "untagged": untagged_query(bill, "team", "EffectiveCost"),
        "usage by price key": lines_query(bill, ("ResourceId",)),
        "unit cost": usage_unit_query(bill, ["x_ServiceCode"], "EffectiveCost"),
    }


def summary(bill: Bill, columns: list[str], metrics: list[str], period: str | None) -> str:
    """Return the text ``Bill.summarize`` runs."""
    by_day = (period, f"DATE_TRUNC('day', {period})") if period else None
    grain = "daily" if period else "total"
    return bill._summary_query(columns, metrics, bill.filter(None), by_day, "as billed", grain)
