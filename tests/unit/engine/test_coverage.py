"""Worked examples of AWS's documentation, as numbers, and the edges of the waterfall."""

import json

import numpy as np
import pytest

from costmodel.engine.coverage import (
    Commitments,
    Ownership,
    Reservation,
    ReservedUsage,
    SharingMode,
    apply_commitments,
    apply_reservations,
    apply_savings_plans,
    reservation_commitments,
    trace_commitments,
)
from costmodel.engine.coverage.commitments import join_commitments, savings_plan_commitments
from costmodel.errors import CommitmentError

NAN = np.nan
# AWS, Savings Plans user guide, "Understanding how Savings Plans apply to your usage": 4 x
# r5.4xlarge, 400 Fargate vCPU, 1,600 Fargate GB, 1 x m5.24xlarge Windows dedicated, 1.5 M Lambda
# GB-s, 1 M Lambda requests.
USAGE = np.array([[4.0, 400.0, 1600.0, 1.0, 1_500_000.0, 1.0]])
ON_DEMAND = np.array([1.00, 0.04, 0.004, 10.00, 0.000015, 0.20])
COMPUTE = [0.70, 0.03, 0.003, 8.20, 0.00001275, 0.20]
R5_INSTANCE = [0.60, NAN, NAN, NAN, NAN, NAN]


@pytest.mark.parametrize(
    ("commitment", "used", "on_demand_left"),
    [(50.00, 47.125, 0.0), (2.00, 2.00, 56.242857143), (19.60, 19.60, 32.70)],
)
def test_a_compute_plan_reproduces_the_aws_example(commitment, used, on_demand_left) -> None:
    coverage = apply_savings_plans(USAGE, ON_DEMAND, [COMPUTE], [commitment])

    assert coverage.used_commitment[0, 0] == pytest.approx(used, abs=1e-9)
    assert coverage.on_demand_cost[0] == pytest.approx(on_demand_left, abs=1e-9)


def test_two_dollars_cover_2_857_of_the_four_r5() -> None:
    coverage = apply_savings_plans(USAGE, ON_DEMAND, [COMPUTE], [2.0])

    assert coverage.covered_quantity[0] == pytest.approx([2 / 0.7, 0, 0, 0, 0, 0])


def test_an_instance_plan_comes_before_a_compute_plan() -> None:
    coverage = apply_savings_plans(
        USAGE, ON_DEMAND, [COMPUTE, R5_INSTANCE], [16.80, 3.00], order=[1, 0]
    )

    assert coverage.used_commitment[0] == pytest.approx([16.80, 2.40])
    assert coverage.on_demand_cost[0] == pytest.approx(32.70)


def test_reservations_come_before_savings_plans() -> None:
    rows = [ReservedUsage("r5.4xlarge"), *[ReservedUsage(f"x{i}.large") for i in range(5)]]
    reserved = reservation_commitments([Reservation("r5.4xlarge", 2)], rows)
    plan = savings_plan_commitments([COMPUTE], [18.20], [2], 6)

    coverage = apply_commitments(USAGE, ON_DEMAND, join_commitments(reserved, plan))

    assert coverage.used_commitment[0] == pytest.approx([2 * 32, 18.20])
    assert coverage.on_demand_cost[0] == pytest.approx(32.70)


def test_the_greedy_order_of_aws_is_not_the_cheapest_assignment() -> None:
    # Two usages at 1 USD; plan A 0.50 and 0.52, plan B 0.51 and 0.80. AWS gives A the first;
    # A on the second and B on the first would cost 0.52 + 0.51 = 1.03.
    coverage = apply_savings_plans(
        [[1.0, 1.0]], [1.0, 1.0], [[0.50, 0.52], [0.51, 0.80]], [0.52, 0.51]
    )

    assert coverage.on_demand_cost[0] + 1.03 == pytest.approx(1.354038, abs=1e-6)
    crossed = apply_savings_plans(
        [[1.0, 1.0]], [1.0, 1.0], [[NAN, 0.52], [0.51, NAN]], [0.52, 0.51]
    )
    assert crossed.on_demand_cost[0] + 1.03 == pytest.approx(1.030)


def test_commitment_is_drawn_at_the_plan_rate_not_at_the_saving() -> None:
    # Drawing on-demand minus plan rate (0.3 per unit) would cover 3.33 units.
    coverage = apply_savings_plans([[10.0]], [1.0], [[0.7]], [1.0])

    assert coverage.covered_quantity[0, 0] == pytest.approx(1 / 0.7)


