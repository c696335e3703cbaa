"""Best of several runs, and one printed line per claim."""

import time
from collections.abc import Callable
from typing import Any


def best_seconds(work: Callable[[], Any], repeats: int = 3) -> float:
    """Return the fastest of several runs: noise only ever adds time."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def report(claim: str, ours: float, peer_name: str, peer: float, required: str) -> None:
    """Print one claim: our time, the peer's, their ratio, and what is required of it."""
    print(
        f"{claim}: ours {ours:.3f} s, {peer_name} {peer:.3f} s, "
        f"ours/peer {ours / peer:.2f} (required {required})"
    )


def report_limit(claim: str, ours: float, limit: float, unit: str = "s") -> None:
    """Print one claim that has an absolute limit."""
    print(f"{claim}: {ours:.3f} {unit} (required < {limit} {unit})")
