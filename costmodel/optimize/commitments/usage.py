"""Hourly usage that commitments may cover, from a bill's rows or any table with FOCUS columns.

Spot usage stands outside; usage that a present commitment covers counts only when asked for. A
daily bill gives each day as 24 equal hours, which is said in an issue.
"""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from costmodel.engine.coverage.normalization import canonical_platform
from costmodel.engine.tiers import Floats
from costmodel.errors import CommitmentError, Issue, IssueReason

if TYPE_CHECKING:
    import pandas as pd

PRICE_KEYS = ("x_ServiceCode", "RegionId", "x_UsageType", "x_Operation")
ON_DEMAND, COVERED, EITHER = ("Standard",), ("Committed",), ("Standard", "Committed")
ACCOUNT_KEYS = ("SubAccountId", *PRICE_KEYS)
_REQUIRED = ("ChargePeriodStart", "x_ServiceCode", "RegionId", "x_UsageType")
# Shorter than 23 h would break on the day clocks change in exports of local time.
_DAY = 23.0
_WEEK = 168  # hours
# Charges of a month or a billing period say nothing about hours.
_LONGEST = 1.5

# AWS, EC2 user guide, "AMI billing information": usage operation → platform details.
_EC2_PLATFORMS = {
    "": "Linux/UNIX", "SV001": "Linux/UNIX", "0002": "Windows", "0800": "Windows BYOL",
    "0010": "Red Hat Enterprise Linux", "000g": "SUSE Linux", "0004": "SQL Server Standard",
    "0100": "SQL Server Enterprise", "0200": "SQL Server Web",
    "0006": "Windows with SQL Server Standard", "0102": "Windows with SQL Server Enterprise",
    "0202": "Windows with SQL Server Web",
}  # fmt: skip
# Engines of RDS operation codes whose reservations are size-flexible.
_RDS_ENGINES = {
    "0002": "MySQL", "0003": "Oracle BYOL", "0005": "Oracle BYOL EE", "0014": "PostgreSQL",
    "0016": "Aurora MySQL", "0018": "MariaDB", "0019": "Oracle BYOL SE2",
    "0021": "Aurora PostgreSQL",
}  # fmt: skip


@dataclass(frozen=True)
class HourlyUsage:
    """Usage rows over hours, with their on-demand rates.

    Attributes:
        rows: k rows with the key columns and ``x_InstanceType``.
        quantity: (h, k) units per hour.
        on_demand_rate: (k,) USD per unit.
        weight: (h,) hours each row of ``quantity`` stands for: 1, or 24 for a daily bill.
        start: (h,) start of each hour or day, UTC.
        issues: what was left out or assumed.
    """

    rows: "pd.DataFrame"
    quantity: Floats
    on_demand_rate: Floats
    weight: Floats
    start: Any
    issues: list[Issue] = field(default_factory=list)

    def select(self, rows: Any) -> "HourlyUsage":
        """Return some of the rows, by number or mask (k,)."""
        return replace(
            self,
            rows=self.rows.loc[rows].reset_index(drop=True),
            quantity=self.quantity[:, rows],
            on_demand_rate=self.on_demand_rate[rows],
        )

    @property
    def is_daily(self) -> bool:
        """Whether days stand for 24 equal hours."""
        return bool(len(self.weight) and self.weight[0] > 1.0)


def read_usage(
    table: Any, *, keys: tuple[str, ...] = PRICE_KEYS, pricing: tuple[str, ...] = ON_DEMAND
) -> HourlyUsage:
    """Return the hourly usage in a table of charges.

    Args:
        table: pandas or Arrow table with ChargePeriodStart, x_ServiceCode, RegionId, x_UsageType,
            PricingQuantity (or ConsumedQuantity) and ContractedUnitPrice or ListUnitPrice (or the
            cost of either). Charges that are no usage, Spot and unused commitment are left out.
        keys: columns that tell rows apart; ``ACCOUNT_KEYS`` keeps accounts apart.
        pricing: pricing categories that count. ``EITHER`` adds usage that a commitment covers, at
            its on-demand rate, for plans that name present commitments.

    Raises:
        CommitmentError: a column is missing or nothing is left.
    """
    frame = table.to_pandas() if hasattr(table, "to_pandas") else table.copy()
    missing = [name for name in _REQUIRED if name not in frame]
    if missing:
        raise CommitmentError(f"the usage table lacks {', '.join(missing)}: add these columns")
    frame = _eligible(frame, pricing)
    if frame.empty:
        raise CommitmentError(
            "no usage on demand in the table: there is nothing to commit to; check that it holds "
            "rows with ChargeCategory Usage and PricingCategory Standard"
        )
    issues: list[Issue] = []
    frame = _with_numbers(frame, keys, issues)
    return _pivot(frame, list(keys), issues)


