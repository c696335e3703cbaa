"""Compute Optimizer's CSV exports → evidence rows, one per option; blank cells are unknown.

Columns: https://docs.aws.amazon.com/compute-optimizer/latest/ug/exported-files.html
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from costmodel.errors import BadInputError
from costmodel.io.inventory.metric_files import read_bytes
from costmodel.io.inventory.rows import resource_id_of_arn


class _Export(NamedTuple):
    """One kind of export: its ARN column, and where current and recommended stand."""

    arn: str
    resource_type: str
    check: str
    current: tuple[str, ...]
    recommended: tuple[str, ...]


_EXPORTS: Final = (
    _Export(
        "instanceArn",
        "Ec2Instance",
        "ec2-instance",
        ("currentInstanceType",),
        ("recommendationOptions_{}_instanceType",),
    ),
    _Export(
        "autoScalingGroupArn",
        "Ec2AutoScalingGroup",
        "auto-scaling-group",
        ("currentConfiguration_instanceType",),
        ("recommendationOptions_{}_configuration_instanceType",),
    ),
    _Export(
        "volumeArn",
        "EbsVolume",
        "ebs-volume",
        ("currentConfiguration_volumeType",),
        ("recommendationOptions_{}_configuration_volumeType",),
    ),
    _Export(
        "functionArn",
        "LambdaFunction",
        "lambda-function",
        ("currentConfiguration_memorySize", "currentMemorySize"),
        (
            "recommendationOptions_{}_configuration_memorySize",
            "memorySizeRecommendationOptions_{}_memorySize",
        ),
    ),
    _Export(
        "serviceArn",
        "EcsService",
        "ecs-service",
        ("currentServiceConfiguration_cpu", "currentPerformanceRisk"),
        ("recommendationOptions_{}_cpu", "serviceRecommendationOptions_{}_cpu"),
    ),
    _Export(
        "resourceArn",
        "RdsDbInstance",
        "rds-instance",
        ("currentDBInstanceClass",),
        ("instanceRecommendationOptions_{}_dbInstanceClass",),
    ),
)
_FINDINGS: Final = {
    "OVERPROVISIONED": "Overprovisioned",
    "UNDERPROVISIONED": "Underprovisioned",
    "OPTIMIZED": "Optimized",
    "NOTOPTIMIZED": "NotOptimized",
    "IDLE": "Idle",
    "UNATTACHED": "Unattached",
    "UNAVAILABLE": "Unavailable",
}
_OPTIONS: Final = re.compile(r"[rR]ecommendationOptions_(\d+)_")


def read_optimizer_export(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the raw evidence rows of an export."""
    text = read_bytes(path).decode("utf-8")
    reader = csv.DictReader(io.StringIO(text, newline=""))
    columns = reader.fieldnames or []
    export = next((known for known in _EXPORTS if known.arn in columns), None)
    if export is None:
        raise BadInputError(
            f"{path}: is not a Compute Optimizer export (no column such as instanceArn)"
        )
    options = sorted({int(n) for name in columns for n in _OPTIONS.findall(name)})
    try:
        for line in reader:
            yield from _rows(export, options, line)
    except csv.Error as error:
        raise BadInputError(f"{path}: line {reader.line_num} is not CSV ({error})") from None


def _rows(
    export: _Export, options: list[int], line: Mapping[str | None, Any]
) -> Iterator[dict[str, Any]]:
    cells = {str(name): (cell or "").strip() for name, cell in line.items() if name is not None}
    arn = cells.get(export.arn) or None
    base = {
        "resource_id": resource_id_of_arn(arn) if arn else None,
        "arn": arn,
        "account_id": cells.get("accountId") or None,
        "region_id": arn.split(":")[3] if arn and arn.count(":") >= 5 else None,
        "name": _first(cells, ("instanceName", "autoScalingGroupName")),
        "source": "ComputeOptimizer",
        "check": export.check,
        "finding": _finding(cells.get("finding") or cells.get("instanceFinding") or ""),
        "finding_reasons": _reasons(cells),
        "action": "Rightsize",
        "resource_type": export.resource_type,
        "current": _first(cells, export.current),
        "lookback_days": _first(cells, ("lookBackPeriodInDays", "lookbackPeriodInDays")),
        "observed_at": _first(cells, ("lastRefreshTimestamp_UTC", "lastRefreshTimestamp")),
        "details": {name: cell for name, cell in cells.items() if cell},
    }
    found = [number for number in options if _first(cells, _numbered(export.recommended, number))]
    for number in found:
        yield {**base, **_option(export, cells, number)}
    if not found:
        yield base


def _option(export: _Export, cells: Mapping[str, str], number: int) -> dict[str, Any]:
    heads = ("recommendationOptions", "instanceRecommendationOptions",
             "serviceRecommendationOptions", "memorySizeRecommendationOptions")  # fmt: skip

    def cell(*endings: str) -> str | None:
        names = [f"{head}_{number}_{ending}" for head in heads for ending in endings]
        return _first(cells, names)

    return {
        "recommended": _first(cells, _numbered(export.recommended, number)),
        "rank": cell("rank") or number,
        "monthly_savings_usd": cell(
            "estimatedMonthlySavings_value", "savingsOpportunity_estimatedMonthlySavings_value"
        ),
        "currency": cell("estimatedMonthlySavings_currency"),
        "savings_percent": cell("savingsOpportunityPercentage"),
        "performance_risk": cell("performanceRisk"),
        "effort": cell("migrationEffort"),
    }


def _numbered(names: tuple[str, ...], number: int) -> list[str]:
    return [name.format(number) for name in names]


def _first(cells: Mapping[str, str], names: tuple[str, ...] | list[str]) -> str | None:
    return next((cells[name] for name in names if cells.get(name)), None)


def _finding(text: str) -> str | None:
    letters = re.sub(r"[^A-Z]", "", text.upper())
    return _FINDINGS.get(letters, text or None)


def _reasons(cells: Mapping[str, str]) -> list[str]:
    """Return the reason codes whose column says true."""
    prefix = "findingReasonCodes_"
    return [
        name.removeprefix(prefix)
        for name, cell in cells.items()
        if name.startswith(prefix) and cell.lower() == "true"
    ]
