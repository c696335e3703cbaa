"""Write a generated bill where AWS would deliver it: files, folders and manifests."""

import gzip
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from costmodel.bill.generate.chunks import month_chunks
from costmodel.bill.generate.cur import Period, cur_batch, payer_id
from costmodel.bill.generate.cur2 import cur2_batch
from costmodel.bill.generate.focus import focus_1_0_batch, focus_1_2_batch
from costmodel.bill.generate.plan import BillPlan, BillSettings, build_plan
from costmodel.bill.generate.prices import PriceTable
from costmodel.bill.generate.rows import Chunk, StreamState, stream_state
from costmodel.bill.generate.texts import Texts, build_texts
from costmodel.errors import BadInputError

BillFormat = Literal["cur", "cur-csv", "cur2", "focus-1.0", "focus-1.2"]
_REPORT = "costs"
_PAYER = ("bill_payer_account_id", "BillingAccountId")
_ROWS_PER_FILE = 1_000_000
_BUCKET = "example-billing"


@dataclass(frozen=True, slots=True)
class GeneratedBill:
    """What was written."""

    plan: BillPlan
    format: BillFormat
    folder: Path
    files: tuple[Path, ...]
    rows: int

    def to_json(self) -> dict[str, Any]:
        """Return rows, files and planned anomalies."""
        offers = self.plan.prices.offers
        return {
            "format": self.format,
            "folder": str(self.folder),
            "rows": self.rows,
            "files": [str(file.relative_to(self.folder)) for file in self.files],
            "anomalies": [
                {
                    "usage_type": offers[anomaly.offer].usage_type,
                    "service_code": offers[anomaly.offer].meter.service_code,
                    "account": anomaly.account,
                    "first_hour": anomaly.first_hour,
                    "last_hour": anomaly.last_hour,
                    "factor": anomaly.factor,
                }
                for anomaly in self.plan.anomalies
            ],
        }


class _Layout(NamedTuple):
    """Where a format's files go, and how a chunk becomes rows of it."""

    batch: Callable[[Texts, Period, Chunk], pa.RecordBatch]
    file: Callable[[Period, int], str]
    manifests: Callable[[Period, list[str], list[str], str], dict[str, Any]]


