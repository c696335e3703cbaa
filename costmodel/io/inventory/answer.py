"""From an API answer to column values: JMESPath expressions, then the column's kind."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from costmodel.errors import MissingDependencyError
from costmodel.optimize.inventory_tables.field import Kind

try:
    import jmespath
    from jmespath import functions
except ImportError as _error:  # it comes with boto3
    raise MissingDependencyError("jmespath", "aws") from _error

_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:?\d\d)?")
# CloudWatch Logs and Kinesis give milliseconds since 1970, most others seconds.
_LARGEST_SECOND = 1e11


class _Functions(functions.Functions):  # type: ignore[misc]  # jmespath is untyped
    """JMESPath's functions and one more."""

    @functions.signature({"types": ["string"]}, {"types": ["string"]})  # type: ignore[untyped-decorator]  # jmespath again
    def _func_after_last(self, text: str, separator: str) -> str:
        return text.rsplit(separator, 1)[-1]


_OPTIONS = jmespath.Options(custom_functions=_Functions())


@cache
def compile_expression(expression: str) -> Any:
    """Return a compiled JMESPath expression."""
    return jmespath.compile(expression)


def find(expression: str, document: Any) -> Any:
    """Return what an expression finds, or None where the answer has no such thing."""
    try:
        return compile_expression(expression).search(document, options=_OPTIONS)
    except jmespath.exceptions.JMESPathTypeError:
        # length(null), sum(null): the answer left the list out, so its length is unknown.
        return None


def plain(value: Any) -> Any:
    """Return an API answer as plain JSON values, times as ISO text."""
    if isinstance(value, dict):
        return _recorded_time(value) or {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, datetime | date):
        return _utc(value).isoformat()
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)


def _recorded_time(value: Mapping[str, Any]) -> str | None:
    """Return a time recorded as its parts, as placebo-style recordings hold it."""
    if value.get("__class__") != "datetime":
        return None
    parts = {k: int(v) for k, v in value.items() if k not in ("__class__", "tzinfo")}
    return datetime(**parts, tzinfo=UTC).isoformat()


def _utc(value: date) -> datetime:
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def column_value(kind: Kind, value: Any) -> Any:
    """Return a value as its column holds it; None where it is absent or cannot be read so."""
    if value is None:
        return None
    match kind:
        case "number":
            return _number(value)
        case "flag":
            return _flag(value)
        case "time":
            return read_time(value)
        case "texts":
            parts = value if isinstance(value, list) else [value]
            return [str(part) for part in parts if part is not None]
        case "tags":
            return read_tags(value)
        case "json":
            return json.dumps(value, sort_keys=True, default=str)
        case _:
            return str(value) if value != "" else None


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _flag(value: Any) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return bool(value)


def read_time(value: Any) -> datetime | None:
    """Return a time in UTC from ISO text, text that holds one, or seconds or ms since 1970."""
    if isinstance(value, int | float):
        seconds = value / 1000 if abs(value) > _LARGEST_SECOND else value
        return datetime.fromtimestamp(seconds, UTC)
    if isinstance(value, date):
        return _utc(value)
    found = _ISO.search(str(value))
    if found is None:
        return None
    text = found.group().replace("Z", "+00:00")
    try:
        return _utc(datetime.fromisoformat(text))
    except ValueError:
        return None


def read_tags(value: Any) -> dict[str, str] | None:
    """Return tags from AWS's three shapes: a mapping, Key/Value pairs, TagKey/TagValue pairs."""
    if isinstance(value, Mapping):
        return {str(key): str(part) for key, part in value.items()}
    if not isinstance(value, Sequence) or isinstance(value, str):
        return None
    tags: dict[str, str] = {}
    for pair in value:
        lowered = {str(k).lower().removeprefix("tag"): v for k, v in pair.items()}
        if lowered.get("key") is not None:
            tags[str(lowered["key"])] = str(lowered.get("value") or "")
    return tags
