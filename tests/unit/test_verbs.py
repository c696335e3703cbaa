"""The verbs on bills find what they need by themselves."""

import costmodel

CATALOG = costmodel.load_catalog()


def test_what_if_moves_instances_to_the_newest_graviton_family_without_being_told_it(
    tmp_path,
) -> None:
    prices = costmodel.catalog_price_table(CATALOG, ["us-east-1"])
    costmodel.generate_bill(costmodel.BillSettings(rows=5000), prices, tmp_path / "bill", "cur")
    bill = costmodel.read_bill(tmp_path / "bill")
    scenario = costmodel.parse_bill_scenario({"processor": "graviton"}, "scenario")

    changed = costmodel.what_if(bill, CATALOG, scenario)

    moved = [row for row in changed.resources if row.name.startswith("i-") and row.change]
    assert moved
    assert changed.total.change < 0
