"""Credentials: from `[source.auth]`, the environment, the SDK's file, IAM or the metadata service.

Access keys are taken completely from the first place that has both of them, and the security token
only from the same place: a permanent key with another key's token would be refused.
"""

from __future__ import annotations

import configparser
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Generic, TypeVar

import msgspec

from etl.client.auth import Authenticator, Keys, fixed_token, signed
from etl.client.hosts import USER_REFUSALS, Hosts
from etl.client.http_client import Client, Endpoint
from etl.client.http_errors import broken_response, decoded
from etl.client.messages import Request
from etl.config import AuthSettings, HttpSettings
from etl.errors import ConfigError

# The official SDK's variables, then Terraform's.
VARIABLES: Final = (
    ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "HUAWEICLOUD_SDK_SECURITY_TOKEN"),
    ("HW_ACCESS_KEY", "HW_SECRET_KEY", "HW_SECURITY_TOKEN"),
)
FILE_VARIABLE: Final = "HUAWEICLOUD_SDK_CREDENTIALS_FILE"
RENEWAL_MARGIN: Final = timedelta(minutes=10)

# The metadata service is part of the machine: if it does not respond, there is none.
METADATA_TIMEOUT_SECONDS: Final = 3.0
METADATA_RETRIES: Final = 2
METADATA_TOKEN_STATUSES: Final = frozenset({200, 404, 405, 503})  # by the SDK: 200, or no tokens
METADATA_TOKEN_HEADERS: Final = {"X-Metadata-Token-Ttl-Seconds": "21600"}

Value = TypeVar("Value")
ZonedTime = Annotated[datetime, msgspec.Meta(tz=True)]


@dataclass(frozen=True, slots=True)
class AuthContext:
    """What authenticators are made with.

    `label` names the section in messages, for example `source 'beijing'`.
    """

    label: str
    project_id: str
    http: HttpSettings
    clock: Callable[[], datetime]
    hosts: Hosts


def authenticator(auth: AuthSettings, context: AuthContext) -> Authenticator:
    """The authenticator of one source; nothing is fetched yet.

    Raises `ConfigError` if the method is aksk and there are no keys.
    """
    match auth.method:
        case "token":
            return fixed_token(auth.token)
        case "password":
            return _password(auth, context)
        case "aksk":
            keys = find_keys(auth, os.environ, label=context.label)
            advice = (
                "check access_key, secret_key and project_id before you try again:"
                " more than five failures lock the key for five minutes"
            )
            return _signing(lambda: keys, lambda: keys.secrets, context, advice=advice)
        case "agency":
            return _agency(auth, context)
        case _:
            return Authenticator()


def find_keys(auth: AuthSettings, environ: Mapping[str, str], *, label: str = "source") -> Keys:
    """The access keys to sign with. Raises `ConfigError`, naming `label`, if there are none."""
    for keys in _candidates(auth, environ):
        if keys.access_key and keys.secret_key:
            return keys
    pairs = " or ".join(f"{access} and {secret}" for access, secret, _ in VARIABLES)
    raise ConfigError(
        f"{label}, auth",
        [
            f"no access keys: set access_key and secret_key here, {pairs} in the environment,"
            f" or ak and sk in section [basic] of"
            f" {credentials_file(environ) or 'the SDK credentials file'}"
        ],
    )


def _candidates(auth: AuthSettings, environ: Mapping[str, str]) -> Iterator[Keys]:
    """The keys of each place; some of their parts may be empty."""
    yield _keys(auth.access_key, auth.secret_key, auth.security_token)
    for names in VARIABLES:
        yield _keys(*(environ.get(name, "") for name in names))
    if path := credentials_file(environ):
        basic = _basic_section(path)
        yield _keys(*(basic.get(name, "") for name in ("ak", "sk", "security_token")))


def credentials_file(environ: Mapping[str, str]) -> Path | None:
    """The path of the SDK's credentials file; None for a user without a home folder."""
    if named := environ.get(FILE_VARIABLE):
        return Path(named)
    try:
        home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    except RuntimeError:
        return None
    return home / ".huaweicloud" / "credentials"


def _basic_section(path: Path) -> Mapping[str, str]:
    """The SDK's section of a file. Values are not interpolated: a `%` is part of the key."""
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(str(path), [f"cannot be read: {error.strerror}"]) from None
    except (configparser.Error, UnicodeDecodeError):  # their messages quote the file
        raise ConfigError(str(path), ["expected an INI file with a section [basic]"]) from None
    return parser["basic"] if parser.has_section("basic") else {}


def _keys(access_key: str, secret_key: str, security_token: str) -> Keys:
    """Keys without white space around them: mounted secret files end in a line break."""
    return Keys(access_key.strip(), secret_key.strip(), security_token.strip())


