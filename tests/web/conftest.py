"""A browser, and a service in development with sample data."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.settings import Settings
from tests.api.conftest import Service, running, wait_for

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Iterator[Service]:
    settings = Settings(data=tmp_path_factory.mktemp("site"), is_dev=True)
    with running(settings) as found, found.client() as client:
        made = client.post("/v1/bills/sample", json={"rows": 20_000, "months": 3}).json()
        assert wait_for(client, made["job"]["id"])["status"] == "done"
        client.post(
            "/v1/budgets", json={"name": "All <b>spend", "limit": 9000, "thresholds": ["80%"]}
        )
        yield found


@pytest.fixture(scope="session")
def chromium():
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is absent: install Debian's package chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Watched:
    """A page that notes every complaint of the browser."""

    def __init__(self, page, url: str) -> None:
        self.page, self.url, self.complaints = page, url, []
        page.set_default_timeout(20_000)
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("requestfailed", self._note_failure)

    def _note(self, message) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _note_failure(self, request) -> None:
        # A download, or a page left while it loads: no complaint.
        if "ERR_ABORTED" not in str(request.failure):
            self.complaints.append(f"{request.url} {request.failure}")

    def open(self, path: str):
        return self.page.goto(self.url + path, wait_until="load")


@pytest.fixture
def watched(site, chromium) -> Iterator[Watched]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    yield Watched(context.new_page(), site.url)
    context.close()
