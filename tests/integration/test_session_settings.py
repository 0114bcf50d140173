"""Settings that a PostgreSQL session inherits change no byte of the record, or are refused."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event, make_url, text

from etl.cli.main import run
from etl.config import read_settings
from etl.database.engine import open_engine
from etl.database.migrate import upgrade
from etl.database.schema import metadata
from etl.errors import UsageError
from etl.run import run_sync
from tests.support.databases import opened
from tests.support.postgres import conninfo, own_server

AT = datetime(2026, 11, 2, 8, tzinfo=UTC)
CONFIG = """
[database]
url = "{url}"

[http]
concurrency = 1

[removals]
evidence = "two_walks"

[[source]]
name = "sample"
endpoint = "sample:"
project_id = "0123456789abcdef0123456789abcdef"
"""
FORMATS = {
    "client_encoding": "LATIN1",
    "datestyle": "German, DMY",
    "timezone": "Asia/Shanghai",
    "intervalstyle": "sql_standard",
    "bytea_output": "escape",
    "extra_float_digits": "-10",
    "standard_conforming_strings": "off",
}
OTHERS = {
    "array_nulls": "off",
    "check_function_bodies": "off",
    "default_tablespace": "",
    "enable_seqscan": "off",
    "idle_in_transaction_session_timeout": "60s",
    "jit": "off",
    "lock_timeout": "60s",
    "plan_cache_mode": "force_generic_plan",
    "quote_all_identifiers": "on",
    "row_security": "off",
    "statement_timeout": "60s",
    "synchronous_commit": "off",
    "transform_null_equals": "on",
    "xmloption": "document",
}
HARMLESS = {
    "formats": FORMATS,
    "isolation": {
        "default_transaction_isolation": "serializable",
        "default_transaction_deferrable": "on",
    },
    "idle_session_timeout": {"idle_session_timeout": "100ms"},
    "role": {"role": "image_sync_member"},
    "search_path": {"search_path": "pg_catalog, public"},
    "others": OTHERS,
}
RANDOM = {"pid", "origin", "note"}  # differ from record to record
GRANTS = """
grant all on all tables in schema public to image_sync_login, image_sync_member;
grant all on all sequences in schema public to image_sync_login, image_sync_member;
grant usage on schema public to image_sync_reader
"""
REFUSED = {
    ("default_transaction_read_only", "on"): "default_transaction_read_only",
    ("statement_timeout", "1ms"): "statement_timeout",
    ("search_path", "nowhere"): r"database\.schema",
    ("role", "image_sync_reader"): r"docs/rights\.md",
}


@pytest.fixture(scope="module")
def server():
    """A server with a role that owns the databases and others that it may become."""
    with own_server() as server:
        with psycopg.connect(conninfo(server.url), autocommit=True) as connection:
            for role in ("image_sync_login login", "image_sync_member", "image_sync_reader"):
                connection.execute(f"create role {role}".encode())
            connection.execute("grant image_sync_member to image_sync_login")
            connection.execute("grant image_sync_reader to image_sync_login")
        yield server


@pytest.fixture(scope="module")
def template(server):
    """The name of a database at head that the server's roles may write."""
    with server.database() as url:
        with opened(url) as engine:
            upgrade(engine)
            with engine.begin() as connection:
                connection.execute(text(GRANTS))
        yield str(make_url(url).database)


@pytest.fixture
def url(server, template):
    """A new database at head, for a role that may become another one."""
    with server.database(template=template) as url:
        yield make_url(url).set(username="image_sync_login")


@pytest.fixture(scope="module")
def expected(server, template, tmp_path_factory):
    """What three runs write in a session that inherits nothing."""
    with server.database(template=template) as url:
        written(make_url(url), tmp_path_factory.mktemp("plain"))
        return dump(url)


def written(url: Any, folder: Path) -> None:
    """Three runs, without lookups, whose evidence has random request ids."""
    path = folder / "config.toml"
    path.write_text(CONFIG.format(url=shown(url)))
    settings = read_settings(path, environ={})
    for _ in range(3):
        assert run_sync(settings, now=lambda: AT).exit_code == 0


