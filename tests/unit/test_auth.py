"""The authentication methods over a real socket: what is sent, what is fetched and when."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest

from etl.client.auth import Authenticator
from etl.client.credentials import AuthContext, Renewable, authenticator
from etl.client.messages import Request
from etl.config import AuthSettings, HttpSettings
from etl.errors import SourceBroken, SourceError, SourceRefused
from tests.support.faulty import Faulty, Turn, reply
from tests.support.wire import NOW, client_for, hosts_for

PROJECT = "0123456789abcdef0123456789abcdef"
PASSWORD = "canary-password"
LATER = "2026-01-03T03:04:05.000000Z"


def made(method: str, **settings: str) -> Authenticator:
    if method == "aksk":
        settings = {"access_key": "CANARYAK", "secret_key": "canary-sk", **settings}
    http = HttpSettings(timeout_seconds=2, max_retries=2)
    context = AuthContext("source 's'", PROJECT, http, lambda: NOW, hosts_for())
    return authenticator(AuthSettings(method=method, **settings), context)


def token(value: str, expires_at: str = LATER) -> Turn:
    body = json.dumps({"token": {"expires_at": expires_at}})
    return reply(201, body, X_Subject_Token=value)


def password(iam: Faulty, **settings: str) -> Authenticator:
    user = {"domain": "acme", "user": "ann", "password": PASSWORD, "iam_endpoint": iam.url}
    return made("password", **{**user, **settings})


def test_none_sends_nothing_and_a_401_names_the_setting() -> None:
    with Faulty(reply(200), reply(401)) as server:
        client = client_for(server.url, auth=made("none"))
        client.get("/x", {})
        with pytest.raises(SourceRefused, match=r"set source\.auth"):
            client.get("/x", {})
        client.close()
        assert "auth" not in server.asked[0].lower()


def test_a_fixed_token_is_sent_and_a_401_is_final() -> None:
    with Faulty(reply(200), reply(401)) as server:
        client = client_for(server.url, auth=made("token", token="canary-token"))
        client.get("/x", {})
        with pytest.raises(SourceRefused, match="set a new one"):
            client.get("/x", {})
        client.close()
        assert server.header(0, "X-Auth-Token") == "canary-token"
        assert len(server.asked) == 2


@pytest.mark.parametrize("bad", ["two\r\nX-Evil: 1", "caf\u00e9"])
def test_a_token_that_no_header_can_carry_is_not_sent_and_not_shown(bad: str) -> None:
    with Faulty(reply(200)) as server:
        client = client_for(server.url, auth=made("token", token=bad))
        with pytest.raises(SourceRefused, match=r"no header can carry \(X-Auth-Token\)") as caught:
            client.get("/x", {})
        client.close()
        assert bad not in str(caught.value)
        assert server.asked == []


def test_a_line_break_after_a_token_or_password_is_not_sent() -> None:
    with Faulty(reply(200)) as server:
        client = client_for(server.url, auth=made("token", token="canary-token\n"))
        client.get("/x", {})
        assert server.header(0, "X-Auth-Token") == "canary-token"
    with Faulty(token("t-1")) as iam, Faulty(reply(200)) as server:
        client = client_for(server.url, auth=password(iam, password="secret\r\n"))
        client.get("/x", {})
        assert '"password":"secret"' in iam.asked[0].replace(" ", "")


class TestPassword:
    def test_one_token_serves_many_requests(self) -> None:
        with Faulty(token("t-1")) as iam, Faulty(reply(200)) as server:
            client = client_for(server.url, auth=password(iam))
            client.get("/x", {})
            client.get("/x", {})
            client.close()
            assert len(iam.asked) == 1
            assert iam.asked[0].startswith("POST /v3/auth/tokens?nocatalog=true ")
            assert json.loads(iam.asked[0].partition("\r\n\r\n")[2]) == {
                "auth": {
                    "identity": {
                        "methods": ["password"],
                        "password": {
                            "user": {
                                "name": "ann",
                                "password": PASSWORD,
                                "domain": {"name": "acme"},
                            }
                        },
                    },
                    "scope": {"project": {"id": PROJECT}},
                }
            }
            assert [server.header(n, "X-Auth-Token") for n in (0, 1)] == ["t-1", "t-1"]

    @pytest.mark.parametrize(
        ("settings", "scope"),
        [
            ({"project": "cn-north-4"}, {"name": "cn-north-4"}),
            ({"project_id": "other"}, {"id": "other"}),
        ],
    )
    def test_the_scope_may_be_another_project(
        self, settings: dict[str, str], scope: dict[str, str]
    ) -> None:
        with Faulty(token("t-1")) as iam:
            auth = password(iam, **settings)
            auth.headers(client_for("http://127.0.0.1").completed(Request("GET", "/")))
            auth.close()
            assert json.dumps(scope) == json.dumps(
                json.loads(iam.asked[0].partition("\r\n\r\n")[2])["auth"]["scope"]["project"]
            )

    def test_renews_once_after_a_401(self) -> None:
        tokens = (token("t-1"), token("t-2"))
        with Faulty(*tokens) as iam, Faulty(reply(401), reply(200)) as server:
            client = client_for(server.url, auth=password(iam), max_retries=0)
            assert client.get("/x", {}).status == 200
            assert (client.requests, client.retries) == (2, 1)
            client.close()
            assert server.header(1, "X-Auth-Token") == "t-2"

    def test_a_second_401_is_final(self) -> None:
        with Faulty(token("canary-t1"), token("canary-t2")) as iam:
            echo = '{"error_code": "APIGW.0301", "error_msg": "bad canary-t2"}'
            with Faulty(reply(401, echo)) as server:
                client = client_for(server.url, auth=password(iam))
                with pytest.raises(SourceRefused) as caught:
                    client.get("/x", {})
                client.close()
                assert len(server.asked) == 2
                assert len(iam.asked) == 2
                assert caught.value.error_code == "APIGW.0301"
                assert "canary" not in str(caught.value)

    def test_a_wrong_password_is_reported_without_it_and_not_tried_again(self) -> None:
        wrong = {"error": {"code": 401, "message": f"no {PASSWORD}", "title": "Unauthorized"}}
        with Faulty(reply(401, json.dumps(wrong))) as iam, Faulty(reply(200)) as server:
            client = client_for(server.url, auth=password(iam))
            for _ in range(2):
                with pytest.raises(SourceRefused, match=r"POST .*/v3/auth/tokens") as caught:
                    client.get("/x", {})
                assert "check user, domain and password" in str(caught.value)
                assert PASSWORD not in str(caught.value)
            client.close()
            assert len(iam.asked) == 1
            assert server.asked == []

    @pytest.mark.parametrize(
        "turn",
        [
            reply(201, json.dumps({"token": {"expires_at": LATER}})),
            reply(201, "{}", X_Subject_Token="canary"),
            reply(201, '{"token": {"expires_at": "soon"}}', X_Subject_Token="canary"),
            reply(
                201, '{"token": {"expires_at": "2026-01-03T03:04:05"}}', X_Subject_Token="canary"
            ),
            reply(200, "{}", X_Subject_Token="canary"),
        ],
    )
    def test_an_unusable_token_response_is_an_error(self, turn: Turn) -> None:
        with Faulty(turn) as iam:
            client = client_for("http://127.0.0.1:9", auth=password(iam))
            with pytest.raises(SourceBroken) as caught:
                client.get("/x", {})
            client.close()
            assert "canary" not in str(caught.value)

    def test_a_failing_iam_is_asked_again(self) -> None:
        with Faulty(reply(503), token("t-1")) as iam, Faulty(reply(200)) as server:
            client = client_for(server.url, auth=password(iam))
            assert client.get("/x", {}).status == 200
            client.close()

    def test_the_lifetime_of_a_token_is_measured_with_iams_clock(self) -> None:
        """IAM's clock is a day ahead: its token still lives an hour, not a day and an hour."""
        now = [NOW]
        date = "Sat, 03 Jan 2026 03:04:05 GMT"
        body = json.dumps({"token": {"expires_at": "2026-01-03T04:04:05Z"}})
        with Faulty(reply(201, body, X_Subject_Token="t", Date=date)) as iam:
            settings = AuthSettings(
                method="password", iam_endpoint=iam.url, domain="d", user="u", password="p"
            )
            context = AuthContext("s", PROJECT, HttpSettings(), lambda: now[0], hosts_for())
            auth = authenticator(settings, context)
            request = client_for(iam.url).completed(Request("GET", "/"))
            for minutes, fetches in ((0, 1), (49, 1), (2, 2)):
                now[0] += timedelta(minutes=minutes)
                auth.headers(request)
                assert len(iam.asked) == fetches
            auth.close()


