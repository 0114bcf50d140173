"""The page shows the numbers of the tables; its text is harmless and its size bounded."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import stat
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, text

from etl.audit.dashboard import charts, data, page, write_dashboard
from etl.cli.main import run
from etl.database import schema
from etl.errors import UsageError
from etl.transform import builtin_tables
from tests.support.history import BEGINNING, HOSTILE, History, holding, missing, record, varied


class Attributes(HTMLParser):
    """The names of all attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def handle_starttag(self, _tag, attrs):
        self.names |= {name for name, _ in attrs}


def page_of(
    engine: Engine, folder: Path, *, now, name: str = "page.html"
) -> tuple[str, data.DashboardData]:
    path = folder / name
    with engine.connect() as connection:
        content = write_dashboard(
            connection, path, now=now, tables=builtin_tables(), command="image-sync {}".format
        )
    return path.read_text("utf-8"), content


def number(engine: Engine, statement: str) -> int:
    with engine.connect() as connection:
        return connection.execute(text(statement)).scalar_one()


def shown(page: str, fact: str) -> int:
    return int(re.search(rf'data-fact="{fact}">([\d,]+)<', page)[1].replace(",", ""))


def test_the_numbers_are_those_of_the_tables(varied_engine, tmp_path):
    engine, history = varied_engine, History.resumed(varied_engine)
    history.run([record("new"), b'{"id": 7}'], certificate="none")
    page, content = page_of(engine, tmp_path, now=history.at + timedelta(days=3))
    present = number(engine, "select count(*) from images where state = 'present'")
    assert shown(page, "present") == present == content.series[-1].value
    for name in ("added", "changed", "removed"):
        assert shown(page, name) == number(engine, f"select sum({name}) from source_runs")
    held = "select count(*) from held_removals where released_at is null"
    rejects = "select count(*) from rejects where resolved_at is null"
    assert shown(page, "held") == number(engine, held)
    assert content.tables["rejects"].total == number(engine, rejects) > 0
    assert content.tables["removals"].total == number(engine, "select count(*) from image_removals")
    for column, counts in content.values.items():
        for value, count in counts:
            same = f"{column} = '{value}'" if value else f"{column} is null"
            statement = f"select count(*) from images where state = 'present' and {same}"
            assert number(engine, statement) == count
    assert shown(page, "ended") == number(
        engine,
        "select count(distinct c.image_id) from image_components as c where c.state = 'present'"
        " and (c.component = 'ubuntu' and c.version in ('18.04', '20.04')"
        " or c.component = 'python' and c.version = '3.7')",
    )


def notices_of(page: str) -> list[tuple[str, str, str]]:
    return re.findall(r'class="notice (\w+)"><a href="#(\w+)">([^<]*)', page)


def test_notices_come_first_and_the_urgent_ones_above_all(engine, tmp_path):
    history = History(engine)
    history.run([record("a"), record("b"), record("c")])
    history.run([record("a"), record("b"), b'{"id": "d", "size": "big"}'], decide=missing)
    history.run([], is_failing=True)
    history.run([record("x")], source="never", certificate="none")
    page, _ = page_of(engine, tmp_path, now=history.at + timedelta(days=2))
    assert notices_of(page) == [
        ("bad", "sources", "never: never read completely (no certified walk)"),
        ("bad", "sources", "sample: the last run failed (unavailable)"),
        ("warn", "sources", "sample: last certified walk 2d ago"),
        ("warn", "decisions", "1 image absent from the listings, not yet decided"),
        ("warn", "rejects", "1 record could not be parsed"),
    ]
    assert "Nothing has been read" not in page


def test_a_retired_source_is_not_stale(engine, tmp_path):
    history = History(engine)
    history.run([record("a")])
    with engine.begin() as connection:
        connection.execute(text("update sync_runs set kind = 'retire'"))
    page, _ = page_of(engine, tmp_path, now=history.at + timedelta(days=90))
    assert notices_of(page) == []
    assert '<span class="status retired">retired</span>' in page


def test_a_certified_walk_in_the_future_is_reported(engine, tmp_path):
    history = History(engine)
    history.run([record("a")])
    page, _ = page_of(engine, tmp_path, now=history.at - timedelta(days=1))
    [(level, _, text)] = notices_of(page)
    assert level == "bad"
    assert "in the future (2026-09-01 07:00 UTC); check the clock" in text


def test_a_decision_shows_the_commands_to_paste(engine, tmp_path):
    history = History(engine)
    history.run([record("a"), record("b")])
    page, content = page_of(engine, tmp_path, now=history.at + timedelta(hours=1))
    assert "Nothing waits for a decision" in page
    assert "No removal is held back" in page
    assert content.in_a_week is None
    history.run([record("a")], decide=holding)
    history.run([record("a")], decide=holding)
    page, content = page_of(engine, tmp_path, now=history.at + timedelta(days=8))
    assert (
        "bad",
        "decisions",
        "1 removal held back by the guard: to be approved or dismissed",
    ) in (notices_of(page))
    for command in ("approve 3", "dismiss 3"):
        assert f"<code>image-sync {command}</code>" in page
    assert content.in_a_week == 0


