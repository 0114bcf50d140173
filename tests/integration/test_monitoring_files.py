"""Every metric and every query in deploy/prometheus and deploy/grafana exists and answers."""

from __future__ import annotations

import json
import re
from pathlib import Path

import promql_parser
import pytest
import yaml
from sqlalchemy import text

from etl.database.engine import open_engine
from etl.notify.metrics import FAMILIES, PREFIX, STATUSES
from tests.support.syncing import catalogue, image, place

DEPLOY = Path(__file__).parents[2] / "deploy"
(GROUP,) = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"]
DASHBOARD = json.loads((DEPLOY / "grafana" / "image-sync.json").read_text())
PANELS = {panel["title"]: panel for panel in DASHBOARD["panels"]}
LABELS = {"source", "status", "instance"}  # the last is Prometheus' own

each_rule = pytest.mark.parametrize("rule", GROUP["rules"], ids=lambda rule: rule["alert"])


def selectors(expression):
    """Every vector selector in an expression."""
    found = []
    walked = [promql_parser.parse(expression)]
    for node in walked:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)
        names = ("lhs", "rhs", "expr", "param", "args", "vector_selector")
        inner = [getattr(node, name, None) for name in names]
        walked += [
            each for part in inner if part for each in (part if isinstance(part, list) else [part])
        ]
    return found


@each_rule
def test_a_rule_uses_metrics_that_are_written(rule):
    used = selectors(rule["expr"])
    assert used
    for each in used:
        assert each.name.removeprefix(PREFIX) in FAMILIES
        for matcher in each.matchers.matchers:
            assert (matcher.name, matcher.value) in {("status", status) for status in STATUSES}


@each_rule
def test_a_rule_has_a_summary_and_a_next_step(rule):
    assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert (
        "`image-sync " in rule["annotations"]["description"]
        or "README" in rule["annotations"]["description"]
    )
    named = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
    assert named <= LABELS


def test_the_operations_page_lists_each_rule_and_metric():
    order = [rule["alert"] for rule in GROUP["rules"]]
    page = (DEPLOY.parent / "docs" / "operations.md").read_text()
    assert sorted(re.findall(r"^\| `(ImageSync\w+)`", page, flags=re.M)) == sorted(order)
    metrics = re.findall(rf"^\| `{PREFIX}(\w+)`", page, flags=re.M)
    assert metrics == list(FAMILIES)


@pytest.fixture(scope="module")
def record(databases):
    """A PostgreSQL record with removals, held removals, rejects and a failure."""
    with databases.migrated("postgresql") as url, place(url) as at:
        renamed = catalogue(28, name="renamed pytorch2.1-cuda12.1-py3.10")
        for images in (catalogue(30), renamed, catalogue(3)):
            at.api.images = [*images, image(30, size="large")]
            at.run()
        yield at


def answer(at, sql):
    """The rows of a panel's query with Grafana's placeholders replaced."""
    sql = re.sub(r"\$__timeFilter\((\w+)\)", r"\1 between '2026-01-01' and '2027-01-01'", sql)
    sql = sql.replace("${source:sqlstring}", "'one','two'")
    assert "$" not in sql
    engine = open_engine(at.url)
    try:
        with engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(text(sql))]
    finally:
        engine.dispose()


@pytest.mark.parametrize("title", PANELS)
def test_a_panel_has_a_query_that_the_database_answers(record, title):
    (target,) = PANELS[title]["targets"]
    rows = answer(record, target["rawSql"])
    assert rows
    if target["format"] == "time_series":
        times = [row["time"] for row in rows]
        assert times == sorted(times)
        assert times[0].tzinfo


def test_the_panels_show_the_content_of_the_record(record):
    def first(title):
        (target,) = PANELS[title]["targets"]
        return answer(record, target["rawSql"])[0]

    assert first("Images present") == {"present": 28}
    assert first("Sources") == {"sources": 1}
    assert first("Never certified") == {"sources": 0}
    assert first("Removals held") == {"held": 25}
    assert first("Unresolved rejects") == {"rejects": 1}
    assert first("Sources by state")["status"] == "held"
    assert first("Latest removals with evidence")["image_id"] == "id-0028"
    assert first("Removals that need a decision")["rule"] == "max_percent"
    assert first("Components of present images")["images"] == 25


def test_the_variable_lists_the_sources(record):
    (variable,) = [each for each in DASHBOARD["templating"]["list"] if each["name"] == "source"]
    assert answer(record, variable["query"]) == [{"source": "one"}]


def test_the_panels_do_not_overlap():
    taken = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {
            (column, row)
            for column in range(at["x"], at["x"] + at["w"])
            for row in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken
        taken |= cells
