"""An account whose answers name no region is read, and nothing is advised without a price."""

import json

import costmodel

INSTANCE = {"InstanceId": "i-1", "InstanceType": "m5.large", "State": {"Name": "running"}}
ANSWER = {"Reservations": [{"OwnerId": "111122223333", "Instances": [INSTANCE]}]}


def test_answers_without_a_region_give_no_advice_and_no_error(tmp_path) -> None:
    (tmp_path / "describe-instances.json").write_text(json.dumps(ANSWER))
    account = costmodel.read_saved_answers([tmp_path])

    found = costmodel.recommend(account)

    assert list(found.accepted) == []


def test_the_region_of_saved_answers_can_be_said(tmp_path) -> None:
    (tmp_path / "describe-instances.json").write_text(json.dumps(ANSWER))

    account = costmodel.read_saved_answers([tmp_path], region="eu-west-1")

    assert account.table("ec2_instances")["region_id"].to_pylist() == ["eu-west-1"]