def test_removals_name_who_is_known_to_have_removed_the_image():
    actor = page.environment().get_template("macros.html.j2").module.actor
    removal = {
        "removed_by": "ops",
        "removed_by_kind": "user",
        "removed_via": "ConsoleAction",
        "source_ip": None,
    }
    for attribution, words in (
        (None, ""),
        ("exact", "<bdi>ops</bdi>"),
        ("likely", "likely <bdi>ops</bdi>"),
        ("exact", "<bdi>user</bdi> · <bdi>ConsoleAction</bdi></span>"),
        ("ambiguous", "several candidates, not named"),
        ("expired", "asked too late"),
    ):
        assert words in actor({**removal, "attribution": attribution})
    assert actor({**removal, "attribution": None}).strip() == ""
    assert "<bdi>system</bdi>" in actor({**removal, "attribution": "exact", "removed_by": None})


def test_releases_that_end_soon_are_shown(engine, tmp_path):
    history = History(engine)
    history.run(
        [
            record("a", name="pytorch_2.1-py_3.9.1-py_3.9.2"),
            record("b", name="base-py_3.10-ubuntu_20.04"),
            record("c", name="py_3.14"),
        ]
    )
    now = history.at.replace(year=2026, month=10, day=31)
    page, content = page_of(engine, tmp_path, now=now)
    releases = [(row["component"], row["release"], row["days_left"]) for row in content.releases]
    assert releases == [("ubuntu", "20.04", -518), ("python", "3.9", -365), ("python", "3.10", 0)]
    assert (content.totals["ended_images"], content.totals["ending_images"]) == (2, 1)
    assert content.tables["ending"].total == len(content.tables["ending"].rows) == 4
    assert "ends 2026-10-31" in page
    assert "ended 2025-10-31" in page


@pytest.mark.parametrize("name", ["page.txt", "page", "page.html.gz"])
def test_only_an_html_file_is_written(engine, tmp_path, name):
    file = tmp_path / name
    file.write_text("mine")
    with pytest.raises(UsageError, match=r"the file name must end in \.html"):
        page_of(engine, tmp_path, now=BEGINNING, name=name)
    assert file.read_text() == "mine"


def test_an_empty_record_has_a_page(engine, tmp_path):
    page, _ = page_of(engine, tmp_path, now=BEGINNING)
    assert "Nothing has been read yet" in page


def test_hostile_text_stays_text(engine, tmp_path):
    hostile = [
        record(f"{place}{text[:100]}", name=text, description=text, tag=text, arch=text)
        for place, text in enumerate(HOSTILE)
    ]
    history = History(engine)
    history.run(hostile)
    history.run([], decide=holding)
    history.run([{**each, "name": f"{each['name']}!"} for each in hostile[:5]])
    page, _ = page_of(engine, tmp_path, now=history.at)
    body = page.split("</style>", 1)[1]
    assert len(re.findall("<script", page)) == 1
    assert len(re.findall("</style", page)) == 1
    assert "<img" not in body
    parser = Attributes()
    parser.feed(page)
    assert not {name for name in parser.names if name.startswith("on")}
    assert not [c for c in body if not c.isprintable() and c != "\n"]
    assert "⟨U+202E⟩" in page
    assert "more characters</span>" in page  # the very long name is cut


def test_the_policy_allows_only_the_page_s_own_style_and_script(engine, tmp_path):
    page, _ = page_of(engine, tmp_path, now=BEGINNING)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    rules = dict(rule.split(" ", 1) for rule in policy.replace("&#39;", "'").split("; "))
    assert rules["default-src"] == "'none'"
    for name in ("style", "script"):
        inline = re.search(rf"<{name}>(.*?)</{name}>", page, re.S)[1]
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert rules[f"{name}-src"] == f"'sha256-{digest}'"
    assert " style=" not in page
    assert not re.search(r'(?:src|href)="(?!#|data:)', page)


def test_a_large_catalogue_has_a_small_page(engine, tmp_path):
    History(engine).run(record(f"{number:05}", name=f"image {number}") for number in range(3000))
    page, content = page_of(engine, tmp_path, now=BEGINNING)
    assert content.tables["images"].left_out == 3000 - data.MOST_ROWS
    assert "2,700 more rows are omitted here" in page
    assert "<code>image-sync images --limit 0</code>" in page
    assert len(page) < 1_000_000


def test_sizes_have_units(engine, tmp_path):
    History(engine).run([record("a", size=8_285_974_481), record("b", size=None)])
    page, _ = page_of(engine, tmp_path, now=BEGINNING)
    sizes = re.findall(r'data-label="Size"[^>]*data-value="(-?\d+)">([^<]*)<', page)
    assert sorted(sizes) == [("-1", "—"), ("8285974481", "8.3 GB")]


