"""S3 Inventory and S3 Storage Lens exports → bytes by class and cohorts of alike objects.

S3 Inventory: the manifest.json of a delivery with its CSV or Parquet files beside it (or under the
paths it names), https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html
Storage Lens: the CSV export, one metric per line,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage_lens_metrics_glossary.html
"""

import io
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv
import pyarrow.parquet as pq

from costmodel.errors import BadInputError
from costmodel.io.inventory.answer import read_time
from costmodel.io.inventory.metric_files import read_bytes, read_json
from costmodel.optimize.inventory import Inventory, build_table

# Ages that lifecycle rules, minimum durations and Intelligent-Tiering turn on.
AGE_BOUNDS_DAYS: Final = np.array([1, 7, 30, 60, 90, 180, 365, 730])
_SMALL_BYTES: Final = 128 * 1024
_DAY: Final = 86_400.0
_GROUP: Final = ["bucket", "storage_class", "is_current", "age_bin", "size_bin"]
# Words of the CSV schema in the manifest → column names of the Parquet files.
_INVENTORY: Final = {
    "bucket": "bucket", "size": "size", "storageclass": "storage_class",
    "lastmodifieddate": "last_modified_date", "islatest": "is_latest",
    "isdeletemarker": "is_delete_marker",
}  # fmt: skip
_LENS_COLUMNS: Final = {
    "report_date", "storage_class", "record_type", "bucket_name", "metric_name", "metric_value",
}  # fmt: skip
_LENS_METRICS: Final = {
    "StorageBytes": "bytes",
    "ObjectCount": "objects",
    "NonCurrentVersionStorageBytes": "noncurrent_bytes",
    "IncompleteMultipartUploadStorageBytes": "incomplete_multipart_bytes",
    "IncompleteMPUStorageBytesOlderThan7Days": "incomplete_multipart_bytes_over_7_days",
}


def read_s3_inventory(manifest: Path) -> Inventory:
    """Read a delivery of S3 Inventory into ``s3_cohorts`` and ``s3_storage``.

    Ages count to the time the inventory was taken, which the manifest holds.
    """
    document = read_json(manifest)
    missing = [k for k in ("sourceBucket", "fileFormat", "files") if k not in document]
    if missing:
        raise BadInputError(f"{manifest}: has no '{missing[0]}'; name an S3 Inventory manifest")
    taken = read_time(int(document.get("creationTimestamp") or 0))
    if taken is None or taken.year < 2000:
        raise BadInputError(f"{manifest}: has no creationTimestamp; ages cannot be known")
    names = [_column(word) for word in str(document.get("fileSchema", "")).split(",")]
    parts = []
    for entry in document["files"]:
        path = _beside(manifest, str(entry["key"]))
        objects = _read_objects(path, str(document["fileFormat"]).upper(), names)
        parts.append(_grouped(objects, str(document["sourceBucket"]), taken, path))
    cohorts = _merge(parts)
    tables = {
        "s3_cohorts": build_table("s3_cohorts", map(_cohort_row, cohorts)),
        "s3_storage": build_table("s3_storage", _storage_rows(cohorts, taken)),
    }
    return Inventory(tables, taken, (), (str(manifest),))


def _column(word: str) -> str:
    plain = word.strip().lower().replace("_", "")
    return _INVENTORY.get(plain, plain)


def _beside(manifest: Path, key: str) -> Path:
    """Return the data file: where the key says, or beside the manifest."""
    name = Path(key).name
    parents = (manifest.parent, manifest.parent / "data", manifest.parent.parent / "data")
    for parent in parents:
        if (parent / name).is_file():
            return parent / name
    raise BadInputError(f"{manifest}: its file {name} is not beside it; copy the data files too")


def _read_objects(path: Path, kind: str, names: list[str]) -> pa.Table:
    if kind == "PARQUET":
        try:
            table = pq.read_table(path)
        except (OSError, pa.ArrowInvalid) as error:
            raise BadInputError(f"{path}: cannot be read ({error})") from None
        return table.rename_columns([_column(name) for name in table.column_names])
    if kind != "CSV":
        raise BadInputError(f"{path}: is {kind}; let S3 Inventory deliver CSV or Parquet")
    wanted = {name: pa.string() for name in names if name in _INVENTORY.values()}
    try:
        return pv.read_csv(
            io.BytesIO(read_bytes(path)),
            read_options=pv.ReadOptions(column_names=names),
            convert_options=pv.ConvertOptions(column_types=wanted, include_columns=list(wanted)),
        )
    except pa.ArrowInvalid as error:
        raise BadInputError(f"{path}: does not fit the manifest's schema ({error})") from None


def _grouped(objects: pa.Table, bucket: str, taken: datetime, path: Path) -> pa.Table:
    """Return objects and bytes per cohort."""
    for name in ("size", "last_modified_date", "storage_class"):
        if name not in objects.column_names:
            raise BadInputError(f"{path}: the inventory has no {name}; add the field to it")
    if "is_delete_marker" in objects.column_names:
        objects = objects.filter(pc.invert(_flags(objects["is_delete_marker"], absent=False)))
    size = pc.cast(pc.fill_null(_number(objects["size"]), 0.0), pa.float64())
    age = _ages(objects["last_modified_date"], taken)
    latest = pa.array([True] * objects.num_rows)
    if "is_latest" in objects.column_names:
        latest = _flags(objects["is_latest"], absent=True)
    table = pa.table(
        {
            "bucket": pa.array([bucket] * objects.num_rows, pa.string()),
            "storage_class": pc.fill_null(objects["storage_class"], "STANDARD"),
            "is_current": latest,
            "age_bin": np.searchsorted(AGE_BOUNDS_DAYS, age, side="right"),
            # Cohorts of twice the size: fine enough for the 128 KB rules, few enough to list.
            "size_bin": np.ceil(np.log2(np.maximum(np.asarray(size), 1.0) / _SMALL_BYTES)),
            "bytes": size,
            "age_days": age,
        }
    )
    return table.group_by(_GROUP).aggregate(
        [("bytes", "sum"), ("bytes", "count"), ("age_days", "sum")]
    )