class TestKeys:
    def test_signs_for_the_project(self) -> None:
        with Faulty(reply(200)) as server:
            client = client_for(server.url, auth=made("aksk"))
            client.get("/v1/x", {"b": "2", "a": "1 2"})
            client.close()
            assert server.asked[0].startswith("GET /v1/x?a=1%202&b=2 ")
            assert server.header(0, "Host") == f"127.0.0.1:{server.port}"
            assert server.header(0, "X-Project-Id") == PROJECT
            assert server.header(0, "X-Sdk-Date") == "20260102T030405Z"
            assert server.header(0, "Authorization").startswith(
                "SDK-HMAC-SHA256 Access=CANARYAK, SignedHeaders=host;x-project-id;x-sdk-date, "
            )

    def test_each_attempt_is_signed_anew_and_a_401_ends_it_for_all(self) -> None:
        """More than five failures lock a key: after one, the client sends nothing more."""
        with Faulty(reply(503), reply(401, "ak: CANARYAK sk canary-sk")) as server:
            client = client_for(server.url, auth=made("aksk"))
            for _ in range(3):
                with pytest.raises(SourceRefused, match="lock the key") as caught:
                    client.get("/x", {})
                assert "canary" not in str(caught.value).lower()
            client.close()
            assert len(server.asked) == 2

    def test_a_401_mentions_a_wrong_clock(self) -> None:
        with Faulty(reply(401, "{}", Date="Fri, 02 Jan 2026 03:34:05 GMT")) as server:
            client = client_for(server.url, auth=made("aksk"))
            with pytest.raises(SourceRefused, match="clock is 30 minutes behind the server's"):
                client.get("/x", {})
            client.close()