def with_rows(usage: HourlyUsage, rows: list[dict[str, str]], rates: Floats) -> HourlyUsage:
    """Return the usage with further rows that nothing is used of yet.

    Args:
        usage: hourly usage.
        rows: key columns of each further row.
        rates: their on-demand rates [USD per unit].
    """
    import pandas as pd

    if not rows:
        return usage
    for row in rows:
        row["x_InstanceType"] = _instance_type(row["x_ServiceCode"], row["x_UsageType"])
    table = pd.concat([usage.rows, pd.DataFrame(rows)], ignore_index=True)
    unused = np.zeros((len(usage.weight), len(rows)))
    return replace(
        usage,
        rows=table,
        quantity=np.concatenate([usage.quantity, unused], axis=1),
        on_demand_rate=np.concatenate([usage.on_demand_rate, rates]),
    )


def _eligible(frame: "pd.DataFrame", pricing: tuple[str, ...]) -> "pd.DataFrame":
    for column, allowed in (("ChargeCategory", ("Usage",)), ("PricingCategory", pricing)):
        if column in frame:
            frame = frame[frame[column].isin(allowed)]
    if "CommitmentDiscountStatus" in frame:
        frame = frame[frame["CommitmentDiscountStatus"].fillna("") != "Unused"]
    return frame.reset_index(drop=True)


def _with_numbers(
    frame: "pd.DataFrame", keys: tuple[str, ...], issues: list[Issue]
) -> "pd.DataFrame":
    import pandas as pd

    quantity_name = _first(frame, ("PricingQuantity", "ConsumedQuantity"), "a quantity")
    quantity = pd.to_numeric(frame[quantity_name], errors="coerce")
    rate_name = next((n for n in ("ContractedUnitPrice", "ListUnitPrice") if n in frame), None)
    if rate_name is None:
        cost_name = _first(frame, ("ContractedCost", "ListCost"), "an on-demand price or cost")
        cost = pd.to_numeric(frame[cost_name], errors="coerce")
    else:
        cost = quantity * pd.to_numeric(frame[rate_name], errors="coerce")
    start = pd.to_datetime(frame["ChargePeriodStart"], utc=True, errors="coerce")
    known = quantity.notna() & cost.notna() & start.notna() & np.isfinite(quantity)
    _report(issues, IssueReason.DATA_QUALITY, int((~known).sum()),
            "rows without a quantity, price or start are left out")  # fmt: skip
    columns = {
        name: (frame[name].fillna("").astype(str) if name in frame else "") for name in keys
    }
    result: pd.DataFrame = frame.assign(
        **columns, x_quantity=quantity, x_cost=cost, x_start=start
    )[known]
    result["x_hours"] = _length(result, start[known])
    return result


def _length(frame: "pd.DataFrame", start: Any) -> Any:
    import pandas as pd

    if "ChargePeriodEnd" not in frame:
        # Midnight on more than one day and never another hour: a daily table.
        is_daily = start.min() < start.max() and bool((start == start.dt.floor("D")).all())
        return 24.0 if is_daily else 1.0
    end = pd.to_datetime(frame["ChargePeriodEnd"], utc=True, errors="coerce")
    return ((end - start).dt.total_seconds() / 3600.0).fillna(1.0)


