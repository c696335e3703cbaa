"""The coverage table and the pages of services against what is known of a few of them."""

import pytest

import costmodel
from costmodel.report.coverage import cover_services, coverage_table, describe_regions
from costmodel.report.nomenclature import nomenclature_page
from costmodel.report.service_pages import index_page, service_page


@pytest.fixture(scope="module")
def services():
    return {one.sheet.file: one for one in cover_services(costmodel.load_catalog())}


def test_queues_have_prices_everywhere_and_a_million_free_requests(services) -> None:
    queues = services["sqs.toml"]

    assert [kind.type for kind in queues.kinds] == ["aws_sqs_queue"]
    assert queues.priced_count == queues.meter_count
    assert {"us-east-1", "eu-central-1", "sa-east-1"} <= queues.regions
    assert queues.models == ("on-demand",)
    assert "always" in queues.free_tier


def test_instances_are_bought_in_four_ways(services) -> None:
    assert services["ec2.toml"].models == ("on-demand", "reserved", "savings plan", "spot")


def test_a_service_without_rows_has_no_priced_meter_and_no_region(services) -> None:
    directories = services["directory_service.toml"]

    assert directories.priced_count == 0
    assert directories.meter_count == 3
    assert (directories.regions, directories.models) == (frozenset(), ())


def test_a_service_of_parts_only_says_so(services) -> None:
    table = coverage_table([services["elastic_beanstalk.toml"]])

    assert table.rows[0][2:4] == ["those of its parts", "those of its parts"]


@pytest.mark.parametrize(
    ("regions", "text"),
    [
        (frozenset(), "0"),
        (frozenset({"us-east-1", "us-west-2"}), "2"),
        (frozenset({"global"}), "global"),
        (frozenset({"global", "us-east-1"}), "1 and global"),
    ],
)
def test_regions_are_counted_beside_global_prices(regions, text) -> None:
    assert describe_regions(regions) == text


def test_a_page_shows_inputs_meters_examples_and_what_has_no_price(services) -> None:
    page = service_page(services["directory_service.toml"])

    assert "| `shared_accounts` | accounts | 0 | usage `shared_accounts` |" in page
    assert "no price in the data" in page
    assert "Directory sharing: no price" in page
    assert "none: the price data has no row of the service" in page


def test_a_page_shows_parts_aliases_and_free_types(services) -> None:
    page = service_page(services["direct_connect.toml"])

    assert "| `aws_dx_hosted_connection` | `aws_dx_connection` |" in page
    assert "| `aws_dx_gateway` | free itself |" in page
    assert "DX connection: 219.00" in page
    assert "`aws_ebs_volume`" in service_page(services["ec2.toml"])


def test_the_index_links_every_page(services) -> None:
    index = index_page(list(services.values()), "2026-09-29")

    assert index.count(".md)") == len(services)
    assert "prices as of 2026-09-29" in index


def test_the_nomenclature_has_every_column_once() -> None:
    page = nomenclature_page()

    assert page.count("| `ListUnitPrice` |") == 1
    assert page.count("| `x_UsageType` |") == 1
