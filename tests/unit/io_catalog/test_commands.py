import json

import pytest
from typer.testing import CliRunner

from costmodel.cli.main import app
from costmodel.errors import BadInputError

COLUMNS = (
    "x_ServiceCode,RegionId,x_UsageType,x_Operation,PricingCategory,BeginRange,EndRange,"
    "PricingUnit,ListUnitPrice,SkuPriceId,x_Basis"
)


def run(*arguments):
    return CliRunner().invoke(app, ["catalog", *map(str, arguments)])


def test_prices_prints_the_fixed_columns(folder) -> None:
    result = run(
        "prices", "--service", "AmazonS3", "--region", "us-east-1", "--usage-type", "Timed*",
        "--format", "csv", "--catalog", folder,
    )  # fmt: skip

    assert result.stdout.splitlines() == [
        COLUMNS,
        "AmazonS3,us-east-1,TimedStorage-ByteHrs,,Standard,0.0,100.0,GB,0.023,S1.T.A,published",
        "AmazonS3,us-east-1,TimedStorage-ByteHrs,,Standard,100.0,Inf,GB,0.022,S1.T.B,published",
    ]


def test_prices_filters_by_operation_over_all_regions(folder) -> None:
    result = run(
        "prices", "-s", "AmazonEC2", "--all-regions", "-u", "*Usage:m?.large",
        "--operation", "RunInstances", "--format", "json", "--catalog", folder,
    )  # fmt: skip

    rows = json.loads(result.stdout)["rows"]
    assert [(row["RegionId"], row["ListUnitPrice"]) for row in rows] == [
        ("us-east-1", 0.096),
        ("us-east-1-bos-1", 0.12),
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("-s", "AmazonS4", "-r", "us-east-1"),
            "no service AmazonS4 in the catalog; did you mean",
        ),
        (("-s", "AmazonS3", "-r", "us-east-11"), "did you mean us-east-1?"),
        (("-s", "AmazonS3"), "give either --region REGION or --all-regions"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(folder, arguments, message) -> None:
    result = run("prices", *arguments, "--catalog", folder)

    assert isinstance(result.exception, BadInputError)
    assert message in str(result.exception)


def test_info_names_version_and_tables(folder) -> None:
    table = run("info", "--catalog", folder).stdout
    payload = json.loads(run("info", "--catalog", folder, "--format", "json").stdout)

    assert "2026.09.29" in table
    assert "rates/AmazonS3" in table
    assert payload["tables"]["rates/AmazonS3"]["rows"] == 2
    assert len(payload["sources"]) == 13


def test_verify_passes_a_sound_catalog_and_fails_a_changed_one(folder) -> None:
    sound = run("verify", "--catalog", folder, "--format", "json")
    (folder / "rates" / "AmazonS3.parquet").write_bytes(b"changed")
    changed = run("verify", "--catalog", folder)

    assert sound.exit_code == 0
    assert json.loads(sound.stdout)["ambiguous"] == {"AmazonFSx": 1}
    assert changed.exit_code == 1
    assert "rates/AmazonS3: missing or changed" in changed.stdout


def test_build_writes_a_catalog_that_verifies(source, tmp_path) -> None:
    built = run("build", source, "--out", tmp_path / "new")

    assert built.exit_code == 0
    assert "tables" in built.stderr
    assert run("verify", "--catalog", tmp_path / "new").exit_code == 0


def test_update_and_diff_read_offer_files(folder, source, tmp_path) -> None:
    run("build", source, "--out", tmp_path / "old", "--quiet")
    offers = tmp_path / "offers"
    offers.mkdir()
    offer = {
        "offerCode": "AmazonFSx",
        "products": {"A": {"attributes": {"usagetype": "Thing", "regionCode": "us-east-1"}}},
        "terms": {
            "OnDemand": {
                "A": {
                    "t": {"priceDimensions": {"d": {"pricePerUnit": {"USD": "1.5"}, "unit": "GB"}}}
                }
            }
        },
    }
    (offers / "fsx.json").write_text(json.dumps(offer))

    updated = run("update", offers, "--catalog", folder)
    changes = run("diff", tmp_path / "old", folder, "--format", "csv")

    assert "AmazonFSx: 1 rows from fsx.json" in updated.stderr
    # Two ambiguous rows went, one came
    assert changes.stdout.splitlines()[1].startswith("AmazonFSx,1,2,0,0")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name offer files or give --fetch"),
        (("nowhere.json",), "nowhere.json: does not exist"),
    ],
)
def test_update_without_offers_says_what_to_give(folder, arguments, message) -> None:
    result = run("update", *arguments, "--catalog", folder)

    assert message in str(result.exception)


@pytest.mark.parametrize(
    "command", [("info",), ("verify",), ("prices", "-s", "AmazonS3", "-r", "us-east-1")]
)
def test_every_report_has_a_page(folder, command) -> None:
    result = run(*command, "--catalog", folder, "--format", "html")

    assert result.exit_code == 0
    assert "<table" in result.stdout
