"""Errors as RFC 9457 problem documents; each names the field it is about."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from api.storage import FULL, is_full
from costmodel import BadInputError, CostModelError

PROBLEM_TYPE: Final = "application/problem+json"
TITLES: Final = {
    400: "Bad request",
    401: "Authentication needed",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    409: "Conflict",
    412: "Changed in the meantime",
    413: "Too large",
    415: "Unsupported media type",
    422: "Invalid content",
    428: "Precondition needed",
    429: "Too many requests",
    500: "Internal error",
    501: "Not available",
    503: "Unavailable",
    507: "Disk full",
}


class FieldProblem(BaseModel):
    """One field that is wrong."""

    path: str = Field(description="Where: body.spec, query.metric …", examples=["body.region"])
    message: str = Field(examples=["Input should be a valid string"])


class ProblemDocument(BaseModel):
    """An RFC 9457 problem."""

    model_config = ConfigDict(title="Problem")

    type: str = Field(examples=["urn:costmodel:problem:bad-input"])
    title: str = Field(examples=["Invalid content"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["spec:3: unknown key 'resource'"])
    instance: str = Field(description="The request's path.", examples=["/v1/estimates"])
    request_id: str
    errors: list[FieldProblem] = []


class Problem(Exception):  # noqa: N818 - RFC 9457's word
    """A request that cannot be answered as asked."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        path: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail = status, kind, detail
        self.path, self.headers = path, dict(headers or {})


def not_found(what: str, identifier: str) -> Problem:
    """Return the problem of something this workspace does not have."""
    return Problem(404, "not-found", f"{what} {identifier!r} does not exist in this workspace")


def problem_response(
    request_id: str,
    instance: str,
    problem: Problem,
    errors: Sequence[Mapping[str, str]] = (),
) -> Response:
    """Return a problem as a response."""
    if problem.path is not None and not errors:
        errors = [{"path": problem.path, "message": problem.detail}]
    body = {
        "type": f"urn:costmodel:problem:{problem.kind}",
        "title": TITLES.get(problem.status, "Problem"),
        "status": problem.status,
        "detail": problem.detail,
        "instance": instance,
        "request_id": request_id,
        "errors": list(errors),
    }
    # orjson refuses lone surrogates, which a client may well send as a value we repeat.
    text = _clean(body)
    return Response(
        orjson.dumps(text), problem.status, media_type=PROBLEM_TYPE, headers=problem.headers
    )


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items()}
    return [_clean(item) for item in value] if isinstance(value, list) else value


def one_line(error: Exception) -> str:
    """Return the message of an error in one line."""
    return " ".join(str(error).split())


def as_problem(error: Exception) -> Problem:
    """Return any error as a problem; what is not expected tells nothing of itself."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, HTTPException):
        kind = TITLES.get(error.status_code, "problem").lower().replace(" ", "-")
        return Problem(error.status_code, kind, str(error.detail), headers=error.headers)
    if is_full(error):
        return Problem(507, "disk-full", FULL, headers={"Retry-After": "60"})
    if isinstance(error, BadInputError):
        return Problem(422, "bad-input", one_line(error))
    if isinstance(error, CostModelError):
        return Problem(409, "cannot-be-done", one_line(error))
    if isinstance(error, DBAPIError):
        return Problem(
            503, "store-unavailable", "the store does not answer; try again",
            headers={"Retry-After": "2"},
        )  # fmt: skip
    if isinstance(error, OSError) and error.errno is not None and error.strerror:
        return Problem(503, "storage", f"the storage failed: {error.strerror.lower()}")
    return Problem(500, "internal", "something went wrong here; quote the request id")


def install(app: FastAPI) -> None:
    """Answer every error with a problem document."""

    async def on_invalid(request: Request, error: Exception) -> Response:
        fields = error.errors() if isinstance(error, RequestValidationError) else []
        errors = [
            {"path": ".".join(map(str, field["loc"])), "message": str(field["msg"])}
            for field in fields
        ]
        first = errors[0] if errors else {"path": "", "message": "invalid"}
        detail = f"{first['path']}: {first['message']}"
        problem = Problem(422, "invalid", detail)
        return problem_response(request_id(request), request.url.path, problem, errors)

    async def on_error(request: Request, error: Exception) -> Response:
        return problem_response(request_id(request), request.url.path, as_problem(error))

    app.add_exception_handler(RequestValidationError, on_invalid)
    for kind in (Problem, CostModelError, DBAPIError, OSError):
        app.add_exception_handler(kind, on_error)


def request_id(request: Request) -> str:
    """Return the request's id, which the gate has set."""
    return str(request.scope.get("state", {}).get("request_id", ""))
