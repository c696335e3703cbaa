import json

import pyarrow.parquet as pq
import pytest

from costmodel import load_catalog
from costmodel.columns import COLUMNS
from costmodel.errors import BadInputError, CatalogError, IssueReason
from costmodel.io.catalog_store import find_catalog, verify_catalog, write_catalog
from costmodel.io.catalog_store.change import diff_catalogs, update_rates
from costmodel.io.price_list import fetch_offer, read_offer

OFFER = {
    "offerCode": "AmazonS3",
    "publicationDate": "2026-09-01T00:00:00Z",
    "products": {
        "S1": {
            "productFamily": "Storage",
            "attributes": {
                "regionCode": "us-east-1",
                "usagetype": "TimedStorage-ByteHrs",
                "operation": "",
            },
        },
        "S2": {
            "productFamily": "Storage",
            "attributes": {"regionCode": "eu-west-1", "usagetype": "EU-EarlyDelete", "operation": ""},
        },
    },
    "terms": {
        "OnDemand": {
            "S1": {
                "S1.T": {
                    "offerTermCode": "T",
                    "termAttributes": {},
                    "priceDimensions": {
                        "S1.T.A": {
                            "rateCode": "S1.T.A", "unit": "GB", "beginRange": "0",
                            "endRange": "50", "description": "first", "pricePerUnit": {"USD": "0.03"},
                        },
                        "S1.T.B": {
                            "rateCode": "S1.T.B", "unit": "GB", "beginRange": "50",
                            "endRange": "Inf", "description": "next", "pricePerUnit": {"USD": "0.02"},
                        },
                    },
                }
            },
            "S2": {
                "S2.T": {
                    "offerTermCode": "A429C66SYZ",
                    "priceDimensions": {
                        "S2.T.A": {"rateCode": "S2.T.A", "unit": "GB", "pricePerUnit": {"USD": "0"}},
                        "S2.T.B": {"rateCode": "S2.T.B", "unit": "GB", "pricePerUnit": {"CNY": "1"}},
                    },
                }
            },
        },
        "Reserved": {
            "S1": {
                "S1.R": {
                    "offerTermCode": "R",
                    "termAttributes": {
                        "LeaseContractLength": "1yr", "OfferingClass": "standard",
                        "PurchaseOption": "All Upfront",
                    },
                    "priceDimensions": {
                        "S1.R.A": {"rateCode": "S1.R.A", "unit": "Quantity",
                                   "pricePerUnit": {"USD": "100"}},
                    },
                }
            }
        },
    },
}  # fmt: skip


@pytest.fixture
def offer_file(tmp_path):
    path = tmp_path / "index.json"
    path.write_text(json.dumps(OFFER))
    return path


def test_the_same_tables_give_the_same_bytes(built, tmp_path) -> None:
    manifests = [
        write_catalog(
            tmp_path / name, built.tables, version="", sources=built.sources, notes=built.notes
        )
        for name in ("a", "b")
    ]

    assert manifests[0] == manifests[1]
    assert manifests[0]["version"] == "2026.09.29"


def test_a_build_keeps_the_service_sheets(folder) -> None:
    assert (folder / "services" / "sheet.toml").read_text() == "kept"


def test_an_ambiguous_key_is_never_the_cheapest(folder) -> None:
    catalog = load_catalog(folder)

    plain = catalog.match(["AmazonFSx"], ["us-east-1"], ["Thing"], [""])
    chosen = catalog.match(["AmazonFSx"], ["us-east-1"], ["Thing"], [""], ["Thing F2"])

    assert plain.reason.tolist() == [IssueReason.AMBIGUOUS_SKU]
    assert chosen.tiers.unit_price.tolist() == [2.0]


def test_ec2_bills_find_traffic_under_its_own_service(folder) -> None:
    match = load_catalog(folder).match(
        ["AmazonEC2"], ["us-east-1"], ["EU-AWS-Out-Bytes"], ["InterZone-Out"]
    )

    assert match.tiers.unit_price.tolist() == [0.02]


def test_edge_prices_are_found_from_any_region(folder) -> None:
    match = load_catalog(folder).match(
        ["AmazonCloudFront"], ["us-east-1"], ["EU-Requests-Tier1"], ["GET"]
    )

    assert match.tiers.unit_price.tolist() == [9e-7]


def test_reserved_offers_carry_the_rate_both_payments_amount_to(folder) -> None:
    (offer,) = load_catalog(folder).reserved("AmazonES", "us-east-1").to_pylist()

    # 0.10 an hour and 876 in advance over 8,760 hours: 0.10 + 0.10
    assert offer["x_HourlyUnitPrice"] == 0.1
    assert offer["x_UpfrontFee"] == 876.0
    assert offer["x_EffectiveUnitPrice"] == pytest.approx(0.2)