def _flags(column: Any, *, absent: bool) -> Any:
    if pa.types.is_boolean(column.type):
        return pc.fill_null(column, absent)
    text = pc.utf8_lower(pc.cast(column, pa.string()))
    return pc.fill_null(pc.if_else(pc.equal(text, ""), absent, pc.equal(text, "true")), absent)


def _number(column: Any) -> Any:
    if pa.types.is_string(column.type):
        column = pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
    return pc.cast(column, pa.float64())


def _ages(column: Any, taken: datetime) -> Any:
    if pa.types.is_string(column.type):
        column = pc.cast(column, pa.timestamp("ms", tz="UTC"))
    seconds = pc.cast(pc.cast(column, pa.timestamp("ms")), pa.int64()).to_numpy() / 1000.0
    return np.maximum((taken.timestamp() - seconds) / _DAY, 0.0)


def _merge(parts: list[pa.Table]) -> list[dict[str, Any]]:
    if not parts:
        return []
    sums = [(name, "sum") for name in ("bytes_sum", "bytes_count", "age_days_sum")]
    merged = pa.concat_tables(parts).group_by(_GROUP).aggregate(sums)
    return [
        {
            **{name: row[name] for name in _GROUP},
            "objects": row["bytes_count_sum"],
            "bytes": row["bytes_sum_sum"],
            "age_days": row["age_days_sum_sum"] / row["bytes_count_sum"],
        }
        for row in merged.sort_by([(name, "ascending") for name in _GROUP]).to_pylist()
    ]


def _cohort_row(cohort: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "resource_id": cohort["bucket"],
        "name": cohort["bucket"],
        "storage_class": cohort["storage_class"],
        "is_current": cohort["is_current"],
        "age_days": cohort["age_days"],
        "object_bytes": cohort["bytes"] / cohort["objects"],
        "objects": cohort["objects"],
        "bytes": cohort["bytes"],
    }


def _storage_rows(cohorts: Iterable[Mapping[str, Any]], taken: datetime) -> list[dict[str, Any]]:
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for cohort in cohorts:
        key = (cohort["bucket"], cohort["storage_class"])
        row = rows.setdefault(
            key,
            {
                "resource_id": key[0],
                "name": key[0],
                "storage_class": key[1],
                "storage_type": key[1],
                "observed_at": taken,
                "source": "inventory",
                **dict.fromkeys(
                    ("bytes", "objects", "noncurrent_bytes", "bytes_under_128_kb"), 0.0
                ),
            },
        )
        row["bytes"] += cohort["bytes"]
        row["objects"] += cohort["objects"]
        row["noncurrent_bytes"] += 0.0 if cohort["is_current"] else cohort["bytes"]
        row["bytes_under_128_kb"] += cohort["bytes"] if cohort["size_bin"] <= 0 else 0.0
    return list(rows.values())


def read_storage_lens(path: Path) -> Inventory:
    """Read a Storage Lens CSV export into ``s3_storage``: the newest day of every bucket."""
    try:
        table = pv.read_csv(io.BytesIO(read_bytes(path)), convert_options=_lens_types())
    except pa.ArrowInvalid as error:
        raise BadInputError(f"{path}: is not a Storage Lens export ({error})") from None
    absent = sorted(_LENS_COLUMNS - set(table.column_names))
    if absent:
        raise BadInputError(f"{path}: has no column '{absent[0]}'; name a Storage Lens CSV export")
    buckets = table.filter(
        pc.and_(
            pc.equal(table["record_type"], "BUCKET"),
            pc.is_in(table["metric_name"], pa.array(list(_LENS_METRICS))),
        )
    )
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for line in buckets.sort_by("report_date").to_pylist():
        key = (line["bucket_name"], line["storage_class"])
        row = rows.get(key)
        if row is None or row["storage_type"] != line["report_date"]:
            row = rows[key] = _lens_row(line)
        row[_LENS_METRICS[line["metric_name"]]] = line["metric_value"]
    found = [{**row, "storage_type": row["storage_class"]} for row in rows.values()]
    times = [row["observed_at"] for row in found if row["observed_at"] is not None]
    taken = max(times, default=datetime(1970, 1, 1, tzinfo=UTC))
    return Inventory({"s3_storage": build_table("s3_storage", found)}, taken, (), (str(path),))


def _lens_types() -> pv.ConvertOptions:
    texts = ("report_date", "aws_account_number", "storage_class", "bucket_name", "metric_name")
    return pv.ConvertOptions(
        column_types={**dict.fromkeys(texts, pa.string()), "metric_value": pa.float64()}
    )


def _lens_row(line: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "resource_id": line["bucket_name"],
        "name": line["bucket_name"],
        "account_id": line.get("aws_account_number"),
        "region_id": line.get("aws_region"),
        "storage_class": str(line["storage_class"]).upper(),
        # Kept until the newest day of the bucket is known.
        "storage_type": line["report_date"],
        "observed_at": read_time(line["report_date"]),
        "source": "storage-lens",
    }
