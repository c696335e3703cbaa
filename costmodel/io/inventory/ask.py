"""One API call with all its pages; a refusal is an answer, not a crash."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from costmodel.io.inventory.account import Account
from costmodel.io.inventory.answer import plain
from costmodel.io.inventory.registry import Call

_TOKENS: Final = ("NextToken", "nextToken", "Marker", "marker", "NextPageToken", "nextPageToken")
_MOST_PAGES: Final = 10_000


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call gave nothing: AWS's error code and message."""

    code: str
    message: str


def ask(
    account: Account, call: Call, region: str, parameters: Mapping[str, Any]
) -> list[Any] | Refusal:
    """Return the pages of a call as plain JSON, or why there are none."""
    answer = ask_raw(account, call, region, parameters)
    return answer if isinstance(answer, Refusal) else [plain(page) for page in answer]


def ask_raw(
    account: Account, call: Call, region: str, parameters: Mapping[str, Any]
) -> Sequence[Any] | Refusal:
    """Return the pages of a call as boto3 gives them, or why there are none."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        client = account.client(call.service, region)
        return _pages(client, call, dict(parameters))
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if call.absent is not None and code in call.absent.codes:
            return [call.absent.response]
        return Refusal(code, error.response.get("Error", {}).get("Message") or str(error))
    except (BotoCoreError, ResponseParserError, AttributeError) as error:
        # ResponseParserError: a proxy answered. AttributeError: boto3 is older than the operation.
        return Refusal(type(error).__name__, str(error))


def _pages(client: Any, call: Call, parameters: dict[str, Any]) -> Sequence[Any]:
    if not call.single_page and client.can_paginate(call.operation):
        return list(client.get_paginator(call.operation).paginate(**parameters))
    method = getattr(client, call.operation)
    answer = method(**parameters)
    pages = [answer]
    token = None if call.single_page else _token(client, call, answer)
    while token is not None and len(pages) < _MOST_PAGES:
        answer = method(**parameters, **token)
        pages.append(answer)
        token = _token(client, call, answer)
    return pages


def _token(client: Any, call: Call, answer: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the argument that asks for the next page, or None after the last."""
    operation = client.meta.method_to_api_mapping[call.operation]
    shape = client.meta.service_model.operation_model(operation).input_shape
    for name in _TOKENS:
        if answer.get(name) and shape is not None and name in shape.members:
            return {name: answer[name]}
    return None


def whole(pages: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the pages of one answer as one, their lists joined."""
    joined: dict[str, Any] = {}
    for page in pages:
        for key, value in page.items():
            if isinstance(value, list) and isinstance(joined.get(key), list):
                joined[key] = joined[key] + value
            else:
                joined[key] = value
    return joined
