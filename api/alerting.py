"""Budgets and webhooks of a workspace: its outbox, its destinations, and who delivers.

Each workspace has an outbox of its own: an SQLite file, or a schema of the PostgreSQL database.
"""

import base64
import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import create_engine, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateSchema

import costmodel
from api.documents import list_documents
from api.settings import Settings
from api.store.database import Database
from api.store.tables import DOCUMENT
from api.throttle import Remembered
from api.verdicts import feedback_of
from costmodel import BadInputError, CostModelError
from costmodel.budget.model import parse_budget
from costmodel.budget.state import state_from_json
from costmodel.io.delivery.destination import DeliveryConfig, parse_destinations
from costmodel.io.delivery.receiver.receive import fetch_from_sns

if TYPE_CHECKING:
    from costmodel import Budget, BudgetReport, Outbox

_LOG = logging.getLogger("costmodel.api")
_LOOK_SECONDS: Final = 2.0
TOLD_DAYS: Final = 7  # older anomalies are history
_STORED: Final = ("id", "version", "created_at", "updated_at")


class Alerting:
    """The outboxes and destinations of all workspaces."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings, self.database = settings, database
        self._outboxes: dict[str, Outbox] = {}
        self._certificates = Remembered(20, 86_400.0)
        self.fetch_from_sns: Callable[[str], bytes] = fetch_from_sns
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="deliveries", daemon=True)

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def stop(self) -> None:
        """End after the deliveries under way."""
        self._stop.set()
        self._thread.join(30)

    def outbox(self, workspace: str) -> "Outbox":
        """Return the outbox of a workspace."""
        with self._lock:
            if workspace not in self._outboxes:
                self._outboxes[workspace] = costmodel.open_outbox(self._outbox_url(workspace))
            return self._outboxes[workspace]

    def _outbox_url(self, workspace: str) -> str:
        if self.settings.database_url is None:
            folder = self.settings.data / "outbox"
            folder.mkdir(exist_ok=True)
            return str(folder / f"{workspace}.db")
        url = make_url(self.settings.database_url).set(drivername="postgresql+psycopg")
        schema = f"outbox_{workspace}"
        engine = create_engine(url)
        try:
            with engine.begin() as connection:
                connection.execute(CreateSchema(schema, if_not_exists=True))
        finally:
            engine.dispose()
        return url.update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(
            hide_password=False
        )

    def fetch(self, url: str) -> bytes:
        """Read a URL of SNS; a certificate is kept, so that no message makes us ask for it again.

        Raises:
            OSError: it cannot be read.
        """
        known: bytes | None = self._certificates.get(url)
        if known is None:
            known = self.fetch_from_sns(url)
            if url.endswith(".pem"):
                self._certificates.put(url, known)
        return known

    def config(self, workspace: str) -> DeliveryConfig:
        """Return the destinations of a workspace under the operator's rules."""
        with self.database.transaction() as connection:
            hooks = list_documents(connection, workspace, "webhook")
        entries = [self.destination(hook) for hook in hooks]
        return self.parse(entries)

    def parse(self, entries: list[dict[str, Any]]) -> DeliveryConfig:
        """Return destinations as the delivery worker takes them.

        Raises:
            BadInputError: a URL is not allowed.
        """
        if not entries:
            return DeliveryConfig({}, topics=self.settings.sns_topics)
        tree = {
            "ports": list(self.settings.webhook_ports),
            "internal_receivers": list(self.settings.internal_receivers),
            "receive_from_topics": list(self.settings.sns_topics),
            "destinations": entries,
        }
        # A list that is there must have entries.
        return parse_destinations({k: v for k, v in tree.items() if v}, "webhook")

    def destination(self, hook: Mapping[str, Any]) -> dict[str, Any]:
        """Return a stored webhook as an entry of a destinations file."""
        entry = {name: hook[name] for name in ("name", "format", "url", "budgets", "min_severity")}
        if hook["format"] == "json":
            entry["signing_keys"] = [f"file:{self.secret_file(str(hook['secret_id']))}"]
        return entry

    def secret_file(self, secret_id: str) -> Path:
        """Return where a webhook's signing secret is."""
        return self.settings.data / "secrets" / secret_id

    def create_secret(self, secret_id: str) -> str:
        """Make the secret that a webhook's deliveries are signed with (Standard Webhooks)."""
        secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        place = self.secret_file(secret_id)
        place.parent.mkdir(mode=0o700, exist_ok=True)
        place.touch(mode=0o600)
        place.write_text(secret, encoding="utf-8")
        return secret

    def budgets(self, workspace: str) -> "list[Budget]":
        """Return a workspace's budgets, as far as this release can read them."""
        return self.read_budgets(workspace)[0]

    def read_budgets(self, workspace: str) -> "tuple[list[Budget], list[str]]":
        """Return a workspace's budgets, and what is wrong with those of an earlier release."""
        with self.database.transaction() as connection:
            found = list_documents(connection, workspace, "budget")
        budgets, problems = [], []
        for document in found:
            try:
                budgets.append(budget_of(document))
            except BadInputError as error:
                problems.append(str(error))
        return budgets, problems

    def check(self, workspace: str, bill: Any, now: datetime, *, send: bool) -> "BudgetReport":
        """Hold a workspace's budgets against a bill; with ``send``, commit what is new."""
        entries = self.budgets(workspace)
        if not send:
            return costmodel.check_budgets(entries, bill, now=now)
        outbox = self.outbox(workspace)
        kept = outbox.read_states()
        known = {key: value for state in kept.states.values() for key, value in state.items()}
        report = costmodel.check_budgets(
            entries, bill, now=now, state=state_from_json(known, "outbox")
        )
        outbox.commit_evaluation(
            report.states_by_budget(entries),
            report.alerts,
            destinations=self.config(workspace).destinations.values(),
            now=time.time(),
            revision=kept.revision,
        )
        return report

    def tell_anomalies(self, workspace: str, bill: Any, now: datetime) -> int:
        """Look for unexpected rises of the last days of a bill; commit and count what is new."""
        found = costmodel.anomalies(
            bill, as_of=now, feedback=feedback_of(self.database, workspace)
        )
        return self.outbox(workspace).commit_evaluation(
            {},
            found.recent(TOLD_DAYS).alerts(now),
            destinations=self.config(workspace).destinations.values(),
            now=time.time(),
        )

    def _run(self) -> None:
        while not self._stop.wait(_LOOK_SECONDS):
            try:
                workspaces = self._workspaces()
            except (SQLAlchemyError, OSError) as error:
                # A database that restarts must not end deliveries: leases run out by themselves.
                _LOG.warning("deliveries wait: %s", type(error).__name__)
                continue
            for workspace in workspaces:
                self._deliver(workspace)

    def _deliver(self, workspace: str) -> None:
        """Deliver what is due of one workspace; its troubles do not hold up the others."""
        try:
            costmodel.deliver_pending(self.outbox(workspace), self.config(workspace))
        except (CostModelError, SQLAlchemyError, OSError) as error:
            where = {"workspace": workspace}
            _LOG.warning("deliveries wait: %s", type(error).__name__, extra=where)

    def _workspaces(self) -> list[str]:
        query = select(DOCUMENT.c.workspace_id).distinct().where(DOCUMENT.c.kind == "webhook")
        with self.database.transaction() as connection:
            return [str(row[0]) for row in connection.execute(query)]


def budget_of(document: Mapping[str, Any]) -> "Budget":
    """Return a stored or given budget, checked.

    Raises:
        BadInputError: one line says what is wrong.
    """
    entry = {name: value for name, value in document.items() if name not in _STORED}
    return parse_budget(entry, "budget")
