"""Every recipe in docs/recipes.md runs as shown and returns rows."""

import re
from pathlib import Path

import pytest

from tests.support.databases import BACKENDS, opened
from tests.support.record import small_record

PAGE = (Path(__file__).parents[2] / "docs" / "recipes.md").read_text("utf-8")
RECIPES = re.findall(r"```sql (both|sqlite|postgresql)\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module", params=BACKENDS)
def engine(request, databases):
    with databases.recorded(request.param, small_record) as url, opened(url) as engine:
        yield engine


@pytest.mark.parametrize("number", range(len(RECIPES)))
def test_a_recipe_runs_and_returns_rows(number, engine):
    kind, sql = RECIPES[number]
    if kind not in ("both", engine.dialect.name):
        pytest.skip(f"a recipe for {kind}")
    with engine.connect() as connection:
        driver = connection.connection.cursor()
        driver.execute(sql)
        assert driver.fetchall(), sql


def test_the_query_for_grafana_returns_a_series_for_each_source(engine):
    (query,) = re.findall(r"`(select [^`]*\$__timeFilter[^`]*)`", PAGE)
    period = "observed_at between '2026-01-01T00:00:00.000Z' and '2027-01-01T00:00:00.000Z'"
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(query.replace("$__timeFilter(observed_at)", period))
        assert tuple(rows.keys()) == ("time", "metric", "value")
        assert {row.metric for row in rows} == {"one", "two"}


def test_a_recipe_for_one_database_has_a_counterpart_for_the_other():
    kinds = [kind for kind, _ in RECIPES]
    assert kinds.count("sqlite") == kinds.count("postgresql") > 0
    assert "```sql\n" not in PAGE
