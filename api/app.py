"""The application: ``create_app(settings)``."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from api import problems
from api.gate import Gate
from api.routes import ROUTERS, health
from api.settings import Settings
from api.state import State
from api.store.database import open_database
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
    )
    app.state.costmodel = state
    problems.install(app)
    app.include_router(health.router)
    for router in ROUTERS:
        app.include_router(router)
    app.add_middleware(
        Gate, limits=settings.limits, metrics=state.metrics, stopping=state.stopping
    )
    return app
