"""Faults of a source over a real socket: each ends with the right error in bounded time."""

from __future__ import annotations

import gzip
import itertools
import ssl
import subprocess
import time
from pathlib import Path

import pytest

from etl.client.auth import fixed_token
from etl.client.http_client import TOTAL_TIMEOUTS
from etl.errors import ConfigError, SourceBroken, SourceError, SourceRefused, SourceUnavailable
from tests.support.faulty import (
    Faulty,
    Turn,
    bomb,
    cut,
    cut_chunks,
    drip,
    head,
    raw,
    reply,
    reset,
    stall,
)
from tests.support.wire import Slept, client_for

BODY = b'{"data": []}'
WHOLE = head(Content_Length=len(BODY)) + BODY
MEGABYTE = 1 << 20


@pytest.fixture(autouse=True)
def _no_certificates_of_the_developers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def dripping_body() -> Turn:
    return drip(head(Content_Length=1000) + b"{", lambda: itertools.repeat(b" ", 999), 0.05)


def dripping_chunks() -> Turn:
    first = head(Transfer_Encoding="chunked") + b"1\r\n{\r\n"
    return drip(first, lambda: itertools.repeat(b"1\r\n \r\n", 999), 0.05)


def error_from(server: Faulty, **http: object) -> SourceError:
    client = client_for(server.url, auth=fixed_token("canary-token"), **http)
    with pytest.raises(SourceError) as caught:
        client.get("/v1/p/images", {})
    client.close()
    assert "canary" not in repr(caught.value)
    assert caught.value.__cause__ is None or "canary" not in repr(caught.value.__cause__)
    return caught.value


PASSING = {
    "reset before the answer": reset(),
    "reset in the headers": reset(b"HTTP/1.1 200 OK\r\nContent-"),
    "reset in the body": reset(head(Content_Length=1000) + b'{"data": ['),
    "end before the answer": raw(b""),
    "end in the headers": raw(b"HTTP/1.1 200 OK\r\nContent-"),
    "body cut short": cut(),
    "body cut to nothing": cut(b""),
    "chunks cut short": cut_chunks(),
    "chunk size is garbage": raw(head(Transfer_Encoding="chunked") + b"zz\r\n{}\r\n0\r\n\r\n"),
    "not HTTP at all": raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "packed body cut short": reply(200, gzip.compress(BODY)[:-9], Content_Encoding="gzip"),
    "packed body is garbage": reply(200, b"garbage", Content_Encoding="gzip"),
    "no packed body at all": reply(200, b"", Content_Encoding="gzip"),
    "header without end": raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n{}"),
    "headers without end": raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n{}"),
}


@pytest.mark.parametrize("name", PASSING)
def test_an_incomplete_response_is_requested_again(name: str) -> None:
    with Faulty(PASSING[name], PASSING[name], reply(200, BODY)) as server:
        client = client_for(server.url)
        assert client.get("/x", {}).body == BODY
        assert (client.requests, client.retries) == (3, 2)
        client.close()


@pytest.mark.parametrize("name", PASSING)
def test_the_source_is_unavailable_if_no_response_is_complete(name: str) -> None:
    with Faulty(PASSING[name]) as server:
        error = error_from(server)
        assert type(error) is SourceUnavailable
        assert "3 attempts" in error.message
        assert len(server.asked) == 3


@pytest.mark.parametrize("hundred", [200, 300, 400, 500])
def test_every_status_has_its_kind_and_costs_one_request(hundred: int) -> None:
    """Other codes than 200, 401, 403, 404, 429 and 5xx are invalid responses."""
    for status in range(hundred + (hundred == 200), hundred + 100):
        with Faulty(reply(status, b"" if status in {204, 304} else b"{}")) as server:
            error = error_from(server, max_retries=0)
            refused, later = status in {401, 403, 404}, status == 429 or status >= 500
            kind = SourceRefused if refused else SourceUnavailable if later else SourceBroken
            assert (type(error), error.status, len(server.asked)) == (kind, status, 1)


def test_an_interim_response_is_skipped_or_an_error() -> None:
    with Faulty(raw(head(100) + WHOLE)) as server:
        client = client_for(server.url)
        assert client.get("/x", {}).body == BODY
        client.close()
    with Faulty(raw(head(103) + WHOLE)) as server:
        error = error_from(server, max_retries=0)
        assert (type(error), error.status) == (SourceBroken, 103)


@pytest.mark.parametrize(
    ("after", "waits"),
    [
        ("2", [2]),
        ("0.5", [0.5]),
        ("soon", [0.25]),
        ("", [0.25]),
        ("-5", [0.25]),
        ("Fri, 02 Jan 2026 03:04:35 GMT", [30]),
        ("Fri, 02 Jan 2015 00:00:00 GMT", [0.25]),
        ("120", [120]),
        ("3600", []),
        ("Fri, 02 Jan 2026 04:04:05 GMT", []),
        ("9" * 400, []),
    ],
)
def test_every_form_of_retry_after_is_respected_or_too_long(after: str, waits: list[float]) -> None:
    slept = Slept()
    with Faulty(reply(429, "{}", Retry_After=after), reply(200, BODY)) as server:
        client = client_for(server.url, sleep=slept)
        if waits:
            assert client.get("/x", {}).body == BODY
        else:
            with pytest.raises(SourceUnavailable, match="asks to wait"):
                client.get("/x", {})
        client.close()
    assert [wait for wait in slept if wait > 0] == waits or slept[0] == waits[0]


