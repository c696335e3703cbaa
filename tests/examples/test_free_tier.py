"""The free allowances of the catalog: each covers prices that exist, and what its offer says."""

from fnmatch import fnmatchcase

import pytest

import costmodel
from costmodel.estimate.estimate import estimate_spec
from costmodel.usage.spec import ArchitectureSpec, Resource

CATALOG = costmodel.load_catalog()


@pytest.mark.parametrize(
    "allowance",
    CATALOG.free_allowances,
    ids=lambda offer: f"{offer['service_code']}-{offer['usage_types'][0]}",
)
def test_an_allowance_names_usage_types_that_have_a_price(allowance) -> None:
    rows = CATALOG.rates(allowance["service_code"], ["us-east-1", "global"])
    priced = set(rows["x_UsageType"].to_pylist())

    assert any(fnmatchcase(usage, glob) for usage in priced for glob in allowance["usage_types"])


@pytest.mark.parametrize(
    ("kind", "inputs", "free_tier", "cost"),
    [
        # 20,000 users at 0.015, 10,000 of them free.
        ("aws_cognito_user_pool", {"monthly_active_users": 20_000}, "always", 150.00),
        # 730 of 750 hours free.
        ("aws_elb", {"monthly_data_processed_gb": 0}, "first-year", 0.00),
        # 20 of 100 GB gp2 at 0.115 and all hours of the instance free.
        (
            "aws_db_instance",
            {"engine": "mysql", "instance_class": "db.t3.micro", "allocated_storage": 100},
            "first-year",
            9.20,
        ),
    ],
)
def test_an_offer_leaves_what_goes_beyond_it(kind, inputs, free_tier, cost) -> None:
    spec = ArchitectureSpec([Resource(f"{kind}.x", kind, inputs=inputs)], region="us-east-1")

    estimate = estimate_spec(spec, CATALOG, free_tier=free_tier)

    assert estimate.list_total == pytest.approx(cost, abs=0.005)
