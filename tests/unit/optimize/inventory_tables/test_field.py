"""Tables of the inventory as text."""

import pytest

from costmodel.optimize.inventory_tables import INVENTORY_TABLES
from costmodel.optimize.inventory_tables.field import RESOURCE_FIELDS, Field, read_tables

TEXT = """
disks: disk of a machine
  size_gb number size; null is unknown [GiB]
  zones texts zones

things: thing
"""


def test_a_line_is_a_column_with_kind_meaning_and_unit() -> None:
    tables = read_tables(TEXT, first=())

    assert tables["disks"].row == "disk of a machine"
    assert tables["disks"].fields == (
        Field("size_gb", "number", "size; null is unknown", "GiB"),
        Field("zones", "texts", "zones"),
    )
    assert tables["things"].fields == ()


def test_resources_begin_with_what_all_have() -> None:
    assert read_tables(TEXT)["things"].fields == RESOURCE_FIELDS


@pytest.mark.parametrize(
    "line", ["  size_gb colour red", "size_gb number size", "  size_gb number"]
)
def test_a_line_that_is_no_column_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="not a column"):
        read_tables(f"disks: disk\n{line}")


def test_every_column_has_one_place_a_kind_and_a_meaning() -> None:
    for name, table in INVENTORY_TABLES.items():
        assert len(table.names) == len(set(table.names)), name
        assert all((table.row, *(field.meaning for field in table.fields))), name
    assert INVENTORY_TABLES["evidence"].names[0] == "resource_id"
    assert "created_at" not in INVENTORY_TABLES["evidence"].names
