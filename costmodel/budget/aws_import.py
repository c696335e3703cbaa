"""Budgets from the JSON of the AWS Budgets API (DescribeBudgets, DescribeBudget, a template)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from costmodel.bill.normalize.services import SERVICE_CODE_BY_NAME, SERVICES
from costmodel.budget.model import Budget, parse_budget
from costmodel.errors import BadInputError

# The API's open-ended default.
_FOREVER: Final = date(2087, 1, 1)

# words of CostFilters and of Dimensions -> column
_DIMENSIONS: Final = {
    "SERVICE": "ServiceName",
    "LINKEDACCOUNT": "SubAccountId",
    "REGION": "RegionId",
    "AZ": "AvailabilityZone",
    "AVAILABILITYZONE": "AvailabilityZone",
    "OPERATION": "x_Operation",
    "USAGETYPE": "x_UsageType",
    "INSTANCETYPE": "x_InstanceType",
    "RECORDTYPE": "x_LineItemType",
    "BILLINGENTITY": "ProviderName",
    "LEGALENTITYNAME": "InvoiceIssuerName",
    "INVOICINGENTITY": "InvoiceIssuerName",
    "RESOURCEID": "ResourceId",
}
# CostTypes switch, off -> what is left out: column and values
_LEFT_OUT: Final[dict[str, tuple[str, list[str]]]] = {
    "IncludeTax": ("ChargeCategory", ["Tax"]),
    "IncludeCredit": ("x_LineItemType", ["Credit"]),
    "IncludeRefund": ("x_LineItemType", ["Refund"]),
    "IncludeUpfront": ("x_LineItemType", ["Fee", "SavingsPlanUpfrontFee"]),
    "IncludeRecurring": ("x_LineItemType", ["RIFee", "SavingsPlanRecurringFee"]),
    "IncludeSupport": ("ServiceName", ["AWS Support*"]),
    "IncludeDiscount": ("x_LineItemType", ["*Discount"]),
}
_EC2_COMPUTE: Final = ("Amazon Elastic Compute Cloud - Compute", "EC2-Instances")
_EC2_OTHER: Final = ("EC2 - Other", "EC2-Other")
_EC2_INSTANCES: Final = (
    "BoxUsage*", "SpotUsage*", "HeavyUsage*", "DedicatedUsage*", "HostUsage*", "UnusedBox*",
    "UnusedDed*", "ReservedHostUsage*", "Reservation*",
)  # fmt: skip
_METRICS: Final = {
    "UnblendedCost": "BilledCost",
    "BlendedCost": "x_BlendedCost",
    "AmortizedCost": "EffectiveCost",
    "NetUnblendedCost": "x_NetUnblendedCost",
    "NetAmortizedCost": "x_NetEffectiveCost",
    "UsageQuantity": "ConsumedQuantity",
}
_OPERATORS: Final = {"GREATER_THAN": "greater", "LESS_THAN": "less", "EQUAL_TO": "equal"}
_MATCH: Final = {"EQUALS": "{}", "STARTS_WITH": "{}*", "ENDS_WITH": "*{}", "CONTAINS": "*{}*"}


def is_aws_budgets(tree: Any) -> bool:
    """Return whether a parsed JSON document is of the Budgets API."""
    return isinstance(tree, Mapping) and any(
        key in tree for key in ("Budgets", "Budget", "BudgetName", "data")
    )


def budgets_from_aws(tree: Mapping[str, Any], source: str) -> list[Budget]:
    """Return the budgets of a response or template of the AWS Budgets API.

    Notifications are read where the document has them (``NotificationsWithSubscribers`` beside the
    budget, ``Notifications`` inside it). What cannot be said in our filters is an error, because
    a filter that is left out changes the amount.

    Args:
        tree: the parsed JSON; recorded responses may wrap it in ``data``.
        source: the file's name, for messages.
    """
    body = tree.get("data", tree)
    if "Budgets" in body:
        entries = [(budget, budget.get("Notifications", [])) for budget in body["Budgets"]]
    else:
        budget = body.get("Budget", body)
        beside = body.get("NotificationsWithSubscribers", budget.get("Notifications", []))
        entries = [(budget, beside)]
    return [
        parse_budget(_translate(budget, notifications, source), source)
        for budget, notifications in entries
    ]


def _translate(
    budget: Mapping[str, Any], notifications: Sequence[Mapping[str, Any]], source: str
) -> dict[str, Any]:
    name = budget.get("BudgetName")
    place = f"{source}: {name}"
    if not isinstance(name, str):
        raise BadInputError(f"{source}: a budget without BudgetName")
    period = budget.get("TimePeriod", {})
    end = _day(period.get("End"), place)
    return {
        "name": name.replace("/", "|"),
        "type": budget.get("BudgetType", "COST"),
        "period": budget.get("TimeUnit", "MONTHLY"),
        "start": _day(period.get("Start"), place),
        "end": None if end is None or end >= _FOREVER else end,
        "metric": _metric(budget, place),
        "currency": _unit(budget),
        "filter": _filter(budget, place),
        "limit": _limit(budget, place),
        "thresholds": [_threshold(n.get("Notification", n), place) for n in notifications],
    }


def _day(value: Any, place: str) -> date | None:
    """Return the day of epoch seconds, ISO text or a recorded datetime object."""
    try:
        match value:
            case None:
                return None
            case int() | float():
                return datetime.fromtimestamp(value, UTC).date()
            case str():
                return datetime.fromisoformat(value).date()
            case {"year": year, "month": month, "day": day}:
                return date(year, month, day)
    except (ValueError, OverflowError, OSError):
        pass
    raise BadInputError(f"{place}: '{value}' is not a time")


def _metric(budget: Mapping[str, Any], place: str) -> str:
    kind = budget.get("BudgetType", "COST")
    if kind == "USAGE":
        return "ConsumedQuantity"
    if kind != "COST":
        return ""
    for metric in budget.get("Metrics", []):
        if metric not in _METRICS:
            raise BadInputError(
                f"{place}: the metric {metric} is not known: {', '.join(_METRICS)}"
            )
        return _METRICS[metric]
    types = budget.get("CostTypes", {})
    if types.get("UseAmortized"):
        return "EffectiveCost"
    return "x_BlendedCost" if types.get("UseBlended") else "BilledCost"


def _unit(budget: Mapping[str, Any]) -> str:
    unit = budget.get("BudgetLimit", {}).get("Unit", "")
    return "%" if unit == "PERCENTAGE" else str(unit)


def _limit(budget: Mapping[str, Any], place: str) -> Any:
    if planned := budget.get("PlannedBudgetLimits"):
        return {"planned": {key: limit["Amount"] for key, limit in planned.items()}}
    if auto := budget.get("AutoAdjustData"):
        if auto.get("AutoAdjustType") == "FORECAST":
            return "forecast"
        options = auto.get("HistoricalOptions", {})
        return {"historical": options.get("BudgetAdjustmentPeriod", 1)}
    limit = budget.get("BudgetLimit")
    if not isinstance(limit, Mapping) or "Amount" not in limit:
        raise BadInputError(f"{place}: no BudgetLimit, PlannedBudgetLimits or AutoAdjustData")
    return limit["Amount"]


def _threshold(notification: Mapping[str, Any], place: str) -> dict[str, Any]:
    operator = notification.get("ComparisonOperator", "")
    if operator not in _OPERATORS or "Threshold" not in notification:
        raise BadInputError(f"{place}: a notification needs ComparisonOperator and Threshold")
    return {
        "value": notification["Threshold"],
        "is_percent": notification.get("ThresholdType", "PERCENTAGE") == "PERCENTAGE",
        "of": "forecast" if notification.get("NotificationType") == "FORECASTED" else "actual",
        "operator": _OPERATORS[operator],
    }


def _filter(budget: Mapping[str, Any], place: str) -> dict[str, Any]:
    if expression := budget.get("FilterExpression"):
        return _expression(expression, place)
    parts = [
        _cost_filter(key, values, place) for key, values in budget.get("CostFilters", {}).items()
    ]
    types = budget.get("CostTypes", {})
    parts += [
        {"not": {column: values}}
        for switch, (column, values) in _LEFT_OUT.items()
        if types.get(switch) is False
    ]
    return {"all": parts} if parts else {}


def _cost_filter(key: str, values: list[str], place: str) -> dict[str, Any]:
    """Return one entry of CostFilters; tags and categories are written ``key$value``."""
    if key in ("TagKeyValue", "CostCategory"):
        prefix = "tag:" if key == "TagKeyValue" else "cost_category:"
        pairs = [value.partition("$") for value in values]
        return {
            "any": [
                {f"{prefix}{name.removeprefix('user:')}": value or None}
                for name, _, value in pairs
            ]
        }
    column = _column(key, place)
    return _services(values) if column == "ServiceName" else {column: values}


def _services(names: Sequence[str | None]) -> dict[str, Any]:
    """Return the filter of services by their Cost Explorer names.

    Bills have one EC2; Cost Explorer cuts it into instances and everything else.
    """
    parts: list[dict[str, Any]] = []
    plain: list[str | None] = []
    for name in names:
        code = None if name is None else SERVICE_CODE_BY_NAME.get(name)
        # A bill from Cost Explorer keeps its own name.
        plain.append(name)
        instances = {"x_UsageType": list(_EC2_INSTANCES)}
        if code is None:
            continue
        if name in _EC2_COMPUTE:
            parts.append({"ServiceName": SERVICES[code].name, **instances})
        elif name in _EC2_OTHER:
            parts.append({"ServiceName": SERVICES[code].name, "not": instances})
        else:
            plain.append(SERVICES[code].name)
    return {"any": [{"ServiceName": list(dict.fromkeys(plain))}, *parts]}


def _column(key: str, place: str) -> str:
    column = _DIMENSIONS.get(key.upper().replace("_", ""))
    if column is None:
        raise BadInputError(
            f"{place}: the filter on {key} cannot be translated; known are "
            f"{', '.join(_DIMENSIONS)}, TagKeyValue, CostCategory"
        )
    return column


def _expression(tree: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Return a FilterExpression: And, Or, Not over dimensions, tags and cost categories."""
    kind = next(iter(tree)) if len(tree) == 1 else ""
    detail: Any = tree.get(kind)
    match kind:
        case "And" | "Or":
            return {
                "all" if kind == "And" else "any": [_expression(part, place) for part in detail]
            }
        case "Not":
            return {"not": _expression(detail, place)}
        case "Dimensions":
            column, values = _column(detail["Key"], place), _values(detail, place)
            return _services(values) if column == "ServiceName" else {column: values}
        case "Tags":
            return {f"tag:{detail['Key'].removeprefix('user:')}": _values(detail, place)}
        case "CostCategories":
            return {f"cost_category:{detail['Key']}": _values(detail, place)}
        case _:
            raise BadInputError(f"{place}: a FilterExpression with {', '.join(tree) or 'nothing'}")


def _values(detail: Mapping[str, Any], place: str) -> list[str | None]:
    options = [o for o in detail.get("MatchOptions", ["EQUALS"]) if o != "CASE_SENSITIVE"]
    option = options[0] if options else "EQUALS"
    if option == "ABSENT":
        return [None]
    if option not in _MATCH:
        raise BadInputError(f"{place}: the match option {option} is not known")
    return [_MATCH[option].format(value) for value in detail.get("Values", [])]
