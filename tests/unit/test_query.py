"""Templates of queries: conditions for what is given, and the expressions of each database."""

import pytest
from jinja2 import UndefinedError

from etl.audit.query import Query, names_in, read_query, read_rows
from etl.database.views import sql_functions


def query(template, parameters="a"):
    return Query(name="name", head={}, question="", parameters=(parameters,), template=template)


def test_a_condition_is_part_of_the_sql_only_if_its_parameter_is_given():
    narrowed = query("select 1{% if a %} where x = :a{% endif %}")
    assert narrowed.sql("sqlite", {}) == "select 1"
    assert narrowed.sql("sqlite", {"a": 2}) == "select 1 where x = :a"


def test_an_undeclared_parameter_in_a_template_is_an_error():
    with pytest.raises(UndefinedError):
        query("{% if b %}{% endif %}").sql("sqlite", {})


def test_a_parameter_that_a_query_does_not_have_is_an_error():
    with pytest.raises(TypeError, match=r"queries/status\.sql has no parameter nonsense"):
        read_rows(None, "status", nonsense=1)


def test_each_database_has_the_same_functions():
    assert sql_functions("sqlite").keys() == sql_functions("postgresql").keys()


def test_a_query_is_written_in_the_words_of_its_database():
    ordered = query('{{ by_text("name") }}')
    assert ordered.sql("sqlite", {}) == "name nulls first"
    assert ordered.sql("postgresql", {}) == 'name collate "C" nulls first'


@pytest.mark.parametrize("folder", ["queries", "reports"])
def test_optional_columns_are_among_those_shown(folder):
    for name in names_in(folder):
        found = read_query(name, folder=folder)
        assert set(found.optional) <= set(found.shown), name