def shown(url: Any) -> str:
    return make_url(url).render_as_string(hide_password=False)


def dump(url: Any) -> dict[str, list[str]]:
    """Every row of every table as the text that a plain session sees."""
    plain = make_url(url).set(username="postgres", query={"host": make_url(url).query["host"]})
    rows = {}
    with psycopg.connect(conninfo(plain), client_encoding="utf8") as connection:
        connection.execute("set datestyle = iso; set timezone = 'UTC'; set bytea_output = hex")
        for table in metadata.sorted_tables:
            names = ", ".join(each.name for each in table.columns if each.name not in RANDOM)
            found = connection.execute(f"select ({names})::text from {table.name}".encode())
            rows[table.name] = sorted(each for (each,) in found)
    return rows


def altered(url: Any, what: str, name: str, value: str) -> None:
    plain = make_url(url).set(username="postgres")
    with psycopg.connect(conninfo(plain), autocommit=True) as connection:
        values = value if name == "search_path" else f"'{value}'"
        connection.execute(f"alter {what} set {name} = {values}".encode())


@pytest.mark.parametrize("settings", HARMLESS.values(), ids=HARMLESS)
def test_a_setting_of_the_role_changes_no_byte_of_the_record(settings, url, expected, tmp_path):
    for name, value in settings.items():
        altered(url, f'role image_sync_login in database "{url.database}"', name, value)
    written(url, tmp_path)
    assert dump(url) == expected
    assert run(["--database", shown(url), "verify"]) == 0


WAYS = ("database", "environment", "URL", "service file")


@pytest.mark.parametrize("way", WAYS)
def test_no_way_of_setting_them_changes_a_byte(way, url, expected, tmp_path, monkeypatch):
    options = " ".join(
        f"-c {name}={value.replace(' ', chr(92) + ' ')}" for name, value in FORMATS.items()
    )
    if way == "database":
        for name, value in FORMATS.items():
            altered(url, f'database "{url.database}"', name, value)
    elif way == "environment":
        for name, value in {
            "PGOPTIONS": options,
            "PGCLIENTENCODING": "LATIN1",
            "PGDATESTYLE": "German",
            "PGTZ": "Asia/Shanghai",
        }.items():
            monkeypatch.setenv(name, value)
    elif way == "URL":
        url = url.update_query_dict({"options": options, "client_encoding": "LATIN1"})
    else:
        service = tmp_path / "services"
        service.write_text(f"[odd]\noptions={options}\nclient_encoding=LATIN1\n")
        monkeypatch.setenv("PGSERVICEFILE", str(service))
        url = url.update_query_dict({"service": "odd"})
    written(url, tmp_path)
    assert dump(url) == expected


@pytest.mark.parametrize(("setting", "told"), REFUSED.items(), ids=str)
def test_a_setting_that_forbids_the_work_is_named(setting, told, url, tmp_path, capsys):
    altered(url, f'role image_sync_login in database "{url.database}"', *setting)
    path = tmp_path / "config.toml"
    path.write_text(CONFIG.format(url=shown(url)))
    before = dump(url)
    code = run(["-q", "-c", str(path), "sync"])
    line = capsys.readouterr().err
    assert code in {20, 21}, line
    assert line.count("\n") == 1
    assert told.replace("\\", "") in line
    assert dump(url) == before


def session(url: Any, name: str) -> str:
    engine = open_engine(shown(url))
    with engine.connect() as connection:
        return connection.execute(text(f"show {name}")).scalar_one()


