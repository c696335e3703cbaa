"""Every page in a real browser: no complaint, readable by everybody, and its main flow works."""

import re
from pathlib import Path

import pytest

from api.settings import Settings
from tests.api.conftest import running

pytestmark = pytest.mark.browser

PAGES = ("/", "/explore", "/estimate", "/recommendations", "/commitments", "/budgets", "/catalog",
         "/settings")  # fmt: skip
CHECKS = Path(__file__).with_name("accessibility.js").read_text()


@pytest.mark.parametrize("path", PAGES)
def test_each_page_loads_without_complaint_and_passes_the_accessibility_checks(watched, path):
    answer = watched.open(path)
    assert answer.status == 200
    if watched.page.query_selector("script.figure-data"):
        watched.page.wait_for_selector(".figure .main-svg")
    assert watched.page.evaluate(CHECKS) == []
    watched.page.emulate_media(color_scheme="dark")
    assert watched.page.evaluate(CHECKS) == []
    watched.page.set_viewport_size({"width": 360, "height": 740})
    watched.page.wait_for_timeout(200)
    assert watched.page.evaluate(CHECKS) == []
    assert watched.complaints == []


def test_figures_do_not_move_what_is_beneath_them(watched):
    watched.page.add_init_script(
        "window.moved = 0; new PerformanceObserver(l => { for (const e of l.getEntries())"
        " if (!e.hadRecentInput) window.moved += e.value; })"
        ".observe({type: 'layout-shift', buffered: true});"
    )
    watched.open("/")
    watched.page.wait_for_selector(".figure .main-svg")
    # 0.1 is what Core Web Vitals calls good.
    assert watched.page.evaluate("window.moved") < 0.05


def test_exploring_by_keyboard_changes_table_and_address(watched):
    watched.open("/explore")
    page = watched.page
    page.focus("select[name=group_by]")
    page.select_option("select[name=group_by]", "RegionId")
    page.wait_for_url(re.compile("group_by=RegionId"))
    assert "eu-central-1" in page.inner_text("table")
    page.fill("input[name=filter]", "RegionId = 'us-east-1'")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("filter=RegionId"))
    assert "eu-central-1" not in page.inner_text("table")
    with page.expect_download() as download:
        page.click("text=Download CSV")
    assert Path(download.value.path()).read_text().startswith("ChargePeriodStart,RegionId")
    page.fill("input[name=filter]", "RegionI = 'x'")
    page.keyboard.press("Enter")
    assert "did you mean RegionId" in page.inner_text("[role=alert]")
    assert watched.complaints == []


def test_an_estimate_is_made_read_explained_and_compared(watched):
    page = watched.page
    for kind in ("m5.large", "m5.xlarge"):
        watched.open("/estimate")
        page.fill("input[name=name]", kind)
        page.fill(
            "textarea", f"region: us-east-1\nresources:\n  instance.web: {{instance_type: {kind}}}"
        )
        page.click("main button:has-text('Estimate')")
        page.wait_for_selector("h1:has-text('m5')")
    assert "0.192" in page.inner_text("main")  # USD an hour of m5.xlarge
    page.click("text=How each number came about")
    assert "0.192" in page.inner_text("main")
    watched.open("/estimate")
    page.click("button:has-text('Compare')")
    page.wait_for_selector("text=Change a month")
    assert "+70.08" in page.inner_text("main")  # 730 × 0.096
    watched.open("/estimate")
    page.fill("textarea", "resource: {}")
    page.click("main button:has-text('Estimate')")
    assert "unknown key" in page.inner_text("[role=alert]")
    assert [c for c in watched.complaints if "422" not in c] == []


def test_the_slider_reads_the_cost_curve(watched):
    watched.open("/commitments")
    page = watched.page
    page.wait_for_selector(".figure .main-svg")
    before = page.inner_text("#commitment-result")
    page.focus("#commitment")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert page.inner_text("#commitment-result") != before
    assert watched.complaints == []


def test_savings_of_a_bill_are_drawn_and_suppressed(watched):
    watched.open("/recommendations")
    page = watched.page
    page.click("main button:has-text('Look for savings')")
    page.wait_for_selector("caption:has-text('recommendations')", timeout=60_000)
    page.wait_for_selector(".figure .main-svg")
    assert page.evaluate(CHECKS) == []
    page.click("main button:has-text('Suppress') >> nth=0")
    page.wait_for_selector("h2:has-text('Suppressed')")
    assert page.inner_text("main").count("suppressed") >= 1
    assert watched.complaints == []


