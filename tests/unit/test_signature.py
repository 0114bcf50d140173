"""The signature, compared with the published vector and the official SDK."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.client.auth import Keys, authorization, signed
from etl.client.messages import Request, query_of, quoted

AT = datetime(2019, 11, 15, 3, 36, 55, tzinfo=UTC)
KEYS = Keys("QTWAOYTTINDUT2QVKYUC", "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc")


def test_signs_the_published_vector() -> None:
    request = Request(
        method="GET",
        origin="https://service.region.example.com",
        path="/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs/",
        query=query_of({"limit": "2", "marker": "13551d6b-755d-4757-b956-536f674975c0"}),
    )
    headers = {
        "Content-Type": "application/json",
        "Host": "service.region.example.com",
        "X-Sdk-Date": "20191115T033655Z",
    }
    assert authorization(request, headers, KEYS, date="20191115T033655Z") == (
        "SDK-HMAC-SHA256 Access=QTWAOYTTINDUT2QVKYUC, "
        "SignedHeaders=content-type;host;x-sdk-date, "
        "Signature=7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe"
    )


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
token = st.text("abcXYZ0189+/=-_%", min_size=1, max_size=20)


@given(
    segments=st.lists(text.filter(lambda s: "/" not in s), min_size=1, max_size=4),
    params=st.dictionaries(text.filter(bool), text, max_size=4),
    method=st.sampled_from(["GET", "POST"]),
    body=st.binary(max_size=20),
    port=st.sampled_from(["", ":8443"]),
    security_token=st.just("") | token,
    project_id=st.just("") | token,
    keys=st.tuples(token, token),
)
def test_signs_as_the_official_sdk_does(
    segments: list[str],
    params: dict[str, str],
    method: str,
    body: bytes,
    port: str,
    security_token: str,
    project_id: str,
    keys: tuple[str, str],
) -> None:
    path = "/" + "/".join(quoted(segment) for segment in segments)
    request = Request(
        method=method,
        origin=f"https://modelarts.example.com{port}",
        path=path,
        query=query_of(params),
        body=body,
    )
    ours = signed(request, Keys(*keys, security_token), at=AT, project_id=project_id)
    theirs = _official(request, ours, keys, params=params)
    assert ours["Authorization"] == theirs
    assert ours["Host"] == f"modelarts.example.com{port}"


def _official(
    request: Request, ours: dict[str, str], keys: tuple[str, str], *, params: dict[str, str]
) -> str:
    credentials_module = pytest.importorskip("huaweicloudsdkcore.auth.credentials")
    from huaweicloudsdkcore.sdk_request import SdkRequest
    from huaweicloudsdkcore.signer.signer import Signer

    sdk_request: Any = SdkRequest(
        method=request.method,
        schema="https",
        host=request.host,
        resource_path=request.path,
        query_params=list(params.items()),
        header_params={k: v for k, v in ours.items() if k != "Authorization"},
        body=request.body,
    )
    credentials = credentials_module.BasicCredentials(*keys, "project")
    return str(Signer(credentials).sign(sdk_request).header_params["Authorization"])


def test_keys_do_not_print() -> None:
    assert "MFyf" not in repr(KEYS)
    assert "QTWA" not in repr(KEYS)