def test_ec2_all_upfront_is_paid_in_advance(folder) -> None:
    (offer,) = load_catalog(folder).reserved("AmazonEC2", "us-east-1").to_pylist()

    assert offer["x_HourlyUnitPrice"] == 0.0
    assert offer["x_UpfrontFee"] == pytest.approx(0.06 * 8760)


def test_other_tables_load_by_region(folder) -> None:
    catalog = load_catalog(folder)

    assert catalog.savings_plan_rates("Compute", "us-east-1")["ListUnitPrice"].to_pylist() == [
        0.05
    ]
    assert catalog.savings_plan_rates("Database")["x_UsageType"].to_pylist() == [
        "InstanceUsage:db.r7g.xl"
    ]
    assert catalog.spot("us-east-1").num_rows == 1
    assert catalog.spot("eu-west-1").num_rows == 0
    assert catalog.spot_history()["x_MaxUnitPrice"].to_pylist() == [0.04]
    assert catalog.spot_interruption()["x_InterruptionLabel"].to_pylist() == ["<5%"]
    assert catalog.hardware()["instance_type"].to_pylist() == ["m1.small", "m5.large"]
    assert catalog.zones == ["us-east-1-bos-1"]
    assert catalog.regions["eu-west-1"] == "EU"
    assert catalog.currency == "USD"
    assert repr(catalog) == "PriceCatalog(version='2026.09.29', published='2026-09-29')"


def test_a_sound_catalog_verifies(folder) -> None:
    found = verify_catalog(folder)

    assert found.failures == ()
    assert found.ambiguous == {"AmazonFSx": 1}
    assert found.resolved == {"AmazonECR": 1}


def test_a_changed_file_fails_verification(folder) -> None:
    path = folder / "rates" / "AmazonS3.parquet"
    path.write_bytes(path.read_bytes() + b"x")

    assert verify_catalog(folder).failures == (
        "rates/AmazonS3: missing or changed since the build (sha256)",
    )


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        ("ListUnitPrice", -1.0, "1 negative prices"),
        ("BeginRange", 200.0, "tiers of AmazonS3|us-east-1|TimedStorage-ByteHrs||"),
        ("EndRange", 300.0, "tiers of AmazonS3|us-east-1|TimedStorage-ByteHrs||"),
    ],
)
def test_bad_rows_fail_verification(built, tmp_path, column, value, problem) -> None:
    rows = built.tables["rates/AmazonS3"].to_pylist()
    rows[-1][column] = value
    broken = built.tables["rates/AmazonS3"].from_pylist(
        rows, built.tables["rates/AmazonS3"].schema
    )
    tables = built.tables | {"rates/AmazonS3": broken}
    write_catalog(tmp_path / "c", tables, version="1", sources=[], notes=[])

    failures = verify_catalog(tmp_path / "c").failures

    assert failures == (f"rates/AmazonS3: {problem}",)


def test_an_offer_file_becomes_rate_rows(offer_file, folder) -> None:
    rows = read_offer(offer_file, load_catalog(folder).prefixes).to_pylist()

    assert [
        (r["RegionId"], r["x_UsageType"], r["x_TermType"], r["BeginRange"], r["ListUnitPrice"])
        for r in rows
    ] == [
        ("eu-west-1", "EarlyDelete", "FreeTier", 0.0, 0.0),
        ("us-east-1", "TimedStorage-ByteHrs", "OnDemand", 0.0, 0.03),
        ("us-east-1", "TimedStorage-ByteHrs", "OnDemand", 50.0, 0.02),
        ("us-east-1", "TimedStorage-ByteHrs", "Reserved", 0.0, 100.0),
    ]
    assert rows[3]["PricingUnit"] == "Upfront fee"


def test_an_update_replaces_the_region_and_the_diff_shows_it(
    folder, offer_file, built, tmp_path
) -> None:
    before = tmp_path / "before"
    write_catalog(before, built.tables, version="", sources=[], notes=[])

    written = update_rates(folder, read_offer(offer_file, load_catalog(folder).prefixes))
    match = load_catalog(folder).match(["AmazonS3"], ["us-east-1"], ["TimedStorage-ByteHrs"], [""])
    (change,) = diff_catalogs(before, folder)

    assert written == {"AmazonS3": 4}
    assert match.tiers.unit_price.tolist() == [0.03, 0.02]
    assert verify_catalog(folder).failures == ()
    # first tier 0.023 → 0.03; the tier at 100 went, those at 50, free and reserved came
    assert change[:5] == ("AmazonS3", 3, 1, 1, 0)
    assert change.median_change == pytest.approx(0.03 / 0.023 - 1)


