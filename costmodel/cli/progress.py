"""A sign of life on stderr while work lasts over a second and stderr is a terminal."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_DELAY = 1.0


@contextmanager
def bar(what: str, *, quiet: bool = False) -> Iterator[Callable[[float], None]]:
    """Show a progress bar; yields what to call with the share done, 0 to 1.

    Args:
        what: what is going on.
        quiet: show nothing.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda _share: None
        return
    from rich.console import Console
    from rich.progress import Progress

    shown = Progress(console=Console(stderr=True), transient=True)
    task = shown.add_task(what, total=1.0)
    timer = threading.Timer(_DELAY, shown.start)
    timer.daemon = True
    timer.start()
    try:
        yield lambda share: shown.update(task, completed=share)
    finally:
        timer.cancel()
        shown.stop()


@contextmanager
def waiting(what: str, *, quiet: bool = False) -> Iterator[None]:
    """Show a spinner with the elapsed time around work of unknown length.

    Args:
        what: what is going on.
        quiet: show nothing.
    """
    if quiet or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    bar.add_task(what, total=None)
    timer = threading.Timer(_DELAY, bar.start)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        bar.stop()