def test_a_reset_after_the_body_is_harmless() -> None:
    with Faulty(reset(WHOLE), reply(200, BODY)) as server:
        client = client_for(server.url)
        assert client.get("/x", {}).body == BODY
        assert client.get("/x", {}).body == BODY
        client.close()


def test_bytes_after_the_body_belong_to_no_response() -> None:
    with Faulty(raw(WHOLE + b"HTTP/1.1 200 OK\r\n\r\n{evil"), reply(200, BODY)) as server:
        client = client_for(server.url)
        assert [client.get("/x", {}).body for _ in range(2)] == [BODY, BODY]
        client.close()


def test_a_refused_connection_is_unavailable() -> None:
    with Faulty(reply()) as server:
        pass
    error = error_from(server)
    assert type(error) is SourceUnavailable
    assert "Connection refused" in error.message


def test_silence_is_unavailable_after_the_timeout() -> None:
    for turn in (stall(), stall(head(Content_Length=9)), stall(head(Content_Length=9) + b"{")):
        with Faulty(turn) as server:
            began = time.monotonic()
            error = error_from(server, timeout_seconds=0.2, max_retries=1)
            assert time.monotonic() - began < 3
            assert type(error) is SourceUnavailable
            assert "in time" in error.message
            assert len(server.asked) == 2


@pytest.mark.parametrize("turn", [dripping_body, dripping_chunks])
def test_a_drip_ends_at_the_deadline(turn: object) -> None:
    """Never silent, so that no timeout of the socket ends it; it would last a minute here."""
    with Faulty(turn()) as server:  # type: ignore[operator]
        began = time.monotonic()
        error = error_from(server, timeout_seconds=0.2, max_retries=0)
        assert 0.1 + (TOTAL_TIMEOUTS - 1) * 0.2 < time.monotonic() - began < 5
        assert type(error) is SourceUnavailable
        assert "in time" in error.message


def test_slow_but_in_time_is_good() -> None:
    first, rest = WHOLE[:-4], WHOLE[-4:]
    pieces = [rest[n : n + 1] for n in range(4)]
    with Faulty(drip(first, lambda: iter(pieces), 0.15)) as server:
        client = client_for(server.url, timeout_seconds=0.5, max_retries=0)
        assert client.get("/x", {}).body == BODY
        client.close()


@pytest.mark.parametrize("members", [1, 3])
def test_a_compressed_body_is_decompressed(members: int) -> None:
    part = b" " * 3_000_000
    payload = gzip.compress(b"{}" + part) + gzip.compress(part) * (members - 1)
    with Faulty(reply(200, payload, Content_Encoding="gzip")) as server:
        client = client_for(server.url)
        assert client.get("/x", {}).body == b"{}" + part * members
        client.close()


def test_a_chunked_body_is_joined() -> None:
    chunks = b'4\r\n{"da\r\n8\r\nta": []}\r\n0\r\n\r\n'
    with Faulty(raw(head(Transfer_Encoding="chunked") + chunks)) as server:
        client = client_for(server.url)
        assert client.get("/x", {}).body == BODY
        client.close()


def test_a_body_may_be_as_long_as_allowed_and_no_longer() -> None:
    with Faulty(reply(200, b"{" + b" " * 2047)) as server:
        client = client_for(server.url, max_response_bytes=2048)
        assert len(client.get("/x", {}).body) == 2048
        client.close()
        error = error_from(server, max_response_bytes=2047)
        assert type(error) is SourceBroken
        assert "larger than 2047 bytes" in error.message
        assert "max_response_bytes" in error.hint
        assert len(server.asked) == 2


def test_an_endless_body_is_not_read() -> None:
    """Gigabytes are announced, and are not read."""
    endless = drip(
        head(Content_Length=1 << 40), lambda: itertools.repeat(b" " * MEGABYTE, 4096), 0.0
    )
    with Faulty(endless) as server:
        assert "larger than" in error_from(server, max_response_bytes=MEGABYTE).message


def test_a_decompression_bomb_takes_little_memory() -> None:
    """100 MB in 100 kB: refused after the first megabyte or two, with no more memory than that."""
    import tracemalloc

    payload = bomb(100 * MEGABYTE)
    with Faulty(reply(200, payload, Content_Encoding="gzip")) as server:
        tracemalloc.start()
        error = error_from(server, max_response_bytes=MEGABYTE)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert type(error) is SourceBroken
    assert "larger than" in error.message
    assert peak < 20 * MEGABYTE


