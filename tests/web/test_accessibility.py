"""axe-core on every page in a real browser: light and dark, phone and wide; and by keyboard only."""

from pathlib import Path

import axe_playwright_python
import pytest

from tests.api.conftest import SPEC, running, wait_for

pytestmark = pytest.mark.browser

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
PAGES = (
    "/", "/explore", "/explore?granularity=total&group_by=RegionId", "/explore?filter=RegionI",
    "/explore?filter=RegionId = 'none'", "/estimate", "/estimate/ONE",
    "/estimate/ONE/working?address=aws_instance.web", "/estimate/compare?before=ONE&after=TWO",
    "/recommendations", "/commitments", "/budgets", "/catalog", "/catalog?service=AmazonS4",
    "/settings", "/nothing", "/explore?bill=bill_0",
)  # fmt: skip


def violations(page) -> list[str]:
    """Return what axe-core finds, of any impact."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
    return [f"{v['impact']} {v['id']}: {node['html'][:150]}" for v in found for node in v["nodes"]]


@pytest.fixture(scope="module")
def estimates(site) -> dict[str, str]:
    """Two stored estimates, and a run of recommendations, so that no page is empty."""
    with site.client() as client:
        bill = client.get("/v1/bills").json()["items"][0]["id"]
        job = client.post("/v1/recommendations", json={"bill_id": bill}).json()
        made = [
            client.post("/v1/estimates", json={"spec": SPEC, "name": name}).json()["id"]
            for name in ("one", "two")
        ]
        wait_for(client, job["id"])
    return {"ONE": made[0], "TWO": made[1]}


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(watched, estimates, scheme, width):
    page = watched.page
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    found = {}
    for place in PAGES:
        for name, identifier in estimates.items():
            place = place.replace(name, identifier)
        watched.open(place)
        if page.query_selector("script.figure-data"):
            page.wait_for_selector(".figure .main-svg")
        found[place] = violations(page)
    assert {place: told for place, told in found.items() if told} == {}


def test_axe_finds_nothing_before_there_is_data_and_at_the_login(chromium, tmp_path):
    from api.settings import Settings

    with running(Settings(data=tmp_path, runs_jobs=False)) as service:
        context = chromium.new_context()
        page = context.new_page()
        page.goto(service.url)
        found = {"/login": violations(page)}
        page.fill("input[name=key]", service.key())
        page.keyboard.press("Enter")
        page.wait_for_selector("nav")
        for place in ("/", "/explore", "/recommendations", "/commitments", "/budgets", "/settings",
                      "/estimate"):  # fmt: skip
            page.goto(service.url + place)
            found[place] = violations(page)
        context.close()
    assert {place: told for place, told in found.items() if told} == {}


def focused(page) -> dict:
    """Return what has the focus: its name, whether it is in view and ringed."""
    return page.evaluate(
        """() => {
          const e = document.activeElement, box = e.getBoundingClientRect();
          return {
            tag: e.tagName, name: (e.getAttribute("aria-label") || e.labels?.[0]?.textContent
              || e.textContent || "").trim(),
            at: [...document.querySelectorAll('*')].indexOf(e), ring: getComputedStyle(e).outlineStyle !== "none",
            seen: box.bottom > 0 && box.top < innerHeight && box.width > 0,
          };
        }"""
    )


@pytest.mark.parametrize("place", ["/", "/explore", "/budgets", "/settings", "/commitments"])
def test_every_control_is_reached_by_tab_in_order_seen_and_ringed(watched, estimates, place):
    watched.open(place)
    page = watched.page
    if page.query_selector("script.figure-data"):
        page.wait_for_selector(".figure .main-svg")
    wanted = page.evaluate(
        """() => [...document.querySelectorAll(
          "a[href],button:not([hidden]),input:not([type=hidden]),select,textarea,summary,[tabindex='0']")]
          .filter(e => e.checkVisibility({visibilityProperty: true})).length"""
    )
    stops = []
    for _ in range(wanted + 5):
        page.keyboard.press("Tab")
        stop = focused(page)
        if stop["tag"] == "BODY":
            break
        stops.append(stop)
    # A date field has a stop for each of its parts.
    assert len(stops) >= wanted
    assert stops[0]["name"] == "Skip to content"
    assert [stop for stop in stops[1:] if not (stop["seen"] and stop["ring"])] == []
    # In the order of the document, which is the order it is read in.
    places = [stop["at"] for stop in stops]
    assert places == sorted(places)


def test_the_skip_link_leads_past_the_navigation(watched):
    watched.open("/catalog")
    page = watched.page
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert focused(page)["name"].startswith("Service")
