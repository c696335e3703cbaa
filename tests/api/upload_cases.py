"""Bills of every format, and what a careless or hostile upload may make of them."""

import gzip
import io
import json
import random
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from costmodel import BillSettings, catalog_price_table, generate_bill, load_catalog

MEBIBYTE = 1 << 20
CONSOLE = (
    '﻿"Service","EC2-Other($)","Tax($)","Total costs($)"\n"Service total","2.5","0.45","2.95"\n'
    '"2026-10-01","2.5","0.45","2.95"\n'
)
LEGACY = (
    "InvoiceID,PayerAccountId,LinkedAccountId,RecordType,RecordID,BillingPeriodStartDate,"
    "BillingPeriodEndDate,InvoiceDate,PayerAccountName,LinkedAccountName,TaxationAddress,"
    "PayerPONumber,ProductCode,ProductName,SellerOfRecord,UsageType,Operation,RateId,"
    "ItemDescription,UsageStartDate,UsageEndDate,UsageQuantity,BlendedRate,CurrencyCode,"
    "CostBeforeTax,Credits,TaxAmount,TaxType,TotalCost\n"
    '"",000000000001,000000000002,LinkedLineItem,1,2026/10/01 00:00:00,2026/10/31 23:59:59,,Payer,'
    "Linked,,,AmazonEC2,Amazon Elastic Compute Cloud,Amazon,BoxUsage:t2.micro,RunInstances,1,"
    '"$0.0124 per hour",2026/10/01 00:00:00,2026/10/31 23:59:59,744,0.0124,USD,10.12,0,1.8,VAT,11\n'
)
EXPLORER = json.dumps(
    {
        "GroupDefinitions": [{"Type": "DIMENSION", "Key": "SERVICE"}],
        "ResultsByTime": [
            {
                "TimePeriod": {"Start": "2026-10-01", "End": "2026-10-02"},
                "Total": {},
                "Estimated": False,
                "Groups": [
                    {
                        "Keys": ["AWS Lambda"],
                        "Metrics": {"UnblendedCost": {"Amount": "0.1", "Unit": "USD"}},
                    }
                ],
            }
        ],
    }
)


class Upload(NamedTuple):
    """One file as somebody uploads it."""

    label: str
    name: str
    content: bytes


def seeds(folder: Path) -> dict[str, Upload]:
    """Return a small good bill of every format."""
    prices = catalog_price_table(load_catalog(), ("us-east-1",))
    found = {}
    for kind in ("cur", "cur-csv", "cur2", "focus-1.0", "focus-1.2"):
        settings = BillSettings(rows=400, seed=3, first_month="2026-10", months=1, accounts=2)
        made = generate_bill(settings, prices, folder / kind, kind)
        file = made.files[0]
        found[kind] = Upload(kind, file.name, file.read_bytes())
    text = gzip.decompress(found["cur-csv"].content)
    found["plain-csv"] = Upload("plain-csv", "bill.csv", text)
    for label, name, content in (
        ("console", "costs.csv", CONSOLE), ("legacy", "report.csv", LEGACY),
        ("explorer", "costs.json", EXPLORER),
    ):  # fmt: skip
        found[label] = Upload(label, name, content.encode())
    return found


def mutated(seed: Upload, random: random.Random) -> Upload:
    """Return a bill with one thing wrong with it."""
    change = random.choice(_CHANGES)
    inside = seed.content
    packed = inside[:2] == b"\x1f\x8b" and random.random() < 0.7
    if packed:
        inside = gzip.decompress(inside)
    changed = change(bytearray(inside), random)
    content = gzip.compress(changed, mtime=0) if packed else changed
    return Upload(f"{seed.label}/{change.__name__}", seed.name, bytes(content))


def _at(content: bytearray, random: random.Random) -> int:
    # Half of the changes near the ends: headers and footers decide most.
    if random.random() < 0.5 and len(content) > 400:
        return random.choice((random.randrange(200), len(content) - 1 - random.randrange(200)))
    return random.randrange(max(1, len(content)))


def flip_bits(content: bytearray, random: random.Random) -> bytes:
    for _ in range(random.choice((1, 3, 30))):
        content[_at(content, random)] ^= 1 << random.randrange(8)
    return bytes(content)


def cut_short(content: bytearray, random: random.Random) -> bytes:
    return bytes(content[: _at(content, random)])


def cut_out(content: bytearray, random: random.Random) -> bytes:
    start = _at(content, random)
    del content[start : start + random.choice((1, 17, 4000))]
    return bytes(content)


def repeat_piece(content: bytearray, random: random.Random) -> bytes:
    start = _at(content, random)
    piece = bytes(content[start : start + random.choice((3, 80, 5000))])
    return bytes(content[:start]) + piece * random.choice((2, 50)) + bytes(content[start:])


def insert_odd(content: bytearray, random: random.Random) -> bytes:
    start = _at(content, random)
    odd = random.choice(_ODD)
    return bytes(content[:start]) + odd + bytes(content[start:])


def replace_number(content: bytearray, random: random.Random) -> bytes:
    digits = [i for i in range(len(content)) if 48 <= content[i] <= 57]
    if not digits:
        return bytes(content)
    start = random.choice(digits)
    end = start
    while end < len(content) and 48 <= content[end] <= 57:
        end += 1
    return bytes(content[:start]) + random.choice(_NUMBERS) + bytes(content[end:])


