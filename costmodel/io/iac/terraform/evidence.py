"""What the values of a Terraform resource say about its region."""

import re
from collections.abc import Mapping
from typing import Any

_ARN = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:(?P<region>[a-z]{2}(?:-[a-z]+)+-\d):")
_ZONE = re.compile(r"(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)[a-z]")


def region_from_values(values: Mapping[str, Any]) -> str | None:
    """Return the region that a resource's ARN or availability zone betrays."""
    arn = values.get("arn")
    if isinstance(arn, str) and (found := _ARN.match(arn)):
        return found["region"]
    zone = values.get("availability_zone")
    if isinstance(zone, str) and (found := _ZONE.fullmatch(zone)):
        return found["region"]
    return None


def given_values(value: Any) -> Any:
    """Leave out nulls at every depth: to Terraform null and absent are the same."""
    if isinstance(value, dict):
        return {key: given_values(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [given_values(item) for item in value]
    return value
