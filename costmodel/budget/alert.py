"""What an alert says: one crossing of one threshold in one budget period, with its cause.

The evaluation makes alerts, the outbox delivers them; this dataclass is all they share.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

# Standard Webhooks asks receivers to accept 20 kB; the envelope around the alert needs some of it.
MAX_JSON_BYTES: Final = 18_000
_MAX_TEXT: Final = 1_000  # bytes of one text in the JSON


class AlertKind(StrEnum):
    """What happened."""

    ACTUAL = "ACTUAL"
    FORECASTED = "FORECASTED"
    ANOMALY = "ANOMALY"
    RECOVERED = "RECOVERED"
    DATA_LATE = "DATA_LATE"


class Severity(StrEnum):
    """How urgent it is; the words of PagerDuty's event format."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class Cause(NamedTuple):
    """One contribution to a rise; the contributions of a ranking add up to the rise."""

    dimension: str  # the columns of the ranking, such as "ServiceName, RegionId"
    value: str
    amount: float  # currency; positive raises the spend
    price_effect: float  # part due to a changed unit price; NaN where quantity is unknown
    quantity_effect: float  # part due to a changed quantity; NaN where unknown


class Link(NamedTuple):
    """Where to read more."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Alert:
    """One event of one budget (or anomaly monitor).

    Attributes:
        key: stable identity ``budget/period/threshold``; the idempotency key of delivery.
        budget: name of the budget or of the monitored series.
        kind: what happened.
        period_start: start of the budget period, UTC, inclusive.
        period_end: end of the budget period, UTC, exclusive.
        threshold: the threshold as text, such as ``80 % of limit``.
        threshold_value: the threshold in the unit of `actual`.
        actual: spend (or percent, for utilisation and coverage) so far.
        forecast_mean: expected value at the end of the period; NaN if unknown.
        forecast_p90: its 90 % quantile; NaN if unknown.
        limit: the budget's limit for the period; NaN where there is none.
        currency: currency, usage unit or ``%`` of the amounts.
        created_at: the time of the evaluation, UTC.
        severity: how urgent it is.
        summary: one sentence for a person.
        cause: ranked contributions, largest first.
        links: where to read more.
        owners: who answers for the budget.
    """

    key: str
    budget: str
    kind: AlertKind
    period_start: datetime
    period_end: datetime
    threshold: str
    threshold_value: float
    actual: float
    forecast_mean: float
    forecast_p90: float
    limit: float
    currency: str
    created_at: datetime
    severity: Severity
    summary: str
    cause: tuple[Cause, ...] = ()
    links: tuple[Link, ...] = ()
    owners: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """Return the alert as a JSON object of less than 20 kB; the smallest causes go first."""
        kept = len(self.cause)
        while True:
            payload = _payload(self, kept)
            if kept == 0 or len(json.dumps(payload).encode()) <= MAX_JSON_BYTES:
                return payload
            kept = kept // 2

    @classmethod
    def from_json(cls, payload: Mapping[str, Any]) -> "Alert":
        """Return the alert that `to_json` wrote (without the causes it had to leave out)."""
        return cls(
            key=payload["key"],
            budget=payload["budget"],
            kind=AlertKind(payload["kind"]),
            period_start=datetime.fromisoformat(payload["period_start"]),
            period_end=datetime.fromisoformat(payload["period_end"]),
            threshold=payload["threshold"],
            threshold_value=_number(payload["threshold_value"]),
            actual=_number(payload["actual"]),
            forecast_mean=_number(payload["forecast"]["mean"]),
            forecast_p90=_number(payload["forecast"]["p90"]),
            limit=_number(payload["limit"]),
            currency=payload["currency"],
            created_at=datetime.fromisoformat(payload["created_at"]),
            severity=Severity(payload["severity"]),
            summary=payload["summary"],
            cause=tuple(_read_cause(cause) for cause in payload["cause"]),
            links=tuple(Link(link["text"], link["href"]) for link in payload["links"]),
            owners=tuple(payload["owners"]),
        )

    def with_links(self, *links: Link) -> "Alert":
        """Return the alert with more links."""
        return replace(self, links=self.links + links)


def _payload(alert: Alert, kept: int) -> dict[str, Any]:
    return {
        "key": _short(alert.key, _MAX_TEXT),
        "budget": _short(alert.budget, _MAX_TEXT),
        "kind": alert.kind.value,
        "period_start": alert.period_start.isoformat(),
        "period_end": alert.period_end.isoformat(),
        "threshold": _short(alert.threshold, _MAX_TEXT),
        "threshold_value": _json_number(alert.threshold_value),
        "actual": _json_number(alert.actual),
        "forecast": {
            "mean": _json_number(alert.forecast_mean),
            "p90": _json_number(alert.forecast_p90),
        },
        "limit": _json_number(alert.limit),
        "currency": alert.currency,
        "created_at": alert.created_at.isoformat(),
        "severity": alert.severity.value,
        "summary": _short(alert.summary, _MAX_TEXT),
        "cause": [_write_cause(cause) for cause in alert.cause[:kept]],
        "cause_omitted": len(alert.cause) - kept,
        "links": [
            {"text": _short(text, 80), "href": _short(href, 500)} for text, href in alert.links[:5]
        ],
        "owners": [_short(owner, 100) for owner in alert.owners[:10]],
    }


def _write_cause(cause: Cause) -> dict[str, Any]:
    return {
        "dimension": _short(cause.dimension, _MAX_TEXT),
        "value": _short(cause.value, _MAX_TEXT),
        "amount": _json_number(cause.amount),
        "price_effect": _json_number(cause.price_effect),
        "quantity_effect": _json_number(cause.quantity_effect),
    }


def _read_cause(cause: Mapping[str, Any]) -> Cause:
    return Cause(
        cause["dimension"],
        cause["value"],
        _number(cause["amount"]),
        _number(cause["price_effect"]),
        _number(cause["quantity_effect"]),
    )


def _short(text: str, limit: int) -> str:
    """Cut a text so that its JSON form has at most `limit` bytes."""
    while len(json.dumps(text)) > limit:
        text = text[: min(len(text) - 1, len(text) * limit // len(json.dumps(text)))]
    return text


def _json_number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
