"""Which rows one reservation reaches, and in which units."""

import numpy as np
import pytest

from costmodel.errors import BadInputError, CatalogError
from costmodel.optimize.commitments.offers import flexible_units, reservation_pools, unit_draw
from costmodel.optimize.commitments.rates import CommittedRates, reserved_prices
from costmodel.optimize.commitments.usage import platform_of, read_usage
from tests.unit.optimize.commitments.catalog_of_two_families import FewRates, charges

EC2, RDS, CACHE = "AmazonEC2", "AmazonRDS", "AmazonElastiCache"


@pytest.mark.parametrize(
    ("service", "usage_type", "operation", "instance_type", "units"),
    [
        (EC2, "BoxUsage:m5.xlarge", "RunInstances", "m5.xlarge", 8.0),
        (EC2, "BoxUsage:m5.xlarge", "RunInstances:0002", "m5.xlarge", None),
        (EC2, "DedicatedUsage:m5.xlarge", "RunInstances", "m5.xlarge", None),
        (EC2, "BoxUsage:g5.xlarge", "RunInstances", "g5.xlarge", None),
        (EC2, "BoxUsage:m99.metal", "RunInstances", "m99.metal", None),
        (RDS, "InstanceUsage:db.r6g.large", "CreateDBInstance:0014", "db.r6g.large", 4.0),
        (RDS, "Multi-AZUsage:db.r6g.large", "CreateDBInstance:0014", "db.r6g.large", 8.0),
        (RDS, "InstanceUsageIOOptimized:db.r6g.large", "CreateDBInstance:0021", "db.r6g.large",
         5.2),
        (RDS, "InstanceUsage:db.r6g.large", "CreateDBInstance:0012", "db.r6g.large", None),
        (CACHE, "NodeUsage:cache.r6g.large", "CreateCacheCluster:0002", "cache.r6g.large", 4.0),
        ("AmazonES", "ESInstance:r6g.large", "ESDomain", "r6g.large", None),
    ],
)  # fmt: skip
def test_units_of_size_flexible_usage(
    service, usage_type, operation, instance_type, units
) -> None:
    found = flexible_units(service, usage_type, operation, instance_type)

    assert found == (None if units is None else pytest.approx(units))


def test_a_database_pool_spans_sizes_and_deployments_of_one_engine() -> None:
    table = charges(
        {"InstanceUsage:db.r6g.large": [1.0], "Multi-AZUsage:db.r6g.xlarge": [1.0]},
        x_ServiceCode=RDS, x_Operation="CreateDBInstance:0014",
    )  # fmt: skip
    usage = read_usage(table)

    (rows,) = reservation_pools(usage).values()

    assert sorted(unit_draw(usage, rows)) == [4.0, 16.0]


def test_rows_of_other_pools_are_out_of_reach() -> None:
    usage = read_usage(charges({"BoxUsage:m5.large": [1.0], "BoxUsage:c5.large": [1.0]}))

    first, second = reservation_pools(usage).values()

    assert np.isnan(unit_draw(usage, first)[second]).all()


def test_operation_codes_name_the_platform() -> None:
    assert platform_of(EC2, "RunInstances") == "linux"
    assert platform_of(EC2, "RunInstances:0002") == "windows"
    assert platform_of(RDS, "CreateDBInstance:0016") == "aurora mysql"
    assert platform_of("AmazonES", "ESDomain") == "ESDomain"


def test_an_unknown_plan_type_is_named() -> None:
    rates = CommittedRates(read_usage(charges({"BoxUsage:m5.large": [1.0]})), FewRates())

    with pytest.raises(BadInputError, match="plan type 'Storage'"):
        rates.plan("Storage", "1yr", "No Upfront")


def test_missing_sagemaker_rates_are_reported_when_they_matter() -> None:
    table = charges({"Host:ml.m5.large": [1.0]}, x_ServiceCode="AmazonSageMaker")
    rates = CommittedRates(read_usage(table), FewRates())

    assert np.isnan(rates.plan("SageMaker", "1yr", "No Upfront")).all()
    assert "no SageMaker" in rates.issues[0].message


def test_a_service_no_price_list_has_is_sold_no_reservation() -> None:
    class NoSuchService:
        def reserved(self, service_code, region_id):
            raise CatalogError(f"the catalog has no table rates/{service_code}")

    assert reserved_prices(NoSuchService(), "8hj3k", "us-east-1") is None
