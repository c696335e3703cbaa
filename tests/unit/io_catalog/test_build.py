import math

import pytest

from costmodel.errors import CatalogError
from costmodel.io.catalog_build import build_catalog
from costmodel.io.catalog_build.tier_solver import Hint, hint_of, solve_ladder


def rows_of(built, service, **wanted):
    """Return the rate rows of a service that have the values given."""
    rows = built.tables[f"rates/{service}"].to_pylist()
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def test_instances_on_shared_hardware_are_box_usage(built) -> None:
    rows = rows_of(built, "AmazonEC2", x_ProductFamily="Compute Instance", x_Basis="published")

    assert [(r["RegionId"], r["x_UsageType"], r["x_Operation"], r["ListUnitPrice"]) for r in rows] == [
        ("us-east-1", "BoxUsage:m5.large", "RunInstances", 0.096),
        ("us-east-1", "BoxUsage:m5.large", "RunInstances:0002", 0.188),
        ("us-east-1-bos-1", "BoxUsage:m5.large", "RunInstances", 0.12),
    ]  # fmt: skip


def test_rows_called_dedicated_are_hosts_where_the_published_table_agrees(built) -> None:
    hosts = rows_of(built, "AmazonEC2", x_ProductFamily="Dedicated Host")

    assert [(r["RegionId"], r["x_UsageType"], r["ListUnitPrice"]) for r in hosts] == [
        ("eu-west-1", "HostUsage:c5", 3.802),
        ("us-east-1", "HostUsage:c5", 3.366),
    ]
    assert not [r for r in rows_of(built, "AmazonEC2") if "DedicatedUsage" in r["x_UsageType"]]


def test_copies_of_a_row_merge_and_tiers_stay(built) -> None:
    rows = rows_of(built, "AmazonS3", x_UsageType="TimedStorage-ByteHrs")

    assert [(r["BeginRange"], r["EndRange"], r["ListUnitPrice"]) for r in rows] == [
        (0.0, 100.0, 0.023),
        (100.0, math.inf, 0.022),
    ]
    assert {r["x_Variant"] for r in rows} == {""}


def test_a_rule_keeps_the_plain_product_the_default(built) -> None:
    rows = rows_of(built, "AmazonECR")

    assert [(r["x_Variant"], r["ListUnitPrice"]) for r in rows] == [
        ("", 0.1),
        ("DSSE Encryption", 0.0036),
    ]


def test_products_nobody_tells_apart_get_a_variant_each(built) -> None:
    variants = [r["x_Variant"] for r in rows_of(built, "AmazonFSx")]

    assert variants == ["Thing F1", "Thing F2"]


@pytest.mark.parametrize(
    ("service", "usage_type", "operation", "basis"),
    [
        ("AmazonMSK", "Express.m7g.large", "RunBroker", "attributes"),
        ("AmazonDocDB", "InstanceUsage:db.r6g.2xl", "CreateDBInstance:0023", "rule"),
        ("AmazonMWAA", "Environment Small per Hrs", "", "description"),
        ("AmazonBedrock", "", "", ""),
    ],
)
def test_unnamed_rows_get_a_name_where_the_source_says_one(
    built, service, usage_type, operation, basis
) -> None:
    (row,) = rows_of(built, service)

    assert (row["x_UsageType"], row["x_Operation"], row["x_NameBasis"]) == (
        usage_type,
        operation,
        basis,
    )


def test_tier_bounds_come_from_the_descriptions(built) -> None:
    # First 1000, next 4000, next 5000, over 10000: aws.amazon.com/detective/pricing
    rows = rows_of(built, "AmazonDetective")

    assert [(r["BeginRange"], r["EndRange"], r["ListUnitPrice"]) for r in rows] == [
        (0.0, 1000.0, 2.0),
        (1000.0, 5000.0, 1.0),
        (5000.0, 10000.0, 0.5),
        (10000.0, math.inf, 0.25),
    ]
    assert {r["x_UsageType"] for r in rows} == {"Amazon Detective"}


def test_a_ladder_with_a_gap_is_set_aside_and_reported(built) -> None:
    (row,) = rows_of(built, "AmazonConnect")

    assert (row["x_UsageType"], row["SkuPriceId"]) == ("", "C1.T.A")
    reasons = {note["x_ServiceCode"]: note["reason"] for note in built.notes}
    assert reasons["AmazonConnect"] == "tiers with a gap or overlap: set aside"


def test_no_price_is_invented_above_the_last_public_tier(built) -> None:
    last = rows_of(built, "AmazonKinesisFirehose")[-1]

    assert (last["BeginRange"], last["EndRange"]) == (30.0, math.inf)
    assert math.isnan(last["ListUnitPrice"])