class Renewable(Generic[Value]):
    """A credential that expires: fetched when first needed, and again before it expires.

    `fetch` returns the value and its remaining lifetime. It is renewed `RENEWAL_MARGIN` before its
    end, or after three quarters of a short life. Threads that need it meanwhile wait for one fetch.
    """

    def __init__(
        self, fetch: Callable[[], tuple[Value, timedelta]], *, clock: Callable[[], datetime]
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._renew_at = datetime.min.replace(tzinfo=UTC)
        self.cached: Value | None = None

    def current(self) -> Value:
        """The value, fetched first if there is none or it expires soon."""
        with self._lock:
            if self.cached is None or self._clock() >= self._renew_at:
                return self._renewed()
            return self.cached

    def replace(self, refused: Value) -> Value:
        """Another value than the refused one, which another thread may have fetched meanwhile."""
        with self._lock:
            if self.cached is None or self.cached == refused:
                return self._renewed()
            return self.cached

    def _renewed(self) -> Value:
        value, lifetime = self._fetch()
        self.cached = value
        self._renew_at = self._clock() + lifetime - min(RENEWAL_MARGIN, lifetime / 4)
        return value


class _Token(msgspec.Struct):
    expires_at: ZonedTime


class _TokenBody(msgspec.Struct):
    token: _Token


def _password(auth: AuthSettings, context: AuthContext) -> Authenticator:
    """Tokens that IAM issues for a user's password."""
    auth = replace(auth, password=auth.password.rstrip("\r\n"))
    user = replace(auth, project="", project_id="")
    client = Client(
        Endpoint(auth.iam_endpoint, "auth.iam_endpoint"),
        auth=Authenticator("check user, domain and password in source.auth"),
        http=context.http,
        clock=context.clock,
        hosts=context.hosts,
        lockout=context.hosts.lockout((auth.iam_endpoint, user), refusals=USER_REFUSALS),
    )
    tokens = Renewable(lambda: _fetch_token(client, auth, context.project_id), clock=context.clock)
    return Authenticator(
        "a new token was refused too: check that the user has access to this project",
        headers=lambda _request: {"X-Auth-Token": tokens.current()},
        secrets=lambda: (auth.password, tokens.cached or ""),
        renew=lambda refused: bool(tokens.replace(refused["X-Auth-Token"])),
        close=client.close,
    )


def _fetch_token(client: Client, auth: AuthSettings, project_id: str) -> tuple[str, timedelta]:
    """A token and its lifetime by IAM's own clock: `POST /v3/auth/tokens`."""
    response = client.send(
        Request(
            "POST",
            "/v3/auth/tokens",
            "nocatalog=true",
            {"Content-Type": "application/json"},
            msgspec.json.encode({"auth": _token_request(auth, project_id)}),
            accepted=frozenset({201}),
            secrets=(auth.password,),
        )
    )
    hint = "check auth.iam_endpoint"
    body = decoded(response, _TokenBody, what="a token with its expiry time", hint=hint)
    token = response.headers.get("X-Subject-Token", "")
    if not token:
        raise broken_response(response, "the response contains no token", hint=hint)
    return token, response.lifetime(body.token.expires_at)


def _token_request(auth: AuthSettings, project_id: str) -> dict[str, Any]:
    user = {"name": auth.user, "password": auth.password, "domain": {"name": auth.domain}}
    by_id = {"id": auth.project_id or project_id}
    return {
        "identity": {"methods": ["password"], "password": {"user": user}},
        "scope": {"project": {"name": auth.project} if auth.project else by_id},
    }


class _AgencyCredential(msgspec.Struct):
    access: str
    secret: str
    securitytoken: str
    expires_at: ZonedTime


class _AgencyBody(msgspec.Struct):
    credential: _AgencyCredential


def _agency(auth: AuthSettings, context: AuthContext) -> Authenticator:
    """Temporary keys of an ECS agency, from the machine's metadata service."""
    http = context.http
    client = Client(
        Endpoint(auth.metadata_endpoint, "auth.metadata_endpoint", is_direct=True),
        auth=Authenticator(),
        http=replace(
            http,
            timeout_seconds=min(METADATA_TIMEOUT_SECONDS, http.timeout_seconds),
            max_retries=min(METADATA_RETRIES, http.max_retries),
        ),
        clock=context.clock,
        hosts=context.hosts,
    )
    keys = Renewable(lambda: _fetch_agency_keys(client), clock=context.clock)
    advice = "check project_id and the permissions of the machine's agency"
    signing = _signing(
        keys.current, lambda: keys.cached.secrets if keys.cached else (), context, advice=advice
    )
    return replace(signing, close=client.close)


def _fetch_agency_keys(client: Client) -> tuple[Keys, timedelta]:
    """Temporary keys and their lifetime."""
    response = client.send(
        Request(
            "PUT",
            "/meta-data/latest/api/token",
            headers=METADATA_TOKEN_HEADERS,
            accepted=METADATA_TOKEN_STATUSES,
            is_json=False,
        )
    )
    token = response.body.decode(errors="replace").strip() if response.status == 200 else ""
    headers = {"X-Metadata-Token": token} if token else {}
    path = "/openstack/latest/securitykey"
    response = client.send(Request("GET", path, headers=headers, secrets=(token,)))
    hint = "check that the machine has an agency, and auth.metadata_endpoint"
    keys = decoded(response, _AgencyBody, what="a set of temporary keys", hint=hint).credential
    lifetime = response.lifetime(keys.expires_at)
    return _keys(keys.access, keys.secret, keys.securitytoken), lifetime


def _signing(
    keys: Callable[[], Keys],
    secrets: Callable[[], tuple[str, ...]],
    context: AuthContext,
    *,
    advice: str,
) -> Authenticator:
    """Signs each request. A 401 is final: more than five consecutive failures lock the key."""

    def headers(request: Request) -> Mapping[str, str]:
        return signed(request, keys(), at=context.clock(), project_id=context.project_id)

    return Authenticator(advice, headers=headers, secrets=secrets)
