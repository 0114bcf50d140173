"""What the client sends, and its errors for all kinds of responses."""

from __future__ import annotations

import gzip
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import certifi
import pytest

from etl import __version__
from etl.client.auth import Authenticator, fixed_token
from etl.client.hosts import Hosts, require_certificates
from etl.client.http_client import Client, Endpoint
from etl.client.messages import Request
from etl.config import HttpSettings
from etl.errors import ConfigError, SourceBroken, SourceError, SourceRefused, SourceUnavailable
from tests.support.faulty import Faulty, reply, stall
from tests.support.wire import NOW, Slept, client_for, hosts_for


def error_from(server: Faulty, **http: object) -> SourceError:
    client = client_for(server.url, auth=fixed_token("canary-token"), **http)
    with pytest.raises(SourceError) as caught:
        client.get("/v1/p/images", {"limit": "200", "offset": "0"})
    client.close()
    assert "canary" not in str(caught.value)
    return caught.value


def test_a_response_has_what_evidence_needs() -> None:
    date = "Fri, 02 Jan 2026 03:04:00 GMT"
    with Faulty(reply(200, '{"a": 1}', X_Request_Id="r-1", Date=date)) as server:
        client = client_for(server.url)
        answer = client.get("/v1/p/images", {})
        client.close()
    assert (answer.status, answer.body, answer.request_id) == (200, b'{"a": 1}', "r-1")
    assert answer.received_at == NOW
    assert answer.server_at == datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    assert answer.headers["x-request-ID"] == "r-1"


def test_requests_have_the_documented_headers() -> None:
    with Faulty(reply()) as server:
        client = client_for(server.url + "/base/", user_agent_suffix="acme/1")
        client.get("/v1/p/images", {"name": "a b/ü", "limit": "1"})
        client.close()
        assert server.asked[0].startswith("GET /base/v1/p/images?limit=1&name=a%20b%2F%C3%BC ")
        assert server.header(0, "User-Agent") == f"modelarts-image-sync/{__version__} acme/1"
        assert server.header(0, "X-Language") == "en-us"
        assert server.header(0, "Accept") == "application/json"
        assert server.header(0, "Accept-Encoding") == "gzip"


def test_connections_are_reused() -> None:
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
def test_every_status_has_its_kind_of_error(status: int, kind: type[SourceError]) -> None:
    with Faulty(reply(status, b"" if status in {204, 304} else b"{}")) as server:
        error = error_from(server)
        assert type(error) is kind
        assert error.status == status
        assert error.received_at == NOW
        assert len(server.asked) == (3 if status in {429, 500, 502, 503, 504} else 1)


def test_a_message_has_cause_location_and_next_step() -> None:
    body = '{"error_code": "ModelArts.0210", "error_msg": "project does not match canary-token"}'
    with Faulty(reply(403, body, X_Request_Id="r-7")) as server:
        error = error_from(server)
        assert error.message == (
            "permission denied (403 ModelArts.0210): project does not match ***: "
            f"GET {server.url}/v1/p/images?limit=200&offset=0 [request r-7]"
        )
        assert "check project_id" in error.hint
        assert (error.error_code, error.request_id) == ("ModelArts.0210", "r-7")


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (
            '{"error_code":"ModelArts.6400","error_msg":"fromIndex(200) > toIndex(33)"}',
            "ModelArts.6400",
            "request rejected (400 ModelArts.6400): fromIndex(200) > toIndex(33)",
        ),
        ('{"error":{"code":401,"message":"no","title":"Bad"}}', "401", "(400 401): no"),
        ('{"errorCode":"X.1","errorMsg":"no"}', "X.1", "(400 X.1): no"),
        ('"just text"', "", "just text"),
        ("plain words", "", "plain words"),
        ("<html><title> Sign in </title>", "", "HTML page 'Sign in'"),
        ("<html>hello", "", "HTML page"),
        ('{"error_code": null, "error": [1]}', "", ""),
        ("[" * 60_000, "", "[" * 20),
        ("\ud800".encode("utf-8", "surrogatepass"), "", "\ufffd"),
        ("", "", ""),
    ],
)
def test_every_format_of_error_body_is_read(body: str | bytes, code: str, words: str) -> None:
    with Faulty(reply(400, body)) as server:
        error = error_from(server)
        assert error.error_code == code
        assert words in error.message
        assert len(error.message) < 600


def test_a_large_error_body_is_not_read_completely() -> None:
    with Faulty(reply(400, "x" * 200_000)) as server:
        assert error_from(server).message.startswith("request rejected (400): GET ")


def test_a_request_id_may_be_in_the_body() -> None:
    with Faulty(reply(400, '{"error_code":"A.1","request_id":"r-9"}')) as server:
        assert error_from(server).request_id == "r-9"


