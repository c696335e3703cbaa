"""What the jobs do, by kind."""

import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from api.answers import finite
from api.bill_dataset import write_dataset
from api.bill_rows import mark_ready
from api.bill_seal import is_intact
from api.jobs import report_progress
from api.problems import Problem
from api.settings import Settings
from api.storage import require_room
from api.store.database import Database
from costmodel import BadInputError, load_catalog, read_bill

if TYPE_CHECKING:
    from costmodel import Bill


class Job:
    """One job under way."""

    def __init__(
        self, settings: Settings, database: Database, row: dict[str, Any], owner: str
    ) -> None:
        self.settings, self.database, self.owner = settings, database, owner
        self.identifier: str = row["id"]
        self.kind: str = row["kind"]
        self.workspace: str = row["workspace_id"]
        self.payload: dict[str, Any] = orjson.loads(row["payload"])

    def report(self, progress: float, message: str) -> None:
        """Say how far the job is."""
        with self.database.transaction() as connection:
            report_progress(connection, self.identifier, self.owner, progress, message)

    @property
    def bill_folder(self) -> Path:
        """The folder of the bill the job is about."""
        return self.settings.data / "bills" / self.workspace / str(self.payload["bill"])

    def without_paths(self, text: str) -> str:
        """Return a message in one line of bearable length, without this machine's folders."""
        text = " ".join(text[: 10 * _MESSAGE].split()).replace(str(self.settings.data), "")
        # The folders of uploaded parts, and of what zip files were unpacked to.
        text = re.sub(r"\S*/(parts/\d{5}|costmodel-bill-\w+)/", "", text)
        return text if len(text) <= _MESSAGE else f"{text[: _MESSAGE - 1]}…"


def import_bill(job: Job) -> dict[str, Any]:
    """Read an uploaded or referenced bill and put it into the store."""
    reference = job.payload.get("reference")
    job.report(0.05, "reading")
    source = read_bill(
        _no_manifest(reference or str(_parts(job.bill_folder / "parts"))),
        catalog=load_catalog(job.settings.catalog),
    )
    return _store(job, source)


def _parts(folder: Path) -> Path:
    """Return what was uploaded: the file if it is one, else the folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return files[0] if len(files) == 1 else folder


def _no_manifest(place: str) -> str:
    """Refuse a manifest given by itself: it may name files of others, near it or far from it.

    Raises:
        BadInputError: with what to do.
    """
    if place.lower().endswith("manifest.json"):
        raise BadInputError("a manifest alone is no bill: give it together with its files")
    return place


def _store(job: Job, source: "Bill") -> dict[str, Any]:
    require_room(job.settings.data, job.settings.limits.reserve_bytes)
    facts = write_dataset(source, job.bill_folder, job.report)
    with job.database.transaction() as connection:
        mark_ready(connection, job.workspace, job.payload["bill"], facts)
    return {"bill": job.payload["bill"], **facts}


def make_sample_bill(job: Job) -> dict[str, Any]:
    """Generate a realistic bill and put it into the store."""
    from costmodel import BillSettings, catalog_price_table, generate_bill

    job.report(0.05, "generating")
    catalog = load_catalog(job.settings.catalog)
    prices = catalog_price_table(catalog, _SAMPLE_REGIONS)
    made = job.bill_folder / "parts"
    shutil.rmtree(made, ignore_errors=True)
    settings = BillSettings(
        rows=int(job.payload["rows"]),
        seed=7,
        first_month=str(job.payload["first_month"]),
        months=int(job.payload["months"]),
        accounts=5,
        anomalies=2,
    )
    try:
        require_room(job.settings.data, job.settings.limits.reserve_bytes)
        generate_bill(settings, prices, made, "cur2")
        return _store(job, read_bill(made, catalog=catalog))
    finally:
        shutil.rmtree(made, ignore_errors=True)


def recommend(job: Job) -> dict[str, Any]:
    """Look for savings in an inventory, a bill, or both."""
    import costmodel

    job.report(0.1, "reading")
    bill = (job.bill_folder / "dataset",) if job.payload["bill"] else ()
    if not all(is_intact(folder) for folder in bill):
        raise Problem(409, "damaged-bill", "the stored bill is damaged: import it again")
    catalog = load_catalog(job.settings.catalog)
    found = costmodel.recommend(job.payload["inventory"], catalog, bill=bill)
    # Kept between runs of the same kind of evidence: what is new, open, done or came back.
    kinds = "-".join(name for name in ("inventory", "bill") if job.payload[name])
    state = job.settings.data / "recommendations" / f"{job.workspace}-{kinds}.json"
    state.parent.mkdir(parents=True, exist_ok=True)
    found = costmodel.follow_recommendations(found, state, datetime.now(UTC).date())
    tree: dict[str, Any] = finite(found.to_json())
    # Where no run has found anything yet, there is nothing to measure.
    if bill and orjson.loads(state.read_bytes()):
        measured = costmodel.realised_savings(state, *bill, catalog=catalog)
        tree["realised"] = finite(measured.to_json())
    return tree


def check_spend(job: Job) -> dict[str, Any]:
    """Hold the workspace's budgets against its bills, and look for anomalies."""
    from api import spend_check

    tree: dict[str, Any] = finite(
        spend_check.check_spend(
            job.settings, job.database, job.workspace, datetime.now(UTC), job.report
        )
    )
    return tree


_MESSAGE: Final = 500
_SAMPLE_REGIONS: Final = ("us-east-1", "eu-central-1", "eu-west-1")
WORK: Final[dict[str, Callable[[Job], dict[str, Any]]]] = {
    "import-bill": import_bill,
    "sample-bill": make_sample_bill,
    "recommend": recommend,
    "check-spend": check_spend,
}
