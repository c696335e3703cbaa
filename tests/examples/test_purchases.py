"""Committed rates on real prices: what AWS does not publish for a licence is derived and said."""

import pytest

import costmodel
from costmodel.errors import IssueReason
from costmodel.estimate.estimate import estimate_spec
from costmodel.usage.spec import ArchitectureSpec, Resource

CATALOG = costmodel.load_catalog()


def bought(system, **usage):
    inputs = {"instance_type": "m5.large", "operating_system": system, **usage}
    spec = ArchitectureSpec(
        [Resource("aws_instance.a", "aws_instance", inputs=inputs)], region="us-east-1"
    )
    return estimate_spec(spec, CATALOG)


# On demand m5.large: Linux 0.096, Windows 0.188, so the licence is 0.092 an hour whatever is bought.
@pytest.mark.parametrize(
    "terms",
    [
        {"reserved_instance_term": "1_year"},
        {
            "reserved_instance_term": "3_year",
            "reserved_instance_type": "convertible",
            "reserved_instance_payment_option": "all_upfront",
        },
        {"savings_plan_type": "compute"},
        {"savings_plan_type": "ec2_instance", "savings_plan_term": "3_year"},
    ],
)
def test_a_licence_keeps_its_price_under_a_commitment(terms) -> None:
    windows, linux = bought("windows", **terms), bought("linux", **terms)

    difference = windows.effective_cost[0] - linux.effective_cost[0]
    assert difference == pytest.approx(730 * 0.092)
    assert [i.reason for i in windows.issues] == [IssueReason.APPROXIMATION]
    assert linux.issues == []


def test_a_published_rate_of_a_licence_is_used_as_it_is() -> None:
    terms = {
        "reserved_instance_term": "1_year", "reserved_instance_payment_option": "all_upfront",
    }  # fmt: skip

    assert bought("windows", **terms).issues == []


def test_a_licence_whose_reserved_part_is_not_known_stays_unpriced() -> None:
    estimate = bought("suse", reserved_instance_term="1_year")

    assert [i.reason for i in estimate.issues] == [IssueReason.NO_COMMITTED_RATE]
    assert estimate.coverage.unpriced_lines == 1  # its list cost is known, what is paid is not
