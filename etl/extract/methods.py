"""From `[source.auth]` to the authenticator it asks for."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Any, Final

from etl.extract.agency import Agency
from etl.extract.auth import Authenticator, FixedToken, NoAuthentication, RenewedToken, Signing
from etl.extract.client import Client
from etl.extract.credentials import find_keys
from etl.extract.iam import Iam
from etl.extract.renewable import Renewable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from etl.config import AuthSettings, HttpSettings

# The metadata service is on the machine itself; where it is silent, there is none.
METADATA_TIMEOUT_SECONDS: Final = 3.0
METADATA_RETRIES: Final = 2

_KEY_ADVICE: Final = (
    "check access_key, secret_key and project_id; do not try again and again: "
    "more than five failures lock the key for five minutes"
)
_USER_ADVICE: Final = "check user, domain and password of source.auth"
_AGENCY_ADVICE: Final = "check project_id, and what the machine's agency may do"


def authenticator(
    auth: AuthSettings,
    *,
    project_id: str,
    http: HttpSettings,
    clock: Callable[[], datetime],
    place: str = "source",
    environ: Mapping[str, str] = os.environ,
    **for_clients: Any,
) -> Authenticator:
    """The authenticator of one source; `for_clients` goes to those that fetch credentials.

    `place` says to people whose `auth` it is. Raises `ConfigError` when the method is aksk and
    there are no keys. Nothing is fetched yet.
    """
    match auth.method:
        case "token":
            return FixedToken(auth.token)
        case "password":
            asking = NoAuthentication(advice=_USER_ADVICE)
            client = Client(auth.iam_endpoint, auth=asking, http=http, clock=clock, **for_clients)
            iam = Iam(client, auth, project_id)
            tokens = Renewable(iam.fetch_token, clock=clock)
            return RenewedToken(tokens, password=auth.password, close=client.close)
        case "aksk":
            keys = find_keys(auth, environ, place=place)
            return Signing(lambda: keys, project_id=project_id, clock=clock, advice=_KEY_ADVICE)
        case "agency":
            return _agency(auth, project_id=project_id, http=http, clock=clock, **for_clients)
        case _:
            return NoAuthentication()


def _agency(
    auth: AuthSettings,
    *,
    project_id: str,
    http: HttpSettings,
    clock: Callable[[], datetime],
    **for_clients: Any,
) -> Signing:
    client = Client(
        auth.metadata_endpoint,
        auth=NoAuthentication(),
        http=dataclasses.replace(
            http,
            timeout_seconds=min(METADATA_TIMEOUT_SECONDS, http.timeout_seconds),
            max_retries=min(METADATA_RETRIES, http.max_retries),
        ),
        clock=clock,
        is_direct=True,
        **for_clients,
    )
    keys = Renewable(Agency(client).fetch_keys, clock=clock)
    return Signing(
        keys.current,
        project_id=project_id,
        clock=clock,
        advice=_AGENCY_ADVICE,
        close=client.close,
    )
