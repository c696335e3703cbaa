"""Figures of a metric a rule may name after a double underscore: ``CPUUtilization__p99_5``."""

from typing import Final

from costmodel.optimize.inventory_tables import INVENTORY_TABLES

METRIC_STATS: Final = frozenset(
    field.name for field in INVENTORY_TABLES["metrics"].fields if field.kind == "number"
)