def lent(access: str = "ASIA", expires_at: str = LATER) -> Turn:
    key = {"access": access, "secret": "canary-sk", "securitytoken": "canary-st"}
    return reply(200, json.dumps({"credential": {**key, "expires_at": expires_at}}))


class TestAgency:
    def test_keys_are_fetched_with_a_token_of_the_service(self) -> None:
        with Faulty(reply(200, "meta-token"), lent()) as meta, Faulty(reply(200)) as server:
            auth = made("agency", metadata_endpoint=meta.url)
            client = client_for(server.url, auth=auth)
            client.get("/x", {})
            client.get("/x", {})
            client.close()
            assert [asked.split(" HTTP")[0] for asked in meta.asked] == [
                "PUT /meta-data/latest/api/token",
                "GET /openstack/latest/securitykey",
            ]
            assert meta.header(0, "X-Metadata-Token-Ttl-Seconds") == "21600"
            assert meta.header(1, "X-Metadata-Token") == "meta-token"
            assert server.header(0, "X-Security-Token") == "canary-st"
            assert "Access=ASIA" in server.header(0, "Authorization")
            assert "x-security-token" in server.header(0, "Authorization")

    @pytest.mark.parametrize("status", [404, 405, 503])
    def test_a_service_without_tokens_is_used_without_one(self, status: int) -> None:
        with Faulty(reply(status), lent()) as meta, Faulty(reply(200)) as server:
            client = client_for(server.url, auth=made("agency", metadata_endpoint=meta.url))
            assert client.get("/x", {}).status == 200
            client.close()
            assert meta.header(1, "X-Metadata-Token") == ""

    @pytest.mark.parametrize(
        ("turn", "kind"),
        [
            (reply(404), SourceRefused),
            (reply(200, '{"credential": {"access": "canary"}}'), SourceBroken),
            (lent(expires_at="2026-01-03T03:04:05"), SourceBroken),
        ],
    )
    def test_a_machine_without_an_agency_is_an_error(
        self, turn: Turn, kind: type[SourceError]
    ) -> None:
        with Faulty(reply(200, "meta-token"), turn) as meta:
            auth = made("agency", metadata_endpoint=meta.url)
            client = client_for("http://127.0.0.1:9", auth=auth)
            with pytest.raises(kind) as caught:
                client.get("/x", {})
            client.close()
            assert "canary" not in str(caught.value)

    def test_the_service_is_never_asked_through_a_proxy(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with Faulty(reply(200, "meta-token"), lent()) as meta, Faulty(reply(500)) as proxy:
            monkeypatch.setenv("http_proxy", proxy.url)
            auth = made("agency", metadata_endpoint=meta.url)
            auth.headers(client_for("http://127.0.0.1").completed(Request("GET", "/")))
            auth.close()
            assert proxy.asked == []


class TestRenewable:
    def test_a_credential_is_renewed_before_it_expires(self) -> None:
        now = [datetime(2026, 1, 1, tzinfo=UTC)]
        values = iter("abc")
        lease = Renewable(lambda: (next(values), timedelta(hours=1)), clock=lambda: now[0])
        assert lease.cached is None
        assert lease.current() == lease.current() == lease.cached == "a"
        now[0] += timedelta(minutes=49)
        assert lease.current() == "a"
        now[0] += timedelta(minutes=1)
        assert lease.current() == "b"

    def test_a_short_life_is_used_for_three_quarters(self) -> None:
        now = [datetime(2026, 1, 1, tzinfo=UTC)]
        values = iter("ab")
        lease = Renewable(lambda: (next(values), timedelta(minutes=4)), clock=lambda: now[0])
        assert lease.current() == "a"
        now[0] += timedelta(minutes=2, seconds=59)
        assert lease.current() == "a"
        now[0] += timedelta(seconds=1)
        assert lease.current() == "b"

    def test_a_credential_replaced_by_another_thread_is_not_replaced_again(self) -> None:
        values = iter("abc")
        lease = Renewable(lambda: (next(values), timedelta(hours=1)), clock=lambda: NOW)
        assert lease.current() == "a"
        assert lease.replace("a") == "b"
        assert lease.replace("a") == "b"

    def test_many_threads_cause_one_fetch(self) -> None:
        fetches: list[int] = []
        together = threading.Barrier(4)

        def fetch() -> tuple[str, timedelta]:
            fetches.append(1)
            return "a", timedelta(hours=1)

        lease = Renewable(fetch, clock=lambda: NOW)

        def ask() -> None:
            together.wait(5)
            lease.current()

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(5)
        assert len(fetches) == 1
