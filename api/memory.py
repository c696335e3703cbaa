"""When Python looks for garbage: not in the middle of requests.

Prices, sheets and what is remembered of them are some 200,000 objects; a look through all of them
stops every request for 0.1 to 0.3 s, and by Python's own rule comes every few thousand requests.
Requests leave next to nothing that only such a look would find.
"""

import asyncio
import gc
from typing import Final

# New objects that are left before the youngest are looked through; youngest looks before those
# that survived one; and the last, practically never: the timer does it.
_THRESHOLDS: Final = (20_000, 50, 100_000)
_SECONDS: Final = 600.0


def settle() -> None:
    """Keep what was loaded at the start out of every later look for garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)


async def collect_now_and_then(seconds: float = _SECONDS) -> None:
    """Look through everything by the clock: closed connections may hold each other."""
    while True:
        await asyncio.sleep(seconds)
        gc.collect()
