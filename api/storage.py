"""A full disk: how it is known, what is said, and the room that is kept for the database."""

import errno
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sqlalchemy.exc import DBAPIError

FULL: Final = "the disk is full: nothing was changed; free some space and try again"
_ERRNOS: Final = (errno.ENOSPC, errno.EDQUOT)
# What SQLite calls it when the journal, its index or the database itself cannot grow.
_SQLITE: Final = frozenset(
    ("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_SHMOPEN")
)
_POSTGRES_DISK_FULL: Final = "53100"
# Engines that give no number say it in the system's words, or that a write was cut short.
_WORDS: Final = ("No space left on device", "Could not write all bytes", "Disk quota exceeded")


def is_full(error: BaseException) -> bool:
    """Return whether an error, or one it came from, is that of a full disk."""
    return any(_says_full(one) for one in _chain(error))


def _chain(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__


def _says_full(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in _ERRNOS:
        return True
    if isinstance(error, DBAPIError):
        name = getattr(error.orig, "sqlite_errorname", "")
        return name in _SQLITE or getattr(error.orig, "sqlstate", "") == _POSTGRES_DISK_FULL
    # Words count only from those who write files: other errors repeat what people typed.
    writes = isinstance(error, OSError) or type(error).__name__ == "IOException"
    return writes and any(words in str(error) for words in _WORDS)


def require_room(folder: Path, reserve: int) -> None:
    """Refuse to write more where little is left, so that the database can still write.

    Raises:
        OSError: ENOSPC.
    """
    if shutil.disk_usage(folder).free < reserve:
        raise OSError(errno.ENOSPC, "No space left on device")
