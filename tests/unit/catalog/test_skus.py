"""SKUs as records: what a key leads to, remembered, the same as a match on arrays gives."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pytest

from costmodel import load_catalog
from costmodel.catalog.catalog import PriceCatalog
from costmodel.catalog.skus import Sku, SkuFinder, tier_table
from costmodel.errors import IssueReason
from tests.builders import RATES, FakeLoader, catalog, rate_table

SMALL = ("Widgets", "us-east-1", "Widget:Small", "", None)
STORAGE = ("Widgets", "us-east-1", "Storage", "", None)


class CountingLoader(FakeLoader):
    """Counts how often rates are read."""

    reads = 0

    def rates(self, service_code, regions):
        self.reads += 1
        return super().rates(service_code, regions)


def test_a_key_leads_to_its_tiers_and_what_its_row_says() -> None:
    (sku,) = SkuFinder(catalog()).find([STORAGE])

    assert isinstance(sku, Sku)
    assert sku.begin_range == (0.0, 100.0)
    assert sku.unit_price == (0.02, 0.01)
    assert (sku.pricing_unit, sku.sku_price_id) == ("GB-Mo", "Storage.0")
    assert (sku.published, sku.description) == ("2026-01-01", "Storage in us-east-1")


def test_a_key_nobody_sells_has_a_reason_and_keeps_its_place() -> None:
    found = SkuFinder(catalog()).find([SMALL, ("Widgets", "us-east-1", "Gone", "", ""), STORAGE])

    assert found[1] is IssueReason.NO_SKU
    assert [sku.sku_price_id for sku in (found[0], found[2])] == ["Widget:Small.0", "Storage.0"]


def test_the_tiers_of_several_skus_are_those_the_catalog_gives() -> None:
    prices = catalog()
    keys = [SMALL, STORAGE, ("Widgets", "us-east-1", "Weight", "", "")]
    match = prices.match(*([key[part] for key in keys] for part in range(4)))

    table = tier_table(SkuFinder(prices).find(keys))

    for number, sku in enumerate(match.sku.tolist()):
        ours = slice(*table.first[number : number + 2])
        theirs = slice(*match.tiers.first[sku : sku + 2])
        for name in ("begin_range", "unit_price", "base_cost", "next_begin"):
            column, expected = getattr(table, name)[ours], getattr(match.tiers, name)[theirs]
            assert np.array_equal(column, expected, equal_nan=True), name
    assert np.array_equal(table.flat_price, match.tiers.flat_price[match.sku], equal_nan=True)


def test_a_key_asked_for_again_is_not_matched_again(monkeypatch) -> None:
    prices = catalog()
    finder = SkuFinder(prices)
    first = finder.find([SMALL, STORAGE, SMALL])

    def refuse(*_: object) -> None:
        raise AssertionError("matched again")

    monkeypatch.setattr(PriceCatalog, "match", refuse)
    again = finder.find([STORAGE, SMALL])
    assert again[0] is first[1]
    assert again[1] is first[0] is first[2]


def test_two_keys_that_lead_to_one_sku_share_its_identity() -> None:
    rows = rate_table("Widgets", "global", RATES)
    finder = SkuFinder(PriceCatalog(FakeLoader(rows)))

    here, there = finder.find([STORAGE, ("Widgets", "eu-west-1", "Storage", "", None)])

    assert here.identity == there.identity
    assert here.identity[1] == "global"


def test_threads_that_load_other_regions_find_what_one_finds_alone() -> None:
    regions = ["us-east-1", "eu-west-1", "ap-south-1", "sa-east-1", "us-west-2", "eu-north-1"]
    keys = [
        ("AmazonEC2", region, f"BoxUsage:{kind}", "RunInstances", None)
        for kind in ("m5.large", "t3.micro")
        for region in regions
    ]
    alone = SkuFinder(load_catalog()).find(keys)
    together = SkuFinder(load_catalog())

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda key: together.find([key])[0], keys))

    assert all(isinstance(sku, Sku) for sku in found)
    assert [(sku.identity, sku.unit_price) for sku in found] == [
        (sku.identity, sku.unit_price) for sku in alone
    ]


@pytest.mark.parametrize("count", [1, 3])
def test_rates_of_a_region_are_read_once(count) -> None:
    loader = CountingLoader(rate_table("Widgets", "us-east-1", RATES))
    prices = PriceCatalog(loader)
    for _ in range(count):
        prices.match(["Widgets"], ["us-east-1"], ["Storage"], [""])

    assert loader.reads == 1
    assert isinstance(prices.rates("Widgets"), pa.Table)
