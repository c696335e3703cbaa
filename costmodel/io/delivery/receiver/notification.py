"""What AWS Budgets (plain text) and Cost Anomaly Detection (JSON) say, as alerts of ours.

Of a budget notification only the ``Key: value`` lines are read. What cannot be read is forwarded
as it is: a notification is never lost because AWS changed its words.
"""

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from costmodel.budget.alert import Alert, AlertKind, Cause, Link, Severity
from costmodel.io.delivery.receiver.sns_message import SnsMessage

_DAY: Final = timedelta(days=1)
_LINE: Final = re.compile(
    r"^\s*(Budget Name|Budget Type|Budgeted Amount|Alert Type|Alert Threshold|"
    r"ACTUAL Amount|FORECASTED Amount):[ \t]*(.+?)\s*$",
    re.MULTILINE,
)
_DATE: Final = re.compile(r"AWS Budget Notification\s+([A-Z][a-z]+) (\d{1,2}), (\d{4})")
_ACCOUNT: Final = re.compile(r"AWS Account:?\s+(\d{12})")
_NUMBER: Final = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
_LINK: Final = re.compile(r"https://console\.aws\.amazon\.com/\S+")
# Written out, because strptime's month names follow the locale.
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)
_CAUSE_PARTS: Final = {
    "service": "ServiceName",
    "region": "RegionId",
    "usageType": "x_UsageType",
    "linkedAccount": "SubAccountId",
}
_RAW_CHARACTERS: Final = 900


def read_notification(message: SnsMessage) -> Alert:
    """Return the alert in a notification; one that cannot be read becomes its own summary."""
    anomaly = _anomaly(message.message)
    try:
        if anomaly is not None:
            return _read_anomaly(anomaly, message)
        fields = {key: _printable(value) for key, value in _LINE.findall(message.message)}
        if "Budget Name" in fields and "Alert Type" in fields:
            return _read_budget(fields, message)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return _unread(message)
    return _unread(message)


def _read_budget(fields: Mapping[str, str], message: SnsMessage) -> Alert:
    name, text = fields["Budget Name"], message.message
    kind = AlertKind(fields["Alert Type"].upper())
    day = _date(message)
    start, end = _period(day, is_daily="Yesterday" in text)
    account = _ACCOUNT.search(text)
    owner = account.group(1) if account else message.topic_arn.split(":")[4]
    # AWS may tell a forecast again after it fell back; within a day it is the same one.
    again = f"/{day:%Y-%m-%d}" if kind is AlertKind.FORECASTED else ""
    threshold = fields.get("Alert Threshold", "")
    amount, limit = _number(fields, f"{kind.value} Amount"), _number(fields, "Budgeted Amount")
    is_actual = kind is AlertKind.ACTUAL
    verb = "has spent" if is_actual else "is forecast to spend"
    shown = fields.get(f"{kind.value} Amount", "an unknown amount")
    bound = fields.get("Budgeted Amount", "an unknown limit")
    return Alert(
        key=f"aws-budget/{owner}/{name}/{start:%Y-%m-%d}/{kind.value}/{threshold}{again}",
        budget=name,
        kind=kind,
        period_start=start,
        period_end=end,
        threshold=threshold,
        threshold_value=_number(fields, "Alert Threshold"),
        actual=amount if is_actual else math.nan,
        forecast_mean=math.nan if is_actual else amount,
        forecast_p90=math.nan,
        limit=limit,
        currency="USD" if "$" in fields.get("Budgeted Amount", "") else "",
        created_at=message.timestamp,
        severity=Severity.ERROR if is_actual and amount >= limit else Severity.WARNING,
        summary=f"AWS Budgets: {name} {verb} {shown} of {bound} (threshold {threshold}).",
        links=tuple(Link("AWS Budgets", href) for href in _LINK.findall(text)[:1]),
    )


