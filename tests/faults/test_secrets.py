"""No secret is shown: a canary of each kind, in every command, with servers that echo it.

Each source method has its canaries; a server that gets them sends them back in every place that an
answer has. Then every command runs, and what came out is searched: both streams at all verbosities,
exported files, the dashboard, and every table of the database.
"""

from __future__ import annotations

import os
import re
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import MetaData, select

from etl.cli.main import run
from etl.database.engine import open_engine
from tests.support.databases import Backend, Databases
from tests.support.fake_api import AccessKey, FakeApi, Quirks, Request, Response, User, generation
from tests.support.faulty import Faulty, head, raw

IS_SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
PROJECT = "0123456789abcdef0123456789abcdef"
CANARY = re.compile(rb"canary|sample-token-|sample-metadata", re.IGNORECASE)  # and those issued
KEY = AccessKey("AKCANARY0", "canary/secret+key=", "canary-security-token")
USER = User(domain="acme", name="ann", password='canary/pass"word+\u00e9')
IMAGES = generation(1)[:12]

METHODS = {
    "token": 'method = "token"\ntoken = "${CANARY_TOKEN}"',
    "password": 'method = "password"\niam_endpoint = "{url}"\ndomain = "acme"\nuser = "ann"\n'
    'password = "${CANARY_PASSWORD}"',
    "aksk": f'method = "aksk"\naccess_key = "{KEY.access}"\nsecret_key = "{KEY.secret}"\n'
    f'security_token = "{KEY.security_token}"',
    "agency": 'method = "agency"\nmetadata_endpoint = "{url}"',
}
QUIRKS = {
    "token": Quirks(tokens=frozenset({"canary-token+/="})),
    "password": Quirks(user=USER),
    "aksk": Quirks(access_key=KEY),
    "agency": Quirks(access_key=KEY),
}
# Which of a source's requests are answered so: its own, its lookups, those for credentials.
PARTS = {
    "token": ("/v1/", "/images/", "/hooks/"),
    "password": ("/v1/", "/images/", "/v3/auth/tokens"),
    "aksk": ("/v1/", "/images/"),
    "agency": ("/v1/", "/images/", "/api/token", "/securitykey"),
}
NOTIFY = """
[notify]
webhook_url = "{url}/hooks/canary-webhook-path?token=canary-query"
webhook_secret = "canary-webhook-secret"
webhook_events = ["removals", "held", "failed"]
"""
FILES = {
    "page.html": (),
    "runs.csv": ("--relation", "source_runs"),
    "removals.jsonl": ("--relation", "image_removals"),
    "images.parquet": (),
}
LOGS = ("-vv", "-v --log-format json", "-vv --log-format json", "-q")
READING = (
    *("status", "images --state all", "changes", "removals", "removals --held", "runs"),
    *("runs --by-source", "rejects --all", "history id-1", "diff 1970-01-01 7d", "report --list"),
    *("report removed", "verify", "db current", "db check", "config show", "sources"),
    "config show --output json",
    *("check", "check --output json", "probe s", "plan", "plan --output json"),
    *("approve 1", "dismiss 1", "replay-rejects"),
)


def heard(request: Request) -> str:
    """The content of a request, including its secrets."""
    credentials = {
        name: value
        for name, value in request.headers.items()
        if name not in {"accept", "accept-encoding", "user-agent", "host", "connection"}
    }
    return " ".join([*credentials.values(), request.body.decode(errors="replace")])


def secret_of(request: Request) -> str:
    """The header that authenticates a request, or a text instead."""
    names = ("x-auth-token", "x-security-token", "x-metadata-token", "authorization")
    found = [request.headers[name] for name in names if name in request.headers]
    return (found or ["nothing was sent"])[0]


def says(status: int, body: str, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, body.encode(), {"Content-Type": "application/json", **named})


