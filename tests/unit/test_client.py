"""What the client sends, and what it says when it is answered otherwise."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from etl import __version__
from etl.config import HttpSettings
from etl.errors import SourceBroken, SourceError, SourceRefused, SourceUnavailable
from etl.extract.auth import FixedToken, NoAuthentication
from etl.extract.client import Client
from etl.extract.pace import Pace
from tests.support.faulty import Faulty, reply, stall
from tests.support.wire import NOW, Slept, client_for


def error_from(server: Faulty, **http: object) -> SourceError:
    client = client_for(server.url, auth=FixedToken("canary-token"), **http)
    with pytest.raises(SourceError) as caught:
        client.get("/v1/p/images", {"limit": "200", "offset": "0"})
    client.close()
    assert "canary" not in str(caught.value)
    return caught.value


def test_an_answer_carries_what_evidence_needs() -> None:
    date = "Fri, 02 Jan 2026 03:04:00 GMT"
    with Faulty(reply(200, '{"a": 1}', X_Request_Id="r-1", Date=date)) as server:
        client = client_for(server.url)
        answer = client.get("/v1/p/images", {})
        client.close()
    assert (answer.status, answer.body, answer.request_id) == (200, b'{"a": 1}', "r-1")
    assert answer.received_at == NOW
    assert answer.server_at == datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    assert answer.headers["x-request-ID"] == "r-1"


def test_says_who_asks_and_in_which_language() -> None:
    with Faulty(reply()) as server:
        client = client_for(server.url + "/base/", user_agent_suffix="acme/1")
        client.get("/v1/p/images", {"name": "a b/ü", "limit": "1"})
        client.close()
        assert server.asked[0].startswith("GET /base/v1/p/images?limit=1&name=a%20b%2F%C3%BC ")
        assert server.header(0, "User-Agent") == f"modelarts-image-sync/{__version__} acme/1"
        assert server.header(0, "X-Language") == "en-us"
        assert server.header(0, "Accept") == "application/json"
        assert server.header(0, "Accept-Encoding") == "gzip"


def test_connections_are_kept() -> None:
    with Faulty(reply()) as server:
        client = client_for(server.url)
        for _ in range(3):
            client.get("/x", {})
        client.close()
        assert len(server.asked) == 3
        assert len(server._connections) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, SourceRefused),
        (403, SourceRefused),
        (404, SourceRefused),
        (429, SourceUnavailable),
        (500, SourceUnavailable),
        (501, SourceUnavailable),
        (503, SourceUnavailable),
        (599, SourceUnavailable),
        (201, SourceBroken),
        (204, SourceBroken),
        (302, SourceBroken),
        (304, SourceBroken),
        (400, SourceBroken),
        (409, SourceBroken),
        (418, SourceBroken),
    ],
)
def test_every_status_has_its_kind(status: int, kind: type[SourceError]) -> None:
    with Faulty(reply(status, b"" if status in {204, 304} else b"{}")) as server:
        error = error_from(server)
        assert type(error) is kind
        assert error.status == status
        assert error.received_at == NOW
        assert len(server.asked) == (3 if status in {429, 500, 502, 503, 504} else 1)


def test_the_message_says_all_that_a_person_needs() -> None:
    body = '{"error_code": "ModelArts.0210", "error_msg": "project does not match canary-token"}'
    with Faulty(reply(403, body, X_Request_Id="r-7")) as server:
        error = error_from(server)
        assert error.message == (
            f"GET {server.url}/v1/p/images?limit=200&offset=0 was answered 403: "
            "ModelArts.0210 project does not match *** [request r-7]"
        )
        assert "check project_id" in error.hint
        assert (error.error_code, error.request_id) == ("ModelArts.0210", "r-7")


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (
            '{"error_code":"ModelArts.6400","error_msg":"fromIndex(200) > toIndex(33)"}',
            "ModelArts.6400",
            "ModelArts.6400 fromIndex(200) > toIndex(33)",
        ),
        ('{"error":{"code":401,"message":"no","title":"Bad"}}', "401", "401 no"),
        ('{"errorCode":"X.1","errorMsg":"no"}', "X.1", "X.1 no"),
        ('"just text"', "", "just text"),
        ("plain words", "", "plain words"),
        ("<html><title> Sign in </title>", "", "a page, 'Sign in'"),
        ("<html>hello", "", "a page, not JSON"),
        ('{"error_code": null, "error": [1]}', "", ""),
        ("[" * 60_000, "", "[" * 20),
        ("\ud800".encode("utf-8", "surrogatepass"), "", "\ufffd"),
        ("", "", ""),
    ],
)
def test_reads_every_shape_of_error(body: str | bytes, code: str, words: str) -> None:
    with Faulty(reply(400, body)) as server:
        error = error_from(server)
        assert error.error_code == code
        assert words in error.message
        assert len(error.message) < 600


def test_an_endless_page_of_error_is_not_read_to_its_end() -> None:
    with Faulty(reply(400, "x" * 200_000)) as server:
        assert error_from(server).message.endswith("was answered 400")


def test_a_request_id_in_the_body_will_do() -> None:
    with Faulty(reply(400, '{"error_code":"A.1","request_id":"r-9"}')) as server:
        assert error_from(server).request_id == "r-9"


def test_a_redirect_is_not_followed_and_gets_no_credentials() -> None:
    with Faulty(reply()) as elsewhere:
        target = f"{elsewhere.url}/steal?token=canary-token"
        with Faulty(reply(307, "", Location=target)) as server:
            error = error_from(server)
            assert "it points to http://127.0.0.1" in error.message
            assert "redirects are not followed" in error.hint
        assert elsewhere.asked == []


@pytest.mark.parametrize("body", ["<html>Sign in", "", "  ", "OK", "\x00\x01", "\ufeff{}"])
def test_what_is_not_json_is_no_answer(body: str) -> None:
    with Faulty(reply(200, body, Content_Type="text/html", X_Request_Id="r-1")) as server:
        error = error_from(server)
        assert type(error) is SourceBroken
        assert (error.status, error.request_id, len(server.asked)) == (200, "r-1", 1)


def test_white_space_before_json_and_another_content_type_do_no_harm() -> None:
    with Faulty(reply(200, "\n\t {}", Content_Type="text/plain")) as server:
        client = client_for(server.url)
        assert client.get("/x", {}).status == 200
        client.close()


@pytest.mark.parametrize("path", ["/v1/p/images/..", "/v1/./x", "/../x"])
def test_a_path_that_would_change_on_the_way_is_not_sent(path: str) -> None:
    with Faulty(reply()) as server:
        client = client_for(server.url)
        with pytest.raises(SourceBroken, match="no URL can carry"):
            client.get(path, {})
        client.close()
        assert server.asked == []


def test_counts_requests_and_retries_and_waits_as_told() -> None:
    slept = Slept()
    throttled = reply(429, "{}", Retry_After="7")
    with Faulty(reply(500), throttled, reply()) as server:
        client = client_for(server.url, sleep=slept)
        client.get("/x", {})
        client.close()
        assert (client.requests, client.retries) == (3, 2)
        assert slept[:2] == [0.25, 7]


def test_a_retry_is_told_without_secrets(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="etl")
    with Faulty(reply(503, "no canary-token"), reply()) as server:
        client = client_for(server.url, auth=FixedToken("canary-token"))
        client.get("/x", {})
        client.close()
        url = f"GET {server.url}/x"
        assert [record.message for record in caplog.records if record.name.startswith("etl")] == [
            url,
            f"{url} was answered 503: no ***; again in 0.2 s",
            url,
        ]
    assert "canary" not in caplog.text


def test_an_hour_is_not_waited() -> None:
    slept = Slept()
    with Faulty(reply(429, "{}", Retry_After="3600")) as server:
        client = client_for(server.url, sleep=slept)
        with pytest.raises(SourceUnavailable, match="asks to wait 3600 s"):
            client.get("/x", {})
        client.close()
        assert (slept, len(server.asked)) == ([], 1)


def test_a_throttled_host_is_left_alone_by_all() -> None:
    pace, slept = Pace(monotonic=lambda: 50.0), Slept()
    with Faulty(reply(429, "{}", Retry_After="7"), reply()) as server:
        client = Client(
            server.url,
            auth=NoAuthentication(),
            http=HttpSettings(),
            clock=lambda: NOW,
            pace=pace,
            sleep=slept,
            jitter=lambda: 0.0,
        )
        client.get("/x", {})
        client.close()
    assert pace.wait_seconds() == 7


def test_asks_no_faster_than_configured() -> None:
    slept = Slept()
    with Faulty(reply()) as server:
        client = client_for(server.url, sleep=slept, max_requests_per_second=0.001)
        for _ in range(3):
            client.get("/x", {})
        client.close()
    assert [round(seconds, -1) for seconds in slept] == [1000, 2000]


def test_many_threads_share_a_client() -> None:
    with Faulty(reply(200, '{"a": 1}')) as server:
        client = client_for(server.url, concurrency=8)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda n: client.get(f"/{n}", {}).body, range(64)))
        client.close()
        assert answers == [b'{"a": 1}'] * 64
        assert client.requests == len(server.asked) == 64
        assert len(server._connections) <= 8


def test_closing_ends_a_wait() -> None:
    with Faulty(reply(503, "{}", Retry_After="100")) as server:
        client = Client(server.url, auth=NoAuthentication(), http=HttpSettings(), clock=lambda: NOW)
        began = time.monotonic()
        threading.Timer(0.1, client.close).start()
        with pytest.raises(SourceUnavailable, match="given up"):
            client.get("/x", {})
        assert time.monotonic() - began < 10


def test_no_password_is_taken_from_netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login ann password canary\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))
    with Faulty(reply()) as server:
        client = client_for(server.url)
        client.get("/x", {})
        client.close()
        assert server.header(0, "Authorization") == ""


def test_no_cookie_is_kept() -> None:
    with Faulty(reply(200, "{}", Set_Cookie="a=b; Path=/")) as server:
        client = client_for(server.url)
        client.get("/x", {})
        client.get("/x", {})
        client.close()
        assert server.header(1, "Cookie") == ""


class TestProxy:
    URL = "http://modelarts.invalid"

    def test_is_taken_from_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with Faulty(reply(200, '{"via": 1}')) as proxy:
            monkeypatch.setenv("http_proxy", proxy.url.replace("//", "//ann:secret@"))
            monkeypatch.delenv("no_proxy", raising=False)
            client = client_for(self.URL)
            assert client.get("/x", {}).body == b'{"via": 1}'
            client.close()
            assert proxy.asked[0].startswith("GET http://modelarts.invalid/x ")
            assert proxy.header(0, "Proxy-Authorization").startswith("Basic ")

    def test_has_its_deadline_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with Faulty(stall()) as proxy:
            monkeypatch.setenv("https_proxy", proxy.url)
            monkeypatch.delenv("no_proxy", raising=False)
            client = client_for("https://modelarts.invalid", timeout_seconds=0.2, max_retries=0)
            with pytest.raises(SourceUnavailable, match="time-out"):
                client.get("/x", {})
            client.close()
            assert proxy.asked[0].startswith("CONNECT modelarts.invalid:443 ")

    def test_a_proxy_that_is_not_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with Faulty(reply()) as proxy:
            gone = proxy.url.replace("//", "//ann:canary@")
        monkeypatch.setenv("http_proxy", gone)
        monkeypatch.delenv("no_proxy", raising=False)
        client = client_for(self.URL)
        with pytest.raises(SourceUnavailable, match="and the proxy if there is one") as caught:
            client.get("/x", {})
        client.close()
        assert "canary" not in str(caught.value)

    def test_a_proxy_whose_url_is_none_is_not_tried_again(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("http_proxy", "http://[none")
        monkeypatch.delenv("no_proxy", raising=False)
        slept = Slept()
        client = client_for(self.URL, sleep=slept)
        with pytest.raises(SourceUnavailable):
            client.get("/x", {})
        client.close()
        assert slept == []

    def test_loopback_goes_past_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with Faulty(reply(500)) as proxy, Faulty(reply()) as server:
            monkeypatch.setenv("http_proxy", proxy.url)
            monkeypatch.delenv("no_proxy", raising=False)
            client = client_for(server.url)
            assert client.get("/x", {}).status == 200
            client.close()


def test_the_endpoint_may_be_an_ipv6_address_and_carries_only_a_strange_port() -> None:
    origins = {
        "https://[::1]:443/v": "https://[::1]/v/x",
        "http://HOST:80": "http://host/x",
        "http://host:443": "http://host:443/x",
        "https://user:pw@host": "https://host/x",
    }
    for endpoint, url in origins.items():
        client = client_for(endpoint)
        assert client.request("GET", "/x").url == url
        client.close()
