"""The page in a real browser: quiet, alone, and of use by mouse, keyboard and eye."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from etl.audit.dashboard import write_dashboard
from etl.database.engine import open_engine
from tests.support.databases import Databases
from tests.support.history import HOSTILE, holding, record, varied

CHROMIUM = Path("/usr/bin/chromium")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM}"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:playwright"),
]


@pytest.fixture(scope="module")
def file(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "page.html"
    with databases.migrated("sqlite") as url:
        engine = open_engine(url)
        history = varied(engine, runs=12, images=60)
        shown = [record(f"hostile{n}", name=text, tag=text) for n, text in enumerate(HOSTILE)]
        history.run([*shown, record("big", size=10**9), record("small", size=5)], source="hostile")
        history.run(shown, source="hostile", decide=holding)
        with engine.connect() as connection:
            write_dashboard(connection, path, now=history.at + timedelta(hours=3))
        engine.dispose()
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator:
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser, file: Path) -> Iterator:
    """The page, opened; whatever it says or asks for is an error."""
    said: list[str] = []
    asked: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    yield page
    context.close()
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()]


def names(page, table: str) -> list[str]:
    cells = f"#{table} tbody tr:not([hidden]) td[data-label='Image']"
    return page.locator(cells).all_inner_texts()


def test_hostile_names_stay_text(page):
    assert page.evaluate("window.pwned") is None
    assert any("<script>window.pwned" in name for name in names(page, "held-table")) or any(
        "<script>window.pwned" in name for name in page.locator("td").all_text_contents()
    )
    assert page.locator("script").count() == 1
    assert page.locator("main img").count() == 0


def test_the_policy_refuses_what_is_not_the_page_s_own(browser, file):
    context = browser.new_context()
    opened = context.new_page()
    refused: list[str] = []
    opened.on("console", lambda message: refused.append(message.text))
    opened.goto(file.as_uri())
    opened.evaluate(
        """() => { const s = document.createElement("script");
        s.textContent = "window.pwned = 1"; document.body.append(s); }"""
    )
    assert opened.evaluate("window.pwned") is None
    assert "Content Security Policy" in refused[0]
    context.close()


def test_a_table_filters(page):
    box = page.locator("[data-table]", has=page.locator("#images-table"))
    assert len(names(page, "images-table")) == 20
    box.get_by_role("button", name="Show all").click()
    everything = names(page, "images-table")
    assert len(everything) > 20
    box.get_by_role("searchbox").fill("hostile ACTIVE")
    assert names(page, "images-table") == []
    box.get_by_role("searchbox").fill("ubuntu_18.04 PyTorch")
    filtered = names(page, "images-table")
    assert 0 < len(filtered) < len(everything)
    assert all("ubuntu_18.04" in name for name in filtered)
    assert f"{len(filtered)} of {len(everything)} match" in box.locator(".count").inner_text()


def test_a_table_sorts_by_text_and_by_number(page):
    head = page.locator("#images-table").get_by_role("columnheader", name="Size")
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    sizes = page.locator("#images-table tbody tr:not([hidden]) td[data-label='Size']")
    values = [int(text.replace(",", "").replace("—", "-1")) for text in sizes.all_inner_texts()]
    assert values == sorted(values, reverse=True)
    assert values[0] > 10**9
    head.get_by_role("button").press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    other = page.locator("#images-table").get_by_role("columnheader", name="Source")
    other.get_by_role("button").click()
    assert head.get_attribute("aria-sort") is None
    cells = page.locator("#images-table tbody tr:not([hidden]) td[data-label='Source']")
    texts = cells.all_inner_texts()
    assert texts == sorted(texts)


def test_the_theme_follows_the_system_and_the_button(browser, file):
    context = browser.new_context(color_scheme="dark")
    opened = context.new_page()
    opened.goto(file.as_uri())
    background = "getComputedStyle(document.body).backgroundColor"
    dark = opened.evaluate(background)
    button = opened.locator("#theme")
    assert button.get_attribute("aria-pressed") == "true"
    button.click()
    assert opened.evaluate(background) != dark
    assert button.get_attribute("aria-pressed") == "false"
    opened.reload()
    assert button.get_attribute("aria-pressed") == "false"
    context.close()


def test_a_chart_is_read_point_by_point(page):
    chart = page.locator("[data-chart]").first
    picture = chart.locator("svg").first
    picture.focus()
    picture.press("End")
    last = chart.locator("[data-hint]").inner_text()
    assert "images" in last
    picture.press("ArrowLeft")
    assert chart.locator("[data-hint]").inner_text() != last
    picture.hover(position={"x": 5, "y": 50})
    assert chart.locator("[data-hint]").inner_text() != last


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_is_wider_than_the_screen(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_it_prints(page):
    assert page.pdf().startswith(b"%PDF")
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()


def test_it_is_whole_without_a_script(browser, file):
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.goto(file.as_uri())
    assert not opened.locator("#theme").is_visible()
    assert len(names(opened, "images-table")) > 20
    context.close()
