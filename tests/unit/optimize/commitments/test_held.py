"""Commitments that exist: from the Savings Plans API, from plain lists, in force or not."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest

from costmodel.errors import BadInputError
from costmodel.optimize.commitments.held import (
    HeldCommitment,
    held_commitments,
    parse_held,
    segments,
)
from costmodel.optimize.commitments.rates import CommittedRates
from costmodel.optimize.commitments.usage import read_usage
from tests.unit.optimize.commitments.catalog_of_two_families import FewRates, charges

JANUARY, JULY = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)


def test_an_api_answer_is_read(sample) -> None:
    payload = json.loads(sample("savings-plans-api/describe_savings_plans.json").read_text())

    held = parse_held(payload, "describe_savings_plans.json")

    assert [h.commitment for h in held] == [10.0, 5.5]
    assert held[0].term == "3yr"
    assert held[1].end == datetime(2026, 6, 10, 14, 30, tzinfo=UTC)


def test_queued_plans_count_and_retired_ones_do_not() -> None:
    plan = {
        "savingsPlanType": "EC2Instance", "commitment": "1.0", "paymentOption": "No Upfront",
        "termDurationInSeconds": 31536000, "region": "us-east-1", "ec2InstanceFamily": "m5",
    }  # fmt: skip
    payload = {"savingsPlans": [{**plan, "state": "queued"}, {**plan, "state": "retired"}]}

    (held,) = parse_held(payload, "plans")

    assert (held.plan_type, held.scope, held.term) == ("EC2Instance", "m5", "1yr")


def test_a_plain_list_is_read() -> None:
    (held,) = parse_held(
        {"commitments": [{"plan_type": "Compute", "commitment": 2, "end": "2026-07-01"}]}, "file"
    )

    assert (held.commitment, held.end) == (2.0, JULY)
    assert held.is_in_force(JANUARY)
    assert not held.is_in_force(JULY)


def test_a_queued_commitment_is_not_yet_in_force() -> None:
    assert not HeldCommitment("Compute", 1.0, start=JULY).is_in_force(JANUARY)


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (3, "list 'commitments'"),
        ([3], "needs plan_type and commitment"),
        ([{"plan_type": "Compute"}], "needs plan_type and commitment"),
        ([{"plan_type": "Compute", "commitment": "much"}], "give a number"),
        ([{"plan_type": "Compute", "commitment": -1}], "number >= 0"),
        ([{"plan_type": "Magic", "commitment": 1}], "'Magic' is none of"),
        ([{"plan_type": "Compute", "commitment": 1, "colour": 1}], "has no colour"),
        ([{"plan_type": "Compute", "commitment": 1, "end": "soon"}], "'soon' is no date"),
        ([{"plan_type": "Reserved", "commitment": 1}], "family or instance type"),
        ({"savingsPlans": [{"state": "active"}]}, "lacks or garbles"),
        ({"savingsPlans": None}, "no list of Savings Plans"),
        ({"savingsPlans": ["plan"]}, "no list of Savings Plans"),
        (None, "list 'commitments'"),
        ({}, "list 'commitments'"),
    ],
)
def test_wrong_commitments_are_named(payload, message) -> None:
    with pytest.raises(BadInputError, match=message):
        parse_held(payload, "file")


def _draws(*held):
    usage = {"BoxUsage:m5.large": [1.0], "BoxUsage:m5.xlarge": [1.0], "BoxUsage:c5.large": [1.0]}
    rates = CommittedRates(read_usage(charges(usage)), FewRates())
    commitments = held_commitments(held, rates)
    types = list(rates.usage.rows["x_InstanceType"])
    return [
        {name: value for name, value in zip(types, row, strict=True) if not np.isnan(value)}
        for row in commitments.draw
    ], commitments.quantity[0]


def test_a_compute_plan_reaches_every_row_an_instance_plan_its_family() -> None:
    (broad, narrow), quantity = _draws(
        HeldCommitment("Compute", 1.0),
        HeldCommitment("EC2Instance", 2.0, scope="m5", region="us-east-1"),
    )

    assert set(broad) == {"m5.large", "m5.xlarge", "c5.large"}
    assert narrow == pytest.approx({"m5.large": 0.065, "m5.xlarge": 0.13})
    assert quantity == pytest.approx([1.0, 2.0])


def test_a_reservation_holds_the_units_of_its_size() -> None:
    (draw, other), quantity = _draws(
        HeldCommitment("Reserved", 2.0, scope="m5.2xlarge", region="us-east-1"),
        HeldCommitment("Reserved", 1.0, scope="r5.large", region="us-east-1"),
    )

    assert draw == pytest.approx({"m5.large": 4.0, "m5.xlarge": 8.0})
    assert other == {}
    # Two m5.2xlarge are 32 units.
    assert quantity[0] == pytest.approx(32.0)


def test_a_plan_of_another_region_reaches_nothing() -> None:
    (draw,), _ = _draws(HeldCommitment("EC2Instance", 2.0, scope="m5", region="eu-west-1"))

    assert draw == {}


def test_the_horizon_is_cut_where_commitments_change() -> None:
    held = [
        HeldCommitment("Compute", 1.0, end=JULY),
        HeldCommitment("Compute", 1.0, start=datetime(2026, 4, 1, tzinfo=UTC), end=JULY),
        HeldCommitment("Compute", 1.0, end=datetime(2030, 1, 1, tzinfo=UTC)),
    ]

    pieces = segments(held, JANUARY, 8760.0)

    assert [hours for _, hours in pieces] == [90 * 24, 91 * 24, (365 - 181) * 24]


def test_a_linux_reservation_does_not_cover_windows() -> None:
    table = charges({"BoxUsage:m5.large": [1.0]})
    rates = CommittedRates(read_usage(table.assign(x_Operation="RunInstances:0002")), FewRates())
    linux = HeldCommitment("Reserved", 1.0, scope="m5.large", region="us-east-1")
    windows = HeldCommitment(
        "Reserved", 1.0, scope="m5.large", region="us-east-1", platform="Windows"
    )

    draw = held_commitments([linux, windows], rates).draw

    assert np.isnan(draw[0, 0])
    assert draw[1, 0] == 1.0