def test_long_values_that_differ_late_look_different():
    before, after = ("x" * 300 + end for end in ("1", "2"))
    assert page.changed(before, after) != page.changed(after, before)
    assert "2</bdi>" in page.changed(after, before)
    assert page.changed("a" + before, "b" + before).startswith("<bdi>a")
    assert page.changed("a", "b") == "<bdi>a</bdi>"


def test_an_id_wraps_after_hyphens_and_a_name_after_separators():
    assert page.identifier("ab-cd-\x1b") == (
        '<code class="id" title="ab-cd-⟨U+001B⟩">ab-<wbr>cd-<wbr>⟨U+001B⟩</code>'
    )
    assert "none" in page.identifier(None)
    assert page.shown("a/b:c_1.2.x") == "<bdi>a/b:c_1.2.x</bdi>"
    long = f"a/b:c_1.2.x {'y ' * 20}"
    assert page.shown(long).startswith("<bdi>a/<wbr>b:<wbr>c_<wbr>1.2.<wbr>x y")
    assert str(page.shown("x" * 50)).count("<wbr>") == 10
    assert page.word("BUILD_IN") == "<bdi>BUILD_IN</bdi>"


def test_a_pruned_history_and_the_latest_checkpoint_are_stated(engine, tmp_path):
    history = History(engine)
    history.run([record("a")])
    page, _ = page_of(engine, tmp_path, now=history.at)
    assert "was pruned" not in page
    assert "Latest checkpoint" not in page
    at = history.observed_at
    with engine.begin() as connection:
        connection.execute(
            insert(schema.prune_checkpoints),
            {"source": "sample", "run_id": 1, "observed_at": at, "pruned_at": at},
        )
        for size in (1, 2):
            signed = {"size": size, "root": f"{size}" * 64, "note": "", "created_at": at}
            connection.execute(insert(schema.checkpoints), {**signed, "cosignatures": []})
    page, _ = page_of(engine, tmp_path, now=history.at)
    assert re.search(
        r"History of <bdi>sample</bdi> before <time[^>]*>[^<]*</time> was pruned", page
    )
    assert f'2 entries at <time datetime="{at.isoformat()}">' in page
    assert f'<code class="root">{"2" * 64}</code>' in page


def test_many_values_are_gathered(engine, tmp_path):
    History(engine).run(record(f"{number}", arch=f"arch-{number:02}") for number in range(20))
    _, content = page_of(engine, tmp_path, now=BEGINNING)
    assert content.values["arch"][-1] == ("…", 12)


def test_two_points_make_a_chart_with_labels_that_do_not_overlap():
    points = [charts.Point(BEGINNING, 46), charts.Point(BEGINNING + timedelta(hours=1), 45)]
    steps = charts.steps(points, until=BEGINNING + timedelta(hours=2))
    assert [(step.x, step.has_label) for step in steps] == [(0, True), (50, True)]
    steps = charts.steps(points, until=BEGINNING + timedelta(hours=20))
    assert [step.has_label for step in steps] == [True, False]
    assert [step.x for step in charts.steps(points[:1], until=BEGINNING)] == [0]
    scale = charts.line_scale(points)
    assert scale.values == [44, 45, 46, 47]
    assert [scale.y(value) for value in scale.values] == [170, 113.3, 56.7, 0]
    assert [charts.scale(0, 1000).height(count) for count in (0, 1, 500)] == [0, 2, 85]


def test_many_points_are_thinned():
    points = [charts.Point(BEGINNING + timedelta(hours=n), n) for n in range(5000)]
    thinned = charts.thinned(points)
    assert len(thinned) <= charts.MOST_POINTS
    assert thinned[-1] == points[-1]


@pytest.mark.parametrize(
    ("low", "high", "values"),
    [(0, 0, [0, 1]), (-3, 12, [-5, 0, 5, 10, 15]), (990, 1003, [990, 995, 1000, 1005])],
)
def test_scales_are_round(low, high, values):
    assert charts.scale(low, high).values == values


def test_the_file_is_complete_and_has_the_umask_s_rights(engine, database_url, tmp_path, capsys):
    varied(engine, runs=2)
    path = tmp_path / "page.html"
    before = os.umask(0o027)
    try:
        assert run(["--database", database_url, "dashboard", str(path)]) == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert f"wrote {path}: " in capsys.readouterr().err
    path.chmod(0o604)
    assert run(["-q", "--database", database_url, "dashboard", str(path)]) == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o604
    assert capsys.readouterr().err == ""
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_does_not_exist_is_an_error(engine, tmp_path):
    with pytest.raises(UsageError, match=": cannot write "):
        page_of(engine, tmp_path / "none", now=BEGINNING)
