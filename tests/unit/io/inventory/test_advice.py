"""Services moto lacks, answered by a server on loopback with AWS's shapes."""

from costmodel.io.inventory.account import Account
from costmodel.io.inventory.collect import finished_rows, read_account, reading_issues
from costmodel.io.inventory.registry import load_calls

HUB = {
    "accountId": "123456789012", "actionType": "Stop", "currentResourceType": "Ec2Instance",
    "estimatedMonthlySavings": 30.0, "estimatedMonthlyCost": 0.0, "implementationEffort": "Low",
    "region": "eu-west-1", "restartNeeded": False, "rollbackPossible": True,
    "resourceArn": "arn:aws:ec2:eu-west-1:123456789012:instance/i-1", "currencyCode": "USD",
}  # fmt: skip


def reading_of(fake_aws, *services: str, attempts: int = 1):
    import boto3

    account = Account(
        boto3.Session(region_name="us-east-1"), "123456789012", "aws", ("eu-west-1",),
        fake_aws.url, 4, attempts,
    )  # fmt: skip
    calls = [call for call in load_calls() if call.service in services]
    return read_account(account, calls)


def test_hub_recommendations_are_read_page_by_page(fake_aws) -> None:
    second = {**HUB, "resourceArn": "arn:aws:lambda:eu-west-1:123456789012:function:f:$LATEST"}
    fake_aws.answers["ListRecommendations"] = [
        (200, {"items": [HUB], "nextToken": "more"}),
        (200, {"items": [second]}),
    ]

    reading = reading_of(fake_aws, "cost-optimization-hub")

    rows = finished_rows(reading, "evidence")
    assert [row["resource_id"] for row in rows] == [
        "i-1", "arn:aws:lambda:eu-west-1:123456789012:function:f",
    ]  # fmt: skip
    assert rows[0]["monthly_savings_usd"] == 30.0
    assert rows[0]["rollback_possible"] is True
    assert [body.get("nextToken") for _, body in fake_aws.requests] == [None, "more"]


def test_optimizer_recommendations_take_the_first_rank(fake_aws) -> None:
    options = [
        {"instanceType": "m5.large", "rank": 2, "performanceRisk": 1.0},
        {"instanceType": "t3.large", "rank": 1, "performanceRisk": 3.0,
         "savingsOpportunity": {"savingsOpportunityPercentage": 20.0,
                                "estimatedMonthlySavings": {"currency": "USD", "value": 14.5}}},
    ]  # fmt: skip
    fake_aws.answers["GetEC2InstanceRecommendations"] = [
        (200, {"instanceRecommendations": [
            {"instanceArn": "arn:aws:ec2:eu-west-1:123456789012:instance/i-7",
             "finding": "OVER_PROVISIONED", "currentInstanceType": "m5.xlarge",
             "lastRefreshTimestamp": 1_772_366_400.0, "recommendationOptions": options}]}),
    ]  # fmt: skip
    denied = (400, {"__type": "AccessDeniedException", "message": "no"})
    for operation in (
        "GetAutoScalingGroupRecommendations", "GetEBSVolumeRecommendations",
        "GetLambdaFunctionRecommendations", "GetECSServiceRecommendations",
        "GetRDSDatabaseRecommendations", "GetIdleRecommendations",
        "GetLicenseRecommendations",
    ):  # fmt: skip
        fake_aws.answers[operation] = [denied]

    reading = reading_of(fake_aws, "compute-optimizer")

    row = finished_rows(reading, "evidence")[0]
    assert (row["resource_id"], row["recommended"], row["rank"]) == ("i-7", "t3.large", 1)
    assert (row["monthly_savings_usd"], row["performance_risk"]) == (14.5, 3.0)
    assert row["observed_at"].isoformat() == "2026-03-01T12:00:00+00:00"
    issues = reading_issues(reading)
    assert len(issues) == 7
    assert all("AccessDeniedException" in issue.message for issue in issues)


