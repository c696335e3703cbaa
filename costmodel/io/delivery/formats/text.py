"""The words all formats share: title, facts, causes and colours of an alert."""

from typing import Final

from costmodel.budget.alert import Alert, AlertKind, Cause, Severity
from costmodel.report.table import format_cell

MAX_CAUSES: Final = 5

EVENT_TYPES: Final = {
    AlertKind.ACTUAL: "budget.threshold.crossed",
    AlertKind.FORECASTED: "budget.threshold.forecasted",
    AlertKind.ANOMALY: "cost.anomaly.detected",
    AlertKind.RECOVERED: "budget.threshold.recovered",
    AlertKind.DATA_LATE: "cost.data.late",
}
COLOURS: Final = {
    Severity.INFO: 0x2E7D32,
    Severity.WARNING: 0xF9A825,
    Severity.ERROR: 0xEF6C00,
    Severity.CRITICAL: 0xC62828,
}
_HEADINGS: Final = {
    AlertKind.ACTUAL: "Budget threshold crossed",
    AlertKind.FORECASTED: "Budget threshold will be crossed",
    AlertKind.ANOMALY: "Cost anomaly",
    AlertKind.RECOVERED: "Back inside the budget",
    AlertKind.DATA_LATE: "Spend data are late",
}


def title(alert: Alert) -> str:
    """Return one line that names what happened and where."""
    # A line break in a name must not become another header of a mail.
    name = "".join(character for character in alert.budget if character.isprintable())
    return f"{_HEADINGS[alert.kind]}: {name}"


def facts(alert: Alert) -> list[tuple[str, str]]:
    """Return what is known, as labels and values; what is unknown is left out."""
    amounts = [
        ("Actual", alert.actual),
        ("Limit", alert.limit),
        ("Forecast", alert.forecast_mean),
        ("Forecast P90", alert.forecast_p90),
    ]
    known = [(label, _amount(value, alert)) for label, value in amounts if value == value]
    # An alert may carry no currency or threshold, as AWS's plain-text notifications do.
    start, end = alert.period_start, alert.period_end
    return [
        *([("Threshold", alert.threshold)] if alert.threshold else []),
        *known,
        ("Period", f"{start:%Y-%m-%d} to {end:%Y-%m-%d}"),
        *([("Owners", ", ".join(alert.owners))] if alert.owners else []),
    ]


def cause_lines(alert: Alert) -> list[str]:
    """Return the largest contributions, one line each."""
    return [_cause_line(cause, alert) for cause in alert.cause[:MAX_CAUSES]]


def plain_text(alert: Alert) -> str:
    """Return the whole alert as plain text, for e-mail."""
    lines = [alert.summary, "", *(f"{label}: {value}" for label, value in facts(alert))]
    if alert.cause:
        lines += ["", "What moved:", *(f"  {line}" for line in cause_lines(alert))]
    lines += ["", *(f"{link.text}: {link.href}" for link in alert.links)]
    return "\n".join(lines).rstrip() + "\n"


def shorten(text: str, characters: int) -> str:
    """Cut a text to a receiver's limit, with an ellipsis."""
    return text if len(text) <= characters else text[: characters - 1] + "…"


def _amount(value: float, alert: Alert) -> str:
    return f"{format_cell(value, 'money')} {alert.currency}".rstrip()


def _cause_line(cause: Cause, alert: Alert) -> str:
    sign = "+" if cause.amount >= 0 else "−"
    line = f"{sign}{_amount(abs(cause.amount), alert)}  {cause.value}"
    if cause.price_effect == cause.price_effect and cause.quantity_effect == cause.quantity_effect:
        price, quantity = (
            format_cell(effect, "money") for effect in (cause.price_effect, cause.quantity_effect)
        )
        line += f" (price {price}, quantity {quantity})"
    return line