def test_ties_in_savings_go_to_the_lower_rate() -> None:
    # Fargate GB (0.003) before vCPU (0.03), both 25 % off.
    coverage = apply_savings_plans([[400.0, 1600.0]], [0.04, 0.004], [[0.03, 0.003]], [4.80])

    assert coverage.covered_quantity[0] == pytest.approx([0.0, 1600.0])


def test_nothing_carries_over_between_hours() -> None:
    coverage = apply_savings_plans([[0.0], [2.0]], [1.0], [[0.5]], [0.5])

    assert coverage.unused_commitment[:, 0] == pytest.approx([0.5, 0.0])
    assert coverage.on_demand_cost == pytest.approx([0.0, 1.0])


def test_a_plan_that_begins_later_covers_nothing_before() -> None:
    coverage = apply_savings_plans([[1.0], [1.0]], [1.0], [[0.5]], [[0.0], [0.5]])

    assert coverage.on_demand_cost == pytest.approx([1.0, 0.0])


# --- reserved instances: EC2 user guide, "How Reserved Instances are applied" -------------------


def _uncovered(usage, rows, reservations):
    coverage = apply_reservations([usage], [1.0] * len(rows), rows, reservations)
    return coverage.on_demand_quantity[0]


def test_a_regional_large_covers_half_of_an_xlarge() -> None:
    rows = [
        ReservedUsage("m3.large", zone="a"),
        ReservedUsage("m4.xlarge", zone="b"),
        ReservedUsage("c4.xlarge", zone="c"),
    ]
    owned = [
        Reservation("m3.large", 4, zone="a"),
        Reservation("m4.large", 4),
        Reservation("c4.large", 1),
    ]

    assert _uncovered([4, 2, 1], rows, owned) == pytest.approx([0, 0, 0.5])


def test_the_smallest_size_is_covered_first() -> None:
    rows = [ReservedUsage("m3.xlarge"), ReservedUsage("m3.large")]

    assert _uncovered([2, 2], rows, [Reservation("m3.2xlarge")]) == pytest.approx([1.0, 0.0])


def test_the_owner_is_covered_before_other_accounts() -> None:
    rows = [
        ReservedUsage("m4.xlarge", account=1),
        ReservedUsage("m4.xlarge"),
        ReservedUsage("m4.2xlarge"),
        ReservedUsage("c4.xlarge"),
        ReservedUsage("c4.2xlarge"),
    ]
    owned = [Reservation("m4.xlarge", 4), Reservation("c4.xlarge", 2)]

    assert _uncovered([2, 2, 1, 2, 1], rows, owned) == pytest.approx([2, 0, 0, 0, 1])


def test_another_accounts_zonal_reservation_comes_before_ones_own_regional() -> None:
    rows = [
        ReservedUsage("m4.xlarge", zone="1a", account=0),
        ReservedUsage("m4.xlarge", zone="1b", account=1),
    ]
    owned = [
        Reservation("m4.xlarge", account=0),
        Reservation("m4.xlarge", zone="1a", account=2),
    ]

    assert _uncovered([1, 1], rows, owned) == pytest.approx([0, 0])


def test_seconds_of_one_hour_are_pooled() -> None:
    rows = [ReservedUsage("m4.xlarge")] * 4

    assert _uncovered([0.25] * 4, rows, [Reservation("m4.xlarge")]) == pytest.approx([0] * 4)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"platform": "Windows"}, "platform"),
        ({"tenancy": "dedicated"}, "tenancy"),
        ({"region": "eu-west-1"}, "region"),
        ({"service_code": "AmazonRDS"}, "service"),
        ({"instance_type": "m5a.large"}, "family"),
    ],
)
def test_a_reservation_covers_only_what_it_matches(changes, why) -> None:
    row = ReservedUsage(**{"instance_type": "m5.large", "region": "us-east-1", **changes})

    left = _uncovered([1], [row], [Reservation("m5.large", region="us-east-1")])

    assert left == pytest.approx([1.0]), why


