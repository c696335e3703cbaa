"""Runs the application: ``serve`` until told to stop, ``init`` for the first key."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import Sequence
from typing import Any, Final

import uvicorn

from api.app import create_app
from api.keys import create_key, create_workspace
from api.memory import collect_now_and_then, settle
from api.observe import log_as_json
from api.settings import Settings
from api.state import State
from api.store.database import open_database

_BACKLOG: Final = 2048
# A balancer needs a moment to see /readyz fail before the listening socket goes away.
DRAIN_SECONDS: Final = 1.0
# The thread that writes to the store asks for Python's lock ten times in a transaction, and while
# requests are priced it waits so long each time: 50 ms with Python's own 5 ms.
_SWITCH_SECONDS: Final = 0.0005


class DrainingServer(uvicorn.Server):
    """On SIGTERM: not ready any more, every connection closes after its answer, then the end."""

    state: State
    _collecting: asyncio.Task[None]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start; what is loaded by then stays."""
        await super().startup(sockets=sockets)
        settle()
        self._collecting = asyncio.create_task(collect_now_and_then())

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Begin to drain; a second signal ends at once."""
        if self.state.stopping.is_set():
            super().handle_exit(sig, frame)
            return
        self.state.stopping.set()
        self._captured_signals.append(sig)
        loop = asyncio.get_running_loop()
        loop.call_soon_threadsafe(loop.call_later, DRAIN_SECONDS, self._leave)

    def _leave(self) -> None:
        self.should_exit = True


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are answered first."""
    log_as_json()
    sys.setswitchinterval(_SWITCH_SECONDS)
    app = create_app(settings)
    server = DrainingServer(
        uvicorn.Config(
            app, host=host, port=port, access_log=False, log_config=None, backlog=_BACKLOG,
            server_header=False, timeout_keep_alive=30,
        )
    )  # fmt: skip
    server.state = app.state.costmodel
    with contextlib.suppress(KeyboardInterrupt):
        server.run()


def init(settings: Settings, workspace: str, scopes: Sequence[str] = ("admin",)) -> str:
    """Return a new key of a workspace, which is made if need be."""
    settings.data.mkdir(parents=True, exist_ok=True)
    database = open_database(settings.url)
    with database.transaction() as connection:
        identifier = create_workspace(connection, workspace)
        return create_key(connection, identifier, "first key", scopes)[1]
