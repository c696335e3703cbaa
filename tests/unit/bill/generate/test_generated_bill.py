"""Generated files: formats, places, manifests, reproducibility, bad settings."""

import gzip
import json
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from costmodel.bill.generate.plan import BillSettings, build_plan, is_office_hour
from costmodel.bill.generate.rows import MICRO, split_at_tiers
from costmodel.bill.generate.texts import account_ids
from costmodel.engine.tiers import build_tier_table
from costmodel.errors import BadInputError
from costmodel.io.generated_bill import csv_header, generate_bill
from tests.unit.bill.generate import offers

SETTINGS = BillSettings(rows=5_000, seed=1, accounts=3)


def test_same_seed_makes_the_same_bill_and_another_seed_another(tmp_path: Path) -> None:
    prices = offers.small_prices()
    bills = [
        generate_bill(BillSettings(rows=5_000, seed=seed), prices, tmp_path / name, "cur")
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    first, again, other = (pq.read_table(bill.files[0]) for bill in bills)

    assert first.equals(again)
    assert not first.equals(other)


def test_cur_lies_in_hive_folders_with_plain_text_columns(tmp_path: Path) -> None:
    bill = generate_bill(SETTINGS, offers.small_prices(), tmp_path / "new", "cur")

    assert bill.files[0].relative_to(bill.folder).as_posix() == (
        "costs/costs/year=2026/month=1/costs-00001.snappy.parquet"
    )
    schema = pq.read_schema(bill.files[0])
    assert str(schema.field("line_item_usage_type").type) == "string"
    assert str(schema.field("line_item_usage_start_date").type) == "timestamp[ms, tz=UTC]"


def test_cur_csv_has_headers_of_category_and_name_and_a_manifest(tmp_path: Path) -> None:
    bill = generate_bill(SETTINGS, offers.small_prices(), tmp_path / "new", "cur-csv")
    manifest = json.loads(
        (bill.folder / "costs/20260101-20260201/costs-Manifest.json").read_text()
    )

    assert [str(f.relative_to(bill.folder)) for f in bill.files] == manifest["reportKeys"]
    assert manifest["billingPeriod"]["end"] == "20260201T000000.000Z"
    with gzip.open(bill.files[0]) as file:
        table = pyarrow.csv.read_csv(file)
    assert table.num_rows == bill.rows
    assert table.column_names == [f"{c['category']}/{c['name']}" for c in manifest["columns"]]
    assert "lineItem/UnblendedCost" in table.column_names


@pytest.mark.parametrize(
    ("snake", "header"),
    [
        ("savings_plan_savings_plan_a_r_n", "savingsPlan/SavingsPlanARN"),
        ("product_product_name", "product/ProductName"),
        ("product_region_code", "product/regionCode"),
        ("pricing_public_on_demand_cost", "pricing/publicOnDemandCost"),
        ("pricing_rate_code", "pricing/RateCode"),
        ("resource_tags_user_team", "resourceTags/user:team"),
        ("bill_payer_account_id", "bill/PayerAccountId"),
    ],
)
def test_headers_are_those_of_aws(snake: str, header: str) -> None:
    assert csv_header(snake) == header


def test_cur2_has_maps_and_account_names(tmp_path: Path) -> None:
    bill = generate_bill(SETTINGS, offers.small_prices(), tmp_path / "new", "cur2")
    table = pq.read_table(bill.files[0])

    assert "BILLING_PERIOD=2026-01" in str(bill.files[0])
    assert str(table.schema.field("resource_tags").type).startswith("map<string, string")
    tags = {key for row in table["resource_tags"].to_pylist() for key, _ in row}
    assert tags == {"user_team", "user_env"}
    names = {key for row in table["product"].to_pylist() for key, _ in row}
    assert names == {"product_name", "region", "instance_type"}
    assert table["line_item_usage_account_name"].null_count == 0


@pytest.mark.parametrize(("version", "columns"), [("focus-1.0", 43 + 4), ("focus-1.2", 57 + 3)])
def test_focus_has_the_columns_of_its_version(version: str, columns: int, tmp_path: Path) -> None:
    bill = generate_bill(SETTINGS, offers.small_prices(), tmp_path / "new", version)

    assert len(pq.read_schema(bill.files[0])) == columns


def test_months_grow(tmp_path: Path) -> None:
    settings = BillSettings(rows=20_000, months=4, monthly_growth=0.2)
    bill = generate_bill(settings, offers.small_prices(), tmp_path / "new", "cur")

    cost = duckdb.sql(
        "SELECT sum(line_item_unblended_cost) / count(DISTINCT line_item_usage_start_date::DATE)"
        f" FROM read_parquet('{bill.folder}/**/*.parquet')"
        " WHERE line_item_line_item_type = 'Usage'"
        " GROUP BY bill_billing_period_start_date ORDER BY bill_billing_period_start_date"
    ).fetchall()

    per_day = np.array(cost)[:, 0]
    assert np.all(np.diff(per_day) > 0)
    assert per_day[3] > 1.5 * per_day[0]


def test_weekends_are_quieter(tmp_path: Path) -> None:
    bill = generate_bill(SETTINGS, offers.small_prices(), tmp_path / "new", "cur")

    weekday, weekend = duckdb.sql(
        "SELECT avg(line_item_usage_amount) FILTER (isodow(line_item_usage_start_date) < 6),"
        " avg(line_item_usage_amount) FILTER (isodow(line_item_usage_start_date) > 5)"
        f" FROM read_parquet('{bill.folder}/**/*.parquet')"
        " WHERE line_item_product_code = 'AWSDataTransfer'"
        " AND line_item_line_item_type = 'Usage'"
    ).fetchall()[0]

    assert weekend < 0.8 * weekday


def test_a_planned_anomaly_multiplies_its_hours(tmp_path: Path) -> None:
    quiet = BillSettings(rows=5_000, seed=1, accounts=3)
    loud = BillSettings(rows=5_000, seed=1, accounts=3, anomalies=1)
    before = generate_bill(quiet, offers.small_prices(), tmp_path / "a", "cur")
    after = generate_bill(loud, offers.small_prices(), tmp_path / "b", "cur")
    (anomaly,) = after.plan.anomalies

    account = account_ids(after.plan)[anomaly.account]
    usage_type = after.plan.prices.offers[anomaly.offer].usage_type

    def quantity(folder: Path) -> float:
        start = "TIMESTAMPTZ '2026-01-01 00:00:00+00'"
        return duckdb.sql(
            f"SELECT sum(line_item_usage_amount) FROM read_parquet('{folder}/**/*.parquet')"
            f" WHERE line_item_usage_type = '{usage_type}'"
            f" AND line_item_usage_account_id = '{account}'"
            f" AND line_item_usage_start_date >= {start} + INTERVAL {anomaly.first_hour} HOUR"
            f" AND line_item_usage_start_date < {start} + INTERVAL {anomaly.last_hour} HOUR"
            " AND line_item_line_item_type = 'Usage'"
        ).fetchall()[0][0]

    assert quantity(after.folder) == pytest.approx(
        anomaly.factor * quantity(before.folder), rel=1e-3
    )
    assert after.to_json()["anomalies"][0]["factor"] == anomaly.factor


def test_a_row_is_cut_where_the_counter_crosses_tiers() -> None:
    tiers = build_tier_table([0, 3], [0.0, 10.0, 15.0], [3.0, 2.0, 1.0])
    counter = np.array([8 * MICRO])

    split = split_at_tiers(
        tiers, np.array([0, 0], np.int32), np.array([9 * MICRO, 1 * MICRO]), counter
    )

    pieces = sorted(
        zip(split.source.tolist(), split.tier.tolist(), split.quantity.tolist(), strict=True)
    )
    assert pieces == [(0, 0, 2 * MICRO), (0, 1, 5 * MICRO), (0, 2, 2 * MICRO), (1, 2, MICRO)]
    assert counter.tolist() == [18 * MICRO]


def test_office_hours_are_weekdays_from_seven_to_nineteen() -> None:
    # 2026-01-01 is a Thursday: hours 48 and later are Saturday.
    assert is_office_hour([6, 7, 18, 19, 24 + 12, 48 + 12, 72 + 12, 96 + 12], "2026-01").tolist() == [
        False, True, True, False, True, False, False, True,
    ]  # fmt: skip


def test_a_folder_with_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")

    with pytest.raises(BadInputError, match="not an empty folder"):
        generate_bill(SETTINGS, offers.small_prices(), tmp_path, "cur")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"rows": 5}, "rows is 5"),
        ({"months": 0}, "months is 0"),
        ({"first_month": "January"}, "write it as 2026-01"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_impossible_settings_are_named(wrong: dict[str, int], message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        BillSettings(**{"rows": 1000, **wrong})


def test_many_streams_use_every_offer() -> None:
    plan = build_plan(BillSettings(rows=50_000), offers.small_prices())

    assert set(plan.streams.offer.tolist()) == set(range(8))


@pytest.mark.parametrize(
    "settings", [{"months": 100_000}, {"monthly_growth": float("nan")}, {"monthly_growth": -2.0}]
)
def test_settings_without_bounds_are_refused(settings):
    with pytest.raises(BadInputError, match=r"at most|growth is"):
        BillSettings(rows=1000, **settings)