def _read_anomaly(anomaly: Mapping[str, Any], message: SnsMessage) -> Alert:
    impact = anomaly["impact"]
    start = _moment(anomaly["anomalyStartDate"])
    # Both dates are days that belong to the anomaly.
    end = max(_moment(anomaly.get("anomalyEndDate") or anomaly["anomalyStartDate"]), start) + _DAY
    named = anomaly.get("dimensionalValue") or anomaly.get("dimensionValue") or "all services"
    what = _printable(str(named))
    total = float(impact["totalImpact"])
    return Alert(
        key=_printable(f"aws-anomaly/{anomaly['accountId']}/{anomaly['anomalyId']}"),
        budget=_printable(str(anomaly.get("monitorName") or what)),
        kind=AlertKind.ANOMALY,
        period_start=start,
        period_end=end,
        threshold=str(anomaly.get("subscriptionName") or ""),
        threshold_value=math.nan,
        actual=_amount(impact.get("totalActualSpend")),
        forecast_mean=_amount(impact.get("totalExpectedSpend")),
        forecast_p90=math.nan,
        limit=math.nan,
        currency="USD",
        created_at=message.timestamp,
        severity=Severity.WARNING,
        summary=f"AWS Cost Anomaly Detection: {what} cost {total:,.2f} USD more than expected "
        f"since {start:%Y-%m-%d}.",
        cause=tuple(_read_cause(cause) for cause in anomaly.get("rootCauses") or ()),
        links=_anomaly_link(anomaly),
    )


def _read_cause(cause: Mapping[str, Any]) -> Cause:
    known = {name: str(cause[key]) for key, name in _CAUSE_PARTS.items() if cause.get(key)}
    contribution = (cause.get("impact") or {}).get("contribution")
    return Cause(
        ", ".join(known), ", ".join(known.values()), _amount(contribution), math.nan, math.nan
    )


def _unread(message: SnsMessage) -> Alert:
    day = _midnight(message.timestamp)
    raw = " ".join(message.message.split())
    return Alert(
        key=f"aws-message/{message.message_id}",
        budget=message.topic_arn.split(":")[-1],
        kind=AlertKind.ACTUAL,
        period_start=day,
        period_end=day + _DAY,
        threshold="",
        threshold_value=math.nan,
        actual=math.nan,
        forecast_mean=math.nan,
        forecast_p90=math.nan,
        limit=math.nan,
        currency="",
        created_at=message.timestamp,
        severity=Severity.WARNING,
        summary=f"{message.subject}: {raw}"[:_RAW_CHARACTERS].removeprefix(": "),
    )


def _anomaly(text: str) -> Mapping[str, Any] | None:
    """Return the anomaly in a message, in SNS's or in EventBridge's form."""
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(tree, dict) and tree.get("source") == "aws.ce":
        tree = tree.get("detail")
    return tree if isinstance(tree, dict) and "anomalyId" in tree else None


def _anomaly_link(anomaly: Mapping[str, Any]) -> tuple[Link, ...]:
    href = str(anomaly.get("anomalyDetailsLink") or "")
    return (Link("Cost Anomaly Detection", href),) if href.startswith("https://") else ()


def _printable(text: str) -> str:
    """Drop control characters, which PostgreSQL does not store and mail headers do not allow."""
    return "".join(character for character in text if character.isprintable())


def _date(message: SnsMessage) -> datetime:
    found = _DATE.search(message.message)
    if found is None or found.group(1) not in _MONTHS:
        return _midnight(message.timestamp)
    month = _MONTHS.index(found.group(1)) + 1
    return datetime(int(found.group(3)), month, int(found.group(2)), tzinfo=UTC)


def _period(day: datetime, *, is_daily: bool) -> tuple[datetime, datetime]:
    """Return the budget period: yesterday, or the month of the notification."""
    if is_daily:
        return day - _DAY, day
    first = day.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1)


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _number(fields: Mapping[str, str], key: str) -> float:
    found = _NUMBER.search(fields.get(key, ""))
    return float(found.group().replace(",", "")) if found else math.nan


def _amount(value: Any) -> float:
    return math.nan if value is None else float(value)