def test_a_budget_is_created_shown_and_deleted(watched):
    watched.open("/budgets")
    page = watched.page
    assert "All <b>spend" in page.inner_text("table")  # what people type is text
    page.fill("input[name=name]", "Lambda only")
    page.fill("input[name=limit]", "5")
    page.fill("input[name=service]", "AWS Lambda")
    page.click("button:has-text('Create')")
    page.wait_for_selector("td:has-text('Lambda only')")
    page.on("dialog", lambda dialog: dialog.accept())
    page.click("button[aria-label='Delete Lambda only']")
    page.wait_for_selector("td:has-text('Lambda only')", state="detached")
    assert watched.complaints == []


def test_keys_and_webhooks_are_made_in_settings(watched):
    watched.open("/settings")
    page = watched.page
    page.fill("#keys input[name=name]", "from page")
    page.click("text=Make a key")
    assert "key_" in page.inner_text("[role=status] code")
    page.fill("#webhooks input[name=name]", "hook")
    page.fill("#webhooks input[name=url]", "https://example.com/h")
    page.click("#webhooks button:has-text('Add')")
    page.wait_for_selector("code:has-text('whsec_')")
    assert watched.complaints == []


def test_prices_are_searched(watched):
    watched.open("/catalog?service=AmazonS3&region=us-east-1&usage_type=TimedStorage-ByteHrs")
    assert "0.023" in watched.page.inner_text("table")
    watched.open("/catalog?service=AmazonS4")
    assert "did you mean" in watched.page.inner_text("[role=alert]")


def test_the_theme_is_remembered(watched):
    watched.open("/catalog")
    watched.page.click("#theme")
    watched.open("/settings")
    assert watched.page.get_attribute("html", "data-theme") == "dark"


def test_an_empty_service_offers_sample_data_in_one_click(chromium, tmp_path):
    with running(Settings(data=tmp_path, is_dev=True)) as service:
        page = chromium.new_page()
        page.goto(service.url)
        page.click("text=Load sample data")
        page.wait_for_selector("text=Month to date", timeout=60_000)
        page.close()


def test_pages_need_a_login_and_its_cookie_is_safe(chromium, tmp_path):
    with running(Settings(data=tmp_path, runs_jobs=False)) as service:
        context = chromium.new_context()
        page = context.new_page()
        page.goto(service.url + "/explore")
        assert "/login" in page.url
        page.fill("input[name=key]", "wrong")
        page.click("main button")
        assert "unknown" in page.inner_text("[role=alert]")
        page.fill("input[name=key]", service.key())
        page.click("main button")
        page.wait_for_url(service.url + "/explore")
        cookie = context.cookies()[0]
        assert cookie["httpOnly"]
        assert cookie["sameSite"] == "Strict"
        page.click("text=Log out")
        page.wait_for_url(re.compile("/login"))
        page.goto(service.url + "/settings")
        assert "/login" in page.url
        context.close()


def test_forms_of_other_sites_are_refused(site):
    with site.client() as client:
        answer = client.post("/sample", headers={"Origin": "https://evil.example"})
        assert answer.status_code == 403
        answer = client.post("/v1/budgets", json={"name": "x", "limit": 1},
                             headers={"Origin": "https://evil.example"})  # fmt: skip
        assert answer.status_code == 403
        assert client.get("/v1/budgets", headers={"Host": "evil.example"}).status_code == 403


def test_an_expected_rise_is_ignored_and_shown_again_and_another_confirmed(watched):
    watched.open("/")
    page = watched.page
    rows = page.locator("#anomalies tbody tr")
    number, name = rows.count(), rows.first.locator("td").first.inner_text()
    rows.first.locator("text=Expected").click()
    page.wait_for_selector("summary:has-text('1 ignored')")
    assert page.locator("#anomalies tbody tr").count() == number - 1
    page.click("summary:has-text('1 ignored')")
    assert name in page.inner_text("#anomalies details")
    page.click("#anomalies button:has-text('Show again')")
    page.wait_for_selector("summary:has-text('1 ignored')", state="detached")
    assert page.locator("#anomalies tbody tr").count() == number
    page.locator("#anomalies tbody tr").first.locator("text=Confirm").click()
    page.wait_for_selector(".badge:has-text('confirmed')")
    page.click("#anomalies button:has-text('Take back')")
    page.wait_for_selector(".badge:has-text('confirmed')", state="detached")
    assert watched.complaints == []


def test_figures_are_light_enough_on_a_dark_page(watched):
    page = watched.page
    page.emulate_media(color_scheme="dark")
    watched.open("/budgets")
    page.wait_for_selector(".figure .main-svg")
    strokes = page.evaluate(
        "[...document.querySelectorAll('.figure path.js-line')].map(e => getComputedStyle(e).stroke)"
    )
    assert "rgb(125, 180, 240)" in strokes  # 7.9 : 1 on the card; the page's blue has 2.5 : 1
    assert "rgb(31, 95, 168)" not in strokes
    assert watched.complaints == []
