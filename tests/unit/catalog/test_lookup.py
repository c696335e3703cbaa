"""Look-up tables made from the hardware table when a sheet asks."""

import pytest

from tests.builders import catalog


def test_a_hardware_column_is_a_table_by_instance_type() -> None:
    tables = catalog().lookup_tables

    assert tables["hardware_vcpus"] == {"m5.large": 2.0}
    assert tables["region_prefix"]["eu-west-1"] == "EU"


@pytest.mark.parametrize("name", ["hardware_wings", "nothing"])
def test_a_table_that_does_not_exist_is_a_key_error(name) -> None:
    with pytest.raises(KeyError):
        catalog().lookup_tables[name]
