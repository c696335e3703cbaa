"""The bill store: one folder per bill, Parquet in FOCUS columns, opened once and kept open.

``parts/`` holds what was uploaded, ``dataset/`` the whole bill, ``daily/`` its sums by day: most
questions of the pages read only those.
"""

import shutil
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from api.bill_seal import is_intact
from api.problems import Problem, one_line
from costmodel import CostModelError, read_bill

if TYPE_CHECKING:
    from costmodel import Bill

_OPEN: Final = 16  # bills kept open in one process


class BillShelf:
    """Where bills are, and the ones that are open."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._open: OrderedDict[tuple[Path, int], Bill] = OrderedDict()
        self._lock = threading.Lock()

    def folder(self, workspace: str, bill: str) -> Path:
        """Return the folder of a bill."""
        return self.root / workspace / bill

    def open_dataset(self, workspace: str, bill: Mapping[str, Any]) -> "Bill":
        """Return the whole bill."""
        return self._opened(self.folder(workspace, bill["id"]) / "dataset", bill["version"])

    def open_daily(self, workspace: str, bill: Mapping[str, Any]) -> "Bill":
        """Return the bill's sums by day."""
        return self._opened(self.folder(workspace, bill["id"]) / "daily", bill["version"])

    def _opened(self, folder: Path, version: int) -> "Bill":
        place = (folder, version)
        with self._lock:
            bill = self._open.get(place)
            if bill is None:
                bill = self._open[place] = _read(folder)
            self._open.move_to_end(place)
            while len(self._open) > _OPEN:
                self._open.popitem(last=False)
            return bill

    @contextmanager
    def asked(self, workspace: str, bill: Mapping[str, Any]) -> Iterator[None]:
        """Tell a damaged file from a wrong question, where a question fails.

        Raises:
            Problem: 409, the bill's files are not as they were written.
        """
        try:
            yield
        except CostModelError:
            folder = self.folder(workspace, bill["id"])
            if all(is_intact(folder / name) for name in ("dataset", "daily")):
                raise
            self.close(workspace, bill["id"])
            raise _damaged("its files are not as they were written") from None

    def close(self, workspace: str, bill: str) -> None:
        """Forget an open bill."""
        folder = self.folder(workspace, bill)
        with self._lock:
            for place in [place for place in self._open if place[0].parent == folder]:
                del self._open[place]

    def remove(self, workspace: str, bill: str) -> None:
        """Delete a bill's files."""
        self.close(workspace, bill)
        shutil.rmtree(self.folder(workspace, bill), ignore_errors=True)


def _read(folder: Path) -> "Bill":
    if not is_intact(folder):
        raise _damaged("its files are not as they were written")
    try:
        return read_bill(folder)
    except CostModelError as error:
        # Our own files: what is wrong with them is not the asker's mistake.
        raise _damaged(one_line(error).replace(str(folder), "file")) from None


def _damaged(reason: str) -> Problem:
    return Problem(409, "damaged-bill", f"the stored bill is damaged: {reason}; import it again")