def generate_bill(
    settings: BillSettings, prices: PriceTable, folder: Path, bill_format: BillFormat
) -> GeneratedBill:
    """Generate a bill and write it to an empty or new folder.

    Raises:
        BadInputError: the folder has files in it already.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInputError(f"{folder} is not an empty folder: name a new one with --out")
    state = stream_state(build_plan(settings, prices))
    texts = build_texts(state.plan, state.lines)
    files: list[Path] = []
    rows = 0
    for month in range(settings.months):
        written = _write_month(state, texts, month, folder, bill_format)
        files += [folder / name for name in written.files]
        rows += written.rows
    return GeneratedBill(state.plan, bill_format, folder, tuple(files), rows)


class _Written(NamedTuple):
    files: list[str]
    rows: int


def _write_month(
    state: StreamState, texts: Texts, month: int, folder: Path, bill_format: BillFormat
) -> _Written:
    layout = _LAYOUTS[bill_format]
    settings = state.plan.settings
    begin, end = settings.month_hours()[month : month + 2].tolist()
    name = str(np.datetime64(settings.first_month, "M") + month)
    period = Period(name, begin, end - begin)
    batches = (layout.batch(texts, period, chunk) for chunk in month_chunks(state, month))
    files, rows = [], 0
    columns: list[str] = []
    write = _write_csv if bill_format == "cur-csv" else _write_parquet
    for number, part in enumerate(_parts(batches), start=1):
        file = layout.file(period, number)
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        rows += write(folder / file, part, columns)
        files.append(file)
    for file, manifest in layout.manifests(period, files, columns, payer_id(texts)).items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    return _Written(files, rows)


def _parts(batches: Iterator[pa.RecordBatch]) -> Iterator[Iterator[pa.RecordBatch]]:
    """Cut a stream of batches into files of about a million rows, read one after the other."""
    waiting = next(batches, None)
    while waiting is not None:
        first = waiting

        def one_file(head: pa.RecordBatch = first) -> Iterator[pa.RecordBatch]:
            nonlocal waiting
            rows, batch = 0, head
            while batch is not None and (rows == 0 or rows + batch.num_rows <= _ROWS_PER_FILE):
                rows += batch.num_rows
                yield batch
                batch = next(batches, None)
            waiting = batch

        yield one_file()


def _write_parquet(path: Path, batches: Iterator[pa.RecordBatch], columns: list[str]) -> int:
    """Write one file, encoding a batch while the next is being made; return its rows."""
    first = next(batches)
    columns[:] = first.schema.names
    rows: int = 0
    # Without our schema in the file readers see plain text columns, as in AWS's files.
    with (
        pq.ParquetWriter(
            path,
            first.schema,
            compression="snappy",
            store_schema=False,
            # Statistics help where rows are sorted, by time, and where a value is the same in all
            # rows, the payer; elsewhere they cost a third more.
            write_statistics=[
                f.name for f in first.schema if pa.types.is_timestamp(f.type) or f.name in _PAYER
            ],
        ) as writer,
        ThreadPoolExecutor(1) as pool,
    ):
        job = pool.submit(writer.write_batch, first)
        rows += first.num_rows
        for batch in batches:
            job.result()
            job = pool.submit(writer.write_batch, batch)
            rows += batch.num_rows
        job.result()
    return rows


def _write_csv(path: Path, batches: Iterator[pa.RecordBatch], columns: list[str]) -> int:
    """Write one gzip file with a header of ``category/Name``; return its rows."""
    rows = 0
    with gzip.open(path, "wb", compresslevel=4) as file:
        for batch in batches:
            table = _csv_table(batch)
            columns[:] = table.column_names
            options = pyarrow.csv.WriteOptions(include_header=rows == 0, quoting_style="needed")
            pyarrow.csv.write_csv(table, file, options)
            rows += int(batch.num_rows)
    return rows


def _csv_table(batch: pa.RecordBatch) -> pa.Table:
    """Return rows as CSV has them: plain text, times as 2026-01-01T00:00:00Z."""
    columns = {}
    for name, values in zip(batch.schema.names, batch.columns, strict=True):
        if pa.types.is_dictionary(values.type):
            values = values.cast(pa.string())
        elif pa.types.is_timestamp(values.type):
            distinct = values.dictionary_encode()
            texts = pc.strftime(distinct.dictionary, format="%Y-%m-%dT%H:%M:%SZ")
            # Arrow writes milliseconds into %S; CUR has none.
            texts = pc.replace_substring(texts, ".000Z", "Z")
            values = texts.take(distinct.indices)
        columns[csv_header(name)] = values
    return pa.table(columns)


_CATEGORIES = {
    "line_item": "lineItem", "savings_plan": "savingsPlan", "resource_tags": "resourceTags",
}  # fmt: skip
_LOWER_FIRST = ("product", "pricing_currency", "pricing_public", "pricing_term", "pricing_unit")


def csv_header(name: str) -> str:
    """Return the CSV header of a snake_case CUR column: ``category/Name``.

    Every capital starts a word of the snake_case name, so ``a_r_n`` is ``ARN``.
    """
    category = next((c for c in _CATEGORIES if name.startswith(c)), name.partition("_")[0])
    rest = name.removeprefix(category).removeprefix("_")
    if category == "resource_tags":
        return f"resourceTags/user:{rest.removeprefix('user_')}"
    words = "".join(word.capitalize() for word in rest.split("_"))
    if name.startswith(_LOWER_FIRST) and rest != "product_name":
        words = words[0].lower() + words[1:]
    return f"{_CATEGORIES.get(category, category)}/{words}"


def _compact(month: str, months_on: int = 0) -> str:
    return str(np.datetime64(month, "M") + months_on).replace("-", "") + "01"


def _range(period: Period) -> str:
    return f"{_compact(period.month)}-{_compact(period.month, 1)}"


def _assembly(period: Period) -> str:
    return f"00000000-0000-4000-8000-0000{_compact(period.month)}"


def _no_manifest(
    _period: Period, _files: list[str], _columns: list[str], _payer: str
) -> dict[str, Any]:
    return {}


def _legacy_manifests(
    period: Period, files: list[str], columns: list[str], payer: str
) -> dict[str, Any]:
    manifest = {
        "assemblyId": _assembly(period),
        "account": payer,
        "columns": [
            dict(zip(("category", "name"), column.split("/", 1), strict=True))
            for column in columns
        ],
        "charset": "UTF-8",
        "compression": "GZIP",
        "contentType": "text/csv",
        "reportName": _REPORT,
        "billingPeriod": {
            "start": f"{_compact(period.month)}T000000.000Z",
            "end": f"{_compact(period.month, 1)}T000000.000Z",
        },
        "bucket": _BUCKET,
        "reportKeys": files,
        "additionalArtifactKeys": [],
    }
    folder = f"{_REPORT}/{_range(period)}"
    return {
        f"{folder}/{_REPORT}-Manifest.json": manifest,
        f"{folder}/{_assembly(period)}/{_REPORT}-Manifest.json": manifest,
    }


def _export_manifests(
    period: Period, files: list[str], columns: list[str], _payer: str
) -> dict[str, Any]:
    manifest = {
        "exportArn": f"arn:aws:bcm-data-exports:us-east-1:000000000000:export/{_REPORT}",
        "dataFiles": [f"s3://{_BUCKET}/{file}" for file in files],
        "columns": [{"name": column} for column in columns],
        "format": "PARQUET",
    }
    return {f"{_REPORT}/metadata/BILLING_PERIOD={period.month}/{_REPORT}-Manifest.json": manifest}


def _hive_file(period: Period, number: int) -> str:
    year, month = period.month.split("-")
    part = f"year={year}/month={int(month)}"
    return f"{_REPORT}/{_REPORT}/{part}/{_REPORT}-{number:05d}.snappy.parquet"


def _csv_file(period: Period, number: int) -> str:
    return f"{_REPORT}/{_range(period)}/{_assembly(period)}/{_REPORT}-{number}.csv.gz"


def _export_file(period: Period, number: int) -> str:
    part = f"BILLING_PERIOD={period.month}"
    return f"{_REPORT}/data/{part}/{_REPORT}-{number:05d}.snappy.parquet"


_LAYOUTS: dict[BillFormat, _Layout] = {
    "cur": _Layout(cur_batch, _hive_file, _no_manifest),
    "cur-csv": _Layout(cur_batch, _csv_file, _legacy_manifests),
    "cur2": _Layout(cur2_batch, _export_file, _export_manifests),
    "focus-1.0": _Layout(focus_1_0_batch, _export_file, _export_manifests),
    "focus-1.2": _Layout(focus_1_2_batch, _export_file, _export_manifests),
}