def _first(frame: "pd.DataFrame", names: tuple[str, ...], what: str) -> str:
    for name in names:
        if name in frame:
            return name
    raise CommitmentError(f"the usage table lacks {what}: add {' or '.join(names)}")


def _report(issues: list[Issue], reason: IssueReason, count: int, text: str) -> None:
    if count:
        issues.append(Issue(reason, "usage", f"{count:,} {text}"))


def _pivot(frame: "pd.DataFrame", keys: list[str], issues: list[Issue]) -> HourlyUsage:
    import pandas as pd

    is_daily = bool(frame["x_hours"].median() >= _DAY)
    step = "D" if is_daily else "h"
    too_long = frame["x_hours"] > (_LONGEST * 24.0 if is_daily else _LONGEST)
    _report(issues, IssueReason.DATA_QUALITY, int(too_long.sum()),
            "rows that span several hours or days are left out")  # fmt: skip
    frame = frame[~too_long]
    if frame.empty:
        raise CommitmentError(
            "no row of usage on demand is of an hour or a day, with quantity and price: there is "
            "nothing to commit to; use a bill of hourly rows"
        )
    frame = frame.assign(x_slot=frame["x_start"].dt.floor(step))
    slots = pd.date_range(frame["x_slot"].min(), frame["x_slot"].max(), freq=step)
    grouped = frame.groupby([*keys, "x_slot"], as_index=False)[["x_quantity", "x_cost"]].sum()
    key, rows = pd.factorize(pd.MultiIndex.from_frame(grouped[keys]))
    quantity = np.zeros((len(slots), len(rows)))
    quantity[slots.get_indexer(pd.DatetimeIndex(grouped["x_slot"])), key] = grouped["x_quantity"]
    total = np.bincount(key, weights=grouped["x_quantity"])
    cost = np.bincount(key, weights=grouped["x_cost"])
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(total > 0.0, cost / total, 0.0)
    _report(issues, IssueReason.DATA_QUALITY, int((quantity < 0.0).sum()),
            "hours with negative usage (corrections) count as 0")  # fmt: skip
    _report(issues, IssueReason.DATA_QUALITY, len(slots) - frame["x_slot"].nunique(),
            f"{'days' if is_daily else 'hours'} without any usage count as 0")  # fmt: skip
    if len(slots) * (24 if is_daily else 1) < _WEEK:
        text = "less than a week of usage stands for the whole term: give some weeks"
        issues.append(Issue(IssueReason.APPROXIMATION, "usage", text))
    if is_daily:
        text = "daily bill: each day is taken as 24 equal hours; hourly data would vary more and "
        issues.append(Issue(IssueReason.APPROXIMATION, "usage", text + "commit less"))
    table = pd.DataFrame(list(rows), columns=keys)
    table["x_InstanceType"] = [
        _instance_type(*pair)
        for pair in zip(table["x_ServiceCode"], table["x_UsageType"], strict=True)
    ]
    worth = (rate > 0.0) & (total > 0.0)
    return HourlyUsage(
        table[worth].reset_index(drop=True),
        np.maximum(quantity, 0.0)[:, worth] / (24.0 if is_daily else 1.0),
        rate[worth],
        np.full(len(slots), 24.0 if is_daily else 1.0),
        slots,
        issues,
    )


def _instance_type(service_code: str, usage_type: str) -> str:
    """Return the instance type a usage type names; AmazonEC2's bare BoxUsage is m1.small."""
    name, _, instance_type = usage_type.partition(":")
    if service_code == "AmazonEC2" and name.endswith("BoxUsage") and not instance_type:
        return "m1.small"
    return instance_type if "." in instance_type else ""


def platform_of(service_code: str, operation: str) -> str:
    """Return the platform or engine a billing operation stands for, in one spelling.

    Codes of EC2 and RDS are published; anything else stays as it is.
    """
    code = operation.partition(":")[2]
    if service_code == "AmazonRDS":
        return canonical_platform(service_code, _RDS_ENGINES.get(code, operation))
    if service_code != "AmazonEC2":
        return operation
    return canonical_platform(service_code, _EC2_PLATFORMS.get(code, operation))
