"""The places where access keys are looked for, and their order."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.client.credentials import credentials_file, find_keys
from etl.config import AuthSettings
from etl.errors import ConfigError

AKSK = AuthSettings(method="aksk")
SDK = {
    "HUAWEICLOUD_SDK_AK": "sdk-ak",
    "HUAWEICLOUD_SDK_SK": "sdk-sk",
    "HUAWEICLOUD_SDK_SECURITY_TOKEN": "sdk-token",
}
TERRAFORM = {"HW_ACCESS_KEY": "hw-ak", "HW_SECRET_KEY": "hw-sk", "HW_SECURITY_TOKEN": "hw-token"}


def home_with(path: Path, text: str) -> dict[str, str]:
    folder = path / ".huaweicloud"
    folder.mkdir()
    (folder / "credentials").write_text(text, encoding="utf-8")
    return {"HOME": str(path)}


def found(environ: dict[str, str], auth: AuthSettings = AKSK) -> tuple[str, str, str]:
    keys = find_keys(auth, environ)
    return (keys.access_key, keys.secret_key, keys.security_token)


def test_the_configuration_comes_first_with_its_own_token(tmp_path: Path) -> None:
    auth = AuthSettings(method="aksk", access_key="ak", secret_key="sk")
    environ = {**home_with(tmp_path, "[basic]\nak = a\nsk = s"), **SDK}
    assert found(environ, auth) == ("ak", "sk", "")


def test_the_order_is_sdk_variables_terraform_variables_file(tmp_path: Path) -> None:
    home = home_with(tmp_path, "[basic]\nak = f-ak\nsk = f-sk\nsecurity_token = f-t\n")
    assert found({**home, **TERRAFORM, **SDK}) == ("sdk-ak", "sdk-sk", "sdk-token")
    assert found({**home, **TERRAFORM}) == ("hw-ak", "hw-sk", "hw-token")
    assert found(home) == ("f-ak", "f-sk", "f-t")


def test_an_incomplete_pair_is_ignored(tmp_path: Path) -> None:
    half = {"HUAWEICLOUD_SDK_AK": "lonely", "HUAWEICLOUD_SDK_SECURITY_TOKEN": "other"}
    assert found({**half, **TERRAFORM, "HOME": str(tmp_path)}) == ("hw-ak", "hw-sk", "hw-token")


def test_a_percent_sign_in_a_key_is_a_percent_sign(tmp_path: Path) -> None:
    environ = home_with(tmp_path, "\ufeff[basic]\nak = a%(x)s\nsk = %%s%\n")
    assert found(environ) == ("a%(x)s", "%%s%", "")


def test_a_variable_may_name_another_file(tmp_path: Path) -> None:
    path = tmp_path / "elsewhere.ini"
    path.write_text("[basic]\nak = a\nsk = s\n")
    environ = {"HUAWEICLOUD_SDK_CREDENTIALS_FILE": str(path), "HOME": str(tmp_path)}
    assert found(environ) == ("a", "s", "")


@pytest.mark.parametrize("text", ["", "[global]\nak = a\nsk = s", "[basic]\nak = a"])
def test_a_file_without_keys_is_ignored(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="no access keys"):
        find_keys(AKSK, home_with(tmp_path, text))


def test_an_error_does_not_quote_the_file(tmp_path: Path) -> None:
    environ = home_with(tmp_path, "sk = CANARY\nno section")
    with pytest.raises(ConfigError, match="expected an INI file") as caught:
        find_keys(AKSK, environ)
    assert "CANARY" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_an_error_names_the_section_and_the_places(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'x', auth:\s+no access keys.*credentials"):
        find_keys(AKSK, {"HOME": str(tmp_path)}, label="source 'x'")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / ".huaweicloud" / "credentials").mkdir(parents=True)
    with pytest.raises(ConfigError, match="cannot be read"):
        find_keys(AKSK, {"HOME": str(tmp_path)})


def test_works_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    assert credentials_file({}) is None
    with pytest.raises(ConfigError, match="HUAWEICLOUD_SDK_AK"):
        find_keys(AKSK, {})


def test_line_breaks_of_mounted_secret_files_are_not_part_of_a_key(tmp_path: Path) -> None:
    auth = AuthSettings(
        method="aksk", access_key="ak\n", secret_key=" sk\r\n", security_token="t\n"
    )
    assert found({}, auth) == ("ak", "sk", "t")
    environ = {"HW_ACCESS_KEY": "ak\n", "HW_SECRET_KEY": "sk\n", "HOME": str(tmp_path)}
    assert found(environ) == ("ak", "sk", "")
