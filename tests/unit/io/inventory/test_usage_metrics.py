"""Metrics whose dimensions CloudWatch has to be asked for first, and ages no answer states."""

from datetime import UTC, datetime, timedelta

from costmodel.io.inventory.collect import finished_rows
from tests.unit.io.inventory.test_advice import reading_of
from tests.unit.io.inventory.test_collect import collect

NOW = datetime.now(UTC)


def put(client, namespace: str, name: str, value: float, **dimensions: str) -> None:
    client.put_metric_data(
        Namespace=namespace,
        MetricData=[{
            "MetricName": name, "Value": value, "Timestamp": NOW - timedelta(days=2),
            "Dimensions": [{"Name": k, "Value": v} for k, v in dimensions.items()],
        }],
    )  # fmt: skip


def test_downloads_of_a_bucket_are_found_behind_its_metrics_filter(
    aws, moto_url, tmp_path
) -> None:
    aws("s3").create_bucket(Bucket="data")
    cloudwatch = aws("cloudwatch")
    put(cloudwatch, "AWS/S3", "BytesDownloaded", 5e9, BucketName="data", FilterId="EntireBucket")
    put(cloudwatch, "AWS/S3", "BytesDownloaded", 1e9, BucketName="data", FilterId="logs")

    inventory = collect(tmp_path / "inv", moto_url, "s3", now=NOW)

    # A filter of part of the bucket is part of the whole.
    assert inventory.metric("s3_buckets", "BytesDownloaded", "total").tolist() == [5e9]


def test_the_agent_tells_how_full_a_volume_is(aws, moto_url, tmp_path) -> None:
    ec2 = aws("ec2")
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=100)["VolumeId"]
    put(aws("cloudwatch"), "CWAgent", "disk_used_percent", 12.0, VolumeId=volume, path="/data")

    inventory = collect(tmp_path / "inv", moto_url, "ec2", now=NOW)

    names = inventory.table("ebs_volumes")["resource_id"].to_pylist()
    used = dict(
        zip(names, inventory.metric("ebs_volumes", "disk_used_percent", "max"), strict=True)
    )
    assert used[volume] == 12.0


def test_the_age_of_a_search_domain_is_that_of_its_configuration(fake_aws) -> None:
    status = {"CreationDate": 1_700_000_000, "UpdateDate": 1_700_000_000, "State": "Active"}
    fake_aws.answers = {
        "/2021-01-01/domain": [(200, {"DomainNames": [{"DomainName": "logs"}]})],
        "/2021-01-01/opensearch/domain/logs/config": [
            (200, {"DomainConfig": {"ClusterConfig": {"Options": {}, "Status": status}}})
        ],
    }

    row = finished_rows(reading_of(fake_aws, "opensearch"), "opensearch_domains")[0]

    assert row["created_at"] == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
