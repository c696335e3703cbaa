"""The least-privilege IAM policy of the collector, generated from the calls it makes."""

from typing import Any, Final

from costmodel.io.inventory.registry import load_calls

# Calls made beside the registry's rows: regions, bulk metrics, bulk tags.
# sts:GetCallerIdentity needs no permission.
EXTRA_OPERATIONS: Final = (
    ("ec2", "describe_regions", "ec2:DescribeRegions"),
    ("cloudwatch", "get_metric_data", "cloudwatch:GetMetricData"),
    ("cloudwatch", "list_metrics", "cloudwatch:ListMetrics"),
    ("resourcegroupstaggingapi", "get_resources", "tag:GetResources"),
    ("sts", "get_caller_identity", ""),
)


def operations() -> list[tuple[str, str, str]]:
    """Return every boto3 operation the collector may make: (service, operation, IAM action)."""
    calls = [(call.service, call.operation, call.action) for call in load_calls()]
    return sorted({*calls, *EXTRA_OPERATIONS})


def inventory_policy() -> dict[str, Any]:
    """Return an IAM policy document that allows exactly the calls of the collector."""
    actions = sorted({action for _, _, action in operations() if action})
    # None of the actions can change anything, and the collector reads every resource.
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "CostmodelInventoryReadOnly",
                "Effect": "Allow",
                "Action": actions,
                "Resource": "*",
            }
        ],
    }
