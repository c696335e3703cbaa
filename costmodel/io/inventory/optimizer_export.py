"""Exports of AWS's own tools → evidence rows; blank cells are unknown.

Compute Optimizer's CSV files, one row per option:
https://docs.aws.amazon.com/compute-optimizer/latest/ug/exported-files.html ; Cost Optimization
Hub's through Data Exports, CSV or Parquet (table COST_OPTIMIZATION_RECOMMENDATIONS).
Headers differ between kinds and years in case and underscores only, so neither counts.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from costmodel.errors import BadInputError
from costmodel.io.inventory.metric_files import read_bytes, read_parquet
from costmodel.io.inventory.rows import resource_id_of_arn

Cells = Mapping[str, str]


class _Export(NamedTuple):
    """One kind of export.

    Attributes:
        mark: column only this kind has.
        arn: column of the resource.
        resource_type, check, action: what its rows are about.
        current: columns of the current configuration, joined by a slash.
        recommended: endings of the columns of an option, joined likewise.
    """

    mark: str
    arn: str
    resource_type: str
    check: str
    action: str
    current: tuple[str, ...]
    recommended: tuple[str, ...]


_EXPORTS: Final = (
    _Export(
        "currentlicenseconfigurationlicenseedition", "resourcearn", "Ec2Instance", "license",
        "Upgrade", ("currentlicenseconfigurationlicenseedition",), ("licenseedition",),
    ),
    _Export(
        "currentdbinstanceclass", "resourcearn", "RdsDbInstance", "rds-instance", "Rightsize",
        ("currentdbinstanceclass",), ("dbinstanceclass",),
    ),
    _Export("findingdescription", "resourcearn", "", "idle", "Delete", (), ()),
    _Export(
        "instancearn", "instancearn", "Ec2Instance", "ec2-instance", "Rightsize",
        ("currentinstancetype",), ("instancetype",),
    ),
    _Export(
        "autoscalinggrouparn", "autoscalinggrouparn", "Ec2AutoScalingGroup", "auto-scaling-group",
        "Rightsize", ("currentconfigurationinstancetype",), ("configurationinstancetype",),
    ),
    _Export(
        "volumearn", "volumearn", "EbsVolume", "ebs-volume", "Rightsize",
        ("currentconfigurationvolumetype",), ("configurationvolumetype",),
    ),
    _Export(
        "functionarn", "functionarn", "LambdaFunction", "lambda-function", "Rightsize",
        ("currentconfigurationmemorysize",), ("configurationmemorysize",),
    ),
    _Export(
        "servicearn", "servicearn", "EcsService", "ecs-service", "Rightsize",
        ("currentserviceconfigurationcpu", "currentserviceconfigurationmemory"),
        ("cpu", "memory"),
    ),
)  # fmt: skip
_HUB_MARK: Final = "estimatedmonthlysavingsafterdiscount"
_FINDINGS: Final = {
    "OVERPROVISIONED": "Overprovisioned",
    "UNDERPROVISIONED": "Underprovisioned",
    "OPTIMIZED": "Optimized",
    "NOTOPTIMIZED": "NotOptimized",
    "IDLE": "Idle",
    "UNATTACHED": "Unattached",
    "UNAVAILABLE": "Unavailable",
}
_OPTION: Final = re.compile(r"\w*?recommendationoptions(\d+)(\w+)")
_REASON: Final = re.compile(r"findingreasoncodes_?(?:is)?(.+)", re.IGNORECASE)


def read_advice_export(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the raw evidence rows of an export."""
    is_parquet = path.suffix.lower() == ".parquet"
    heads, lines = _parquet_lines(path) if is_parquet else _csv_lines(path)
    columns = {_plain(head) for head in heads}
    if _HUB_MARK in columns:
        for line in lines:
            yield _hub_row(_cells(line))
        return
    export = next((e for e in _EXPORTS if {e.mark, e.arn} <= columns), None)
    if export is None:
        raise BadInputError(
            f"{path}: is not a Compute Optimizer or Cost Optimization Hub export (no column such "
            "as instanceArn or estimated_monthly_savings_after_discount)"
        )
    for line in lines:
        yield from _rows(export, line)


def _csv_lines(path: Path) -> tuple[Sequence[str], Iterable[Mapping[str, Any]]]:
    text = read_bytes(path).decode("utf-8")
    reader = csv.DictReader(io.StringIO(text, newline=""))
    return list(reader.fieldnames or ()), _checked(path, reader)


def _checked(path: Path, reader: "csv.DictReader[str]") -> Iterator[Mapping[str, Any]]:
    try:
        yield from reader
    except csv.Error as error:
        raise BadInputError(f"{path}: line {reader.line_num} is not CSV ({error})") from None


def _parquet_lines(path: Path) -> tuple[Sequence[str], Iterable[Mapping[str, Any]]]:
    table = read_parquet(path)
    return table.column_names, table.to_pylist()


