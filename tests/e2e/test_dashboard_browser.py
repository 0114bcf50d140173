"""The page in a browser: no requests, no errors; used by mouse, keyboard, phone and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from etl.audit.dashboard import write_dashboard
from etl.database.engine import open_engine
from etl.transform import builtin_tables
from tests.support.databases import Databases
from tests.support.history import HOSTILE, History, holding, record, varied

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WIDTHS = [390, 768, 1280]
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
            write_page(connection, path, now=history.at + timedelta(hours=3))
        engine.dispose()
    return path


@pytest.fixture(scope="module")
def young_file(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a record with two runs."""
    path = tmp_path_factory.mktemp("young") / "page.html"
    with databases.migrated("sqlite") as url:
        engine = open_engine(url)
        history = History(engine)
        history.run([record("a"), record("b"), record("c")])
        history.run([record("a"), record("c", size=5)])
        with engine.connect() as connection:
            write_page(connection, path, now=history.at + timedelta(hours=1))
        engine.dispose()
    return path


def write_page(connection, path: Path, *, now: datetime) -> None:
    tables = builtin_tables()
    write_dashboard(connection, path, now=now, tables=tables, command="image-sync {}".format)


@pytest.fixture(scope="module")
def browser() -> Iterator:
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, file: Path) -> Iterator:
    """The page, opened; any message and any request is an error."""
    messages: list[str] = []
    requests: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(file.as_uri())
    yield page
    context.close()
    assert messages == []
    assert [url for url in requests if not url.startswith("data:")] == [file.as_uri()]


def names(page, table: str) -> list[str]:
    """The names of the images in the visible rows of a table."""
    return page.locator(f"#{table} tbody .name").evaluate_all(
        "names => names.filter((name) => name.checkVisibility()).map((name) => name.innerText)"
    )


def test_hostile_names_stay_text(page):
    assert page.evaluate("window.pwned") is None
    assert any("<script>window.pwned" in name for name in names(page, "held-table")) or any(
        "<script>window.pwned" in name for name in page.locator("td").all_text_contents()
    )
    assert page.locator("script").count() == 1
    assert page.locator("main img").count() == 0


def test_the_content_policy_refuses_an_added_script(browser, file):
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
    sizes = page.locator("#images-table tbody td[data-label='Size']").all()
    values = [int(size.get_attribute("data-value")) for size in sizes]
    assert values == sorted(values, reverse=True)
    assert sizes[0].inner_text().endswith(" GB")
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
    picture = chart.locator("svg[role=img]")
    picture.focus()
    picture.press("End")
    last = chart.locator("[data-hint]").inner_text()
    assert "images" in last
    picture.press("ArrowLeft")
    assert chart.locator("[data-hint]").inner_text() != last
    picture.hover(position={"x": 5, "y": 50})
    assert chart.locator("[data-hint]").inner_text() != last


def test_a_whole_id_is_found_and_selected_by_one_click(page):
    ids = page.locator("#images-table code.id")
    image_id = ids.nth(30).text_content()
    assert len(image_id) == 32
    box = page.locator("[data-table]", has=page.locator("#images-table"))
    box.get_by_role("searchbox").fill(image_id)
    found = page.locator("#images-table code.id:visible")
    assert found.all_text_contents() == [image_id]
    found.click()
    assert page.evaluate("getSelection().toString().trim()") == image_id


def test_a_command_is_copied_by_its_button(browser, file):
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    opened = context.new_page()
    opened.goto(file.as_uri())
    button = opened.get_by_role("button", name="Copy: image-sync approve").first
    button.click()
    opened.wait_for_function("document.querySelector('.copy').textContent === 'Copied'")
    copied = opened.evaluate("navigator.clipboard.readText()")
    assert copied == button.locator("xpath=preceding-sibling::code").inner_text()
    context.close()


# Words that are broken into lines otherwise than at the places where the page lets them wrap.
BROKEN_WORDS = """() => {
  const broken = [];
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    for (const match of node.data.matchAll(/[\\x21-\\x2c\\x2e-\\x7e]{2,40}/g)) {
      const range = document.createRange();
      range.setStart(node, match.index);
      range.setEnd(node, match.index + match[0].length);
      const lines = new Set([...range.getClientRects()].map((box) => Math.round(box.top)));
      if (lines.size > 1 && !node.parentElement.closest(".command")) broken.push(match[0]);
    }
  }
  return broken;
}"""


@pytest.mark.parametrize("width", WIDTHS)
def test_no_word_is_broken_and_nothing_is_wider_than_the_screen(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert [word for word in page.evaluate(BROKEN_WORDS) if "window.pwned" not in word] == []


LABELS_THAT_OVERLAP = """() => [...document.querySelectorAll(".chart svg")].flatMap((chart) => {
  const boxes = [...chart.querySelectorAll("text")].map((text) => text.getBoundingClientRect());
  return boxes.filter((a, i) => boxes.some((b, j) => j > i && a.left < b.right
    && b.left < a.right && a.top + 2 < b.bottom && b.top + 2 < a.bottom));
}).length"""


@pytest.mark.parametrize("width", WIDTHS)
def test_labels_of_a_chart_do_not_overlap(page, young_file, width):
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate(LABELS_THAT_OVERLAP) == 0
    page.set_content(young_file.read_text("utf-8"))
    assert page.locator("text.value").count() == 2
    assert page.evaluate(LABELS_THAT_OVERLAP) == 0


def test_held_and_changed_have_different_colours(page):
    colour = "(name) => getComputedStyle(document.documentElement).getPropertyValue(name)"
    for theme in ("light", "dark"):
        page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        colours = [page.evaluate(colour, f"--{name}") for name in ("held", "changed", "removed")]
        assert len(set(colours)) == 3


def test_paper_has_more_rows_than_the_screen_and_states_what_is_omitted(page):
    total = page.locator("#images-table tbody tr").count()
    assert total > 60
    assert len(names(page, "images-table")) == 20
    assert page.pdf().startswith(b"%PDF")
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    assert len(names(page, "images-table")) == 50
    box = page.locator("[data-table]", has=page.locator("#images-table"))
    omitted = box.get_by_text(f"{total - 50} more rows are in the file and not printed")
    assert omitted.is_visible()
    assert not page.get_by_role("button", name="Show all").first.is_visible()
    page.emulate_media(media="screen")
    assert not omitted.is_visible()
    box.get_by_role("button", name="Show all").click()
    page.emulate_media(media="print")
    assert len(names(page, "images-table")) == total
    assert not omitted.is_visible()


def test_rows_are_read_as_a_table_on_a_narrow_screen(page):
    page.set_viewport_size({"width": 390, "height": 800})
    table = page.get_by_role("table", name="Present images, latest change first")
    row = table.get_by_role("row").nth(1)
    assert row.get_by_role("cell").count() == 9
    assert table.get_by_role("columnheader").count() == 9


def test_it_is_complete_without_a_script(browser, file):
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.goto(file.as_uri())
    assert not opened.locator("#theme").is_visible()
    assert opened.locator("#images-table tbody tr").count() > 20
    assert opened.locator("#images-table tbody tr").last.is_visible()
    assert not opened.locator(".copy").first.is_visible()
    context.close()
