import json
from typing import Any

import botocore.session
import pytest

from costmodel.io.inventory.answer import column_value, compile_expression, find
from costmodel.io.inventory.cloudwatch import metric_groups
from costmodel.io.inventory.policy import inventory_policy, operations
from costmodel.io.inventory.registry import Call, iam_action, load_calls, staged
from costmodel.io.inventory.rows import finish_row, item_row
from costmodel.optimize.inventory_tables import INVENTORY_TABLES

SESSION = botocore.session.get_session()
CALLS = load_calls()
# The request shape says which of the two spellings of Savings Plans AWS uses; recordings of other
# tools use the second, so half of the alternatives are not in the model.
PLACE = {"partition": "aws", "account_id": "123456789012", "region_id": "eu-west-1"}


def full_answer(shape: Any, depth: int = 0, name: str = "") -> Any:
    """Return an answer of this shape in which every member is present, as botocore models it."""
    match shape.type_name:
        case "structure":
            if depth > 12:
                return {}
            return {key: full_answer(part, depth + 1, key) for key, part in shape.members.items()}
        case "list":
            return [full_answer(shape.member, depth + 1, name)]
        case "map":
            return {"Key": "value"}
        case "integer" | "long" | "float" | "double":
            return 7
        case "boolean":
            return True
        case "timestamp":
            return "2026-03-01T12:00:00+00:00"
        case _:
            return (shape.enum[0] if getattr(shape, "enum", None) else None) or text_of(name)


def text_of(name: str) -> str:
    """Return a text that can be read as a number and a time, as AWS writes both as text."""
    lowered = name.lower()
    if any(
        word in lowered for word in ("time", "date", "label", "start", "end", "modified", "reason")
    ):
        return "2026-03-01T12:00:00Z"
    return "7"


def output_shape(call: Call) -> Any:
    model = SESSION.get_service_model(call.service)
    for operation in model.operation_names:
        if botocore.xform_name(operation) == call.operation:
            return model.operation_model(operation).output_shape
    raise AssertionError(f"{call.name} is not an operation")


def rows_of(call: Call, answer: Any) -> list[dict]:
    parent = {name: f"parent-{name}" for name in INVENTORY_TABLES[call.table].names}
    parent["created_at"] = "2026-03-01"
    if not call.items:
        return [{name: find(text, answer) for name, text in call.columns.items()}]
    context = {"_parent": parent, "_account": "123456789012", "_region": "eu-west-1"}
    return [item_row(call, item, context, PLACE) for item in find(call.items, answer) or []]


@pytest.mark.parametrize(("service", "operation", "action"), operations())
def test_every_operation_only_reads(service: str, operation: str, action: str) -> None:
    assert operation.split("_")[0] in ("describe", "list", "get")
    # GetEventSelectors, GetStages … : none of the Get calls hands out secrets or tokens.
    assert not any(word in operation for word in ("password", "token", "secret_value", "object"))


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.name}-{call.table}")
def test_every_call_exists_and_takes_its_arguments(call: Call) -> None:
    model = SESSION.get_service_model(call.service)
    name = next(n for n in model.operation_names if botocore.xform_name(n) == call.operation)
    shape = model.operation_model(name).input_shape
    members = set(shape.members if shape is not None else ())
    per = {*call.per.parameters, *call.per.same} if call.per else set()
    account = {call.account_parameter} if call.account_parameter else set()

    assert {*call.parameters, *call.each_parameter, *per, *account} <= members


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.name}-{call.table}")
def test_every_column_is_in_its_table_and_every_expression_compiles(call: Call) -> None:
    assert set(call.columns) <= set(INVENTORY_TABLES[call.table].names)
    for text in (*call.columns.values(), *([call.items] if call.items else [])):
        compile_expression(text)


