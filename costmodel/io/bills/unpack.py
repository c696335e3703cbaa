"""Unpacking with bounds: a small file that would unpack to a large disk or memory is refused."""

import gzip
import zipfile
import zlib
from pathlib import Path
from typing import Final

from costmodel.errors import BillError

# Bills pack 10 to 40 times; what is small unpacked does no harm, however well it packs.
MOST_TIMES: Final = 250
HARMLESS_BYTES: Final = 256 << 20
MOST_MEMBERS: Final = 10_000
_CHUNK: Final = 1 << 22


def check_gzip(path: Path) -> None:
    """Read a gzip file to its end, so that a truncated one is said to be before any row counts.

    Raises:
        BillError: it is truncated, damaged, or unpacks to too much.
    """
    most = _most(path)
    size = 0
    try:
        with gzip.open(path) as file:
            while chunk := file.read(_CHUNK):
                size += len(chunk)
                if size > most:
                    raise _too_much(path, most)
    except (EOFError, OSError, zlib.error) as error:
        raise _damaged(path) from error


def gunzip(path: Path) -> bytes:
    """Return what a small gzip file unpacks to.

    Raises:
        BillError: it is truncated, damaged, or unpacks to too much for a report read in memory.
    """
    try:
        with gzip.open(path) as file:
            content = file.read(HARMLESS_BYTES + 1)
    except (EOFError, OSError, zlib.error) as error:
        raise _damaged(path) from error
    if len(content) > HARMLESS_BYTES:
        raise _too_much(path, HARMLESS_BYTES)
    return content


def check_zip(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse an archive of too many files or too many bytes, before any is unpacked.

    No file unpacks to more than the archive says: `zipfile` reads as many bytes and no more.
    """
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise BillError(f"{path}: {len(members):,} files in one zip: unpack it yourself")
    if sum(member.file_size for member in members) > _most(path):
        raise _too_much(path, _most(path))


def _most(path: Path) -> int:
    return max(HARMLESS_BYTES, MOST_TIMES * path.stat().st_size)


def _too_much(path: Path, most: int) -> BillError:
    return BillError(
        f"{path}: unpacks to more than {most >> 20:,} MiB, which no bill of its size does"
    )


def _damaged(path: Path) -> BillError:
    return BillError(f"{path}: the gzip file is truncated or damaged: download it again")
