"""Collect an inventory from a live account: resources, tags, metrics, advice."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from costmodel.errors import BadInputError
from costmodel.io.inventory.account import ATTEMPTS, Account, open_account
from costmodel.io.inventory.ask import Refusal, ask, whole
from costmodel.io.inventory.cloudwatch import MetricReading, read_metrics
from costmodel.io.inventory.collect import (
    Progress,
    Reading,
    finished_rows,
    read_account,
    reading_issues,
    silent,
)
from costmodel.io.inventory.derive import derive_columns, fill_tags
from costmodel.io.inventory.registry import Call, load_calls
from costmodel.io.inventory.s3_storage import read_bucket_storage
from costmodel.io.inventory.store import check_target, write_inventory
from costmodel.optimize.inventory import Inventory, arrow_schema, build_table

LEAST_DAYS: Final = 14
MOST_DAYS: Final = 63
_TAGS: Final = Call(
    "resourcegroupstaggingapi", "get_resources", "", {}, items="ResourceTagMappingList[]"
)


def collect_inventory(
    out: Path,
    *,
    now: datetime,
    regions: Sequence[str] = (),
    services: Sequence[str] = (),
    days: int = LEAST_DAYS,
    profile: str | None = None,
    endpoint_url: str | None = None,
    workers: int = 16,
    attempts: int = ATTEMPTS,
    progress: Progress = silent,
) -> Inventory:
    """Read an account, read-only, and write it to a folder.

    Args:
        out: folder of the inventory; an inventory that stands there is replaced.
        now: time of the collection.
        regions: regions to read; empty reads every enabled one.
        services: boto3 service names to read; empty reads all the registry knows.
        days: look-back of the metrics, 14 to 63.
        profile: profile of the AWS configuration files.
        endpoint_url: answers all calls instead of AWS.
        workers: calls in flight at once.
        attempts: most tries of one call.
        progress: called with (done, total, label).
    """
    if not LEAST_DAYS <= days <= MOST_DAYS:
        raise BadInputError(
            f"--days {days}: CloudWatch keeps 5-minute points for 63 days; 14 to 63"
        )
    check_target(out)
    calls = _chosen(services)
    account, issues = open_account(
        regions=regions,
        profile=profile,
        endpoint_url=endpoint_url,
        workers=workers,
        attempts=attempts,
    )
    reading = read_account(account, calls, progress)
    _add_tags(account, reading)
    derive_columns(reading.rows, reading.read)
    metrics = read_metrics(account, reading.rows, now=now, days=days, progress=progress)
    read_bucket_storage(account, reading, metrics, now)
    inventory = Inventory(
        _tables(reading, metrics),
        now,
        (*issues, *reading_issues(reading), *metrics.issues),
        (f"account {account.account_id}",),
    )
    write_inventory(inventory, out, _about(account, reading, metrics, days))
    return inventory


def _chosen(services: Sequence[str]) -> list[Call]:
    calls = load_calls()
    known = {call.service for call in calls}
    unknown = sorted(set(services) - known)
    if unknown:
        raise BadInputError(
            f"--service {unknown[0]}: not one of the collector's; 'costmodel inventory policy "
            "--format table' lists them"
        )
    return [call for call in calls if not services or call.service in services]


def _add_tags(account: Account, reading: Reading) -> None:
    """Ask the tagging API for tags the services did not give."""
    for region in account.regions:
        answer = ask(account, _TAGS, region, {})
        reading.requests += 1
        if isinstance(answer, Refusal):
            reading.refusals[_TAGS.name, region, answer.code, answer.message] += 1
            continue
        tagged = {
            found["ResourceARN"]: {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}
            for found in whole(answer).get("ResourceTagMappingList", [])
        }
        fill_tags(reading.rows, tagged)


def _tables(reading: Reading, metrics: MetricReading) -> dict[str, Any]:
    tables = {
        kind: build_table(kind, finished_rows(reading, kind)) for kind in sorted(reading.read)
    }
    for kind, parts in (("metrics", metrics.metrics), ("metric_series", metrics.series)):
        tables[kind] = pa.concat_tables([arrow_schema(kind).empty_table(), *parts])
    return tables


def _about(
    account: Account, reading: Reading, metrics: MetricReading, days: int
) -> dict[str, Any]:
    return {
        "account_id": account.account_id,
        "regions": list(account.regions),
        "metric_days": days,
        "requests": reading.requests,
        # CloudWatch charges GetMetricData by the metric.
        "metrics_requested": metrics.asked,
    }
