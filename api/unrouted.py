"""What no route takes: a page for a browser that lost its way, a problem for everybody else."""

from collections.abc import Iterable
from typing import Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import Match

from api.problems import Problem, as_problem, problem_response, request_id
from api.web.render import render

# Machines ask here; a page would be no answer to them.
_MACHINES: Final = ("/v1/", "/healthz", "/readyz", "/metrics", "/openapi.json", "/static/")


def install(app: FastAPI, routers: Iterable[APIRouter]) -> None:
    """Answer what the router itself refuses; the routers know which methods an address takes."""
    routes = [
        route for router in routers for route in router.routes if isinstance(route, APIRoute)
    ]

    async def on_refused(request: Request, error: Exception) -> Response:
        problem = as_problem(error)
        if problem.status == 405:
            problem.headers["Allow"] = ", ".join(_methods(routes, request))
        if problem.status in (404, 405) and _is_browser(request):
            told = Problem(problem.status, problem.kind, "There is no such page.")
            return render(request, "error.html", {"problem": told}, status=problem.status)
        return problem_response(request_id(request), request.url.path, problem)

    app.add_exception_handler(HTTPException, on_refused)


def _methods(routes: list[APIRoute], request: Request) -> list[str]:
    """Return the methods an address takes: of all its routes, since each knows only its own."""
    taken: set[str] = set()
    for route in routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            taken |= route.methods or set()
    return sorted(taken)


def _is_browser(request: Request) -> bool:
    path = request.url.path
    return "text/html" in request.headers.get("accept", "") and not path.startswith(_MACHINES)
