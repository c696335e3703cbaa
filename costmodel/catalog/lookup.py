"""Look-up tables every sheet may read: the hardware table by column, each region's prefix."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

_HARDWARE = "hardware_"


class LookupTables(dict[str, Mapping[str, Any]]):
    """Name → table; ``hardware_COLUMN`` maps an instance type to that column, made when asked."""

    def __init__(
        self, hardware: Any, prefixes: Mapping[str, str], zones: Sequence[str] = ()
    ) -> None:
        """Keep what the tables are made from.

        Args:
            hardware: returns the hardware table (pyarrow), called once when first needed.
            prefixes: region → usage-type prefix.
            zones: local and wavelength zones, each named after its region.
        """
        parents = {
            zone: max((r for r in prefixes if zone.startswith(r)), key=len, default=zone)
            for zone in zones
        }
        super().__init__(region_prefix=prefixes, parent_region=parents)
        self._read_hardware = hardware
        self._hardware: pa.Table | None = None

    def __missing__(self, name: str) -> Mapping[str, Any]:
        """Make a hardware column's table.

        Raises:
            KeyError: no table has this name.
        """
        if not name.startswith(_HARDWARE):
            raise KeyError(name)
        if self._hardware is None:
            self._hardware = self._read_hardware()
        column = name.removeprefix(_HARDWARE)
        if column not in self._hardware.column_names:
            raise KeyError(name)
        types = self._hardware["instance_type"].to_pylist()
        table = dict(zip(types, self._hardware[column].to_pylist(), strict=True))
        self[name] = table
        return table
