"""Every architecture in examples/ prices in four regions with nothing left out."""

from pathlib import Path

import pytest

import costmodel
from costmodel.estimate.estimate import require_complete

FOLDER = Path(__file__).parents[2] / "examples"
REGIONS = ("us-east-1", "eu-central-1", "ap-southeast-1", "sa-east-1")
# The services of the field guide, each with an example of its name.
GUIDE = (
    "iam", "vpc", "cloudfront", "route53", "elb", "api_gateway", "ec2", "auto_scaling",
    "elastic_beanstalk", "lambda", "ecs", "eks", "s3", "glacier", "ebs", "efs", "ecr", "rds",
    "dynamodb", "elasticache", "cognito", "kms", "secrets_manager", "acm", "waf", "cloudwatch",
    "sqs",
)  # fmt: skip
CATALOG = costmodel.load_catalog()


@pytest.mark.parametrize("name", GUIDE)
def test_every_service_of_the_guide_has_an_example(name) -> None:
    assert (FOLDER / f"{name}.yaml").is_file()


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_an_example_prices_in_every_region_without_an_unpriced_meter(path, region) -> None:
    estimate = require_complete(costmodel.estimate(path, CATALOG, region=region))

    assert not estimate.usage.is_usage_based.any()
    assert estimate.issues == []
    assert estimate.spec.region == region
