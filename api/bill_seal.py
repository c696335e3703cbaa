"""A stored bill's seal: its size and checksum, so that damage is told from a wrong question."""

import zlib
from pathlib import Path
from typing import Final

FILE: Final = "bill.parquet"
_SEAL: Final = ".seal"
_CHUNK: Final = 1 << 20


def write_seal(folder: Path) -> None:
    """Write down what a folder's file is like, once it is whole."""
    (folder / _SEAL).write_text(_measure(folder / FILE), encoding="ascii")


def is_intact(folder: Path) -> bool:
    """Return whether a folder's file is as it was written; without a seal, whether it is there."""
    try:
        seal = (folder / _SEAL).read_text(encoding="ascii")
    except FileNotFoundError:
        return (folder / FILE).is_file()
    except (OSError, UnicodeDecodeError):
        return False
    try:
        return _measure(folder / FILE) == seal
    except OSError:
        return False


def _measure(file: Path) -> str:
    # Against rot and cuts, not against forgers: those could write the seal too.
    crc, size = 0, 0
    with file.open("rb") as content:
        while chunk := content.read(_CHUNK):
            crc, size = zlib.crc32(chunk, crc), size + len(chunk)
    return f"{size} {crc:08x}"
