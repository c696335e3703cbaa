"""Saved API answers and exports of AWS's own tools → inventory tables.

JSON as the AWS CLI prints it (``aws ec2 describe-instances > file.json``), as recorders keep it
(``{"status_code": 200, "data": …}``), or the Support API's Trusted Advisor result; CSV and Parquet
as Compute Optimizer and Cost Optimization Hub export it. Which call a JSON file answers is told by
its keys.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from costmodel.errors import BadInputError, Issue, IssueReason
from costmodel.io.inventory.answer import find, plain
from costmodel.io.inventory.derive import derive_columns, dollars
from costmodel.io.inventory.metric_files import read_json
from costmodel.io.inventory.optimizer_export import read_advice_export
from costmodel.io.inventory.registry import Call, load_calls
from costmodel.io.inventory.rows import finish_row, item_row
from costmodel.optimize.inventory import Inventory, build_table

_FIRST_WORD: Final = re.compile(r"\w+")
_KNOWN_KEYS: Final = ("ResponseMetadata", "NextToken", "nextToken")


def read_saved_answers(paths: Iterable[Path], *, region: str | None = None) -> Inventory:
    """Read saved answers and exports into the tables they fill.

    A file that answers no call of the registry is bad input; items without an id are reported.

    Args:
        paths: files, or folders of them.
        region: where items stand that do not say it: the CLI prints none.
    """
    rows: dict[str, list[dict[str, Any]]] = {}
    issues: list[Issue] = []
    files = _files(paths)
    for path in files:
        for table, row in _rows_of(path):
            row["region_id"] = row.get("region_id") or region
            if row.get("resource_id") is None:
                message = f"an item of {table} has no id and is left out"
                issues.append(Issue(IssueReason.DATA_QUALITY, str(path), message))
            else:
                rows.setdefault(table, []).append(row)
    derive_columns(rows, set(rows))
    tables = {
        table: build_table(table, (finish_row(table, row) for row in found))
        for table, found in rows.items()
    }
    return Inventory(tables, issues=tuple(issues), sources=tuple(map(str, files)))


def _files(paths: Iterable[Path]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if not path.exists():
            raise BadInputError(f"{path}: does not exist")
        found = [p for p in path.rglob("*") if _is_read(p)] if path.is_dir() else [path]
        if not found:
            raise BadInputError(f"{path}: holds no .json, .csv or .parquet file of evidence")
        files += sorted(found)
    return files


def _is_read(path: Path) -> bool:
    """Say whether a file of a folder is read; Compute Optimizer describes exports in others."""
    name = path.name.removesuffix(".gz")
    return name.endswith((".json", ".csv", ".parquet")) and not name.endswith("metadata.json")


def _rows_of(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    if path.name.removesuffix(".gz").endswith((".csv", ".parquet")):
        for row in read_advice_export(path):
            yield "evidence", row
        return
    document = plain(read_json(path))
    if isinstance(document, dict) and isinstance(document.get("data"), dict):
        document = document["data"]
    if not isinstance(document, dict):
        raise BadInputError(f"{path}: is not an answer of an AWS API")
    if isinstance(document.get("result"), dict) and "flaggedResources" in document["result"]:
        for row in _advisor_rows(document["result"]):
            yield "evidence", row
        return
    if "recommendationResourceSummaries" in document:
        for row in map(_advised_resource, document["recommendationResourceSummaries"]):
            yield "evidence", row
        return
    calls = _candidates(document)
    if not calls:
        keys = ", ".join(key for key in document if key not in _KNOWN_KEYS)[:80] or "nothing"
        raise BadInputError(f"{path}: answers no call the inventory knows (it holds {keys})")
    best = max(calls, key=lambda call: _fit(call, document))
    for item in find(best.items, document) or []:
        yield best.table, _row(best, item)


@cache
def _by_key() -> Mapping[str, Sequence[Call]]:
    """Return the calls that make rows, by the first key of their answer."""
    found: dict[str, list[Call]] = {}
    for call in load_calls():
        if call.creates_rows and call.per is None:
            for part in call.items.split("||"):
                word = _FIRST_WORD.search(part)
                if word is not None:
                    found.setdefault(word.group(), []).append(call)
    return found


def _candidates(document: Mapping[str, Any]) -> list[Call]:
    return [call for key in document for call in _by_key().get(key, ())]


def _fit(call: Call, document: Mapping[str, Any]) -> float:
    """Return the share of a call's columns that the first item fills."""
    items = find(call.items, document) or []
    if not items:
        return 0.0
    document = {**(items[0] if isinstance(items[0], dict) else {"value": items[0]})}
    filled = [find(text, document) is not None for text in call.columns.values()]
    return sum(filled) / len(filled)


def _row(call: Call, item: Any) -> dict[str, Any]:
    """Return the row of a saved item; account and region are what its ARN says."""
    place = {"partition": "", "account_id": "", "region_id": ""}
    row = item_row(call, item, {"_parent": {}}, place)
    if call.arn:
        # A template cannot name an account nobody told.
        row["resource_id"] = (
            row.get("name") if row["resource_id"] == row["arn"] else row["resource_id"]
        )
        row["arn"] = None
    parts = str(row.get("arn") or "").split(":")
    named = dict(zip(("region_id", "account_id"), parts[3:5], strict=False))
    for name in ("region_id", "account_id"):
        row[name] = row.get(name) or named.get(name) or None
    return row


def _advisor_rows(result: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield evidence of DescribeTrustedAdvisorCheckResult (Support API)."""
    for flagged in result["flaggedResources"]:
        if not flagged.get("isSuppressed"):
            yield {
                "resource_id": flagged.get("resourceId"),
                "region_id": flagged.get("region"),
                "source": "TrustedAdvisor",
                "check": result.get("checkId"),
                "finding": flagged.get("status"),
                "observed_at": result.get("timestamp"),
                "monthly_savings_usd": dollars(flagged.get("metadata") or []),
                "details": flagged.get("metadata"),
            }


def _advised_resource(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return evidence of ListRecommendationResources; saved alone it does not name its check."""
    metadata = item.get("metadata") or {}
    return {
        "resource_id": item.get("awsResourceId"),
        "region_id": item.get("regionCode"),
        "source": "TrustedAdvisor",
        "check": item.get("recommendationArn"),
        "finding": item.get("status"),
        "observed_at": item.get("lastUpdatedAt"),
        "monthly_savings_usd": dollars(list(metadata.values())),
        "details": metadata,
    }
