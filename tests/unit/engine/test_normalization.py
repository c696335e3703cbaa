"""Normalisation factors of AWS's documentation."""

import pytest

from costmodel.engine.coverage import (
    Deployment,
    is_size_flexible,
    normalization_factor,
    reserved_units,
)
from costmodel.errors import CommitmentError


@pytest.mark.parametrize(
    ("instance_type", "factor"),
    [
        ("t3.nano", 0.25), ("t3.micro", 0.5), ("t3.small", 1), ("t3.medium", 2), ("m5.large", 4),
        ("m5.xlarge", 8), ("m5.2xlarge", 16), ("m5.3xlarge", 24), ("m5.4xlarge", 32),
        ("m5.6xlarge", 48), ("m5.8xlarge", 64), ("m5.9xlarge", 72), ("m5.10xlarge", 80),
        ("m5.12xlarge", 96), ("m5.16xlarge", 128), ("m5.18xlarge", 144), ("m5.24xlarge", 192),
        ("u-6tb1.56xlarge", 448), ("u-6tb1.112xlarge", 896), ("i3.metal", 128),
        ("m5.metal", 192), ("c7i.metal-24xl", 192), ("db.m5.2xl", 16), ("cache.r6g.large", 4),
        ("db.m5.xl", 8),
    ],
)  # fmt: skip
def test_the_published_factors(instance_type, factor) -> None:
    assert normalization_factor(instance_type) == factor


@pytest.mark.parametrize("instance_type", ["m99.metal", "m5.huge", "large", "m5.", ".large", ""])
def test_sizes_without_a_factor_are_named(instance_type) -> None:
    with pytest.raises(CommitmentError, match="instance type"):
        normalization_factor(instance_type)


@pytest.mark.parametrize(
    ("deployment", "units"),
    [
        (Deployment.SINGLE_AZ, 4), (Deployment.MULTI_AZ, 8), (Deployment.MULTI_AZ_CLUSTER, 12),
    ],
)  # fmt: skip
def test_database_units_count_every_instance(deployment, units) -> None:
    assert reserved_units("AmazonRDS", "db.r6g.large", deployment=deployment) == units


def test_io_optimised_and_valkey_change_the_units() -> None:
    assert reserved_units("AmazonRDS", "db.r6g.large", is_io_optimized=True) == pytest.approx(5.2)
    assert reserved_units("AmazonElastiCache", "cache.r6g.large", engine="Valkey") == 3.2
    assert reserved_units("AmazonMemoryDB", "db.r6g.large", engine="Valkey") == pytest.approx(2.8)
    assert reserved_units("AmazonElastiCache", "cache.r6g.large", engine="Redis") == 4


@pytest.mark.parametrize(
    ("service", "instance_type", "platform", "flexible"),
    [
        ("AmazonEC2", "m5.large", "Linux/UNIX", True),
        ("AmazonEC2", "m5.large", "Linux/UNIX (Amazon VPC)", True),
        ("AmazonEC2", "m5.large", "Windows", False),
        ("AmazonEC2", "m5.large", "SUSE Linux", False),
        ("AmazonEC2", "g5.xlarge", "Linux/UNIX", False),
        ("AmazonRDS", "db.r6g.large", "Aurora MySQL", True),
        ("AmazonRDS", "db.r6g.large", "PostgreSQL", True),
        ("AmazonRDS", "db.r6g.large", "Oracle EE, Bring your own license", True),
        ("AmazonRDS", "db.r6g.large", "Oracle SE2, License included", False),
        ("AmazonRDS", "db.r6g.large", "SQL Server Standard", False),
        ("AmazonElastiCache", "cache.r6g.large", "Redis", True),
        ("AmazonES", "r6g.large.search", "", False),
        ("AmazonRedshift", "ra3.4xlarge", "", False),
        ("AmazonDynamoDB", "", "WCU", False),
    ],
)
def test_what_is_size_flexible(service, instance_type, platform, flexible) -> None:
    assert is_size_flexible(service, instance_type, platform=platform) is flexible