def quoted_json(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")


Echo = Callable[[Request], Response]
ECHOES: dict[str, Echo] = {
    **{
        f"words of {status}": lambda request, status=status: says(
            status, f'{{"error_code":"X.1","error_msg":"you sent {quoted_json(heard(request))}"}}'
        )
        for status in (400, 401, 403, 404, 429, 500)
    },
    "error code": lambda request: says(
        403, f'{{"error_code":"{quoted_json(secret_of(request))}","error_msg":"no"}}'
    ),
    "a bare text": lambda request: says(502, heard(request)),
    "a page's title": lambda request: says(500, f"<html><title>{heard(request)}</title>"),
    "quoted": lambda request: says(500, quote(heard(request), safe="")),
    "request id": lambda request: says(403, "{}", X_Request_Id=secret_of(request)),
    "request id of what is no page": lambda request: says(
        200, "<html>", X_Request_Id=secret_of(request)
    ),
    "request id of a broken page": lambda request: says(
        200, '{"data": {}}', X_Request_Id=secret_of(request)
    ),
    "request id in the body": lambda request: says(
        403, f'{{"error_code":"X.1","request_id":"{quoted_json(secret_of(request))}"}}'
    ),
    "redirect": lambda request: says(
        302, "", Location=f"https://{quote(secret_of(request))}.example.com/?{secret_of(request)}"
    ),
    "strange redirect": lambda request: says(302, "", Location=secret_of(request)),
    "packing": lambda request: says(200, "{}", Content_Encoding=secret_of(request)),
    "shape": lambda request: says(200, f'{{"data":"{quoted_json(heard(request))}","total":1}}'),
    "keys": lambda request: says(
        200, f'{{"{quoted_json(heard(request))}":1,"data":[],"total":-1}}'
    ),
    "wait": lambda request: says(503, "{}", Retry_After=secret_of(request)),
    "date": lambda request: says(401, "{}", Date=secret_of(request)),
}


@pytest.fixture
def told(capfd: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """The output on both streams since the last call."""
    return lambda: "".join(capfd.readouterr())


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY_TOKEN", "canary-token+/=")
    monkeypatch.setenv("CANARY_PASSWORD", USER.password)


def is_silent(text: str | bytes) -> None:
    """Fail if a canary is in the text, in any letter case."""
    found = CANARY.search(text.encode() if isinstance(text, str) else text)
    around = text[max(found.start() - 150, 0) : found.end() + 50] if found else ""
    assert not found, around


def written(folder: Path, database: str, url: str, method: str, *, notify: str = "") -> str:
    path = folder / f"{method}.toml"
    auth = METHODS[method].replace("{url}", url)
    path.write_text(
        f'[database]\nurl = "{database}"\n[http]\nmax_retries = 1\ntimeout_seconds = 5\n'
        f'[[source]]\nname = "s"\nendpoint = "{url}"\nproject_id = "{PROJECT}"\n'
        f"[source.auth]\n{auth}\n{notify.replace('{url}', url)}"
    )
    path.chmod(0o600)
    return str(path)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl.client.http_client.FIRST_WAIT_SECONDS", 0.001)


def _parts(method: str, number: int) -> list[str]:
    """Every echo responds to a source's own requests; a third to the others, or all in soak."""
    parts, turn = PARTS[method], list(METHODS).index(method) + number
    return [
        part for place, part in enumerate(parts) if not place or IS_SOAK or turn % 3 == place % 3
    ]


def everything_in(database: str) -> str:
    """Every value of every table."""
    engine = open_engine(database)
    tables = MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        rows = [connection.execute(select(table)).all() for table in tables.sorted_tables]
    engine.dispose()
    return repr(rows)


@pytest.mark.parametrize(
    ("method", "backend"),
    [*zip(METHODS, ("sqlite", "postgresql", "sqlite", "sqlite"), strict=True)],
)
def test_no_echoed_secret_is_passed_on(
    method: str, backend: Backend, databases: Databases, tmp_path: Path, told: Callable[[], str]
) -> None:
    with (
        databases.migrated(backend) as database,
        FakeApi(IMAGES, quirks=QUIRKS[method]) as api,
    ):
        notify = NOTIFY if method == "token" else ""
        config = written(tmp_path, database, api.url, method, notify=notify)
        assert run(["-c", config, "sync"]) == 0, told()
        api.images = IMAGES[4:]
        for number, (name, echo) in enumerate(ECHOES.items()):
            log = LOGS[number % len(LOGS)].split()
            for part in _parts(method, number):
                api.before_request = lambda request, echo=echo, part=part: (
                    echo(request) if part in request.path else None
                )
                command = "sync" if part == "/images/" or number % 3 else "check"
                code = run(["-c", config, *log, command])
                output = told()
                is_silent(output)
                assert part in {"/images/", "/hooks/"} or code in {10, 11, 12}, (name, part, output)
        api.before_request = None
        for command in READING:
            run(["-c", config, "-vv", *command.split()])
            is_silent(told())
        for name in FILES:
            file = tmp_path / name
            command = "dashboard" if name.endswith("html") else "export"
            assert run(["-c", config, "-vv", command, str(file), *FILES[name]]) == 0
            is_silent(told())
            is_silent(file.read_bytes())
        is_silent(everything_in(database))


def test_a_line_that_is_not_http_is_not_passed_on(tmp_path: Path, told: Callable[[], str]) -> None:
    """Errors of the libraries quote what they could not read."""
    canary = b"canary-token+/="
    lines = (
        canary + b" is no HTTP\r\n\r\n",
        b"HTTP/1.1 " + canary + b" OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + canary + b"\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + canary + b"\r\n{}\r\n",
        head(500) + b"x" * 290 + canary,
    )
    for line in lines:
        with Faulty(raw(line)) as server:
            config = written(tmp_path, f"sqlite:///{tmp_path}/raw.db", server.url, "token")
            for log in ("-vv", "-v"):
                assert run(["-c", config, log, "sync"]) in {11, 12}
                is_silent(told())
    is_silent(everything_in(f"sqlite:///{tmp_path}/raw.db"))


def test_a_proxys_password_is_not_shown(
    tmp_path: Path, told: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither as it is nor in base64, as a server receives it."""
    sent = b64encode(b"ann:canary-proxy").decode()
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)

    def echo(_server: Faulty, connection: object) -> None:
        body = (
            f"you sent Proxy-Authorization: Basic {sent} to http://ann:canary-proxy@proxy".encode()
        )
        connection.sendall(head(407, Content_Length=len(body)) + body)  # type: ignore[attr-defined]

    with Faulty(echo) as proxy:
        for url in (proxy.url, "http://127.0.0.1:1", "http://127.0.0.1:port"):
            for scheme in ("http", "https"):
                with_password = url.replace("//", "//ann:canary-proxy@")
                monkeypatch.setenv("http_proxy", with_password)
                monkeypatch.setenv("https_proxy", with_password)
                config = written(
                    tmp_path, f"sqlite:///{tmp_path}/p.db", f"{scheme}://api.invalid", "aksk"
                )
                Path(config).write_text(
                    Path(config).read_text().replace(METHODS["aksk"], 'method = "none"')
                )
                for command in ("sync", "check"):
                    assert run(["-c", config, "-vv", command]) in {10, 11, 12}
                    output = told()
                    is_silent(output)
                    assert sent not in output
    is_silent(everything_in(f"sqlite:///{tmp_path}/p.db"))


DATABASES = (
    "postgresql+psycopg://ann:canary@127.0.0.1:1/x",
    "postgresql+psycopg://ann:canary@127.0.0.1:port/x",
    "postgresql+psycopg://ann:can%canary/x@127.0.0.1:1/x",
    "postgresql+psycopg://ann:canary@pw@/x?host=/nowhere",
    "postgresql://ann@127.0.0.1:1/x?password=canary",
    "postgresql://ann@127.0.0.1:1/x?sslpassword=canary&connect_timeout=1",
    "postgresql://ann@127.0.0.1:1/x?connect_timeout=soon&password=canary",
    "postgresql+nodriver://ann:canary@127.0.0.1:1/x",
    "postgres://ann:canary@127.0.0.1:1/x",
    "mysql://ann:canary@127.0.0.1:1/x",
    "postgresql:/ann:canary@127.0.0.1:1/x",
    "canary",
)
NEEDING = (
    "sync",
    "plan",
    "check",
    "status",
    "images",
    "verify",
    "db upgrade",
    "db current",
    "runs",
)


@pytest.mark.parametrize("url", DATABASES)
@pytest.mark.parametrize("way", ["option", "environment", "configuration"])
def test_a_databases_password_is_not_shown(
    url: str, way: str, tmp_path: Path, told: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[[source]]\nname = "s"\nendpoint = "sample:"\nproject_id = "p"\n')
    given = []
    if way == "option":
        given = ["--database", url]
    elif way == "environment":
        monkeypatch.setenv("IMAGE_SYNC_DATABASE_URL", url)
    else:
        config.write_text(f"[database]\nurl = '{url}'\n" + config.read_text())
        config.chmod(0o644)
    for command in (*NEEDING, "config show"):
        code = run(["-c", str(config), *given, "-vv", *command.split()])
        output = told()
        assert output
        assert code in {0, 2, 20}
        is_silent(output)


MISTAKES = (
    'token = 5\nendpoint = "canary"',
    'tokn = "canary-token"\n[source]\nauth = "canary"',
    '[[source]]\nname = "s"\nendpoint = "https://ann:canary@api.example.com"\nproject_id = "p"',
    '[[source]]\nname = "s"\nendpoint = "sample:"\nproject_id = "p"\nauth = "canary"',
    '[[source]]\nname = "s"\nendpoint = "sample:"\nproject_id = "p"\n'
    '[source.auth]\ntoken = ["canary"]\nsecret_key = 5\npassword = {a = "canary"}',
    '[[source]]\nname = "s"\nendpoint = "sample:"\nproject_id = "p"\n'
    '[source.auth]\nmethod = "password"\niam_endpoint = "https://ann:canary@iam.example.com"',
    '[[source]]\nname = "s"\n[source.auth]\ntoken = "canary',
    '[source.auth]\ntoken = """canary',
    '[notify]\nwebhook_url = "https://ann:canary@hooks.example.com/x"\nwebhook_secret = ["canary"]',
    '[notify]\nwebhook_secret = 5\nwebhook_url = "canary"',
)


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_in_a_configuration_quotes_no_secret(
    text: str, tmp_path: Path, told: Callable[[], str]
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(text)
    for command in ("config show", "sync", "check"):
        assert run(["-c", str(config), "-vv", *command.split()]) == 2
        output = told()
        assert "config.toml" in output
        is_silent(output)


def test_files_that_hold_data_are_made_with_the_callers_umask(
    tmp_path: Path, told: Callable[[], str]
) -> None:
    config = tmp_path / "config.toml"
    before = os.umask(0o027)
    try:
        assert run(["-c", str(config), "config", "init"]) == 0
        config.write_text(config.read_text().replace("images.db", str(tmp_path / "record.db")))
        assert run(["-c", str(config), "sync"]) == 0
        for name in FILES:
            command = "dashboard" if name.endswith("html") else "export"
            assert run(["-c", str(config), command, str(tmp_path / name), *FILES[name]]) == 0
    finally:
        os.umask(before)
    modes = {file.name: oct(file.stat().st_mode & 0o777) for file in tmp_path.iterdir()}
    assert {"config.toml", "record.db", *FILES} <= modes.keys()
    assert modes.pop("config.toml") == "0o600", "it may hold secrets"
    assert set(modes.values()) == {"0o640"}, modes


@pytest.mark.parametrize(
    ("line", "mode", "is_warned"),
    [
        ('token = "canary"', 0o644, True),
        ('token = "canary"', 0o640, True),
        ('token = "canary"', 0o600, False),
        ('token = "${CANARY_TOKEN}"', 0o644, False),
    ],
)
def test_a_secret_that_others_can_read_is_warned_about(
    line: str, mode: int, is_warned: bool, tmp_path: Path, told: Callable[[], str]
) -> None:
    config = tmp_path / "config.toml"
    source = '[[source]]\nname = "s"\nendpoint = "sample:"\nproject_id = "p"\n'
    config.write_text(f'{source}[source.auth]\nmethod = "token"\n{line}\n')
    config.chmod(mode)
    assert run(["-c", str(config), "config", "show"]) == 0
    output = told()
    assert ("run `chmod 600" in output) == is_warned
    is_silent(output)