def test_a_redirect_is_not_followed_and_gets_no_credentials() -> None:
    with Faulty(reply()) as elsewhere:
        target = f"{elsewhere.url}/steal?token=canary-token"
        with Faulty(reply(307, "", Location=target)) as server:
            error = error_from(server)
            assert "redirect to http://127.0.0.1" in error.message
            assert "redirects are not followed" in error.hint
        assert elsewhere.asked == []


def test_a_redirect_may_name_an_invalid_url() -> None:
    with Faulty(reply(302, "", Location="http://[")) as server:
        assert "(302): redirect to an invalid URL: GET " in error_from(server).message


@pytest.mark.parametrize("headers", [{}, {"Location": "/login"}], ids=str)
def test_a_redirect_may_name_no_host(headers: dict[str, str]) -> None:
    with Faulty(reply(302, "", **headers)) as server:
        message = "request rejected (302): redirect that names no host: GET "
        assert error_from(server).message.startswith(message)


@pytest.mark.parametrize("body", ["<html>Sign in", "", "  ", "OK", "\x00\x01", "\ufeff"])
def test_a_body_that_is_not_json_is_an_error(body: str) -> None:
    with Faulty(reply(200, body, Content_Type="text/html", X_Request_Id="r-1")) as server:
        error = error_from(server)
        assert type(error) is SourceBroken
        assert (error.status, error.request_id, len(server.asked)) == (200, "r-1", 1)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ("\n\t {}", {"Content_Type": "text/plain"}),
        (" " * 1000 + "{}", {}),
        ("\ufeff{}", {}),
        ("{} \r\n\r\n", {}),
        (gzip.compress(b"{}", mtime=0), {"content_encoding": "x-gzip"}),
        (gzip.compress(b"{}", mtime=0), {"Content_Encoding": " Identity, GZIP "}),
        ("{}", {"Content_Encoding": "identity"}),
    ],
)
def test_what_the_standards_allow_is_accepted(body: str | bytes, headers: dict[str, str]) -> None:
    with Faulty(reply(200, body, **headers)) as server:
        client = client_for(server.url)
        assert client.get("/x", {}).body.strip() == b"{}"
        client.close()


@pytest.mark.parametrize("path", ["/v1/p/images/..", "/v1/./x", "/../x"])
def test_a_path_that_would_be_normalised_is_not_sent(path: str) -> None:
    with Faulty(reply()) as server:
        client = client_for(server.url)
        with pytest.raises(SourceBroken, match="invalid path segment"):
            client.get(path, {})
        client.close()
        assert server.asked == []


def test_requests_and_retries_are_counted_and_retry_after_is_respected() -> None:
    slept = Slept()
    throttled = reply(429, "{}", Retry_After="7")
    with Faulty(reply(500), throttled, reply()) as server:
        client = client_for(server.url, sleep=slept)
        client.get("/x", {})
        client.close()
        assert (client.requests, client.retries) == (3, 2)
        assert slept[:2] == [0.25, 7]


def test_a_retry_is_logged_without_secrets(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="etl")
    with Faulty(reply(503, "no canary-token"), reply()) as server:
        client = client_for(server.url, auth=fixed_token("canary-token"))
        client.get("/x", {})
        client.close()
        url = f"GET {server.url}/x"
        first, repeated, second = (each for each in caplog.records if each.name.startswith("etl"))
    assert [first.message, repeated.message, second.message] == [
        *("request", "request repeated", "request")
    ]
    assert [vars(first)["request"], vars(second)["request"]] == [url, url]
    cause = vars(repeated)["cause"]
    assert (cause, vars(repeated)["wait_seconds"]) == (
        f"service unavailable (503): no ***: {url}",
        0.2,
    )


def test_a_client_does_not_wait_for_an_hour() -> None:
    slept = Slept()
    with Faulty(reply(429, "{}", Retry_After="3600")) as server:
        client = client_for(server.url, sleep=slept)
        with pytest.raises(SourceUnavailable, match="asks to wait 3600 s"):
            client.get("/x", {})
        client.close()
        assert (slept, len(server.asked)) == ([], 1)


def test_nobody_sends_to_a_host_that_is_throttling() -> None:
    slept = Slept()
    hosts = hosts_for(slept)
    with Faulty(reply(429, "{}", Retry_After="7"), reply()) as server:
        client_for(server.url, hosts=hosts).get("/x", {})
        client_for(server.url, hosts=hosts).get("/x", {})
    assert slept[0] == 7
    assert slept[-1] > 6


def test_a_client_is_no_faster_than_configured() -> None:
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
        client = Client(
            Endpoint(server.url),
            auth=Authenticator(),
            http=HttpSettings(),
            clock=lambda: NOW,
            hosts=Hosts(),
        )
        began = time.monotonic()
        threading.Timer(0.1, client.close).start()
        with pytest.raises(SourceUnavailable, match="request cancelled"):
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


