from pathlib import Path

import pyarrow.parquet as pq
import pytest

from costmodel.errors import CatalogError
from costmodel.io.family_successors import read_family_successors
from costmodel.optimize.rightsizing.capacity import generation_of

DATA = Path(__file__).parents[3] / "pricing_data"


def test_every_service_has_its_own_map() -> None:
    maps = read_family_successors(DATA)

    assert set(maps) == {"AmazonEC2", "AmazonRDS", "AmazonElastiCache", "AmazonES"}
    assert sum(map(len, maps.values())) == 238
    assert maps["AmazonEC2"]["m4"][2:] == ("m7i", "m7a", "m8g")
    assert maps["AmazonElastiCache"]["m5"].graviton == "m7g"


def test_successors_exist_in_the_hardware_table_and_are_not_older() -> None:
    families = set(
        pq.read_table(DATA / "hardware" / "instance_types.parquet")["family"].to_pylist()
    )

    for family, successor in read_family_successors(DATA)["AmazonEC2"].items():
        for newer in (successor.intel, successor.amd, successor.graviton):
            if newer:
                # AWS has withdrawn the two from the hardware table's regions.
                assert newer in families | {"g3", "p3"}, (family, newer)
                assert generation_of(newer) >= generation_of(family) or family[0] != newer[0]


@pytest.mark.parametrize("content", [None, "a,b\n1,2\n"])
def test_a_missing_or_foreign_file_is_told(tmp_path, content) -> None:
    if content is not None:
        (tmp_path / "family_successors.csv").write_text(content)

    with pytest.raises(CatalogError, match=r"family_successors\.csv"):
        read_family_successors(tmp_path)
