"""Columns of what a bill says was used."""

from typing import Final

from costmodel.optimize.inventory_tables.field import Field, TableSchema, resource_table

_USAGE: Final = (
    Field("service_code", "text", "price-list service code"),
    Field("usage_type", "text", "usage type without its region prefix"),
    Field("operation", "text", "billing operation code"),
    Field("quantity", "number", "quantity used in the month", "ConsumedUnit"),
    Field("cost", "number", "effective cost of the month", "USD"),
    Field("previous_cost", "number", "effective cost of the month before; null unknown", "USD"),
)

TABLES: Final[dict[str, TableSchema]] = {
    "billed_usage": resource_table(
        "usage type and operation on a bill; resource_id is region/service/usage type/operation",
        _USAGE,
    ),
    "billed_resources": resource_table("usage of one resource on a bill", _USAGE),
}
