"""`[[discover]]` in the configuration: a template of sources, checked like a source."""

import re

import pytest

from etl.config import read_settings
from etl.config.render import example_toml, masked, masked_toml
from etl.errors import ConfigError

CANARY = "canary-of-the-password"
WHOLE = f"""
[http]
timeout_seconds = 7
[[discover]]
regions = ["cn-north-4"]
[discover.source]
name = "{{project}} of {{region}}"
types = ["DEDICATED"]
[discover.source.auth]
method = "password"
iam_endpoint = "https://iam.example.com"
domain = "d"
user = "u"
password = "{CANARY}"
[discover.source.http]
page_size = 50
"""


def read(folder, text):
    path = folder / "config.toml"
    path.write_text(text)
    path.chmod(0o600)
    return read_settings(path, {})


def mistakes(folder, text):
    with pytest.raises(ConfigError) as caught:
        read(folder, text)
    return caught.value.mistakes


def test_a_template_takes_every_key_of_a_source(tmp_path):
    (discover,) = read(tmp_path, WHOLE).discover
    assert (discover.label, discover.iam_endpoint) == ("default", "https://iam.myhuaweicloud.com")
    source = discover.source
    assert source.name == "{project} of {region}"
    assert source.endpoint == "https://modelarts.{region}.myhuaweicloud.com"
    assert (source.types, source.auth.password) == (("DEDICATED",), CANARY)
    assert (source.http.page_size, source.http.timeout_seconds) == (50, 7.0)


def test_shown_settings_are_valid_and_contain_no_secret(tmp_path):
    settings = read(tmp_path, WHOLE)
    shown = masked_toml(settings)
    assert CANARY not in shown + str(masked(settings))
    assert read(tmp_path, shown).discover[0].source.types == ("DEDICATED",)


def test_a_literal_secret_that_others_can_read_is_warned_about(tmp_path):
    read(tmp_path, WHOLE)
    path = tmp_path / "config.toml"
    path.chmod(0o644)
    (warning,) = read_settings(path, {}).warnings
    assert "discover[0].source.auth.password" in warning


def test_the_commented_example_is_valid(tmp_path):
    _, _, comment = example_toml("x").partition("# [[discover]]")
    text = "[[discover]]" + re.sub("^# ?", "", comment, flags=re.M)
    (discover,) = read(tmp_path, text).discover
    assert discover.regions == ("cn-north-4",)
    assert discover.source.auth.method == "aksk"


def test_all_mistakes_of_a_template_are_reported(tmp_path):
    text = """
    [[discover]]
    other = 1
    regions = []
    iam_endpoint = "http://iam.example.com"
    [discover.source]
    name = "all the same"
    project_id = "{project_id}"
    endpoint = "http://modelarts.{region}.example.com"
    auth.method = "aksk"
    [[discover]]
    regions = ["CN North"]
    source.nope = 1
    """
    found = mistakes(tmp_path, text)
    starts = {re.split(r"[: ]", each)[0] for each in found}
    assert starts == {
        "discover",
        "discover[0].other",
        "discover[0].regions",
        "discover[0].iam_endpoint",
        "discover[0].source.name",
        "discover[0].source.project_id",
        "discover[0].source.endpoint",
        "discover[1].regions",
        "discover[1].source.nope",
    }
    assert "discover: the label 'default' is used more than once" in found
    assert "discover[0].source.project_id: not allowed: it is discovered" in found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("discover = 1", "discover: expected [[discover]], a list of tables"),
        ("discover = [1]", "discover[0]: expected a table"),
        ('[[discover]]\nregions = ["a"]\nsource = 1', "discover[0].source: expected a table"),
    ],
)
def test_values_that_are_not_tables(tmp_path, text, expected):
    assert expected in mistakes(tmp_path, text)
