import numpy as np
import pytest

from costmodel import IssueReason, load_catalog


@pytest.fixture(scope="module")
def catalog():
    return load_catalog()


def price_of(match, key=0):
    """Return the tiers of one matched key as (begin, price) pairs."""
    sku = match.sku[key]
    rows = slice(match.tiers.first[sku], match.tiers.first[sku + 1])
    return list(
        zip(
            match.tiers.begin_range[rows].tolist(),
            match.tiers.unit_price[rows].tolist(),
            strict=True,
        )
    )


def test_an_instance_is_priced_by_its_operating_system(catalog) -> None:
    # m5.large us-east-1: Linux 0.096, Windows 0.188 (aws.amazon.com/ec2/pricing/on-demand)
    match = catalog.match(
        ["AmazonEC2"] * 2,
        ["us-east-1"] * 2,
        ["BoxUsage:m5.large"] * 2,
        ["RunInstances", "RunInstances:0002"],
    )

    assert price_of(match, 0) == [(0.0, 0.096)]
    assert price_of(match, 1) == [(0.0, 0.188)]


def test_an_instance_without_operating_system_is_ambiguous(catalog) -> None:
    match = catalog.match(["AmazonEC2"], ["us-east-1"], ["BoxUsage:m5.large"], [""])

    assert match.sku.tolist() == [-1]
    assert match.reason.tolist() == [IssueReason.AMBIGUOUS_SKU]


def test_an_unknown_operating_system_has_no_price(catalog) -> None:
    match = catalog.match(["AmazonEC2"], ["us-east-1"], ["BoxUsage:m5.large"], ["RunInstances:x"])

    assert match.reason.tolist() == [IssueReason.NO_SKU]


def test_s3_storage_has_three_tiers(catalog) -> None:
    # aws.amazon.com/s3/pricing: first 50 TB 0.023, next 450 TB 0.022, over 500 TB 0.021
    match = catalog.match(["AmazonS3"], ["us-east-1"], ["TimedStorage-ByteHrs"], [""])

    assert price_of(match) == [(0.0, 0.023), (51200.0, 0.022), (512000.0, 0.021)]


def test_a_rate_code_finds_its_one_tier(catalog) -> None:
    match = catalog.match(["AmazonS3"], ["us-east-1"], ["TimedStorage-ByteHrs"], [""])
    code = match.skus["SkuPriceId"].to_pylist()[0]

    found = catalog.match_rate_codes([code, "NO.SUCH.CODE"])

    assert found.sku.tolist() == [0, -1]
    assert found.tiers.unit_price.tolist() == [0.023]
    assert found.reason.tolist() == [None, IssueReason.NO_SKU]


def test_region_prefixes_are_stripped(catalog) -> None:
    regions, bases = catalog.strip_region_prefix(
        [
            "USW2-BoxUsage:m5.large",
            "BoxUsage:m5.large",
            "USE1-EUC1-AWS-Out-Bytes",
            "EU-NatGateway-Hours",
        ]
    )

    assert regions.tolist() == ["us-west-2", None, "us-east-1", "eu-west-1"]
    assert bases.tolist() == [
        "BoxUsage:m5.large",
        "BoxUsage:m5.large",
        "EUC1-AWS-Out-Bytes",
        "NatGateway-Hours",
    ]
    assert isinstance(bases, np.ndarray)
