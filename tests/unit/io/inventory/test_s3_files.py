import gzip
import json
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from costmodel.errors import BadInputError
from costmodel.io.inventory.s3_files import read_s3_inventory, read_storage_lens

TAKEN = datetime(2026, 3, 1, tzinfo=UTC)
KB = 1024
SCHEMA = "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, StorageClass"


def manifest(folder, kind: str, name: str, schema: str = SCHEMA):
    document = {
        "sourceBucket": "logs", "fileFormat": kind, "fileSchema": schema,
        "creationTimestamp": str(int(TAKEN.timestamp() * 1000)),
        "files": [{"key": f"inventory/data/{name}"}],
    }  # fmt: skip
    path = folder / "manifest.json"
    path.write_text(json.dumps(document))
    return path


def line(size: int, days: int, storage: str = "STANDARD", latest="true", marker="false") -> str:
    when = (TAKEN - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return f'"logs","a%20b","v","{latest}","{marker}","{size}","{when}","{storage}"\n'


@pytest.fixture
def delivery(tmp_path):
    text = "".join(
        [
            line(64 * KB, 100), line(128 * KB, 100), line(129 * KB, 100), line(1024 * KB, 5),
            line(1024 * KB, 6), line(2048 * KB, 400, latest="false"),
            line(0, 1, marker="true"), line(4096 * KB, 200, "STANDARD_IA"),
        ]
    )  # fmt: skip
    (tmp_path / "part.csv.gz").write_bytes(gzip.compress(text.encode()))
    return manifest(tmp_path, "CSV", "part.csv.gz")


def test_bytes_and_versions_add_up_by_class(delivery) -> None:
    rows = read_s3_inventory(delivery).table("s3_storage").to_pylist()

    standard, cold = rows
    assert (standard["resource_id"], standard["storage_class"]) == ("logs", "STANDARD")
    assert standard["objects"] == 6
    assert standard["bytes"] == (64 + 128 + 129 + 1024 + 1024 + 2048) * KB
    assert standard["noncurrent_bytes"] == 2048 * KB
    assert standard["bytes_under_128_kb"] == (64 + 128) * KB  # 128 KB itself is not above
    assert (cold["storage_class"], cold["objects"]) == ("STANDARD_IA", 1)
    assert cold["observed_at"] == TAKEN


def test_cohorts_keep_age_and_size_and_lose_no_byte(delivery) -> None:
    inventory = read_s3_inventory(delivery)

    cohorts = inventory.table("s3_cohorts").to_pylist()
    young = next(c for c in cohorts if c["object_bytes"] == 1024 * KB)
    assert (young["objects"], young["age_days"], young["is_current"]) == (2, 5.5, True)
    old = next(c for c in cohorts if not c["is_current"])
    assert (old["age_days"], old["bytes"]) == (400, 2048 * KB)
    assert sum(c["bytes"] for c in cohorts) == sum(
        row["bytes"] for row in inventory.table("s3_storage").to_pylist()
    )
    assert inventory.collected_at == TAKEN


def test_parquet_deliveries_are_read_too(tmp_path) -> None:
    (tmp_path / "data").mkdir()
    table = pa.table(
        {
            "bucket": ["logs"] * 2, "key": ["a", "b"], "size": pa.array([10, None], pa.int64()),
            "is_latest": [True, True],
            "last_modified_date": pa.array([TAKEN - timedelta(days=40)] * 2, pa.timestamp("ms")),
            "storage_class": ["STANDARD", None],
        }
    )  # fmt: skip
    pq.write_table(table, tmp_path / "data" / "p.parquet")
    path = manifest(tmp_path, "Parquet", "p.parquet", "message s3.inventory { }")

    rows = read_s3_inventory(path).table("s3_cohorts").to_pylist()

    assert sum(row["objects"] for row in rows) == 2
    assert {row["age_days"] for row in rows} == {40}


def lens(*rows: tuple) -> str:
    head = (
        "version_number,configuration_id,report_date,aws_account_number,aws_region,"
        "storage_class,record_type,record_value,bucket_name,metric_name,metric_value\n"
    )
    return head + "".join(
        f"V_1,c,{day},012345678901,eu-west-1,{storage},{kind},,{bucket},{name},{value}\n"
        for day, storage, kind, bucket, name, value in rows
    )


def test_storage_lens_gives_the_newest_day_of_every_bucket(tmp_path) -> None:
    path = tmp_path / "lens.csv"
    path.write_text(
        lens(
            ("2026-02-28", "STANDARD", "BUCKET", "logs", "StorageBytes", 5),
            ("2026-02-28", "STANDARD", "BUCKET", "logs", "NonCurrentVersionStorageBytes", 4),
            ("2026-03-01", "STANDARD", "BUCKET", "logs", "StorageBytes", 7),
            ("2026-03-01", "STANDARD", "BUCKET", "logs", "ObjectCount", 2),
            (
                "2026-03-01",
                "STANDARD",
                "BUCKET",
                "logs",
                "IncompleteMPUStorageBytesOlderThan7Days",
                1,
            ),
            ("2026-03-01", "STANDARD", "ACCOUNT", "", "StorageBytes", 99),
            ("2026-03-01", "GLACIER", "BUCKET", "logs", "StorageBytes", 3),
        )
    )

    rows = {r["storage_class"]: r for r in read_storage_lens(path).table("s3_storage").to_pylist()}

    assert set(rows) == {"STANDARD", "GLACIER"}
    standard = rows["STANDARD"]
    assert (standard["bytes"], standard["objects"]) == (7, 2)
    assert standard["incomplete_multipart_bytes_over_7_days"] == 1
    assert standard["noncurrent_bytes"] is None  # of an older day: unknown now
    assert standard["account_id"] == "012345678901"
    assert standard["observed_at"].day == 1


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "has no 'sourceBucket'"),
        ({"sourceBucket": "b", "fileFormat": "CSV", "files": []}, "creationTimestamp"),
        (
            {"sourceBucket": "b", "fileFormat": "CSV", "creationTimestamp": "1772323200000",
             "files": [{"key": "x/y.csv.gz"}]},
            "y.csv.gz is not beside it",
        ),
    ],
)  # fmt: skip
def test_a_bad_manifest_is_one_clear_line(tmp_path, document, message) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(document))

    with pytest.raises(BadInputError, match=message):
        read_s3_inventory(path)


def test_an_inventory_without_a_needed_field_or_in_orc_is_refused(tmp_path) -> None:
    (tmp_path / "p.csv.gz").write_bytes(gzip.compress(b'"logs","a","5"\n'))

    with pytest.raises(BadInputError, match="no last_modified_date"):
        read_s3_inventory(manifest(tmp_path, "CSV", "p.csv.gz", "Bucket, Key, Size"))
    with pytest.raises(BadInputError, match="is ORC"):
        read_s3_inventory(manifest(tmp_path, "ORC", "p.csv.gz"))
    with pytest.raises(BadInputError, match="does not fit"):
        read_s3_inventory(manifest(tmp_path, "CSV", "p.csv.gz"))


def test_another_csv_is_no_storage_lens_export(tmp_path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")

    with pytest.raises(BadInputError, match="no column 'bucket_name'"):
        read_storage_lens(path)
