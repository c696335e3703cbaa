"""Spot prices and cheaper regions, for what may go there."""

import math

import pytest

import costmodel
from costmodel.optimize.market_columns import market_columns
from tests.unit.optimize.rules.test_recommend import account, instance

CATALOG = costmodel.load_catalog()


def columns(*rows: dict):
    return market_columns(account({"ec2_instances": list(rows)}), CATALOG)["ec2_instances"]


def spot_price(kind: str, region: str, operation: str = "RunInstances") -> float:
    rows = CATALOG.spot(region).to_pylist()
    return next(
        r["ListUnitPrice"]
        for r in rows
        if (r["x_InstanceType"], r["x_Operation"]) == (kind, operation)
    )


def test_the_share_of_spot_is_that_of_the_price_data() -> None:
    found = columns(instance("i-1"), instance("i-2", "zz9.large"))

    assert found["spot_share"][0] == pytest.approx(spot_price("m5.large", "us-east-1") / 0.096)
    assert math.isnan(found["spot_share"][1])


def test_the_system_decides_the_spot_price() -> None:
    windows = instance("i-1", operation="RunInstances:0002")

    found = columns(windows)["spot_share"][0]

    expected = spot_price("m5.large", "us-east-1", "RunInstances:0002") / 0.188
    assert found == pytest.approx(expected)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [({"costmodel:interruptible": "true"}, True), ({"Interruptible": "yes"}, True),
     ({"preemptible": "no"}, False), ({"interruptible": "maybe"}, None), ({"env": "dev"}, None),
     (None, None)],
)  # fmt: skip
def test_a_tag_says_whether_work_may_be_interrupted(tags, expected) -> None:
    assert columns(instance("i-1", tags=tags))["is_interruptible"][0] is expected


def test_interruptible_work_is_moved_to_spot_for_the_difference() -> None:
    tagged = instance("i-1", tags={"costmodel:interruptible": "true"}, architecture="arm64")

    result = costmodel.recommend(account({"ec2_instances": [tagged, instance("i-2")]}))

    (found,) = [r for r in result.accepted if r.rule.id == "ec2-spot"]
    price = spot_price("m5.large", "us-east-1")
    assert found.resource_id == "i-1"
    assert found.list_saving == pytest.approx((0.096 - price) * 730)
    assert result.list_saving == pytest.approx(result.cost_before - result.cost_after, abs=0.005)


def test_a_region_of_the_continent_is_named_only_when_it_costs_less() -> None:
    west = instance("i-1", region_id="us-west-1")  # m5.large .112, us-east-1 .096
    east = instance("i-2")

    found = columns(west, east)

    assert found["region_share"][0] == pytest.approx(0.096 / 0.112)
    assert found["region_share"][1] >= 1.0  # nothing is cheaper than us-east-1
    result = costmodel.recommend(account({"ec2_instances": [west, east]}))
    advised = {a.resource_id: a.why for a in result.advisories if a.rule.id == "ec2-region"}
    assert set(advised) == {"i-1"}
    assert "14 % less in us-" in advised["i-1"]


def test_other_continents_and_partitions_are_never_named() -> None:
    rows = [instance(f"i-{r}", region_id=r) for r in ("sa-east-1", "eu-west-3", "us-gov-west-1")]

    cheapest = columns(*rows)["cheapest_region"].tolist()

    assert cheapest[0] in (None, "sa-west-1")
    assert cheapest[1].startswith("eu-")
    assert cheapest[2] is None
