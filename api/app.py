"""The application: ``create_app(settings)``."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from api import problems, unrouted
from api.gate import Gate
from api.routes import ROUTERS, health
from api.settings import Settings
from api.state import State
from api.store.database import open_database
from api.web.pages import PAGES
from costmodel import __version__

_DESCRIPTION = """What will it cost on AWS, why did the bill rise, and what should change.

Errors are RFC 9457 problems. Lists are read by `cursor`; updates need `If-Match`; a POST with an
`Idempotency-Key` is done once. Every resource belongs to the workspace of the key that asks."""


def create_app(settings: Settings) -> FastAPI:
    """Return the application; its store is opened when it starts."""
    settings.data.mkdir(parents=True, exist_ok=True)
    state = State(settings, open_database(settings.url))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        with state.running():
            yield

    app = FastAPI(
        title="costmodel",
        version=__version__,
        description=_DESCRIPTION,
        lifespan=lifespan,
        redoc_url=None,
        docs_url=None,
        openapi_url="/openapi.json",
        generate_unique_id_function=_operation_id,
    )
    app.state.costmodel = state
    problems.install(app)
    routers = (health.router, *ROUTERS, *PAGES)
    for router in routers:
        app.include_router(router)
    unrouted.install(app, routers)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign] # FastAPI's own way
    app.add_middleware(
        Gate, limits=settings.limits, metrics=state.metrics, stopping=state.stopping
    )
    return app


def _operation_id(route: APIRoute) -> str:
    """Return an operation's id: its group and its name, which generated clients call it by."""
    return f"{route.tags[0]}_{route.name}" if route.tags else route.name


def _document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document; problems are described once."""
    if app.openapi_schema is None:
        tree = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        schemas = tree["components"]["schemas"]
        schemas["Problem"] = problems.ProblemDocument.model_json_schema(
            ref_template="#/components/schemas/{model}"
        )
        schemas |= schemas["Problem"].pop("$defs", {})
        app.openapi_schema = tree
    return app.openapi_schema
