"""The fake API over a real socket: calls, errors, authentication and faults."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests

from tests.support.fake_api import (
    AccessKey,
    FakeApi,
    Quirks,
    Request,
    Response,
    User,
    error_response,
    generation,
    workspaces,
)

HEX = workspaces()[1]["id"]
NOW = 1_700_000_000.0
ANN = User("acme", "ann", "secret")


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


def start(**options: Any) -> FakeApi:
    options.setdefault("images", [{"id": "a"}, {"id": "b", "resource_categories": ["CPU"]}])
    return FakeApi(options.pop("images"), clock=lambda: NOW, **options)


def refusal(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error_code"]


def test_a_walk_over_the_sample(session: requests.Session) -> None:
    seen = []
    with FakeApi(generation(1), workspaces=workspaces()) as api:
        for offset in (0, 15, 30):
            query = f"type=BUILD_IN&limit=15&offset={offset}"
            page = session.get(f"{api.url}/v1/p/images?{query}").json()
            assert (page["total"], page["pages"], page["size"]) == (31, 3, 15)
            seen += [image["id"] for image in page["data"]]
        assert [request.query["offset"] for request in api.requests] == ["0", "15", "30"]
    assert len(set(seen)) == 31


def test_every_response_has_an_id_and_the_servers_time(session: requests.Session) -> None:
    with start(quirks=Quirks(clock_skew_seconds=3600)) as api:
        first, second = (session.get(f"{api.url}/v1/p/images{end}") for end in ("", "/none"))
    assert first.headers["Date"] == "Tue, 14 Nov 2023 23:13:20 GMT"
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]
    assert second.headers["X-Request-Id"].endswith("2")


def test_requests_are_recorded(session: requests.Session) -> None:
    with start() as api:
        session.get(f"{api.url}/v1/p/images?limit=1&name=", headers={"X-Language": "en-us"})
    (request,) = api.requests
    assert (request.method, request.path, request.at) == ("GET", "/v1/p/images", NOW)
    assert request.query == {"limit": "1", "name": ""}
    assert request.headers["x-language"] == "en-us"


def test_only_the_latest_requests_are_kept(
    session: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.support.fake_api.api.MAX_REQUESTS", 2)
    with start() as api:
        for number in range(3):
            session.get(f"{api.url}/v1/p/images?offset={number}")
    assert [request.query["offset"] for request in api.requests] == ["1", "2"]


def test_images_and_quirks_can_be_replaced_at_any_time(session: requests.Session) -> None:
    with start() as api:
        address = f"{api.url}/v1/p/images"
        api.images = [*api.images, {"id": "c"}]
        assert session.get(address).json()["total"] == 3
        api.quirks = Quirks(total=lambda true: true + 9)
        assert session.get(address).json()["total"] == 12


def test_show_image(session: requests.Session) -> None:
    with start(quirks=Quirks(unlisted={"b"})) as api:
        address = f"{api.url}/v1/p/images"
        assert session.get(address).json()["total"] == 1
        shown = session.get(f"{address}/b").json()
        assert shown == {
            "id": "b",
            "resource_categories": ["CPU"],
            "support_res_categories": ["CPU"],
        }
        assert session.get(f"{address}/a").json() == {"id": "a", "support_res_categories": []}
        assert refusal(session.get(f"{address}/c")) == (400, "ModelArts.6404")
        assert "id" not in session.get(f"{address}/group").json()
        api.quirks = Quirks(missing_image_status=404)
        assert refusal(session.get(f"{address}/c")) == (404, "ModelArts.6404")
        api.quirks = Quirks(show="refused")
        assert refusal(session.get(f"{address}/a")) == (403, "ModelArts.0108")


def test_workspaces(session: requests.Session) -> None:
    with start(workspaces=[HEX]) as api:
        address = f"{api.url}/v1/p/workspaces"
        listed = session.get(address).json()
        assert [each["id"] for each in listed["workspaces"]] == ["0", HEX]
        assert (listed["total_count"], listed["count"]) == (2, 2)
        second = session.get(f"{address}?limit=1&offset=1").json()
        assert [each["id"] for each in second["workspaces"]] == [HEX]
        assert (second["total_count"], second["count"]) == (2, 1)
        assert refusal(session.get(f"{address}?limit=0")) == (400, "ModelArts.0104")
        api.quirks = Quirks(numeric_workspace_ids=True)
        assert [each["id"] for each in session.get(address).json()["workspaces"]] == [0, HEX]
        api.quirks = Quirks(workspaces_call="absent")
        assert refusal(session.get(address)) == (404, "APIGW.0101")
        api.quirks = Quirks(workspaces_call="refused")
        assert refusal(session.get(address)) == (403, "ModelArts.0108")


def test_an_unknown_workspace_is_an_error(session: requests.Session) -> None:
    with start(workspaces=["0", HEX]) as api:
        address = f"{api.url}/v1/p/images?workspace_id="
        assert session.get(address + HEX).json()["data"] == []
        assert refusal(session.get(address + "other")) == (400, "ModelArts.7005")


def test_ties_are_shuffled_anew_for_each_request(session: requests.Session) -> None:
    images = [{"id": str(number)} for number in range(50)]

    def orders() -> list[bytes]:
        with start(images=images, quirks=Quirks(shuffle_seed=7)) as api:
            return [session.get(f"{api.url}/v1/p/images").content for _ in range(2)]

    first, second = orders()
    assert first != second
    assert [first, second] == orders()


def test_unknown_projects_and_calls_are_errors(session: requests.Session) -> None:
    with start(project_id="mine", projects=[{"id": "mine", "name": "region-1"}]) as api:
        assert session.get(f"{api.url}/v1/mine/images").ok
        assert refusal(session.get(f"{api.url}/v1/other/images")) == (403, "ModelArts.0210")
        assert refusal(session.get(f"{api.url}/v1/mine/models")) == (404, "APIGW.0101")
        assert refusal(session.get(f"{api.url}/")) == (404, "APIGW.0101")
        assert refusal(session.post(f"{api.url}/v1/mine/images")) == (404, "APIGW.0101")
        listed = session.get(f"{api.url}/v3/auth/projects").json()["projects"]
        assert listed == [{"id": "mine", "name": "region-1"}]


def ask_for_token(
    session: requests.Session, api: FakeApi, known: User, **project: str
) -> requests.Response:
    user = {"name": known.name, "password": known.password, "domain": {"name": known.domain}}
    identity = {"methods": ["password"], "password": {"user": user}}
    body = {"auth": {"identity": identity, "scope": {"project": project}}}
    return session.post(f"{api.url}/v3/auth/tokens?nocatalog=true", json=body)


def test_a_token_is_valid_until_it_expires_or_is_revoked(session: requests.Session) -> None:
    clock = [NOW]
    quirks = Quirks(user=ANN, token_lifetime_seconds=60)
    with FakeApi([], quirks=quirks, clock=lambda: clock[0]) as api:
        address = f"{api.url}/v1/p/images"
        issued = ask_for_token(session, api, ANN, id="p")
        assert issued.status_code == 201
        assert issued.json()["token"]["expires_at"] == "2023-11-14T22:14:20.000000Z"
        shown = {"X-Auth-Token": issued.headers["X-Subject-Token"]}
        assert session.get(address, headers=shown).ok
        assert refusal(session.get(address)) == (401, "APIGW.0301")
        clock[0] += 60
        assert refusal(session.get(address, headers=shown)) == (401, "APIGW.0301")
        shown = {"X-Auth-Token": ask_for_token(session, api, ANN).headers["X-Subject-Token"]}
        assert session.get(address, headers=shown).ok
        api.revoke_tokens()
        assert refusal(session.get(address, headers=shown)) == (401, "APIGW.0301")


def test_iam_has_its_own_format_of_errors(session: requests.Session) -> None:
    quirks = Quirks(user=ANN)
    with start(quirks=quirks, projects=[{"id": "p", "name": "region-1"}]) as api:
        wrong = ask_for_token(session, api, replace(ANN, password="guess"), id="p")
        assert wrong.status_code == 401
        assert wrong.json()["error"]["title"] == "Unauthorized"
        assert ask_for_token(session, api, ANN, id="other").status_code == 401
        assert ask_for_token(session, api, ANN, name="region-1").status_code == 201
        for body in ("{", "{}", '{"auth": 1}'):
            assert session.post(f"{api.url}/v3/auth/tokens", data=body).status_code == 400


def test_without_a_user_anyone_gets_a_token_and_none_is_required(
    session: requests.Session,
) -> None:
    with start() as api:
        assert ask_for_token(session, api, ANN, id="p").status_code == 201
        assert session.get(f"{api.url}/v1/p/images").ok


def test_a_configured_token_is_accepted(session: requests.Session) -> None:
    with start(quirks=Quirks(tokens={"given"})) as api:
        address = f"{api.url}/v1/p/images"
        assert session.get(address, headers={"X-Auth-Token": "given"}).ok
        assert not session.get(address, headers={"X-Auth-Token": "other"}).ok


def test_signatures_are_required_if_there_is_a_key(session: requests.Session) -> None:
    with start(quirks=Quirks(access_key=AccessKey("AK", "SK"))) as api:
        address = f"{api.url}/v1/p/images"
        assert refusal(session.get(address)) == (401, "APIGW.0301")
        forged = "SDK-HMAC-SHA256 Access=AK, SignedHeaders=host;x-sdk-date, Signature=" + "0" * 64
        headers = {"Authorization": forged, "X-Sdk-Date": "20231114T221320Z"}
        answer = session.get(address, headers=headers)
        assert refusal(answer) == (401, "APIGW.0301")
        assert "canonical request" in answer.text


def test_the_metadata_service(session: requests.Session) -> None:
    key = AccessKey("AK", "SK", "temporary")
    with start(quirks=Quirks(access_key=key)) as api:
        wanted = f"{api.url}/openstack/latest/securitykey"
        token = session.put(f"{api.url}/meta-data/latest/api/token").text
        assert session.get(wanted).status_code == 401
        answer = session.get(wanted, headers={"X-Metadata-Token": token}).json()
        assert answer == {
            "credential": {
                "access": "AK",
                "secret": "SK",
                "securitytoken": "temporary",
                "expires_at": "2023-11-15T22:13:20.000000Z",
            }
        }
        api.quirks = Quirks(access_key=key, metadata_token_status=405)
        assert session.put(f"{api.url}/meta-data/latest/api/token").status_code == 405
        assert session.get(wanted).ok
        api.quirks = Quirks(metadata_token_status=404)
        assert session.get(wanted).status_code == 404


def test_a_hook_may_respond_or_change_the_catalogue(session: requests.Session) -> None:
    def hook(request: Request) -> Response | None:
        if request.number == 1:
            return error_response(429, "APIG.0308", headers={"Retry-After": "1"})
        api.images = api.images[1:]
        return None

    with start() as api:
        api.before_request = hook
        address = f"{api.url}/v1/p/images"
        limited = session.get(address)
        assert refusal(limited) == (429, "APIG.0308")
        assert limited.headers["Retry-After"] == "1"
        assert "X-Request-Id" in limited.headers
        assert [session.get(address).json()["total"] for _ in range(2)] == [1, 0]


def planted(_: Request) -> Response | None:
    raise LookupError("planted")


def test_an_error_in_a_hook_is_raised_at_the_end(session: requests.Session) -> None:
    api = start()
    api.before_request = planted
    with pytest.raises(LookupError, match="planted"), api:
        session.get(f"{api.url}/v1/p/images")


def test_the_callers_error_takes_precedence_over_a_hooks(session: requests.Session) -> None:
    api = start()
    api.before_request = planted
    with pytest.raises(requests.HTTPError, match="500"), api:
        session.get(f"{api.url}/v1/p/images").raise_for_status()


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("cut_after", [0, 5, 400])
def test_a_response_can_be_cut_anywhere(
    session: requests.Session, cut_after: int, reset: bool
) -> None:
    with start() as api:
        planned = Response(200, b"x" * 1000, {"X-Pad": "y" * 100}, cut_after, reset)
        api.before_request = lambda request: planned if request.number == 1 else None
        with pytest.raises(requests.RequestException):
            session.get(f"{api.url}/v1/p/images")
        assert session.get(f"{api.url}/v1/p/images").ok


def test_a_reset_after_the_body_affects_the_next_request_only(
    session: requests.Session,
) -> None:
    with start() as api:
        api.before_request = lambda _: Response(799, b"whole", reset=True)
        answer = session.get(f"{api.url}/", stream=True)
        assert (answer.status_code, answer.reason) == (799, "Unknown")


def test_a_body_can_be_sent_in_parts(session: requests.Session) -> None:
    go_on = threading.Event()

    def parts() -> Iterator[bytes]:
        yield b"first,"
        go_on.wait(10)
        yield b"second"

    with start() as api:
        api.before_request = lambda _: Response(200, parts())
        answer = session.get(f"{api.url}/", stream=True)
        assert answer.raw.read(6) == b"first,"
        go_on.set()
        assert answer.raw.read() == b"second"


def test_open_connections_end_with_the_server(session: requests.Session) -> None:
    with start() as api:
        assert session.get(f"{api.url}/v1/p/images").ok
    with pytest.raises(requests.ConnectionError):
        session.get(f"{api.url}/v1/p/images")


def test_a_client_without_tls_is_rejected(session: requests.Session) -> None:
    with start(tls=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)) as api:
        assert api.url.startswith("https://127.0.0.1:")
        with pytest.raises(requests.RequestException):
            session.get(api.url.replace("https", "http"))


def test_a_port_can_be_chosen() -> None:
    with start() as api:
        port = int(api.url.rsplit(":", 1)[1])
    with start(port=port) as again:
        assert again.url == api.url
