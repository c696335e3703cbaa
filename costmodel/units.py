"""Hours, years, sizes and PricingUnit conversions, each with the rule it comes from."""

from typing import Final

from costmodel.errors import BadInputError

# AWS Pricing Calculator and Terraform estimators: 365 * 24 / 12.
HOURS_PER_MONTH: Final = 730.0
# Rule sheets scale what metrics count to a month by this; tables of metrics do the same.
METRIC_DAYS_PER_MONTH: Final = 30.4
HOURS_PER_YEAR: Final = 8760.0
# Price lists say GB and mean GiB for storage and transfer: 1 TB of a tier bound is 1024 GB.
GB_PER_TB: Final = 1024.0
MIB_PER_GIB: Final = 1024.0
BYTES_PER_GIB: Final = 1024.0**3
SECONDS_PER_HOUR: Final = 3600.0
# Dates end with the year 9999: whatever looks ahead from usage (a term is three years at most)
# needs room before it. Bills have such years where a placeholder stands for "no end".
LAST_YEAR: Final = 9990

# Spellings of one unit that AWS's files use side by side (offer files, CUR, FOCUS samples).
UNIT_ALIASES: Final[dict[str, str]] = {
    "hrs": "Hrs", "hours": "Hrs", "hour": "Hrs", "hr": "Hrs",
    "gb-mo": "GB-Mo", "gb-month": "GB-Mo", "gb-months": "GB-Mo", "gigabyte-month": "GB-Mo",
    "gigabyte month": "GB-Mo",
    "gb": "GB", "gigabytes": "GB", "gigabyte": "GB", "gbs": "GB",
    "requests": "Requests", "request": "Requests",
    "api requests": "Requests", "api calls": "Requests",
    "lambda-gb-second": "GB-Seconds", "gb-seconds": "GB-Seconds", "gb-second": "GB-Seconds",
    "seconds": "Seconds", "second": "Seconds", "sec": "Seconds",
    "iops-mo": "IOPS-Mo", "iops-month": "IOPS-Mo",
    "vcpu-hours": "vCPU-Hours", "vcpu-hour": "vCPU-Hours",
    "lcu-hrs": "LCU-Hrs", "lcu-hours": "LCU-Hrs",
    "quantity": "Count", "count": "Count", "units": "Count",
}  # fmt: skip


def canonical_unit(unit: str) -> str:
    """Return one spelling for a PricingUnit, or the unit itself where it has only one."""
    return UNIT_ALIASES.get(unit.strip().lower(), unit.strip())


def check_year(year: int, what: str) -> None:
    """Refuse a year beyond which nothing can be looked ahead.

    Raises:
        BadInputError: it is after ``LAST_YEAR``; the message says what is in it.
    """
    if year > LAST_YEAR:
        raise BadInputError(
            f"{what} is in the year {year}, too late to look ahead from: "
            "correct the date, or leave such rows out"
        )


def round_usd(amount: float, digits: int = 2) -> float:
    """Round an amount for display; the one place where costs are rounded.

    Half-cents go away from zero, as on an AWS invoice. NaN stays NaN.
    """
    if amount != amount:
        return amount
    scale = 10.0**digits
    # 1e-9 undoes binary representation error: 2.675 is stored as 2.67499999…
    shifted = abs(amount) * scale + 0.5 + 1e-9
    return float(int(shifted)) / scale * (1.0 if amount >= 0 else -1.0)