def _plain(head: str) -> str:
    """Return a header by its letters and digits."""
    return re.sub(r"[^a-z0-9]", "", head.lower())


def _cells(line: Mapping[Any, Any]) -> dict[str, str]:
    """Return plain header → cell of the cells that say something."""
    named = {_plain(str(head)): cell for head, cell in line.items() if head is not None}
    texts = {head: "" if cell is None else str(cell).strip() for head, cell in named.items()}
    return {head: text for head, text in texts.items() if text}


def _hub_row(cells: Cells) -> dict[str, Any]:
    arn = cells.get("resourcearn")
    action = cells.get("actiontype")
    return {
        "resource_id": resource_id_of_arn(arn) if arn else cells.get("recommendationid"),
        "arn": arn,
        "account_id": cells.get("accountid"),
        "region_id": cells.get("region"),
        "source": "CostOptimizationHub",
        "check": action,
        "finding": action,
        "action": action,
        "resource_type": cells.get("currentresourcetype"),
        "current": cells.get("currentresourcesummary"),
        "recommended": cells.get("recommendedresourcesummary"),
        "rank": 1,
        "monthly_savings_usd": cells.get(_HUB_MARK),
        "monthly_cost_usd": cells.get("estimatedmonthlycostafterdiscount"),
        "savings_percent": cells.get("estimatedsavingspercentageafterdiscount"),
        "currency": cells.get("currencycode"),
        "effort": cells.get("implementationeffort"),
        "restart_needed": cells.get("restartneeded"),
        "rollback_possible": cells.get("rollbackpossible"),
        "lookback_days": cells.get("recommendationlookbackperiodindays"),
        "observed_at": cells.get("lastrefreshtimestamp"),
        "details": dict(cells),
    }


def _rows(export: _Export, line: Mapping[Any, Any]) -> Iterator[dict[str, Any]]:
    cells = _cells(line)
    arn = cells.get(export.arn)
    base = {
        "resource_id": resource_id_of_arn(arn) if arn else None,
        "arn": arn,
        "account_id": cells.get("accountid"),
        "region_id": arn.split(":")[3] if arn and arn.count(":") >= 5 else None,
        "name": _first(cells, "instancename", "autoscalinggroupname", "resourceid"),
        "source": "ComputeOptimizer",
        "check": export.check,
        "finding": _finding(_first(cells, "finding", "findings", "instancefinding") or ""),
        "finding_reasons": _reasons(line),
        "action": export.action,
        "resource_type": export.resource_type or cells.get("resourcetype"),
        "current": _joined(cells, export.current),
        "lookback_days": cells.get("lookbackperiodindays"),
        "observed_at": _first(cells, "lastrefreshtimestamputc", "lastrefreshtimestamp"),
        "details": {str(k): v for k, v in line.items() if k is not None and v not in (None, "")},
    }
    options = _options(cells)
    found = [n for n in sorted(options) if _joined(options[n], export.recommended)]
    for number in found:
        recommended = _joined(options[number], export.recommended)
        yield {**base, **_figures(options[number], number), "recommended": recommended}
    if not found:
        # Findings on idle resources have no options: their figure stands in the row itself.
        yield {**base, **_figures(cells, None)}


def _options(cells: Cells) -> dict[int, dict[str, str]]:
    """Return number → ending → cell of the ranked columns."""
    options: dict[int, dict[str, str]] = {}
    for head, cell in cells.items():
        match = _OPTION.fullmatch(head)
        if match is not None and not head.startswith("storage"):
            options.setdefault(int(match.group(1)), {})[match.group(2)] = cell
    return options


def _figures(cells: Cells, number: int | None) -> dict[str, Any]:
    return {
        "rank": cells.get("rank") or number,
        "monthly_savings_usd": _first(
            cells, "estimatedmonthlysavingsvalue", "savingsopportunityestimatedmonthlysavingsvalue"
        ),
        "currency": cells.get("estimatedmonthlysavingscurrency"),
        "savings_percent": cells.get("savingsopportunitypercentage"),
        "performance_risk": cells.get("performancerisk"),
        "effort": cells.get("migrationeffort"),
    }


def _joined(cells: Cells, heads: Sequence[str]) -> str | None:
    parts = [cells[head] for head in heads if head in cells]
    return "/".join(parts) or None


def _first(cells: Cells, *heads: str) -> str | None:
    return next((cells[head] for head in heads if head in cells), None)


def _finding(text: str) -> str | None:
    letters = re.sub(r"[^A-Z]", "", text.upper())
    return _FINDINGS.get(letters, text or None)


def _reasons(line: Mapping[Any, Any]) -> list[str]:
    """Return the reason codes whose column says true."""
    matches = [(_REASON.fullmatch(str(head)), cell) for head, cell in line.items()]
    return [m.group(1) for m, cell in matches if m and str(cell or "").strip().lower() == "true"]