def test_an_unrequested_content_encoding_is_an_error() -> None:
    with Faulty(reply(200, b"\x0b\x01\x80{}\x03", Content_Encoding="br")) as server:
        error = error_from(server)
        assert type(error) is SourceBroken
        assert "received" in error.message


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, and three certificates of it: good, for another name, and out of date."""
    folder = tmp_path_factory.mktemp("certificates")
    subject = ["-subj", "/CN=test authority"]
    _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject, "-days", "2",
             "-keyout", "ca.key", "-out", "ca.pem", folder=folder)  # fmt: skip
    for name, host, days in (
        ("good", "localhost", "1"),
        ("other", "elsewhere.example", "1"),
        ("old", "localhost", "-1"),
    ):
        _openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={host}",
                 "-keyout", f"{name}.key", "-out", f"{name}.csr", folder=folder)  # fmt: skip
        (folder / "names").write_text(f"subjectAltName=DNS:{host}\n")
        validity = ["-not_before", "20200101000000Z", "-not_after", "20200102000000Z"]
        lasts = ["-days", days] if days != "-1" else validity
        _sign(folder, name, lasts)
    return folder


def _sign(folder: Path, name: str, lasts: list[str]) -> None:
    command = ["x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key"]
    if lasts[0] == "-days":
        out = ["-extfile", "names", "-out", f"{name}.pem"]
        _openssl(*command, "-CAcreateserial", *lasts, *out, folder=folder)
        return
    # Older openssl's x509 can't date back, its ca can.
    (folder / "index").write_text("")
    (folder / "ca.cnf").write_text(
        "[ca]\ndefault_ca=d\n[d]\ndatabase=index\nnew_certs_dir=.\ndefault_md=sha256\n"
        "policy=p\nrand_serial=yes\n[p]\ncommonName=supplied\n"
    )
    _openssl("ca", "-batch", "-config", "ca.cnf", "-in", f"{name}.csr", "-cert", "ca.pem",
             "-keyfile", "ca.key", "-startdate", lasts[1], "-enddate", lasts[3],
             "-extfile", "names", "-out", f"{name}.pem", "-notext", folder=folder)  # fmt: skip


def _openssl(*arguments: str, folder: Path) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def _context(folder: Path, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return context


class TestTls:
    def test_a_private_authority_is_trusted_if_configured(self, certificates: Path) -> None:
        with Faulty(reply(200, BODY), tls=_context(certificates, "good")) as server:
            client = client_for(server.url, ca_bundle=str(certificates / "ca.pem"))
            assert client.get("/x", {}).body == BODY
            client.close()

    def test_a_private_authority_may_be_named_in_the_environment(
        self, certificates: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates / "ca.pem"))
        with Faulty(reply(200, BODY), tls=_context(certificates, "good")) as server:
            client = client_for(server.url)
            assert client.get("/x", {}).body == BODY
            client.close()

    @pytest.mark.parametrize(
        ("name", "is_known", "reason"),
        [
            ("good", False, "unable to get local issuer certificate|self.signed"),
            ("ca", False, "self.signed"),
            ("other", True, "Hostname mismatch|doesn't match"),
            ("old", True, "expired"),
        ],
    )
    def test_nothing_is_sent_if_the_certificate_is_invalid(
        self, certificates: Path, name: str, is_known: bool, reason: str
    ) -> None:
        bundle = str(certificates / "ca.pem") if is_known else ""
        with Faulty(reply(200, BODY), tls=_context(certificates, name)) as server:
            client = client_for(server.url, auth=fixed_token("canary"), ca_bundle=bundle)
            with pytest.raises(SourceUnavailable, match=reason) as caught:
                client.get("/x", {})
            assert (client.requests, server.asked) == (1, [])
            is_other_name = name == "other"
            assert ("host name" in caught.value.hint) == is_other_name
            assert ("ca_bundle" in caught.value.hint) == (not is_other_name)
            client.close()

    def test_a_missing_bundle_is_a_configuration_error(self) -> None:
        with pytest.raises(ConfigError, match=r"/no/such/file\.pem: No such file"):
            client_for("https://localhost:9", ca_bundle="/no/such/file.pem")

    def test_a_drip_ends_at_the_deadline_too(self, certificates: Path) -> None:
        with Faulty(dripping_body(), tls=_context(certificates, "good")) as server:
            bundle = str(certificates / "ca.pem")
            began = time.monotonic()
            error = error_from(server, timeout_seconds=0.3, max_retries=0, ca_bundle=bundle)
            assert time.monotonic() - began < 5
            assert "in time" in error.message

    def test_plain_http_instead_of_tls_is_unavailable(self) -> None:
        with Faulty(raw(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
            client = client_for(
                server.url.replace("http:", "https:"), timeout_seconds=0.3, max_retries=0
            )
            with pytest.raises(SourceUnavailable):
                client.get("/x", {})
            client.close()
