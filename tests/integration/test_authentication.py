"""All authentication methods against the fake API, whose verification is independent code."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from etl.client.credentials import AuthContext, authenticator
from etl.client.hosts import Hosts
from etl.client.http_client import Client, Endpoint
from etl.config import AuthSettings, HttpSettings
from etl.errors import SourceRefused
from tests.support.fake_api import AccessKey, FakeApi, Quirks, User

PROJECT = "0123456789abcdef0123456789abcdef"
KEY = AccessKey("AKSAMPLE", "sample/secret+key=")
USER = User(domain="acme", name="ann", password="canary-password")


def now() -> datetime:
    return datetime.now(UTC)


def client_for(api: FakeApi, *, skew: timedelta = timedelta(), **auth: Any) -> Client:
    def clock() -> datetime:
        return now() + skew

    http = HttpSettings(timeout_seconds=5, max_retries=0)
    hosts = Hosts()
    context = AuthContext("source 's'", PROJECT, http, clock, hosts)
    return Client(
        Endpoint(api.url),
        auth=authenticator(AuthSettings(**auth), context),
        http=http,
        clock=clock,
        hosts=hosts,
    )


def status_of(client: Client) -> int:
    try:
        params = {"limit": "10", "offset": "0", "type": "BUILD_IN", "name": "a b+c/ü~"}
        return client.get(f"/v1/{PROJECT}/images", params).status
    finally:
        client.close()


def test_no_authentication() -> None:
    with FakeApi([]) as api:
        assert status_of(client_for(api, method="none")) == 200


def test_access_keys() -> None:
    with FakeApi([], quirks=Quirks(access_key=KEY)) as api:
        keys = {"access_key": KEY.access, "secret_key": KEY.secret}
        assert status_of(client_for(api, method="aksk", **keys)) == 200


def test_a_wrong_secret_is_refused() -> None:
    with FakeApi([], quirks=Quirks(access_key=KEY)) as api:
        keys = {"access_key": KEY.access, "secret_key": "canary-other"}
        with pytest.raises(SourceRefused, match="lock the key") as caught:
            status_of(client_for(api, method="aksk", **keys))
        assert caught.value.status == 401
        assert KEY.access not in str(caught.value)


def test_a_wrong_clock_is_refused_and_named() -> None:
    with FakeApi([], quirks=Quirks(access_key=KEY), clock=time.time) as api:
        keys = {"access_key": KEY.access, "secret_key": KEY.secret}
        skew = timedelta(minutes=20)
        with pytest.raises(SourceRefused, match="clock is 20 minutes ahead of the server's"):
            status_of(client_for(api, skew=skew, method="aksk", **keys))


def test_a_password_and_a_revoked_token() -> None:
    with FakeApi([], quirks=Quirks(user=USER)) as api:
        client = client_for(
            api,
            method="password",
            iam_endpoint=api.url,
            domain=USER.domain,
            user=USER.name,
            password=USER.password,
        )
        client.get(f"/v1/{PROJECT}/images", {})
        api.revoke_tokens()
        assert status_of(client) == 200
        assert client.requests == 3


def test_an_agency() -> None:
    with FakeApi([], quirks=Quirks(access_key=KEY)) as api:
        assert status_of(client_for(api, method="agency", metadata_endpoint=api.url)) == 200


def test_a_token() -> None:
    with FakeApi([], quirks=Quirks(tokens=frozenset({"good"}))) as api:
        assert status_of(client_for(api, method="token", token="good")) == 200
        with pytest.raises(SourceRefused, match="set a new one"):
            status_of(client_for(api, method="token", token="canary"))