def test_an_update_adds_a_new_service(folder, offer_file) -> None:
    offer_file.write_text(json.dumps(OFFER | {"offerCode": "AmazonNew"}))

    update_rates(folder, read_offer(offer_file, {}))

    assert "AmazonNew" in load_catalog(folder).services


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "cannot be read as an offer file"),
        ("[]", "no offerCode"),
        ('{"offerCode": "X"}', "no products and terms"),
        ('{"offerCode": "X", "products": {}, "terms": {}}', "holds no price in USD"),
        ('{"offerCode": "X", "products": {}, "terms": {"OnDemand": {"S": {}}}}', "term of SKU S"),
    ],
)
def test_a_file_that_is_no_offer_is_named(tmp_path, text, problem) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)

    with pytest.raises(BadInputError, match=problem):
        read_offer(path, {})


def test_an_offer_is_fetched_or_said_to_be_absent(tmp_path, offer_file) -> None:
    server = tmp_path / "offers/v1.0/aws/AmazonS3/current/us-east-1"
    server.mkdir(parents=True)
    (server / "index.json").write_text("{}")

    path = fetch_offer("AmazonS3", "us-east-1", tmp_path, base_url=tmp_path.as_uri())

    assert path.read_text() == "{}"
    with pytest.raises(BadInputError, match="cannot be fetched"):
        fetch_offer("AmazonS3", "us-west-9", tmp_path, base_url=tmp_path.as_uri())


def test_two_skus_of_one_key_are_told_apart(tmp_path) -> None:
    dimension = {"unit": "GB", "pricePerUnit": {"USD": "1"}}
    offer = {
        "offerCode": "X",
        "products": {sku: {"attributes": {"usagetype": "U"}} for sku in ("A", "B")},
        "terms": {
            "OnDemand": {
                sku: {"t": {"priceDimensions": {"d": dimension | {"rateCode": f"{sku}.T.1"}}}}
                for sku in ("A", "B")
            }
        },
    }
    path = tmp_path / "o.json"
    path.write_text(json.dumps(offer))

    assert read_offer(path, {})["x_Variant"].to_pylist() == ["A", "B"]


def test_the_search_order_is_argument_environment_package(folder, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("COSTMODEL_DATA", str(folder))

    assert find_catalog() == folder
    assert find_catalog(folder) == folder
    with pytest.raises(CatalogError, match=r"no manifest\.json there"):
        find_catalog(tmp_path)
    monkeypatch.delenv("COSTMODEL_DATA")
    assert find_catalog().name in ("pricing_data", "_pricing_data")


def test_no_catalog_anywhere_says_what_to_do(monkeypatch, tmp_path) -> None:
    monkeypatch.delenv("COSTMODEL_DATA", raising=False)
    monkeypatch.setattr("costmodel.io.catalog_store.read._PACKAGE", tmp_path / "x")

    with pytest.raises(CatalogError, match="set COSTMODEL_DATA"):
        find_catalog()


@pytest.mark.parametrize(
    ("text", "problem"), [("{", "cannot be read"), ('{"schema_version": 0}', "schema version 0")]
)
def test_a_bad_manifest_is_named(folder, text, problem) -> None:
    (folder / "manifest.json").write_text(text)

    with pytest.raises(CatalogError, match=problem):
        _ = load_catalog(folder).version


def test_a_truncated_table_is_named(folder) -> None:
    (folder / "rates" / "AmazonS3.parquet").write_bytes(b"PAR1")

    with pytest.raises(CatalogError, match=r"AmazonS3\.parquet: cannot be read"):
        load_catalog(folder).rates("AmazonS3")


def test_an_unknown_table_is_named(folder) -> None:
    with pytest.raises(CatalogError, match="no table savings_plans/Laundry"):
        load_catalog(folder).savings_plan_rates("Laundry")


def test_prices_are_exact_to_the_source(folder, source) -> None:
    table = pq.read_table(source / "ec2_on_demand.parquet").to_pylist()
    given = [row["usd_per_hour"] for row in table if row["tenancy"] == "Shared"]
    rows = load_catalog(folder).find_prices("AmazonEC2", usage_type="*Usage:m5.large")

    assert sorted(rows["ListUnitPrice"].to_pylist()) == sorted(given)


def test_every_column_is_in_the_column_list() -> None:
    folder = find_catalog()
    tables = [path for path in folder.rglob("*.parquet") if path.parent.name != "hardware"]

    names = {name for path in tables for name in pq.read_schema(path).names}

    assert sorted(names - set(COLUMNS)) == []