@pytest.mark.parametrize(
    ("reserved", "running"),
    [
        ({"platform": "Windows"}, {"platform": "Windows"}),
        ({"tenancy": "dedicated"}, {"tenancy": "dedicated"}),
        ({"zone": "a"}, {"zone": "a"}),
        ({"service_code": "AmazonES"}, {"service_code": "AmazonES"}),
        ({"service_code": "AmazonRDS", "platform": "SQL Server Standard"},) * 2,
    ],
)
def test_exact_reservations_do_not_stretch_to_another_size(reserved, running) -> None:
    two_large = Reservation("m5.large", 2, **reserved)

    other = _uncovered([1], [ReservedUsage("m5.xlarge", **running)], [two_large])
    same = _uncovered([1], [ReservedUsage("m5.large", **running)], [two_large])

    assert other == pytest.approx([1.0])
    assert same == pytest.approx([0.0])


def test_a_single_az_database_reservation_covers_half_of_a_multi_az_instance() -> None:
    row = ReservedUsage(
        "db.r6g.large", service_code="AmazonRDS", platform="MySQL", deployment="Multi-AZ"
    )
    owned = Reservation("db.r6g.large", service_code="AmazonRDS", platform="MySQL")

    assert _uncovered([1], [row], [owned]) == pytest.approx([0.5])


def test_a_redis_reservation_stretches_over_a_quarter_more_valkey_nodes() -> None:
    # Valkey counts 0.8 of the units of Redis OSS: 4 nodes reserve 5.
    row = ReservedUsage("cache.r7g.large", service_code="AmazonElastiCache", platform="Valkey")
    owned = Reservation("cache.r7g.large", 4, service_code="AmazonElastiCache", platform="Redis")

    assert _uncovered([6], [row], [owned]) == pytest.approx([1.0])


def test_memcached_is_not_covered_by_redis_reservations() -> None:
    row = ReservedUsage("cache.r7g.large", service_code="AmazonElastiCache", platform="Memcached")
    owned = Reservation("cache.r7g.large", 4, service_code="AmazonElastiCache", platform="Redis")

    assert _uncovered([1], [row], [owned]) == pytest.approx([1.0])


def test_dynamodb_capacity_is_reserved_in_blocks_of_100() -> None:
    row = ReservedUsage("", service_code="AmazonDynamoDB", platform="WCU")
    owned = Reservation("", 3, service_code="AmazonDynamoDB", platform="WCU")

    assert _uncovered([450], [row], [owned]) == pytest.approx([150])


# --- sharing ------------------------------------------------------------------------------------


def _shared(mode, group=(0, 0, -1), usage=(1.0, 1.0, 1.0)):
    # Account 0 owns a plan of 1.0 USD; every account runs one unit at 1.0, plan rate 0.5.
    ownership = Ownership(np.arange(3), np.array([0]), np.array(group), mode)
    return apply_savings_plans([usage], [1.0] * 3, [[0.5] * 3], [1.0], ownership=ownership)


def test_the_owner_is_served_before_the_organisation() -> None:
    coverage = _shared(SharingMode.OPEN)

    assert coverage.on_demand_quantity[0] == pytest.approx([0.0, 0.0, 1.0])


def test_a_restricted_plan_leaves_the_rest_unused() -> None:
    coverage = _shared(SharingMode.RESTRICTED, usage=(0.0, 1.0, 1.0))

    assert coverage.unused_commitment[0, 0] == pytest.approx(0.5)
    assert coverage.on_demand_quantity[0] == pytest.approx([0.0, 0.0, 1.0])


def test_a_prioritised_plan_serves_its_group_before_the_rest() -> None:
    coverage = _shared(SharingMode.PRIORITIZED, group=(0, -1, 0), usage=(0.0, 2.0, 1.0))

    assert coverage.on_demand_quantity[0] == pytest.approx([0.0, 1.0, 0.0])


def test_a_shared_plan_serves_the_account_that_saves_most_in_each_hour() -> None:
    # Account 1 saves most in hour 0 (3 units against 1), account 2 in hour 1.
    ownership = Ownership(np.arange(3), np.array([0]), np.full(3, -1))

    coverage = apply_savings_plans(
        [[0, 3, 1], [0, 1, 3]], [1.0] * 3, [[0.5] * 3], [1.0], ownership=ownership
    )

    assert coverage.covered_quantity == pytest.approx(np.array([[0, 2, 0], [0, 0, 2]]))


# --- tracing and wrong input --------------------------------------------------------------------


