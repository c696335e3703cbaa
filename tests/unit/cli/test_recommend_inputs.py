"""What ``costmodel recommend`` can be given beside an inventory."""

import json

import pytest
from typer.testing import CliRunner

from costmodel.cli.main import app
from costmodel.errors import BadInputError
from costmodel.io.inventory.store import write_inventory
from tests.unit.io.test_kubernetes_files import NODE, POD
from tests.unit.optimize.rules.test_recommend import account, volume


@pytest.fixture
def folder(tmp_path):
    inventory = account({"ebs_volumes": [volume("vol-1", state="available")]})
    write_inventory(inventory, tmp_path / "inv", {})
    return tmp_path / "inv"


def answer(*arguments: str) -> dict:
    done = CliRunner().invoke(app, ["recommend", *arguments, "--quiet", "--format", "json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_evidence_is_weighed_and_what_is_left_is_listed(folder, tmp_path) -> None:
    export = tmp_path / "hub.csv"
    export.write_text(
        "account_id,action_type,resource_arn,region,estimated_monthly_savings_after_discount\n"
        "1,Delete,arn:aws:ec2:us-east-1:1:volume/vol-1,us-east-1,7.77\n"
        "1,Stop,arn:aws:ec2:us-east-1:1:instance/i-9,us-east-1,55.5\n"
    )

    found = answer("--inventory", str(folder), "--evidence", str(export))

    (item,) = found["items"]
    assert item["outsideEvidence"][0]["awsEstimatedMonthlySavings"] == 7.77
    (advisory,) = [a for a in found["advisories"] if a["checkId"] == "aws-finding"]
    assert (advisory["resourceId"], "55.5 USD" in advisory["why"]) == ("i-9", True)
    assert found["estimatedTotalDedupedSavings"] == pytest.approx(5.00)


def test_facts_no_check_reads_are_bad_input(folder, tmp_path) -> None:
    path = tmp_path / "facts.csv"
    path.write_text("resource_id,colour\nvol-1,red\n")

    done = CliRunner().invoke(app, ["recommend", "--inventory", str(folder), "--facts", str(path)])

    assert isinstance(done.exception, BadInputError)
    assert "no check reads 'colour'" in str(done.exception)


def test_clusters_are_read_from_answers_of_opencost(tmp_path) -> None:
    path = tmp_path / "cluster.json"
    pod = {**POD, "minutes": 10_080.0}
    path.write_text(json.dumps({"data": [{"a": pod, "b": NODE}]}))

    found = answer("--kubernetes", str(path))

    assert "k8s-requests" in {a["checkId"] for a in found["advisories"]}


def test_a_least_saving_that_is_no_amount_is_bad_input(folder) -> None:
    done = CliRunner().invoke(
        app, ["recommend", "--inventory", str(folder), "--min-saving", "nan"]
    )

    assert isinstance(done.exception, BadInputError)
    assert "the least saving is nan" in str(done.exception)


def test_a_suppression_of_a_check_there_is_not_is_refused(folder, tmp_path) -> None:
    decided = tmp_path / "decided.yaml"
    decided.write_text("- {reason: r, owner: o, check: ebs-unatached}")

    done = CliRunner().invoke(
        app, ["recommend", "--inventory", str(folder), "--suppressions", str(decided), "--quiet"]
    )

    assert isinstance(done.exception, BadInputError)
    assert "no check fits 'ebs-unatached'; did you mean ebs-unattached?" in str(done.exception)
