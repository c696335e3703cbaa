"""The pages' door: a session cookie instead of a key, and only forms of our own pages."""

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from api.access import dev_principal_of, write_audit
from api.keys import COOKIE, Principal, find_session
from api.problems import Problem, as_problem
from api.state import state_of
from api.web.render import render

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class PageDoor(APIRoute):
    """A page behind the login; errors become pages."""

    def get_route_handler(self) -> Handler:
        """Return the guarded handler."""
        answer = super().get_route_handler()
        needed = str(getattr(self.endpoint, "needed_scope", "") or _scope(self.methods or set()))

        async def guarded(request: Request) -> Response:
            try:
                if request.method == "POST":
                    check_origin(request)
                principal = await page_principal(request)
                if principal is None:
                    target = quote(request.url.path, safe="/")
                    return RedirectResponse(f"/login?next={target}", 303)
                request.state.principal = principal
                request.scope["state"] |= {
                    "workspace": principal.workspace,
                    "key": principal.key,
                }
                if needed not in principal.scopes:
                    raise Problem(403, "scope", f"your key lacks the scope '{needed}'")
                response = await answer(request)
            except Exception as error:  # noqa: BLE001 - what it does not know it raises again
                return _error_page(request, error)
            if request.method == "POST":
                await write_audit(request, principal, response.status_code)
            return response

        return guarded


def _scope(methods: set[str]) -> str:
    return "write" if "POST" in methods else "read"


def page_router() -> APIRouter:
    """Return a router of pages; they are not part of the API's document."""
    return APIRouter(route_class=PageDoor, include_in_schema=False)


async def page_principal(request: Request) -> Principal | None:
    """Return who looks at a page, or None before they have logged in."""
    state = state_of(request)
    if state.settings.is_dev:
        return await dev_principal_of(request)
    cookie = request.cookies.get(COOKIE)
    if cookie is None:
        return None
    return await state.database.run(lambda c: find_session(c, cookie))


def check_origin(request: Request) -> None:
    """Refuse forms that another site sends.

    Raises:
        Problem: 403.
    """
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site", "same-origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    if foreign or site not in ("same-origin", "none"):
        raise Problem(403, "origin", "this form was sent from another site")


def _error_page(request: Request, error: Exception) -> Response:
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        problem = Problem(422, "invalid", f"{first['loc'][-1]}: {first['msg']}")
    elif isinstance(error, HTTPException | Problem) or as_problem(error).status != 500:
        problem = as_problem(error)
    else:
        raise error
    return render(request, "error.html", {"problem": problem}, status=problem.status)