def test_a_trace_says_which_commitment_covered_which_row() -> None:
    plans = savings_plan_commitments([[0.5, NAN], [0.6, 0.6]], [0.5, 0.9], [0, 1], 2)

    coverage, allocation = trace_commitments([[2.0, 1.0]], [1.0, 1.0], plans)

    found = set(zip(*(np.round(part, 9).tolist() for part in allocation), strict=True))
    # Plan 0 covers one unit of row 0; plan 1 one more of row 0, then half of row 1.
    assert found == {(0, 0, 0, 1.0), (0, 0, 1, 1.0), (0, 1, 1, 0.5)}
    assert coverage.covered_quantity[0] == pytest.approx([2.0, 0.5])


def test_the_usage_given_is_not_changed() -> None:
    usage = np.ones((1, 1))

    apply_savings_plans(usage, [1.0], [[0.5]], [1.0])

    assert usage[0, 0] == 1.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[NAN]], [1.0], [[0.5]], [1.0]), r"usage\[0, 0\] is nan"),
        (([[-1.0]], [1.0], [[0.5]], [1.0]), r"usage\[0, 0\] is -1"),
        (([1.0], [1.0], [[0.5]], [1.0]), "usage has shape"),
        (([[1.0]], [NAN], [[0.5]], [1.0]), r"on_demand_rate\[0\] is nan"),
        (([[1.0]], [1.0, 1.0], [[0.5]], [1.0]), "on_demand_rate has shape"),
        (([[1.0]], [1.0], [[0.0]], [1.0]), "must be > 0"),
        (([[1.0]], [1.0], [[0.5, 0.5]], [1.0]), "last axis must be 1"),
        (([[1.0]], [1.0], [[0.5]], [-1.0]), "numbers >= 0"),
        (([[1.0]], [1.0], [[0.5]], [1.0, 2.0]), "commitments have shape"),
        (([[1.0]], [1.0], [[0.5]], [[1.0]] * 3), "commitments cover 3 hours"),
        (([[1.0]], [1.0], [[0.5]], [1.0], [0, 1]), "order has shape"),
    ],
)
def test_wrong_input_is_named(arguments, message) -> None:
    with pytest.raises(CommitmentError, match=message):
        apply_savings_plans(*arguments)


@pytest.mark.parametrize(
    ("ownership", "message"),
    [
        (Ownership(np.array([0, 0]), np.array([0]), np.array([-1])), "usage rows"),
        (Ownership(np.array([3]), np.array([0]), np.array([-1])), "account numbers"),
    ],
)
def test_an_ownership_that_does_not_fit_is_named(ownership, message) -> None:
    with pytest.raises(CommitmentError, match=message):
        apply_savings_plans([[1.0]], [1.0], [[0.5]], [1.0], ownership=ownership)


def test_no_plans_leave_everything_on_demand() -> None:
    none = Commitments(np.empty((0, 1)), np.empty((1, 0)), np.empty(0, int), np.empty(0, bool))

    coverage, allocation = trace_commitments([[2.0]], [3.0], none)

    assert coverage.on_demand_cost[0] == 6.0
    assert len(allocation.hour) == 0


# --- the sample file, where present -------------------------------------------------------------


@pytest.mark.samples
def test_every_savings_plan_case_of_the_sample_file_is_reproduced(sample) -> None:
    golden = json.loads(sample("commitments/aws_commitment_golden.json").read_text())
    hour = golden["savings_plan_hour"]
    usage = [[row["qty"] for row in hour["usage"]]]
    on_demand = [row["od"] for row in hour["usage"]]
    compute = [row["csp"] for row in hour["usage"]]
    for case in hour["cases"]:
        names = [row["id"] for row in hour["usage"]]
        rows = [ReservedUsage(name if "." in name else f"{name}.x") for name in names]
        owned = [Reservation(name, count) for name, count in case.get("ri", {}).items()]
        esp = [r.get("esp") if r.get("family") == "r5" else NAN for r in hour["usage"]]
        esp_commitment = sum(case.get("esp_commit", {}).values())
        plans = savings_plan_commitments(
            np.array([esp, compute], dtype=float),
            [esp_commitment, case["csp_commit"]],
            [2, 3],
            len(rows),
        )

        coverage = apply_commitments(
            usage, on_demand, join_commitments(reservation_commitments(owned, rows), plans)
        )

        assert coverage.used_commitment[0, -1] == pytest.approx(case["csp_used"], abs=1e-8)
        assert coverage.on_demand_cost[0] == pytest.approx(case["on_demand_left"], abs=1e-8)
