"""The embedded catalog against real bills: rates it must reproduce."""

import csv

import duckdb
import numpy as np
import pytest

from costmodel import load_catalog


def in_tiers(match, key, rate):
    """Return whether a rate is, within 0.5 %, the price of a tier of the matched SKU."""
    sku = match.sku[key]
    if sku < 0:
        return False
    prices = match.tiers.unit_price[match.tiers.first[sku] : match.tiers.first[sku + 1]]
    return bool(np.any(np.abs(prices - rate) <= 0.005 * rate))


@pytest.mark.samples
def test_on_demand_usage_of_a_real_bill_reprices(sample) -> None:
    # AWS Well-Architected Labs, October 2018: 99.7 % of the on-demand value has kept its price.
    path = sample("cur-2018/Oct2018-WorkshopCUR-00001.snappy.parquet")
    rows = duckdb.sql(
        f"""select line_item_product_code, coalesce(nullif(product_region, 'global'), ''),
            line_item_usage_type, coalesce(line_item_operation, ''),
            any_value(try_cast(pricing_public_on_demand_rate as double)),
            sum(try_cast(pricing_public_on_demand_cost as double))
        from '{path}' where line_item_line_item_type = 'Usage'
            and try_cast(line_item_unblended_cost as double) > 0
        group by 1, 2, 3, 4, pricing_public_on_demand_rate"""
    ).fetchall()
    service, bill_region, usage, operation, rate, cost = map(list, zip(*rows, strict=True))
    catalog = load_catalog()
    named, base = catalog.strip_region_prefix(usage)
    region = [n or b or "us-east-1" for n, b in zip(named, bill_region, strict=True)]

    match = catalog.match(service, region, base, operation)

    value = np.nan_to_num(np.array(cost, dtype=float))
    ok = np.array([in_tiers(match, key, r or 0.0) for key, r in enumerate(rate)])
    assert value[ok].sum() / value.sum() > 0.995


@pytest.mark.samples
def test_rate_codes_of_a_real_focus_file_price_alike(sample) -> None:
    # September 2024; since then DynamoDB on-demand halved (announced 2024-11-14): two Oregon codes.
    with sample("focus-1.0/focus_sample.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["SkuPriceId"].count(".") == 2]
    price = {row["SkuPriceId"]: float(row["ListUnitPrice"]) for row in rows}

    match = load_catalog().match_rate_codes(list(price))

    held = {
        code: match.tiers.unit_price[sku]
        for code, sku in zip(price, match.sku, strict=True)
        if sku >= 0
    }
    differ = {
        code for code, value in held.items() if value != pytest.approx(price[code], rel=5e-3)
    }
    assert len(held) >= 132
    assert differ == {
        "4G4G98VBTENWGY5R.JRTCKXETXF.6YS6EN2CT7",
        "K6UMRY3TVDVCBP56.JRTCKXETXF.6YS6EN2CT7",
    }
