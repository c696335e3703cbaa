"""Export files of Compute Optimizer and Cost Optimization Hub, of every kind."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from costmodel.io.inventory.saved import read_saved_answers

ARN = "arn:aws:{}:eu-west-1:012345678901:{}"


def evidence(path) -> list[dict]:
    return read_saved_answers([path]).table("evidence").to_pylist()


def csv_file(tmp_path, **cells: str):
    path = tmp_path / "export.csv"
    path.write_text(",".join(cells) + "\n" + ",".join(cells.values()) + "\n")
    return path


def test_services_of_ecs_have_cpu_and_memory(tmp_path) -> None:
    path = csv_file(
        tmp_path, serviceArn=ARN.format("ecs", "service/c/web"), findings="OVER_PROVISIONED",
        currentServiceConfiguration_cpu="1024", currentServiceConfiguration_memory="2048",
        recommendationOptions_1_cpu="512", recommendationOptions_1_memory="1024",
        recommendationOptions_1_estimatedMonthlySavings_value="18.02",
    )  # fmt: skip

    (row,) = evidence(path)

    assert (row["current"], row["recommended"]) == ("1024/2048", "512/1024")
    assert (row["finding"], row["monthly_savings_usd"]) == ("Overprovisioned", 18.02)


def test_databases_are_read_without_their_storage_options(tmp_path) -> None:
    path = csv_file(
        tmp_path, resourceArn=ARN.format("rds", "db:shop"), instanceFinding="Overprovisioned",
        currentDBInstanceClass="db.m5.xlarge",
        instanceRecommendationOptions_1_dbInstanceClass="db.m5.large",
        instanceRecommendationOptions_1_estimatedMonthlySavingsValue="124.83",
        storageRecommendationOptions_1_estimatedMonthlySavingsValue="1.00",
    )  # fmt: skip

    (row,) = evidence(path)

    assert (row["check"], row["recommended"]) == ("rds-instance", "db.m5.large")
    assert row["monthly_savings_usd"] == 124.83


def test_licences_say_which_edition_is_needed(tmp_path) -> None:
    path = csv_file(
        tmp_path, resourceArn=ARN.format("ec2", "instance/i-1"), finding="NotOptimized",
        findingReasonCodes_isLicenseOverprovisioned="true", findingReasonCodes_isOptimized="false",
        currentLicenseConfiguration_licenseEdition="Enterprise",
        recommendationOptions_1_licenseEdition="Standard",
        recommendationOptions_1_estimatedMonthlySavingsValue="744.60",
    )  # fmt: skip

    (row,) = evidence(path)

    assert row["resource_id"] == "i-1"
    assert (row["current"], row["recommended"]) == ("Enterprise", "Standard")
    assert row["finding_reasons"] == ["LicenseOverprovisioned"]


def test_idle_resources_carry_their_figure_in_the_row(tmp_path) -> None:
    path = csv_file(
        tmp_path, resourceArn=ARN.format("ec2", "volume/vol-1"), resourceId="vol-1",
        resourceType="EBSVolume", finding="Unattached", findingDescription="not attached",
        lookbackPeriodInDays="32", estimatedMonthlySavingsValue="8.00",
        estimatedMonthlySavingsCurrency="USD", lastRefreshTimestamp_UTC="2026-03-01T12:00:00Z",
    )  # fmt: skip

    (row,) = evidence(path)

    assert (row["resource_id"], row["resource_type"], row["action"]) == (
        "vol-1", "EBSVolume", "Delete",
    )  # fmt: skip
    assert (row["monthly_savings_usd"], row["lookback_days"], row["rank"]) == (8.0, 32, None)


HUB = {
    "account_id": "012345678901", "action_type": "Rightsize", "currency_code": "USD",
    "current_resource_summary": "m5a.xlarge", "current_resource_type": "Ec2Instance",
    "estimated_monthly_cost_after_discount": "82.49",
    "estimated_monthly_savings_after_discount": "43.07",
    "estimated_monthly_savings_before_discount": "50.00",
    "implementation_effort": "Medium", "recommendation_id": "rec-1",
    "recommended_resource_summary": "r5a.large", "region": "us-east-2",
    "resource_arn": "arn:aws:ec2:us-east-2:012345678901:instance/i-9",
    "restart_needed": "true", "rollback_possible": "true",
    "last_refresh_timestamp": "2026-03-01T12:00:00Z",
}  # fmt: skip


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_hub_exports_are_read_from_csv_and_parquet(tmp_path, kind: str) -> None:
    path = csv_file(tmp_path, **HUB)
    if kind == "parquet":
        path = tmp_path / "hub.snappy.parquet"
        typed = {**HUB, "restart_needed": True, "estimated_monthly_savings_after_discount": 43.07}
        pq.write_table(pa.Table.from_pylist([typed]), path)

    (row,) = evidence(path)

    assert (row["source"], row["resource_id"]) == ("CostOptimizationHub", "i-9")
    assert (row["monthly_savings_usd"], row["monthly_cost_usd"]) == (43.07, 82.49)
    assert (row["restart_needed"], row["effort"]) == (True, "Medium")


def test_purchases_of_the_hub_have_no_resource_but_an_id(tmp_path) -> None:
    bought = {**HUB, "resource_arn": "", "action_type": "PurchaseSavingsPlans"}

    (row,) = evidence(csv_file(tmp_path, **bought))

    assert (row["resource_id"], row["action"]) == ("rec-1", "PurchaseSavingsPlans")


def test_the_description_of_an_export_beside_it_is_passed_over(tmp_path) -> None:
    csv_file(tmp_path, **HUB)
    (tmp_path / "export-metadata.json").write_text('{"dc:title": "Compute Optimizer"}')

    assert len(evidence(tmp_path)) == 1


def test_resources_of_trusted_advisor_saved_alone_are_read(tmp_path) -> None:
    resource = {
        "awsResourceId": "i-1", "regionCode": "us-east-1", "status": "warning",
        "recommendationArn": "arn:r", "lastUpdatedAt": "2026-03-01T00:00:00Z",
        "metadata": {"Estimated Monthly Savings": "$1,070.08", "Instance Type": "m5.large"},
    }  # fmt: skip
    path = tmp_path / "ta.json"
    path.write_text(json.dumps({"recommendationResourceSummaries": [resource]}))

    (row,) = evidence(path)

    assert (row["resource_id"], row["monthly_savings_usd"]) == ("i-1", 1070.08)


def test_amounts_that_are_not_clear_stay_unknown(tmp_path) -> None:
    flagged = {"status": "warning", "region": "us-east-1", "resourceId": "x", "isSuppressed": False,
               "metadata": ["us-east-1", "$3.00", "$4.00"]}  # fmt: skip
    path = tmp_path / "ta.json"
    path.write_text(json.dumps({"result": {"checkId": "c", "flaggedResources": [flagged]}}))

    assert evidence(path)[0]["monthly_savings_usd"] is None
