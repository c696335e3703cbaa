"""Publishing to an SNS topic with boto3; FIFO topics keep the order and drop repeats."""

import json
from typing import Any

from costmodel.budget.alert import Alert
from costmodel.errors import MissingDependencyError
from costmodel.io.delivery.channels.answer import Answer, Verdict
from costmodel.io.delivery.destination import Topic
from costmodel.io.delivery.formats.text import EVENT_TYPES, shorten, title
from costmodel.io.delivery.formats.webhook import incident_key, json_body


def send_sns(topic: Topic, alert: Alert, webhook_id: str) -> Answer:
    """Publish an alert.

    Raises:
        MissingDependencyError: boto3 is not installed.
        OSError: AWS did not take it.
    """
    try:
        import boto3
        from botocore.exceptions import BotoCoreError, ClientError
    except ModuleNotFoundError:
        raise MissingDependencyError("boto3", "aws") from None
    client = boto3.client("sns", region_name=topic.arn.split(":")[3])
    try:
        client.publish(**_publication(topic, alert, webhook_id))
    except ClientError as error:
        raise OSError(f"SNS: {error.response['Error']['Code']}") from None
    except BotoCoreError as error:
        raise OSError(f"SNS: {type(error).__name__}") from None
    return Answer(Verdict.DELIVERED, "SNS accepted")


def _publication(topic: Topic, alert: Alert, webhook_id: str) -> dict[str, Any]:
    # A subject is at most 100 printable ASCII characters.
    subject = title(alert).encode("ascii", "replace").decode()
    attributes = {
        "webhook-id": {"DataType": "String", "StringValue": webhook_id},
        "type": {"DataType": "String", "StringValue": EVENT_TYPES[alert.kind]},
        "severity": {"DataType": "String", "StringValue": alert.severity.value},
    }
    publication = {
        "TopicArn": topic.arn,
        "Subject": shorten(subject, 90).encode("ascii", "replace").decode(),
        "Message": json.dumps(json_body(alert), allow_nan=False),
        "MessageAttributes": attributes,
    }
    if topic.arn.endswith(".fifo"):
        publication["MessageDeduplicationId"] = webhook_id
        group = incident_key(alert).partition("/")[0].encode("ascii", "replace").decode()
        publication["MessageGroupId"] = "".join(c if c.isalnum() else "-" for c in group)[:128]
    return publication
