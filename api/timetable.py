"""When something is due: at even intervals, or at times of the day, in UTC."""

import re
from dataclasses import dataclass
from random import Random
from typing import Final

from costmodel import BadInputError

_DAY: Final = 86_400.0
_UNITS: Final = {"m": 60.0, "h": 3600.0, "d": _DAY}
_INTERVAL: Final = re.compile(r"(\d{1,4})\s*([mhd])")
_TIME: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_MOST_SPREAD: Final = 300.0
_SPREAD_SHARE: Final = 0.1


@dataclass(frozen=True, slots=True)
class Timetable:
    """Moments that repeat.

    Attributes:
        cycle: [s] after which they repeat, counted from the epoch.
        offsets: (n,) [s] moments inside a cycle, ascending.
    """

    cycle: float
    offsets: tuple[float, ...] = (0.0,)

    def next_after(self, now: float) -> float:
        """Return the next moment after one, in unix seconds: what was missed is not made up."""
        begin = now // self.cycle * self.cycle
        moments = (begin + k * self.cycle + offset for k in (0, 1) for offset in self.offsets)
        return min(moment for moment in moments if moment > now)

    @property
    def spread(self) -> float:
        """[s] by which a moment may come later, so that many do not come at once."""
        following = (*self.offsets[1:], self.offsets[0] + self.cycle)
        gap = min(b - a for a, b in zip(self.offsets, following, strict=True))
        return min(_MOST_SPREAD, _SPREAD_SHARE * gap)

    def draw_after(self, now: float, random: Random) -> float:
        """Return the next moment after one, moved at random within `spread`."""
        return self.next_after(now) + random.uniform(0.0, self.spread)


def parse_timetable(text: str) -> Timetable | None:
    """Return the timetable of ``15m``, ``1h``, ``1d`` or ``06:00,18:30``; None for ``off``.

    Raises:
        BadInputError: it is none of these.
    """
    cleaned = text.strip().lower()
    if cleaned == "off":
        return None
    interval = _INTERVAL.fullmatch(cleaned)
    if interval is not None and int(interval[1]) > 0:
        return Timetable(int(interval[1]) * _UNITS[interval[2]])
    times = [_TIME.fullmatch(part.strip()) for part in cleaned.split(",")]
    if all(times):
        seconds = {3600.0 * int(t[1]) + 60.0 * int(t[2]) for t in times if t is not None}
        return Timetable(_DAY, tuple(sorted(seconds)))
    raise BadInputError(
        f"--check-every '{text}': give 15m, 1h or 1d, times of the day in UTC (06:00,18:30) or off"
    )