_ODD = (
    b"\x00", b"\x00" * 5000, b"\xff\xfe", b"\r", b"\n\n\n", b'"', b'"' * 999, b",", b"," * 3000,
    b"x" * 300_000, "‮\U0001f4b8é".encode(), b"\x1b[2J", b"'; DROP TABLE bill; --",
    b"[" * 20_000, b"{" * 20_000, b"PAR1", b"PK\x03\x04", b"\x1f\x8b\x08",
)  # fmt: skip
_NUMBERS = (
    b"9" * 400, b"1e999", b"-1e999", b"NaN", b"Infinity", b"-9223372036854775809", b"0x10", b"1,5",
    b"99999-99-99", b"0000-00-00", b"\xd9\xa1\xd9\xa2", b"1" * 39, b"-0", b"",
)  # fmt: skip
_CHANGES = (flip_bits, cut_short, cut_out, repeat_piece, insert_odd, replace_number)


def hostile() -> Iterator[Upload]:
    """Give uploads made to harm: bombs, nests, lies about sizes, names that climb."""
    head = LEGACY.splitlines()[0].encode()
    yield Upload("zeros", "bill.csv", b"\x00" * MEBIBYTE)
    yield Upload("one long line", "bill.csv", b"a," * (8 * MEBIBYTE))
    yield Upload(
        "many columns",
        "bill.csv",
        head + b"," + b",".join(b"c%d" % n for n in range(50_000)) + b"\n",
    )
    yield Upload("gzip bomb", "bill.csv.gz", _gzip_bomb(2048 * MEBIBYTE))
    yield Upload("gzip in gzip", "bill.csv.gz", gzip.compress(_gzip_bomb(64 * MEBIBYTE)))
    yield Upload(
        "gzip with a tail", "bill.csv.gz", gzip.compress(LEGACY.encode()) + b"\x00garbage"
    )
    yield Upload("zip bomb", "bill.zip", _zip(("bill.csv", b"\x00" * (300 * MEBIBYTE))))
    yield Upload("zip of many", "bill.zip", _zip(*((f"{n}.csv", b"a,b\n") for n in range(3000))))
    yield Upload("zip in zip", "bill.zip", _zip(("a.zip", _zip(("b.zip", _zip(("c.csv", b"x")))))))
    yield Upload(
        "zip that climbs", "bill.zip", _zip(("../../../../tmp/climbed.csv", LEGACY.encode()))
    )
    yield Upload("zip that lies", "bill.zip", _lying_zip())
    yield Upload("zip that overlaps", "bill.zip", _overlapping_zip())
    yield Upload("json nest", "costs.json", b"[" * 200_000)
    yield Upload("json number", "costs.json", EXPLORER.replace('"0.1"', "1" + "0" * 5000).encode())
    yield Upload("json of another", "costs.json", b'{"ResultsByTime": {"a": [1, null]}}')
    yield Upload("json with nothing", "costs.json", b'{"ResultsByTime": []}')
    yield Upload(
        "parquet footer",
        "bill.parquet",
        b"PAR1" + b"\x15" * 400 + struct.pack("<I", 2**31 - 1) + b"PAR1",
    )
    yield Upload(
        "parquet noise", "bill.parquet", b"PAR1" + random.Random(1).randbytes(50_000) + b"PAR1"
    )
    yield Upload("parquet run", "bill.parquet", _parquet_run(50_000_000))
    yield Upload("parquet nest", "bill.parquet", _parquet_nest())
    yield Upload("utf-16", "bill.csv", LEGACY.encode("utf-16"))
    yield Upload("latin-1", "bill.csv", LEGACY.replace("Payer", "Käufer").encode("latin-1"))


def _gzip_bomb(size: int) -> bytes:
    out, packer = io.BytesIO(), zlib.compressobj(9, wbits=31)
    out.write(packer.compress(LEGACY.encode()))
    for _ in range(size // (16 * MEBIBYTE)):
        out.write(packer.compress(b"0" * (16 * MEBIBYTE)))
    out.write(packer.flush())
    return out.getvalue()


def _zip(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def _lying_zip() -> bytes:
    """Return a zip whose directory says that 10 MB are ten bytes."""
    content = _zip(("bill.csv", b"0" * (10 * MEBIBYTE)))
    return content.replace(struct.pack("<I", 10 * MEBIBYTE), struct.pack("<I", 10))


def _overlapping_zip() -> bytes:
    """Return a zip whose entries all point at the same compressed megabytes."""
    whole = _zip(("bill.csv", b"0" * (32 * MEBIBYTE)))
    start = whole.index(b"PK\x01\x02")
    end = whole.index(b"PK\x05\x06")
    entry = whole[start:end]
    many = 400
    directory = entry * many
    tail = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, many, many, len(directory), start, 0)
    return whole[:start] + directory + tail


def _parquet_run(rows: int) -> bytes:
    """Return a small Parquet bill that says the same row very often."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    out = io.BytesIO()
    schema = pa.schema([("BilledCost", pa.float64()), ("ChargePeriodStart", pa.timestamp("us"))])
    chunk = 5_000_000
    one = pa.table(
        {
            "BilledCost": pa.nulls(chunk, pa.float64()),
            "ChargePeriodStart": pa.nulls(chunk, pa.timestamp("us")),
        },
        schema=schema,
    )
    with pq.ParquetWriter(out, schema, compression="zstd") as writer:
        for _ in range(rows // chunk):
            writer.write_table(one)
    return out.getvalue()


def _parquet_nest() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kind = pa.int32()
    value = 1
    for _ in range(60):
        kind, value = pa.struct([("BilledCost", kind)]), {"BilledCost": value}
    out = io.BytesIO()
    pq.write_table(
        pa.table({"BilledCost": pa.array([value["BilledCost"]], kind.field(0).type)}), out
    )
    return out.getvalue()
