"""What all requests share: settings, store, catalog, metrics, opened bills."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Final

from fastapi import Request

from api.alerting import Alerting
from api.bills import BillShelf
from api.keys import Principal
from api.observe import Metrics
from api.scheduler import Scheduler
from api.settings import Settings
from api.store.batch import BatchWriter
from api.store.database import Database
from api.throttle import Remembered, Throttle
from api.worker import Worker
from costmodel import estimate, load_catalog

if TYPE_CHECKING:
    from costmodel import PriceCatalog

_FIRST_SPEC: Final = {
    "region": "us-east-1",
    "resources": {"instance.first": {"instance_type": "t3.micro"}},
}


class State:
    """One application's shared objects."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings = settings
        self.database = database
        self.metrics = Metrics()
        self.throttle = Throttle(settings.limits, self.metrics)
        self.principals = Remembered(1000, 5.0)
        self.estimates = Remembered(256, 3600.0)
        self.costs = Remembered(512, 3600.0)
        self.bills = BillShelf(settings.data / "bills")
        self.alerting = Alerting(settings, database)
        self.scheduler = Scheduler(settings, database)
        self.writer = BatchWriter(database)
        self.dev: Principal | None = None
        self.stopping = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve: prices are read before the first request, threads end after the last."""
        _ = self.catalog.sheets.services
        estimate(_FIRST_SPEC, self.catalog)  # the largest tables, those of EC2
        worker = Worker(self.settings, self.database) if self.settings.runs_jobs else None
        if worker is not None:
            worker.start()
            self.scheduler.start()
            self.alerting.start()
        try:
            yield
        finally:
            self.stopping.set()
            if worker is not None:
                self.scheduler.stop()
                worker.stop()
                self.alerting.stop()
            self.writer.close()
            self.database.engine.dispose()

    @cached_property
    def catalog(self) -> "PriceCatalog":
        """The prices."""
        return load_catalog(self.settings.catalog)


def state_of(request: Request) -> State:
    """Return the shared objects of the application a request belongs to."""
    state: State = request.app.state.costmodel
    return state
