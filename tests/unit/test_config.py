"""The configuration: all mistakes at once, each with its location; secrets are never shown."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from etl.config import find_config, read_settings
from etl.config.render import example_toml, json_schema, masked
from etl.config.rules import masked_url
from etl.errors import ConfigError
from tests.support.witness import Witness

SOURCE = '[[source]]\nname = "s"\nendpoint = "sample:"\nproject_id = "p"\n'


def write(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text)
    path.chmod(0o600)
    return path


def mistakes(folder: Path, text: str, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read_settings(write(folder, text), environ or {})
    return caught.value.mistakes


@pytest.mark.parametrize("text", ["${AUD", "a${}", "${1A}", "${my-var}", "${A-b}", "${A:-${B}}"])
def test_a_malformed_variable_is_a_mistake(text: str, tmp_path: Path) -> None:
    found = mistakes(tmp_path, f'{SOURCE}namespace = "{text}"\n', {"A": "a", "B": "b"})
    assert found == ["source[0].namespace: ${ must begin ${NAME} or ${NAME:-default}"]


def test_project_and_project_id_exclude_each_other(tmp_path: Path) -> None:
    auth = 'method = "password"\niam_endpoint = "https://iam.example.com"\ndomain = "d"\n'
    auth += 'user = "u"\npassword = "${P}"\nproject = "a"\nproject_id = "b"\n'
    found = mistakes(tmp_path, f"{SOURCE}[source.auth]\n{auth}", {"P": "p"})
    assert "source[0].auth: set either project or project_id, not both" in found


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("timeout_seconds = inf", "http.timeout_seconds: expected more than 0, at most 86400"),
        ("timeout_seconds = 1e10", "http.timeout_seconds: expected more than 0, at most 86400"),
        ('ca_bundle = "/no/such.pem"', "http.ca_bundle: expected an existing file"),
    ],
)
def test_unusable_http_settings(tmp_path: Path, line: str, expected: str) -> None:
    assert mistakes(tmp_path, f"[http]\n{line}\n{SOURCE}")[0].startswith(expected)


def test_a_byte_order_mark_is_accepted(tmp_path: Path) -> None:
    path = write(tmp_path, "\ufeff" + SOURCE)
    assert [each.name for each in read_settings(path, {}).sources] == ["s"]


ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "etl" / "schemas" / "configuration.json"


def test_the_example_begins_with_the_location_of_its_schema() -> None:
    shipped = (ROOT / "config.example.toml").read_text()
    assert shipped.startswith(f"#:schema ./{SCHEMA.relative_to(ROOT)}\n")
    assert json.loads(SCHEMA.read_text()) == json_schema()


def test_the_example_contains_the_defaults(tmp_path: Path) -> None:
    settings = read_settings(write(tmp_path, example_toml("x")), {})
    bare = read_settings(write(tmp_path, SOURCE), {})
    assert masked(settings) == {**masked(bare), "source": masked(settings)["source"]}
    assert [source.name for source in settings.sources] == ["sample"]


def is_valid(text: str) -> bool:
    validator = jsonschema.Draft202012Validator(json_schema())
    return validator.is_valid(tomllib.loads(text))


def test_the_schema_and_the_program_accept_the_same_files() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    assert is_valid(example_toml("x"))
    assert is_valid(SOURCE.replace("sample:", "${ENDPOINT}") + "http.concurrency = 2\n")
    assert is_valid('[[discover]]\nregions = ["cn-north-4"]\nsource.auth.method = "aksk"\n')
    assert is_valid('notify.metrics_labels = {site = "a"}\n')


@pytest.mark.parametrize(
    "text",
    [
        "other = 1\n",
        "[http]\npage_size = 0\n",
        "[http]\ntimeout_seconds = 0\n",
        '[removals]\nevidence = "hope"\n',
        '[[source]]\nname = "s"\n',
        SOURCE + "types = []\n",
        SOURCE.replace('"p"', '"0123456789abcdef0123456789abcde"'),
        'notify.metrics_labels = {"a-b" = "a"}\n',
    ],
)
def test_the_schema_and_the_program_reject_the_same_files(tmp_path: Path, text: str) -> None:
    assert not is_valid(text)
    assert mistakes(tmp_path, text)


def test_all_mistakes_are_reported_with_their_locations(tmp_path: Path) -> None:
    text = (
        'other = 1\n[database]\nurl = "mysql://x"\n[http]\npage_size = "5"\ntimeout_seconds = 0\n'
        'walks = 2\n[[source]]\nname = "a"\nendpoint = "${NOPE}"\n[source.auth]\nmethod = "token"\n'
        '[[source]]\nname = "a"\nproject_id = "x"\nendpoint = "http://example.com"\n'
        'auth.method = "aksk"\nauth.access_key = "only"\ntypes = ["A", "A"]\nworkspaces = []\n'
    )
    found = mistakes(tmp_path, text)
    places = [mistake.split(":")[0] for mistake in found]
    assert sorted(places) == sorted(
        [
            "database.url",
            "http.page_size",
            "http.timeout_seconds",
            "http.walks",
            "other",
            "source",
            "source[0].auth.token",
            "source[0].endpoint",
            "source[0].project_id",
            "source[1].auth",
            "source[1].endpoint",
            "source[1].types",
            "source[1].workspaces",
        ]
    )
    assert any("NOPE" in each for each in found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("database = 3\n", "database: expected a table"),
        ("source = 3\n", "source: expected [[source]]"),
        ("source = [3]\n", "source[0]: expected a table"),
        ('[http]\nuser_agent_suffix = "a\\nb"\n', "printable ASCII"),
        ("[http]\nconcurrency = true\n", "expected an integer"),
        ("[http]\nmax_requests_per_second = -1\n", "0 or more"),
        ("[http]\nmax_requests_per_second = inf\n", "0 or more, not inf"),
        (
            SOURCE + "http.max_requests_per_second = nan\n",
            "source[0].http.max_requests_per_second: expected 0 or more, not nan",
        ),
        ("[walk]\nmax_walks = 0\n", "1 to 100"),
        ('[removals]\nevidence = "hope"\n', "lookup, two_walks"),
        (SOURCE.replace("sample:", "https://x:nope"), "https://host"),
        (SOURCE.replace("sample:", "https://u:p@x"), "without path, user"),
        (SOURCE.replace("sample:", "ftp://x"), "https://host"),
        (SOURCE + 'auth.iam_endpoint = "x"\n', "https://host"),
        (SOURCE + "workspaces = [1]\n", "a list of text"),
        ("[database]\nurl = 3\n", "not the given value"),
        ('[database]\nurl = "sqlite://images.db"\n', "database.url: expected sqlite:///PATH"),
    ],
)
def test_a_mistake_names_the_expected_value(tmp_path: Path, text: str, expected: str) -> None:
    assert any(expected in mistake for mistake in mistakes(tmp_path, text))


@pytest.mark.parametrize(
    ("endpoint", "iam", "plain"),
    [
        ("https://x", "https://iam", []),
        ("HTTP://x", "https://iam", ["source[0].endpoint"]),
        ("https://x", "http://iam", ["source[0].auth.iam_endpoint"]),
        ("http://127.0.0.1:1", "http://127.0.0.1:2", []),
    ],
)
def test_credentials_go_only_over_https(
    tmp_path: Path, endpoint: str, iam: str, plain: list[str]
) -> None:
    text = SOURCE.replace("sample:", endpoint) + (
        f'auth = {{method = "password", iam_endpoint = "{iam}", domain = "d", user = "u",'
        ' password = "p"}\n'
    )
    found = mistakes(tmp_path, "other = 1\n" + text)
    keys = [each.split(": ")[0] for each in found if "credentials require https" in each]
    assert (keys, len(found)) == (plain, 1 + len(plain))


def test_an_invalid_or_missing_file(tmp_path: Path) -> None:
    assert "is not valid TOML" in mistakes(tmp_path, "a = ")[0]
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_settings(tmp_path / "none.toml", {})


def test_variables_and_their_defaults(tmp_path: Path) -> None:
    text = SOURCE + 'namespace = "${A}-${B:-b}"\nworkspaces = ["${W:-0}"]\n'
    (source,) = read_settings(write(tmp_path, text), {"A": "a"}).sources
    assert source.namespace == "a-b"
    assert source.workspaces == ("0",)
    (source,) = read_settings(write(tmp_path, text), {"A": "", "B": "", "W": "1"}).sources
    assert source.namespace == "-b", "an empty one is set, but takes the default, as in a shell"
    assert source.workspaces == ("1",)


def test_a_source_may_set_any_http_key_for_itself(tmp_path: Path) -> None:
    text = "[http]\npage_size = 50\nconcurrency = 2\n" + SOURCE + "[source.http]\npage_size = 7\n"
    settings = read_settings(write(tmp_path, text), {})
    assert (settings.sources[0].http.page_size, settings.sources[0].http.concurrency) == (7, 2)
    assert settings.http.page_size == 50


def test_a_given_database_replaces_that_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, '[database]\nurl = "sqlite:///a.db"\nauto_upgrade = false\n')
    settings = read_settings(path, {}, database_url="sqlite:////b.db")
    assert settings.database.url == "sqlite:////b.db"
    assert not settings.database.auto_upgrade
    assert read_settings(None, {}, database_url="sqlite:////c.db").database.url == "sqlite:////c.db"


def test_an_invalid_database_table_is_reported_even_if_a_database_is_given(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected a table"):
        read_settings(write(tmp_path, "database = 3\n"), {}, database_url="sqlite:///b.db")


def test_locations_of_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_config(None, {}) is None
    (tmp_path / "config.toml").touch()
    assert find_config(None, {}) == Path("config.toml")
    assert find_config(None, {"IMAGE_SYNC_CONFIG": "e.toml"}) == Path("e.toml")
    assert find_config("c.toml", {"IMAGE_SYNC_CONFIG": "e.toml"}) == Path("c.toml")


SECRETS = {
    "token": "canary-token",
    "password": "canary-password",
    "access_key": "canary-access",
    "secret_key": "canary-secret",
    "security_token": "canary-security",
}


def test_no_secret_is_ever_shown(tmp_path: Path) -> None:
    keys = "".join(f'{name} = "{value}"\n' for name, value in SECRETS.items())
    text = (
        '[database]\nurl = "postgresql+psycopg://u:canary-url@h/d?password=canary-query"\n'
        + SOURCE
        + "[source.auth]\n"
        + keys
    )
    settings = read_settings(write(tmp_path, text), {})
    shown = str(masked(settings))
    assert "canary" not in shown
    assert "postgresql+psycopg://u:********@h/d?password=********" in shown
    assert settings.sources[0].auth.token == "canary-token"


def test_a_secret_that_others_can_read_is_warned_about(tmp_path: Path) -> None:
    path = write(tmp_path, SOURCE + '[source.auth]\nmethod = "token"\ntoken = "canary"\n')
    assert read_settings(path, {}).warnings == ()
    path.chmod(0o644)
    (warning,) = read_settings(path, {}).warnings
    assert "source[0].auth.token" in warning
    assert "canary" not in warning
    path.write_text('[database]\nurl = "postgresql://u:pw@h/d"\n')
    assert "database.url" in read_settings(path, {}).warnings[0]
    path.write_text('[database]\nurl = "postgresql://u:${PW}@h/d"\n')
    assert read_settings(path, {"PW": "canary"}).warnings == ()
    path.write_text('[database]\nurl = "sqlite:///a.db"\n')
    assert read_settings(path, {}).warnings == ()


def test_a_url_without_a_password_is_not_masked() -> None:
    assert masked_url("sqlite:///a.db") == "sqlite:///a.db"
    assert masked_url("postgresql://u@h/d") == "postgresql://u@h/d"


def test_only_the_sections_that_a_command_needs_must_be_valid(tmp_path: Path) -> None:
    broken = '[http]\nnonsense = 1\n[[source]]\nname = "${NAME}"\ntoken = "${UNSET}"\n[[source]]\n'
    broken += '[[discover]]\nregions = ["${UNSET}"]\n[[discover]]\nlabel = "other"\n'
    path = write(tmp_path, f'[database]\nurl = "sqlite:////${{FILE}}.db"\n{broken}')
    environ = {"FILE": "images", "NAME": "one"}
    settings = read_settings(path, environ, sections=["database"])
    assert settings.database.url == "sqlite:////images.db"
    assert settings.source_names == ("one",)
    assert settings.discover_labels == ("default", "other")
    with pytest.raises(ConfigError) as caught:
        read_settings(path, {}, sections=["database"])
    assert caught.value.mistakes == ["database.url: the environment variable FILE is not set"]
    with pytest.raises(ConfigError):
        read_settings(path, environ)
    path = write(tmp_path, "source = 1")
    assert read_settings(path, {}, sections=["database"]).source_names == ()


def test_paths_are_relative_to_the_configuration_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, elsewhere = tmp_path / "etc", tmp_path / "elsewhere"
    for each in (folder, elsewhere):
        each.mkdir()
    (folder / "ca.pem").touch()
    monkeypatch.chdir(elsewhere)
    path = write(
        folder,
        '[database]\nurl = "sqlite:///data/../x.db?timeout=5"\n[http]\nca_bundle = "ca.pem"\n'
        f'[notify]\nmetrics_file = "a.prom"\n[proof]\ncheckpoint_file = "/abs/file"\n{SOURCE}',
    )
    settings = read_settings(Path("../etc/config.toml"), {})
    assert settings.database.url == f"sqlite:///{folder}/x.db?timeout=5"
    assert settings.sources[0].http.ca_bundle == f"{folder}/ca.pem"
    assert settings.notify.metrics_file == f"{folder}/a.prom"
    assert settings.proof.checkpoint_file == "/abs/file"
    given = read_settings(path, {}, database_url="sqlite:///y.db")
    assert given.database.url == f"sqlite:///{elsewhere}/y.db"
    assert read_settings(None, {}).database.url == f"sqlite:///{elsewhere}/images.db"
    path.write_text(SOURCE)
    assert read_settings(path, {}).database.url == f"sqlite:///{folder}/images.db"
    memory = read_settings(None, {}, database_url="sqlite:///:memory:")
    assert memory.database.url == "sqlite:///:memory:"


@pytest.mark.parametrize(
    "url", ["https://x/v1", "https://iam.example.com/v3/", "https://x/?a=b", "https://x:y"]
)
def test_an_endpoint_is_a_host_without_a_path(tmp_path: Path, url: str) -> None:
    for key in ("endpoint", "cts_endpoint", "auth.iam_endpoint", "auth.metadata_endpoint"):
        base = SOURCE.replace('endpoint = "sample:"\n', "") if key == "endpoint" else SOURCE
        (found,) = mistakes(tmp_path, f'{base}{key} = "{url}"\n')
        assert "https://host[:port] without path" in found


@pytest.mark.parametrize("length", [16, 31, 33, 64])
def test_a_hexadecimal_project_id_has_32_digits(tmp_path: Path, length: int) -> None:
    (found,) = mistakes(tmp_path, SOURCE.replace('"p"', f'"{"0" * length}"'))
    assert "project_id: expected 32 hexadecimal digits" in found


def test_a_secret_from_a_file_may_end_with_a_newline(tmp_path: Path) -> None:
    auth = '[source.auth]\nmethod = "aksk"\naccess_key = "${AK}"\nsecret_key = "${SK}"\n'
    path = write(tmp_path, SOURCE + auth)
    (source,) = read_settings(path, {"AK": "ak\r\n", "SK": " sk \n"}).sources
    assert (source.auth.access_key, source.auth.secret_key) == ("ak", " sk ")
    (found,) = mistakes(tmp_path, SOURCE + auth, {"AK": "a\nk", "SK": "sk"})
    assert found == (
        "source[0].auth.access_key: expected text without line breaks and control characters,"
        " not the given value"
    )


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_ca_variable_must_name_an_existing_file(tmp_path: Path, name: str) -> None:
    source = SOURCE.replace("sample:", "https://x")
    (found,) = mistakes(tmp_path, source, {name: "/no/such.pem"})
    assert found == f"environment variable {name}: no such file or folder: /no/such.pem"
    (tmp_path / "own.pem").touch()
    for text in (SOURCE, f'[http]\nca_bundle = "own.pem"\n{source}'):
        read_settings(write(tmp_path, text), {name: "/no/such.pem"})
    read_settings(write(tmp_path, source), {name: str(tmp_path)})


def test_a_signing_key_is_a_file_or_a_pem(tmp_path: Path) -> None:
    pem = "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n"
    path = write(tmp_path, '[proof]\nsigning_key = "${KEY}"\n')
    settings = read_settings(path, {"KEY": pem})
    assert settings.proof.signing_key == pem.rstrip()
    assert "canary" not in str(masked(settings))
    (tmp_path / "log.key").touch()
    settings = read_settings(path, {"KEY": "log.key"})
    assert masked(settings)["proof"]["signing_key"] == str(tmp_path / "log.key")
    # A missing file is no mistake: `key init` creates it, and a run without it does not sign.
    (tmp_path / "log.key").unlink()
    assert read_settings(path, {"KEY": "log.key"}).proof.signing_key.endswith("log.key")


def test_labels_and_misspelt_keys(tmp_path: Path) -> None:
    path = write(tmp_path, 'notify.metrics_labels = {site = "${SITE}"}\n')
    settings = read_settings(path, {"SITE": "a"})
    assert settings.notify.metrics_labels == {"site": "a"}
    for labels in ('{source = "x"}', "{a = 1}", '"x"', '{"__a" = "x"}'):
        (found,) = mistakes(tmp_path, f"notify.metrics_labels = {labels}\n")
        assert found.startswith("notify.metrics_labels: expected")
    (found,) = mistakes(tmp_path, "notify.metrics_lables = {}\n")
    assert found.startswith("notify.metrics_lables: unknown key; did you mean 'metrics_labels'")


def test_one_mistake_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read_settings(write(tmp_path, "[http]\npage_size = 0\n"), {})
    assert (
        str(caught.value) == f"{tmp_path}/config.toml: http.page_size: expected 1 to 100000, not 0"
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('ping_url = "http://example.com/canary"', "notify.ping_url: expected https://host/path"),
        ('ping_url = "https://me:canary@example.com/x"', "notify.ping_url: expected https"),
        ('ping_url = "https://example.com/canary#x"', "notify.ping_url: expected https"),
        ('webhook_url = "canary"', "notify.webhook_url: expected https"),
        ('webhook_url = "https://example.com/canary"', "notify.webhook_secret: required"),
        ('webhook_events = ["held", "held"]', "notify.webhook_events: expected a list"),
        ('webhook_events = ["approved"]', "notify.webhook_events: expected a list"),
        ("timeout_seconds = 0", "notify.timeout_seconds: expected more than 0"),
        ('pin_url = ""', "notify.pin_url: unknown key"),
    ],
)
def test_notification_settings_are_checked_and_their_urls_never_shown(
    tmp_path: Path, line: str, expected: str
) -> None:
    (found,) = mistakes(tmp_path, f"[notify]\n{line}\n")
    assert expected in found
    assert "canary" not in found


@pytest.mark.parametrize(
    "url", ["", "https://hc-ping.com/uuid", "https://x.example/p?key=1", "http://127.0.0.1:8000/p"]
)
def test_a_ping_requires_tls_except_on_loopback(tmp_path: Path, url: str) -> None:
    settings = read_settings(write(tmp_path, f'[notify]\nping_url = "{url}"\n'), {})
    assert settings.notify.ping_url == url


def test_the_id_of_a_witness_key_must_belong_to_its_name_and_key(tmp_path: Path) -> None:
    key = Witness([]).verifier_key
    valid = f'[proof]\nwitnesses = ["{key} https://witness.example"]\n'
    assert read_settings(write(tmp_path, valid + SOURCE), {}).proof.witnesses
    (mistake,) = mistakes(tmp_path, valid.replace("witness.example+", "other.example+") + SOURCE)
    assert "a key id must belong to its name and key" in mistake


def test_two_witnesses_of_one_name_are_a_mistake(tmp_path: Path) -> None:
    keys = (Witness([]).verifier_key, Witness([]).verifier_key)
    listed = ", ".join(f'"{key} https://{n}.example"' for n, key in enumerate(keys))
    (mistake,) = mistakes(tmp_path, f"[proof]\nwitnesses = [{listed}]\n" + SOURCE)
    assert "each name once" in mistake