def test_settings_of_the_user_override_our_defaults(url, monkeypatch, tmp_path):
    assert session(url, "application_name") == "image-sync"
    assert session(url, "idle_session_timeout") == "0"
    monkeypatch.setenv("PGAPPNAME", "nightly")
    assert session(url, "application_name") == "nightly"
    assert session(url.update_query_dict({"application_name": "x"}), "application_name") == "x"
    monkeypatch.setenv("PGOPTIONS", "-c statement_timeout=7s -c search_path=pg_catalog")
    assert session(url, "statement_timeout") == "7s"
    assert session(url, "search_path") == "pg_catalog"
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "77")
    assert parameters(url)["connect_timeout"] == "77"
    monkeypatch.setenv("PGSERVICE", "any")
    assert "connect_timeout" not in parameters(url)


def parameters(url: Any) -> dict[str, Any]:
    from etl.database.engine import psycopg_parameters

    return psycopg_parameters(shown(url))


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("prepare_threshold=x", "prepare_threshold is 'x'"),
        ("autocommit=1", "unknown parameter 'autocommit'"),
        ("row_factory=dict", "unknown parameter 'row_factory'"),
        ("oauth_client_secret=x", "unknown parameter 'oauth_client_secret'"),
        ("conect_timeout=3", "unknown parameter 'conect_timeout'"),
        ("sslmode=a&sslmode=b", "sslmode is given twice"),
    ],
)
def test_a_parameter_that_a_url_cannot_have_is_a_usage_error(query, told):
    with pytest.raises(UsageError, match=told):
        open_engine(f"postgresql://u@h/d?{query}")


def test_a_parameter_that_sqlite_cannot_have_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="a SQLite URL has a path only"):
        open_engine(f"sqlite:///{tmp_path}/x.db?timeout=soon")


@pytest.mark.parametrize(
    "query", ["connect_timeout=soon", "sslmode=maybe", "keepalives_idle=soon", "port=soon"]
)
def test_a_value_that_libpq_rejects_is_a_usage_error(query, capsys):
    code = run(["--database", f"postgresql://u@127.0.0.1:1/d?{query}", "status"])
    line = capsys.readouterr().err
    assert (code, line.count("\n")) == (2, 1)
    assert query.split("=")[0] in line


@pytest.mark.parametrize(("given", "found"), [("0", 0), ("none", None)])
def test_prepared_statements_can_be_switched(given, found, url):
    engine = open_engine(shown(url.update_query_dict({"prepare_threshold": given})))
    with engine.connect() as connection:
        assert connection.connection.dbapi_connection.prepare_threshold == found
    engine.dispose()


def test_sequences_that_lag_behind_are_repaired(url, tmp_path):
    written(url, tmp_path)
    plain = make_url(url).set(username="postgres")
    with psycopg.connect(conninfo(plain), autocommit=True) as connection:
        for name in ("sync_runs_run_id", "current_images_image_key", "rejects_reject_id"):
            connection.execute(f"alter sequence {name}_seq restart".encode())
    written(url, tmp_path)
    assert run(["--database", shown(url), "verify"]) == 0


def test_a_server_that_is_too_old_is_refused(url, monkeypatch):
    monkeypatch.setattr("etl.database.postgresql.OLDEST_VERSION", 99)
    assert run(["--database", shown(url), "status"]) == 20


def test_a_run_opens_three_connections(url, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(CONFIG.format(url=shown(url)))
    opened_connections = []

    def count(*_: Any) -> None:
        opened_connections.append(1)

    event.listen(Engine, "connect", count)
    try:
        assert run(["-q", "-c", str(path), "sync"]) == 0
    finally:
        event.remove(Engine, "connect", count)
    # The run's and the source's belong to their locks; one is for everything else.
    assert len(opened_connections) == 3


def test_an_idle_connection_that_was_cut_is_replaced(url):
    own = text("select pg_backend_pid()")
    with opened(shown(url)) as engine, opened(shown(url)) as other:
        with engine.connect() as connection:
            process = connection.execute(own).scalar_one()
        with engine.connect() as connection:
            assert connection.execute(own).scalar_one() == process
        with other.connect() as connection:
            connection.execute(text("select pg_terminate_backend(:pid, 5000)"), {"pid": process})
        with engine.connect() as connection:
            assert connection.execute(own).scalar_one() != process