def test_traffic_between_regions_keeps_the_other_region(built) -> None:
    rows = rows_of(built, "AWSDataTransfer", RegionId="us-east-1")
    prices = {r["x_UsageType"]: r["ListUnitPrice"] for r in rows}

    assert prices["EU-AWS-Out-Bytes"] == 0.02
    assert prices["EU-AWS-In-Bytes"] == 0.0
    assert prices["DataTransfer-Regional-Bytes"] == 0.01
    assert prices["DataTransfer-AZ-Bytes"] == prices["DataTransfer-xAZ"] == 0.0


def test_all_commercial_leaves_govcloud_out(built) -> None:
    rows = rows_of(built, "AWSDataTransfer", x_UsageType="DataTransfer-Regional-Bytes")

    assert [r["RegionId"] for r in rows] == ["eu-west-1", "us-east-1"]


def test_credits_cost_more_on_windows_in_every_region(built) -> None:
    rows = rows_of(built, "AmazonEC2", x_UsageType="CPUCredits:t3")

    assert [(r["RegionId"], r["x_Operation"], r["ListUnitPrice"]) for r in rows] == [
        (region, operation, price)
        for region in ("eu-west-1", "us-east-1", "us-gov-west-1")
        for operation, price in (("", 0.05), ("RunInstances:0002", 0.096))
    ]


def test_aurora_credits_are_apart_from_the_other_engines(built) -> None:
    rows = rows_of(built, "AmazonRDS", x_UsageType="CPUCredits:db.t3")

    assert [(r["x_Operation"], r["ListUnitPrice"]) for r in rows] == [
        ("", 0.075),
        ("CreateDBInstance:0010", 0.144),
        ("CreateDBInstance:0016", 0.09),
        ("CreateDBInstance:0021", 0.09),
    ]


def test_what_lies_below_a_first_charged_unit_is_free(built) -> None:
    rows = rows_of(built, "AmazonEC2", x_UsageType="ElasticIP:Remap")

    assert [(r["BeginRange"], r["ListUnitPrice"]) for r in rows] == [(0.0, 0.0), (100.0, 0.1)]


def test_unsure_and_repeated_hand_rows_are_left_out(built) -> None:
    assert "rates/AmazonSNS" not in built.tables
    assert rows_of(built, "AmazonS3", x_UsageType="AWS-Out-ABytes-T1") == []


def test_free_tier_rows_are_no_on_demand_price(built) -> None:
    (row,) = rows_of(built, "AWSLambda")

    assert (row["x_TermType"], row["PricingCategory"], row["EndRange"]) == (
        "FreeTier",
        "Other",
        1e6,
    )


def test_all_but_the_early_families_have_free_ebs_optimisation(built) -> None:
    rows = [r for r in rows_of(built, "AmazonEC2") if r["x_UsageType"].startswith("EBSOptimized:")]

    assert [(r["RegionId"], r["x_UsageType"]) for r in rows] == [
        ("global", "EBSOptimized:m5.large")
    ]


def test_edge_geographies_are_global(built) -> None:
    (row,) = rows_of(built, "AmazonCloudFront")

    assert (row["RegionId"], row["x_UsageType"]) == ("global", "EU-Requests-Tier1")


def test_a_folder_without_price_data_is_named(tmp_path) -> None:
    with pytest.raises(CatalogError, match="lacks database_savings_plans"):
        build_catalog(tmp_path)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("upto 10M", (math.nan, 1e7)),
        ("from 10M to 50M", (1e7, 5e7)),
        ("over 35MM per Images", (3.5e7, math.inf)),
        ("First 12.2 TB", (0.0, 12.2 * 1024)),
        ("AmazonLocationService 250000 2000000 None", (250000.0, 2e6)),
        ("nothing said", (math.nan, math.nan)),
    ],
)
def test_words_give_bounds(text, hint) -> None:
    found = hint_of(math.nan, math.nan, text)

    assert (found.low, found.high) == pytest.approx(hint, nan_ok=True)


def test_a_ladder_that_fits_in_no_order_has_no_bounds() -> None:
    hints = [Hint(0.0, 10.0), Hint(50.0, math.inf)]

    assert solve_ladder(hints, [1.0, 0.5]) is None


def test_a_ladder_of_too_many_tiers_is_not_tried() -> None:
    assert solve_ladder([Hint(0.0, math.inf)] * 7, [1.0] * 7) is None


def test_a_fee_paid_once_for_an_organisation_is_free_above_one(built) -> None:
    rows = rows_of(built, "AWSShield", x_UsageType="Advanced Monthly Fee")

    assert [(r["BeginRange"], r["ListUnitPrice"]) for r in rows] == [(0.0, 3000.0), (1.0, 0.0)]
