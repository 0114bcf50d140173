"""Where a user's access keys are: the configuration, else where the SDK and Terraform look.

The keys are taken whole from the first place that has both of them, the security token only from
that same place: a permanent key with another key's token would be refused.
"""

from __future__ import annotations

import configparser
from pathlib import Path
from typing import TYPE_CHECKING, Final

from etl.errors import ConfigError
from etl.extract.signature import Keys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from etl.config import AuthSettings

# The official SDK's variables, then Terraform's.
VARIABLES: Final = (
    ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "HUAWEICLOUD_SDK_SECURITY_TOKEN"),
    ("HW_ACCESS_KEY", "HW_SECRET_KEY", "HW_SECURITY_TOKEN"),
)
FILE_VARIABLE: Final = "HUAWEICLOUD_SDK_CREDENTIALS_FILE"


def find_keys(auth: AuthSettings, environ: Mapping[str, str], *, place: str = "source") -> Keys:
    """The access keys to sign with; raises `ConfigError` when there are none for `place`."""
    if auth.access_key and auth.secret_key:
        return Keys(auth.access_key, auth.secret_key, auth.security_token)
    for access_key, secret_key, security_token in VARIABLES:
        if environ.get(access_key) and environ.get(secret_key):
            return Keys(environ[access_key], environ[secret_key], environ.get(security_token, ""))
    path = credentials_file(environ)
    if path is not None and (keys := _keys_in(path)):
        return keys
    pairs = " or ".join(f"{access} and {secret}" for access, secret, _ in VARIABLES)
    where = f"access_key and secret_key here, {pairs} in the environment, or [basic] ak and sk"
    raise ConfigError(f"{place}, auth", [f"no access keys: expected {where} in {path or 'a file'}"])


def credentials_file(environ: Mapping[str, str]) -> Path | None:
    """The SDK's file; nothing for a user without a home."""
    if named := environ.get(FILE_VARIABLE):
        return Path(named)
    try:
        home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    except RuntimeError:
        return None
    return home / ".huaweicloud" / "credentials"


def _keys_in(path: Path) -> Keys | None:
    """The keys of a file, nothing when there is no file or it has none.

    No interpolation, since a `%` in a key is a `%`; and no word of the file in an error.
    """
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(str(path), [f"can't be read: {error.strerror}"]) from None
    except (configparser.Error, UnicodeDecodeError):
        raise ConfigError(str(path), ["is no INI file with a section [basic]"]) from None
    basic = parser["basic"] if parser.has_section("basic") else {}
    if basic.get("ak") and basic.get("sk"):
        return Keys(basic["ak"], basic["sk"], basic.get("security_token", ""))
    return None