def test_savings_plans_are_read(fake_aws) -> None:
    fake_aws.answers["/DescribeSavingsPlans"] = [
        (200, {"savingsPlans": [
            {"savingsPlanId": "sp-1", "savingsPlanArn": "arn:aws:savingsplans::1:savingsplan/sp-1",
             "savingsPlanType": "EC2Instance", "ec2InstanceFamily": "m5", "region": "eu-west-1",
             "commitment": "1.25", "upfrontPaymentAmount": "0.0", "state": "active",
             "start": "2026-01-01T00:00:00.000Z", "end": "2027-01-01T00:00:00.000Z",
             "termDurationInSeconds": 31536000, "paymentOption": "No Upfront"}]}),
    ]  # fmt: skip

    row = finished_rows(reading_of(fake_aws, "savingsplans"), "savings_plans")[0]

    assert (row["resource_id"], row["commitment_usd"]) == ("sp-1", 1.25)
    assert (row["plan_region"], row["region_id"]) == ("eu-west-1", "global")
    assert row["end_at"].year == 2027


def test_advisor_recommendations_are_replaced_by_their_resources(fake_aws) -> None:
    arn = "arn:aws:trustedadvisor::123456789012:recommendation/a"
    fake_aws.answers["/v1/recommendations"] = [
        (200, {"recommendationSummaries": [
            {"id": "a", "arn": arn, "name": "Idle databases", "type": "standard",
             "checkArn": "arn:aws:trustedadvisor:::check/Ti39halfu8", "status": "warning",
             "source": "ta_check", "pillars": ["cost_optimizing"],
             "resourcesAggregates": {"okCount": 0, "warningCount": 1, "errorCount": 0}}]}),
    ]  # fmt: skip
    resource = {
        "id": "r", "arn": f"{arn}/r", "awsResourceId": "db-1", "regionCode": "eu-west-1",
        "status": "warning", "recommendationArn": arn, "lastUpdatedAt": "2026-03-01T00:00:00Z",
        "metadata": {"Estimated Monthly Savings (On Demand)": "$12"},
    }  # fmt: skip

    class AnyResource(dict):
        def get(self, key, default=None):
            if str(key).endswith("/resources"):
                return [(200, {"recommendationResourceSummaries": [resource]})]
            return super().get(key, default)

    fake_aws.answers = AnyResource(fake_aws.answers)

    rows = finished_rows(reading_of(fake_aws, "trustedadvisor"), "evidence")

    assert [row["resource_id"] for row in rows] == ["db-1"]
    assert rows[0]["name"] == "Idle databases"
    assert rows[0]["check"].endswith("Ti39halfu8")
    assert rows[0]["region_id"] == "eu-west-1"


def test_reserved_instances_are_read_where_moto_knows_none(fake_aws) -> None:
    xml = b"""<?xml version="1.0"?><DescribeReservedInstancesResponse>
    <reservedInstancesSet><item><reservedInstancesId>ri-1</reservedInstancesId>
    <instanceType>m5.large</instanceType><instanceCount>3</instanceCount><state>active</state>
    <start>2026-01-01T00:00:00.000Z</start><end>2027-01-01T00:00:00.000Z</end>
    <fixedPrice>100.0</fixedPrice><recurringCharges><item><frequency>Hourly</frequency>
    <amount>0.03</amount></item></recurringCharges></item></reservedInstancesSet>
    </DescribeReservedInstancesResponse>"""
    fake_aws.answers["/"] = [(200, xml)]

    reading = reading_of(fake_aws, "ec2")

    row = finished_rows(reading, "reservations")[0]
    assert (row["resource_id"], row["service"], row["instances"]) == ("ri-1", "ec2", 3)
    assert (row["upfront_usd"], row["hourly_usd"]) == (100.0, 0.03)


def test_a_throttled_call_is_tried_again(fake_aws) -> None:
    fake_aws.answers["ListRecommendations"] = [
        (400, {"__type": "ThrottlingException", "message": "slow down"}),
        (200, {"items": [HUB]}),
    ]

    reading = reading_of(fake_aws, "cost-optimization-hub", attempts=3)

    assert len(finished_rows(reading, "evidence")) == 1
    assert len(fake_aws.requests) == 2
    assert reading_issues(reading) == []


def test_a_call_throttled_to_the_end_is_an_issue(fake_aws) -> None:
    fake_aws.answers["ListRecommendations"] = [
        (400, {"__type": "ThrottlingException", "message": "slow\n down"}),
    ]

    reading = reading_of(fake_aws, "cost-optimization-hub")

    assert "evidence" not in reading.read
    assert reading_issues(reading)[0].message == (
        "ThrottlingException: slow down; what it fills is unknown"
    )
