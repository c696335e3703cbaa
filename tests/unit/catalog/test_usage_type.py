import pytest

from costmodel import load_catalog
from costmodel.catalog.usage_type import strip_prefixes, usage_type_prefixes

REGIONS = {"us-east-1": "", "eu-west-1": "EU", "us-west-2": "USW2", "us-gov-west-1": "UGW1"}
PREFIXES = usage_type_prefixes(REGIONS, ["us-east-1-bos-1", "us-west-2-wl1-las1"])


@pytest.mark.parametrize(
    ("usage_type", "region", "base"),
    [
        ("BoxUsage:m5.large", None, "BoxUsage:m5.large"),
        ("USW2-BoxUsage:m5.large", "us-west-2", "BoxUsage:m5.large"),
        ("USE1-VpcEndpoint-Hours", "us-east-1", "VpcEndpoint-Hours"),
        ("EU-LCUUsage", "eu-west-1", "LCUUsage"),
        ("EUW1-Requests", "eu-west-1", "Requests"),
        ("us-gov-west-1-KMS-Keys", "us-gov-west-1", "KMS-Keys"),
        ("USE1-USW2-AWS-Out-Bytes", "us-east-1", "USW2-AWS-Out-Bytes"),
        ("USE1-BOS1-BoxUsage:t3.medium", "us-east-1-bos-1", "BoxUsage:t3.medium"),
        ("USW2-WL1LAS1-EBS:VolumeUsage", "us-west-2-wl1-las1", "EBS:VolumeUsage"),
        ("USW2-WL1-LAS1-EBS:VolumeUsage", "us-west-2-wl1-las1", "EBS:VolumeUsage"),
        ("TS-LoadBalancerUsage", None, "TS-LoadBalancerUsage"),
        ("Global-Request", None, "Global-Request"),
        ("USW2", None, "USW2"),
        ("", None, ""),
    ],
)
def test_a_usage_type_names_its_region(usage_type, region, base) -> None:
    regions, bases = strip_prefixes([usage_type], PREFIXES)

    assert (regions[0], bases[0]) == (region, base)


def test_edge_geographies_stay_and_regional_caches_do_not() -> None:
    usage_types = ["EU-Requests-Tier1", "USW2-Requests-OriginShield"]

    regions, bases = strip_prefixes(usage_types, PREFIXES, "AmazonCloudFront")

    assert regions.tolist() == [None, "us-west-2"]
    assert bases.tolist() == ["EU-Requests-Tier1", "Requests-OriginShield"]


def test_every_prefix_of_the_catalog_is_one_region() -> None:
    catalog = load_catalog()
    usage_types = [f"{prefix}-X" for prefix in catalog.regions.values() if prefix]

    regions, bases = catalog.strip_region_prefix(usage_types)

    assert regions.tolist() == [name for name, prefix in catalog.regions.items() if prefix]
    assert set(bases) == {"X"}
