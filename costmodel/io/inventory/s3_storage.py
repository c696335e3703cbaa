"""Bytes of every bucket by storage class, from the daily storage metrics of CloudWatch."""

from datetime import datetime, timedelta
from typing import Any, Final

from costmodel.io.inventory.account import Account
from costmodel.io.inventory.ask import Refusal, ask, whole
from costmodel.io.inventory.cloudwatch import MetricReading
from costmodel.io.inventory.collect import Reading
from costmodel.io.inventory.registry import Call

_LIST: Final = Call("cloudwatch", "list_metrics", "s3_storage", {}, items="Metrics[]")
_DATA: Final = Call("cloudwatch", "get_metric_data", "s3_storage", {}, items="x")
_QUERIES: Final = 500
# The metric of a day appears up to two days later.
_LOOK_BACK_DAYS: Final = 4

# CloudWatch's StorageType → storage class of lifecycle rules; overheads belong to their class.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html
STORAGE_CLASSES: Final = {
    "StandardStorage": "STANDARD",
    "IntelligentTieringFAStorage": "INTELLIGENT_TIERING",
    "IntelligentTieringIAStorage": "INTELLIGENT_TIERING",
    "IntelligentTieringAIAStorage": "INTELLIGENT_TIERING",
    "IntelligentTieringAAStorage": "INTELLIGENT_TIERING",
    "IntelligentTieringDAAStorage": "INTELLIGENT_TIERING",
    "StandardIAStorage": "STANDARD_IA",
    "StandardIASizeOverhead": "STANDARD_IA",
    "IntAAObjectOverhead": "INTELLIGENT_TIERING",
    "IntAAS3ObjectOverhead": "INTELLIGENT_TIERING",
    "IntDAAObjectOverhead": "INTELLIGENT_TIERING",
    "IntDAAS3ObjectOverhead": "INTELLIGENT_TIERING",
    "OneZoneIAStorage": "ONEZONE_IA",
    "OneZoneIASizeOverhead": "ONEZONE_IA",
    "ReducedRedundancyStorage": "REDUCED_REDUNDANCY",
    "GlacierInstantRetrievalStorage": "GLACIER_IR",
    "GlacierIRSizeOverhead": "GLACIER_IR",
    "GlacierStorage": "GLACIER",
    "GlacierStagingStorage": "GLACIER",
    "GlacierObjectOverhead": "GLACIER",
    "GlacierS3ObjectOverhead": "GLACIER",
    "DeepArchiveStorage": "DEEP_ARCHIVE",
    "DeepArchiveObjectOverhead": "DEEP_ARCHIVE",
    "DeepArchiveS3ObjectOverhead": "DEEP_ARCHIVE",
    "DeepArchiveStagingStorage": "DEEP_ARCHIVE",
    "ExpressOneZoneStorage": "EXPRESS_ONEZONE",
}
# StorageType of the object count, which is not split by class.
ALL_STORAGE: Final = "AllStorageTypes"


def read_bucket_storage(
    account: Account, reading: Reading, metrics: MetricReading, now: datetime
) -> None:
    """Add the ``s3_storage`` rows of the buckets that were found."""
    buckets = {row["name"]: row for row in reading.rows.get("s3_buckets", [])}
    for region in sorted({str(row["region_id"]) for row in buckets.values()}):
        answer = ask(account, _LIST, region, {"Namespace": "AWS/S3"})
        reading.requests += 1
        if isinstance(answer, Refusal):
            reading.refusals[_LIST.name, region, answer.code, answer.message] += 1
            continue
        reading.read.add("s3_storage")
        found = [m for m in whole(answer).get("Metrics", []) if _is_storage(m, buckets)]
        metrics.asked += len(found)
        for begin in range(0, len(found), _QUERIES):
            _read_part(account, reading, region, found[begin : begin + _QUERIES], now)


def _is_storage(metric: dict[str, Any], buckets: dict[str, Any]) -> bool:
    named = {part["Name"]: part["Value"] for part in metric["Dimensions"]}
    return (
        metric["MetricName"] in ("BucketSizeBytes", "NumberOfObjects")
        and named.get("BucketName") in buckets
        and "StorageType" in named
    )


def _read_part(
    account: Account, reading: Reading, region: str, found: list[dict[str, Any]], now: datetime
) -> None:
    queries = [
        {
            "Id": f"m{number}",
            "MetricStat": {"Metric": metric, "Period": 86_400, "Stat": "Average"},
        }
        for number, metric in enumerate(found)
    ]
    begin = now - timedelta(days=_LOOK_BACK_DAYS)
    answer = ask(
        account, _DATA, region, {"StartTime": begin, "EndTime": now, "MetricDataQueries": queries}
    )
    reading.requests += 1
    if isinstance(answer, Refusal):
        reading.refusals[_DATA.name, region, answer.code, answer.message] += 1
        return
    rows = reading.rows.setdefault("s3_storage", [])
    for result in whole(answer).get("MetricDataResults", []):
        if result["Values"]:
            metric = found[int(result["Id"][1:])]
            rows.append(_row(account, region, metric, result))


def _row(
    account: Account, region: str, metric: dict[str, Any], result: dict[str, Any]
) -> dict[str, Any]:
    named = {part["Name"]: part["Value"] for part in metric["Dimensions"]}
    when, value = max(zip(result["Timestamps"], result["Values"], strict=True))
    kind = named["StorageType"]
    measured = "bytes" if metric["MetricName"] == "BucketSizeBytes" else "objects"
    return {
        "resource_id": named["BucketName"],
        "name": named["BucketName"],
        "account_id": account.account_id,
        "region_id": region,
        "storage_class": None if kind == ALL_STORAGE else STORAGE_CLASSES.get(kind, kind),
        "storage_type": kind,
        measured: value,
        "observed_at": when,
        "source": "cloudwatch",
    }