def test_cookies_are_ignored() -> None:
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

    def test_has_a_timeout(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with Faulty(stall()) as proxy:
            monkeypatch.setenv("https_proxy", proxy.url)
            monkeypatch.delenv("no_proxy", raising=False)
            client = client_for("https://modelarts.invalid", timeout_seconds=0.2, max_retries=0)
            with pytest.raises(SourceUnavailable, match="in time through the proxy"):
                client.get("/x", {})
            client.close()
            assert proxy.asked[0].startswith("CONNECT modelarts.invalid:443 ")

    def test_is_named_when_it_is_down(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with Faulty(reply()) as proxy:
            gone = proxy.url.replace("//", "//ann:canary@")
        monkeypatch.setenv("http_proxy", gone)
        monkeypatch.delenv("no_proxy", raising=False)
        client = client_for(self.URL)
        with pytest.raises(
            SourceUnavailable, match=r"through the proxy http.*check the proxy"
        ) as caught:
            client.get("/x", {})
        client.close()
        assert "canary" not in str(caught.value)

    def test_with_an_invalid_url_is_not_tried_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("http_proxy", "http://[none")
        monkeypatch.delenv("no_proxy", raising=False)
        slept = Slept()
        client = client_for(self.URL, sleep=slept)
        with pytest.raises(SourceUnavailable):
            client.get("/x", {})
        client.close()
        assert slept == []

    def test_is_not_used_for_loopback(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with Faulty(reply(500)) as proxy, Faulty(reply()) as server:
            monkeypatch.setenv("http_proxy", proxy.url)
            monkeypatch.delenv("no_proxy", raising=False)
            client = client_for(server.url)
            assert client.get("/x", {}).status == 200
            client.close()


def test_an_endpoint_may_be_an_ipv6_address_and_default_ports_are_dropped() -> None:
    origins = {
        "https://[::1]:443/v": "https://[::1]/v/x",
        "http://HOST:80": "http://host/x",
        "http://host:443": "http://host:443/x",
        "https://user:pw@host": "https://host/x",
    }
    for endpoint, url in origins.items():
        client = client_for(endpoint)
        assert client.completed(Request("GET", "/x")).url == url
        client.close()


def test_clients_of_one_host_share_connections() -> None:
    hosts = hosts_for()
    with Faulty(reply()) as server:
        for token in ("a", "b", "c"):
            client = client_for(server.url, hosts=hosts, auth=fixed_token(token))
            client.get("/x", {})
            client.close()
        hosts.close()
        assert len(server._connections) == 1
        assert [server.header(n, "X-Auth-Token") for n in range(3)] == ["a", "b", "c"]


def test_the_skew_between_the_clocks_is_measured_with_each_response() -> None:
    date = "Fri, 02 Jan 2026 03:04:00 GMT"
    with Faulty(reply(200, Date=date), reply(200)) as server:
        client = client_for(server.url)
        assert client.clock_skew_seconds is None
        client.get("/x", {})
        assert client.clock_skew_seconds == 5
        client.get("/x", {})
        assert client.clock_skew_seconds == 5


@pytest.mark.parametrize(
    ("status", "key", "limit", "hint"),
    [
        (429, "endpoint", 0, "set http.max_requests_per_second"),
        (429, "endpoint", 99, "lower http.max_requests_per_second"),
        (404, "endpoint", 0, "check endpoint and project_id"),
        (404, "auth.iam_endpoint", 0, "check auth.iam_endpoint"),
    ],
)
def test_a_hint_names_the_key_that_helps(status: int, key: str, limit: float, hint: str) -> None:
    with Faulty(reply(status)) as server:
        client = Client(
            Endpoint(server.url, key),
            auth=Authenticator(),
            http=HttpSettings(max_requests_per_second=limit, max_retries=0),
            clock=lambda: NOW,
            hosts=hosts_for(),
        )
        with pytest.raises(SourceError) as caught:
            client.get("/x", {})
        assert caught.value.hint == hint


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "http.ca_bundle"])
def test_unusable_certificates_are_a_configuration_error(tmp_path: Path, variable: str) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no certificate")
    for path, reason in ((tmp_path / "none.pem", "No such file"), (text, "PEM certificates")):
        configured = str(path) if variable == "http.ca_bundle" else ""
        with pytest.raises(ConfigError, match=rf"{variable}:\s+.*{reason}"):
            require_certificates(configured, {variable: str(path)})


@pytest.mark.parametrize(
    ("configured", "environ", "verify"),
    [
        ("", {}, True),
        ("", {"CURL_CA_BUNDLE": "/folder"}, "/folder"),
        (certifi.where(), {"CURL_CA_BUNDLE": "/folder"}, certifi.where()),
    ],
)
def test_certificates_come_from_the_configuration_then_the_environment(
    monkeypatch: pytest.MonkeyPatch, configured: str, environ: dict[str, str], verify: str | bool
) -> None:
    monkeypatch.setattr("os.environ", environ)
    session = hosts_for().session("http://x", ca_bundle=configured, is_direct=True)
    assert session.verify == verify
