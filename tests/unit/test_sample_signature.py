"""The sample API accepts the published signature, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from etl.sample.api import AccessKey, Received, canonical_request, signature, verify
from etl.sample.catalogue import ApiError

# The API gateway's published example.
KEY = AccessKey("QTWAOYTTINDUT2QVKYUC", "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc")
SIGNATURE = "7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe"
SIGNED = ["content-type", "host", "x-sdk-date"]
SIGNED_AT = 1573789017.0  # 2019-11-15T03:36:57Z, two seconds after
AUTHORIZATION = (
    f"SDK-HMAC-SHA256 Access={KEY.access}, SignedHeaders={';'.join(SIGNED)}, Signature={SIGNATURE}"
)
REQUEST = Received(
    method="GET",
    path="/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs/",
    query={"limit": "2", "marker": "13551d6b-755d-4757-b956-536f674975c0"},
    headers={
        "content-type": "application/json",
        "host": "service.region.example.com",
        "x-sdk-date": "20191115T033655Z",
        "authorization": AUTHORIZATION,
    },
)


def with_headers(**headers: str) -> Received:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return replace(REQUEST, headers={**REQUEST.headers, **names})


def test_the_published_vector() -> None:
    canonical = canonical_request(REQUEST, SIGNED)
    assert signature(canonical, "20191115T033655Z", KEY.secret) == SIGNATURE
    verify(REQUEST, KEY, now=SIGNED_AT)


def test_the_path_always_ends_in_a_slash_and_is_escaped() -> None:
    verify(replace(REQUEST, path=REQUEST.path.rstrip("/")), KEY, now=SIGNED_AT)
    path = canonical_request(replace(REQUEST, path="/a b/%7E%2F/ü"), SIGNED).split("\n")[1]
    assert path == "/a%20b/~%2F/%C3%BC/"


@pytest.mark.parametrize("seconds", [-900, 900])
def test_a_skew_of_a_quarter_of_an_hour_is_accepted(seconds: int) -> None:
    written = SIGNED_AT - 2
    verify(REQUEST, KEY, now=written + seconds)
    with pytest.raises(ApiError, match="15 minutes"):
        verify(REQUEST, KEY, now=written + seconds * 1.002)


@pytest.mark.parametrize(
    "request_",
    [
        replace(REQUEST, method="PUT"),
        replace(REQUEST, path="/v1/other/vpcs/"),
        replace(REQUEST, query={**REQUEST.query, "limit": "3"}),
        replace(REQUEST, body=b"x"),
        with_headers(host="elsewhere.example.com"),
        with_headers(content_type="text/plain"),
        with_headers(x_sdk_date="20191115T033656Z"),
        with_headers(x_sdk_date="yesterday"),
        with_headers(authorization="Basic eDp5"),
        with_headers(authorization=AUTHORIZATION.replace("QTW", "QTX")),
        with_headers(authorization=AUTHORIZATION.replace(SIGNATURE, SIGNATURE[::-1])),
        with_headers(authorization=AUTHORIZATION.replace(";host", "")),
        with_headers(x_security_token="unasked"),
    ],
)
def test_any_other_signature_is_refused(request_: Received) -> None:
    with pytest.raises(ApiError) as refused:
        verify(request_, KEY, now=SIGNED_AT)
    assert (refused.value.status, refused.value.code) == (401, "APIGW.0301")


@pytest.mark.parametrize("unsigned", ["host", "x-sdk-date"])
def test_host_and_date_must_be_among_the_signed(unsigned: str) -> None:
    names = [name for name in SIGNED if name != unsigned]
    good = signature(canonical_request(REQUEST, names), "20191115T033655Z", KEY.secret)
    text = AUTHORIZATION.replace(";".join(SIGNED), ";".join(names)).replace(SIGNATURE, good)
    with pytest.raises(ApiError, match="must be signed"):
        verify(with_headers(authorization=text), KEY, now=SIGNED_AT)


def test_a_refusal_repeats_key_and_request_like_the_real_one() -> None:
    with pytest.raises(ApiError, match=rf"{KEY.access}.*limit=3"):
        verify(replace(REQUEST, query={"limit": "3"}), KEY, now=SIGNED_AT)


def test_a_temporary_key_requires_its_token() -> None:
    key = replace(KEY, security_token="temporary")
    verify(with_headers(x_security_token="temporary"), key, now=SIGNED_AT)
    with pytest.raises(ApiError, match="security token"):
        verify(REQUEST, key, now=SIGNED_AT)
