import gzip
import io
import zipfile

import pytest

from costmodel.errors import BillError
from costmodel.io.bills import unpack
from costmodel.io.bills.reader import open_bill


@pytest.fixture(autouse=True)
def small_bounds(monkeypatch):
    monkeypatch.setattr(unpack, "HARMLESS_BYTES", 1000)
    monkeypatch.setattr(unpack, "MOST_TIMES", 20)
    monkeypatch.setattr(unpack, "MOST_MEMBERS", 3)


def gzipped(tmp_path, size: int):
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"0" * size))
    return path


def test_what_is_small_unpacked_may_pack_as_well_as_it_likes(tmp_path):
    path = gzipped(tmp_path, 1000)
    unpack.check_gzip(path)
    assert unpack.gunzip(path) == b"0" * 1000


def test_what_unpacks_to_too_many_times_its_size_is_refused(tmp_path):
    path = gzipped(tmp_path, 100_000)  # packs some hundred times
    for check in (unpack.check_gzip, unpack.gunzip):
        with pytest.raises(BillError, match="unpacks to more than"):
            check(path)


@pytest.mark.parametrize("content", [b"\x1f\x8b\x08", gzip.compress(b"0" * 500)[:-9]])
def test_a_damaged_gzip_file_is_said_to_be(tmp_path, content):
    path = tmp_path / "a.gz"
    path.write_bytes(content)
    for check in (unpack.check_gzip, unpack.gunzip):
        with pytest.raises(BillError, match="truncated or damaged"):
            check(path)


@pytest.mark.parametrize(
    ("members", "words"), [(["0" * 5000] * 3, "unpacks to more than"), (["0"] * 4, "4 files in one zip")]
)  # fmt: skip
def test_a_zip_of_too_much_is_refused_before_it_is_unpacked(tmp_path, members, words):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, text in enumerate(members):
            archive.writestr(f"{number}.csv", text)
    path = tmp_path / "a.zip"
    path.write_bytes(out.getvalue())
    with pytest.raises(BillError, match=words):
        open_bill([path], {})
