"""Columns of what a bill says was used."""

from typing import Final

from costmodel.optimize.inventory_tables.field import TableSchema, read_tables

_COLUMNS: Final = """\
  service_code text price-list service code
  usage_type text usage type without its region prefix
  operation text billing operation code
  quantity number quantity used in the month [ConsumedUnit]
  cost number effective cost of the month [USD]
  previous_cost number effective cost of the month before; null unknown [USD]
"""

TABLES: Final[dict[str, TableSchema]] = read_tables(
    f"""
billed_usage: usage type and operation on a bill; resource_id is region/service/type/operation
{_COLUMNS}
billed_resources: usage of one resource on a bill
{_COLUMNS}"""
)
