import json

import pytest

from costmodel.errors import BadInputError
from costmodel.io.inventory.saved import read_saved_answers


def evidence(*paths) -> list[dict]:
    return read_saved_answers(paths).table("evidence").to_pylist()


def test_recorded_hub_answers_hold_their_own_figures(sample) -> None:
    folder = sample("recorded-api")
    ec2 = "test_ec2_costhub_resize_cost-optimization-hub.ListRecommendations_1.json"
    ebs = "cost_opt_hub_ebs_cost-optimization-hub.ListRecommendations_1.json"

    instance, volume = evidence(folder / ec2, folder / ebs)

    assert instance["resource_id"] == "i-000ce83ee0c70e572"
    assert (instance["current"], instance["recommended"]) == ("m5a.xlarge", "r5a.large")
    assert (instance["monthly_savings_usd"], instance["monthly_cost_usd"]) == (43.07, 82.49)
    assert (instance["effort"], instance["restart_needed"]) == ("Medium", True)
    assert (instance["account_id"], instance["region_id"]) == ("644160558196", "us-east-2")
    assert volume["resource_id"] == "vol-01d020e75fb456422"
    assert (volume["action"], volume["monthly_savings_usd"]) == ("Upgrade", 0.64)
    assert volume["observed_at"].isoformat() == "2023-12-18T13:03:20.876000+00:00"
    assert json.loads(volume["details"])["source"] == "ComputeOptimizer"


def test_recorded_reservations_keep_service_and_terms(sample) -> None:
    folder = sample("recorded-api")
    ec2 = "test_ec2_reserved_instance_query_ec2.DescribeReservedInstances_1.json"
    rds = "test_reserved_rds_instance_query_rds.DescribeReservedDBInstances_1.json"

    inventory = read_saved_answers([folder / ec2, folder / rds])

    first, second = inventory.table("reservations").to_pylist()
    assert (first["service"], first["instance_type"], first["instances"]) == ("ec2", "t2.micro", 1)
    assert (first["upfront_usd"], first["hourly_usd"]) == (30.0, 0.0034)
    assert first["end_at"].isoformat() == "2020-02-23T11:25:02+00:00"
    assert first["resource_id"] == "32881ecb-6734-4b79-94a0-26c759c2da38"
    assert first["region_id"] is None  # the recording does not say
    assert (second["service"], second["instance_type"]) == ("rds", "db.t2.micro")
    assert (second["region_id"], second["account_id"]) == ("us-east-1", "644160558196")
    assert (second["upfront_usd"], second["hourly_usd"], second["multi_az"]) == (102, 0, False)


def test_recorded_savings_plans_are_read_in_either_spelling(sample) -> None:
    name = "test_savings_plans_filter_by_type_savingsplans.DescribeSavingsPlans_1.json"

    plans = read_saved_answers([sample(f"recorded-api/{name}")]).table("savings_plans").to_pylist()

    assert [plan["plan_type"] for plan in plans] == ["Compute", "EC2Instance", "SageMaker"]
    assert [plan["commitment_usd"] for plan in plans] == [25.0, 15.0, 8.5]
    assert plans[1]["instance_family"] == "m5"
    assert plans[0]["tags"] == [("Purpose", "cost-optimization"), ("Team", "DevOps")]


def test_export_of_instances_gives_one_row_per_option(sample) -> None:
    rows = evidence(sample("compute-optimizer-export/computeOptimizerEC2.csv"))

    first = [row for row in rows if row["finding"] == "Overprovisioned"][:3]
    assert [row["recommended"] for row in first] == ["t3.xlarge", "m5.xlarge", "r5n.large"]
    assert [row["rank"] for row in first] == [1, 2, 3]
    assert [row["monthly_savings_usd"] for row in first] == [33.79, 7.04, 5.04]
    assert [row["performance_risk"] for row in first] == [3, 1, 1]
    assert first[0]["resource_id"] == "i-0c80d1b0f3a0c5c69"
    assert first[0]["region_id"] == "eu-central-1"
    assert "Underprovisioned" in {row["finding"] for row in rows}
    assert 0.0 in [row["monthly_savings_usd"] for row in rows]  # a zero stays a zero


def test_blank_and_scientific_cells_are_unknown_and_numbers(sample) -> None:
    rows = evidence(sample("compute-optimizer-export/computeOptimizerLambda.csv"))

    small, blank, optimized = rows
    assert small["monthly_savings_usd"] == 2.988e-04
    assert blank["monthly_savings_usd"] is None  # not zero
    assert (optimized["finding"], optimized["recommended"]) == ("Optimized", None)
    # The version is dropped: the advice is about the function.
    assert (
        small["resource_id"]
        == "arn:aws:lambda:us-east-2:1234567890:function:api-user-prod-add_user"
    )
    assert (small["current"], small["recommended"]) == ("1024", "848")


