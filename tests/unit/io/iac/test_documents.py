import gzip
from pathlib import Path

import pytest

from costmodel.errors import SpecError
from costmodel.io.iac import documents
from costmodel.io.iac.documents import parse_document, read_text


def test_gzip_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "plan.json.gz"
    path.write_bytes(gzip.compress(b'{"a": 1}', mtime=0))

    assert read_text(path) == '{"a": 1}'


def test_utf_16_and_a_byte_order_mark_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes("größe".encode("utf-16"))
    assert read_text(path) == "größe"
    path.write_bytes(b"\xef\xbb\xbfa")
    assert read_text(path) == "a"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"\xff\x00\xfe", "not UTF-8"),
        (b"PK\x03\x04rest", "terraform show -json"),
        (gzip.compress(b"a" * 1000, mtime=0)[:-12], "truncated gzip"),
        (b"\x1f\x8bnonsense", "truncated gzip"),
    ],
)
def test_what_is_not_text_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)

    with pytest.raises(SpecError, match=message):
        read_text(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="nowhere: cannot be read"):
        read_text(tmp_path / "nowhere")


def test_sizes_are_bounded_packed_and_unpacked(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(documents, "MAX_BYTES", 1000)
    path = tmp_path / "x"
    path.write_bytes(b"a" * 1001)
    with pytest.raises(SpecError, match="larger than"):
        read_text(path)
    path.write_bytes(gzip.compress(b"a" * 100_000, mtime=0))
    with pytest.raises(SpecError, match="unpacks to more than"):
        read_text(path)


def test_a_cut_json_names_its_line() -> None:
    with pytest.raises(SpecError, match=r"plan.json:2: is not valid JSON"):
        parse_document('{"a":\n [1, ', "plan.json")


def test_deep_json_is_refused() -> None:
    with pytest.raises(SpecError, match="too deeply"):
        parse_document('{"a":' * 100_000, "plan.json")
