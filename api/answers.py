"""Answers as JSON through orjson, with ETags and cursors."""

import base64
import binascii
import math
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from fastapi import Request
from fastapi.responses import Response

from api.problems import Problem

_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


def dump(content: Any) -> bytes:
    """Return content as JSON; what JSON has no number for becomes null."""
    return orjson.dumps(content, option=_OPTIONS, default=_other)


def _other(value: Any) -> Any:
    if hasattr(value, "item"):
        return value.item()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if value.__class__.__name__ == "Decimal":
        return float(value)
    if value.__class__.__name__ in ("NAType", "NaTType"):
        return None
    raise TypeError(type(value).__name__)


def answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return content as a JSON response."""
    return Response(
        dump(content), status, media_type="application/json", headers=dict(headers or {})
    )


def versioned(content: Mapping[str, Any], status: int = 200) -> Response:
    """Return a resource that has a version, with its ETag."""
    headers = {"ETag": etag(int(content["version"]))}
    if status == 201 and "id" in content:
        headers["X-Resource-Id"] = str(content["id"])
    return answer(content, status, headers)


def etag(version: int) -> str:
    """Return the entity tag of a version."""
    return f'"{version}"'


def expected_version(request: Request) -> int:
    """Return the version an update is meant for.

    Raises:
        Problem: 428 without If-Match, 412 where it can match nothing.
    """
    given = request.headers.get("if-match")
    if given is None:
        raise Problem(
            428, "precondition-needed", "send If-Match with the ETag you read",
            path="header.If-Match",
        )  # fmt: skip
    number = given.strip().removeprefix("W/").strip('"')
    # isdecimal alone lets other scripts' digits through; a version has few digits.
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        raise Problem(412, "changed", f"no version has the ETag {given}", path="header.If-Match")
    return int(number)


def page(rows: Sequence[Mapping[str, Any]], limit: int) -> dict[str, Any]:
    """Return one page of rows read with ``limit + 1``."""
    more = len(rows) > limit
    items = list(rows[:limit])
    return {
        "items": items,
        "next_cursor": encode_cursor(str(items[-1]["id"])) if more else None,
    }


def encode_cursor(identifier: str) -> str:
    """Return where the next page begins."""
    return base64.urlsafe_b64encode(identifier.encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> str | None:
    """Return the identifier in a cursor.

    Raises:
        Problem: the cursor was not made by this service.
    """
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        text = ""
    if not text.replace("_", "").isalnum():
        raise Problem(
            422, "invalid", "query.cursor: not a cursor of this list", path="query.cursor"
        )
    return text


def finite(value: Any) -> Any:
    """Return a tree in which every unknown or endless number is null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value