def test_export_of_volumes_is_read(sample) -> None:
    rows = evidence(sample("compute-optimizer-export/computeOptimizerEBS.csv"))

    assert (rows[0]["current"], rows[0]["recommended"]) == ("gp2", "gp3")
    assert rows[0]["monthly_savings_usd"] == 6.2
    assert {row["resource_type"] for row in rows} == {"EbsVolume"}
    assert (
        json.loads(rows[0]["details"])["recommendationOptions_1_configuration_volumeSize"] == "50"
    )


def test_newer_export_columns_are_understood(tmp_path) -> None:
    path = tmp_path / "export.csv"
    path.write_text(
        "accountId,instanceArn,currentInstanceType,finding,findingReasonCodes_CPUOverprovisioned,"
        "findingReasonCodes_MemoryUnderprovisioned,lookBackPeriodInDays,lastRefreshTimestamp_UTC,"
        "recommendationOptions_1_instanceType,recommendationOptions_1_estimatedMonthlySavings_value,"
        "recommendationOptions_1_estimatedMonthlySavings_currency,"
        "recommendationOptions_1_savingsOpportunityPercentage,recommendationOptions_1_migrationEffort\n"
        "012345678901,arn:aws:ec2:eu-west-1:012345678901:instance/i-1,m5.large,Overprovisioned,true,"
        "false,14,2026-03-01T12:00:00Z,t3.large,10.5,USD,15.2,VeryLow\n"
    )

    row = evidence(path)[0]

    assert row["account_id"] == "012345678901"
    assert row["finding_reasons"] == ["CPUOverprovisioned"]
    assert (row["savings_percent"], row["currency"], row["effort"]) == (15.2, "USD", "VeryLow")
    assert (row["lookback_days"], row["observed_at"].day) == (14, 1)


def test_trusted_advisor_results_leave_suppressed_resources_out(tmp_path) -> None:
    path = tmp_path / "ta.json"
    flagged = [
        {"status": "warning", "region": "us-east-1", "resourceId": "r1", "isSuppressed": False,
         "metadata": ["us-east-1", "db-1", "0", "$12.00"]},
        {"status": "warning", "region": "us-east-1", "resourceId": "r2", "isSuppressed": True},
    ]  # fmt: skip
    result = {"checkId": "Ti39halfu8", "timestamp": "2026-03-01T00:00:00Z"}
    path.write_text(json.dumps({"result": {**result, "flaggedResources": flagged}}))

    rows = evidence(path)

    assert [row["resource_id"] for row in rows] == ["r1"]
    assert (rows[0]["source"], rows[0]["check"]) == ("TrustedAdvisor", "Ti39halfu8")
    assert json.loads(rows[0]["details"])[3] == "$12.00"


def test_answers_printed_by_the_command_line_fill_resource_tables(tmp_path) -> None:
    path = tmp_path / "volumes.json"
    volume = {"VolumeId": "vol-1", "Size": 8, "VolumeType": "gp2", "State": "available"}
    path.write_text(json.dumps({"Volumes": [volume, {"Size": 9}]}))

    inventory = read_saved_answers([tmp_path])

    row = inventory.table("ebs_volumes").to_pylist()[0]
    assert (row["resource_id"], row["size_gb"], row["volume_type"]) == ("vol-1", 8, "gp2")
    assert row["arn"] is None  # nobody said which account
    assert "has no id" in inventory.issues[0].message


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", "{}", "answers no call"),
        ("a.json", '{"Budget": 1}', "it holds Budget"),
        ("a.json", "[1]", "not an answer"),
        ("a.json", "{", "not JSON"),
        ("a.csv", "a,b\n1,2\n", "not a Compute Optimizer or Cost Optimization Hub export"),
        ("a.csv", "", "not a Compute Optimizer or Cost Optimization Hub export"),
    ],
)
def test_a_bad_file_is_one_clear_line(tmp_path, name, content, message) -> None:
    path = tmp_path / name
    path.write_text(content)

    with pytest.raises(BadInputError, match=message):
        read_saved_answers([path])


def test_a_folder_without_evidence_is_refused(tmp_path) -> None:
    with pytest.raises(
        BadInputError, match=r"holds no \.json, \.csv or \.parquet file of evidence"
    ):
        read_saved_answers([tmp_path])