# Columns whose expression looks for a particular value (a tag key, a state), so that an answer
# made up from the shapes alone does not show them; the moto tests cover them.
BY_VALUE = {
    "auto_scaling_group", "eks_cluster", "vpc_endpoint_ids", "hourly_usd", "untagged_bytes",
    "fast_restore_zones", "writer", "readers", "currency", "operating_system", "cpu_architecture",
    "abort_multipart_days", "transition_classes",
}  # fmt: skip


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.name}-{call.table}")
def test_every_column_finds_its_member_in_a_full_answer(call: Call) -> None:
    # A misspelt member would find nothing: botocore's model is the judge.
    rows = rows_of(call, full_answer(output_shape(call)))
    if call.operation == "describe_fast_snapshot_restores":
        rows = rows or [dict.fromkeys(call.columns)]

    assert rows
    kinds = {field.name: field.kind for field in INVENTORY_TABLES[call.table].fields}
    missing = [
        name
        for name, value in rows[0].items()
        if name in call.columns and column_value(kinds[name], value) is None
    ]
    assert [name for name in missing if name not in BY_VALUE] == []


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.name}-{call.table}")
def test_an_empty_item_is_read_without_a_crash(call: Call) -> None:
    rows = [item_row(call, {}, {"_parent": {}}, PLACE)] if call.items else rows_of(call, {})

    finish_row(call.table, rows[0])


def test_stages_fill_what_later_stages_need() -> None:
    stages = staged(CALLS)
    stage = {id(call): number for number, calls in enumerate(stages) for call in calls}
    by_name = {call.name: stage[id(call)] for call in CALLS}

    assert sum(map(len, stages)) == len(CALLS)
    assert by_name["ecs:list_clusters"] < by_name["ecs:describe_clusters"]
    assert by_name["ecs:describe_clusters"] < by_name["ecs:list_services"]
    assert by_name["ecs:list_services"] < by_name["ecs:describe_services"]
    assert by_name["ecs:describe_services"] < by_name["ecs:describe_task_definition"]
    assert by_name["s3:get_bucket_location"] < by_name["s3:get_bucket_versioning"]
    assert by_name["sagemaker:describe_endpoint"] < by_name["sagemaker:describe_endpoint_config"]
    assert by_name["backup:list_backup_plans"] < by_name["backup:get_backup_plan"]


@pytest.mark.parametrize(
    ("service", "operation", "action"),
    [
        ("ec2", "describe_volumes", "ec2:DescribeVolumes"),
        ("elbv2", "describe_load_balancers", "elasticloadbalancing:DescribeLoadBalancers"),
        ("rds", "describe_db_instances", "rds:DescribeDBInstances"),
        ("opensearch", "describe_domain", "es:DescribeDomain"),
        ("wafv2", "list_web_acls", "wafv2:ListWebACLs"),
    ],
)
def test_iam_actions_are_spelt_as_aws_spells_them(service, operation, action) -> None:
    assert iam_action(service, operation) == action


def test_the_policy_allows_every_call_and_nothing_else() -> None:
    policy = inventory_policy()

    actions = policy["Statement"][0]["Action"]
    assert set(actions) == {action for _, _, action in operations() if action}
    assert "*" not in "".join(actions)
    assert all(
        a.split(":")[1].startswith(("Describe", "List", "Get", "View")) or a == "apigateway:GET"
        for a in actions
    )
    assert len(json.dumps(policy, separators=(",", ":"))) < 6144  # limit of a managed policy


def test_every_metric_group_names_columns_of_its_table() -> None:
    for group in metric_groups():
        names = INVENTORY_TABLES[group.table].names
        assert {c for c in group.dimensions.values() if not c.startswith("=")} <= set(names)
        assert set(group.where) <= set(names)
        assert set(group.series) <= {metric[0] for metric in group.metrics}
        assert 86_400 % group.period == 0
        assert 14 <= group.days <= 63


def test_no_table_has_one_metric_twice() -> None:
    seen: set[tuple[str, str]] = set()
    for group in metric_groups():
        if group.where or group.split:
            continue
        pairs = {(group.table, metric[0]) for metric in group.metrics}
        assert not pairs & seen
        seen |= pairs
