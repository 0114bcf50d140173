"""What a lookup proves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import json

from etl.client.messages import Response
from etl.errors import SourceBroken, SourceError, SourceRefused, SourceUnavailable
from etl.extract.lookup import are_refused, fetch_lookup, look_up
from tests.support.walking import source_of

NOW = datetime(2026, 1, 2, tzinfo=UTC)


class Shows:
    """A client that gives, or raises, the same for every image."""

    def __init__(self, outcome: SourceError | dict[str, Any]) -> None:
        self.outcome = outcome
        self.paths: list[str] = []

    def get(self, path: str, _params: object) -> Response:
        self.paths.append(path)
        if isinstance(self.outcome, SourceError):
            raise self.outcome
        return Response(200, json.encode(self.outcome), {}, "r1", NOW)


def ids(count: int) -> dict[int, str]:
    return {number: f"i{number}" for number in range(count)}


@pytest.mark.parametrize(
    ("outcome", "result"),
    [
        (SourceRefused("", status=404), "not_found"),
        (SourceRefused("", status=404, error_code="ModelArts.6404"), "not_found"),
        (SourceBroken("", status=400, error_code="ModelArts.6404"), "not_found"),
        (SourceRefused("", status=404, error_code="APIGW.0101"), "refused"),
        (SourceRefused("", status=404, error_code="ModelArts.7005"), "refused"),
        (SourceRefused("", status=404, error_code="ModelArts.0210"), "refused"),
        (SourceRefused("", status=404, is_foreign=True), "failed"),
        (SourceRefused("", status=403), "refused"),
        (SourceRefused("", status=401), "refused"),
        (SourceBroken("", status=400, error_code="ModelArts.0104"), "failed"),
        (SourceUnavailable("", status=503), "failed"),
        ({"id": "i/1", "status": "ACTIVE"}, "found"),
        ({"id": "i/1", "status": "deleted"}, "deleted"),
        ({"id": "another", "status": "DELETED"}, "failed"),
        ({"id": 7}, "failed"),
        ({"id": "i/1", "size": "large"}, "failed"),
    ],
)
def test_only_not_found_and_deleted_prove_a_removal(
    outcome: SourceError | dict[str, Any], result: str
) -> None:
    client: Any = Shows(outcome)
    assert fetch_lookup(client, "p", "i/1").result == result
    assert client.paths == ["/v1/p/images/i%2F1"]


def test_an_id_with_replaced_characters_is_not_looked_up() -> None:
    client: Any = Shows(SourceRefused("", status=404))
    assert fetch_lookup(client, "p", "a\ufffd").result == "failed"
    assert client.paths == []


def test_the_evidence_is_kept() -> None:
    client: Any = Shows(
        SourceBroken("", status=400, error_code="ModelArts.6404", request_id="r", received_at=NOW)
    )
    assert fetch_lookup(client, "p", "i").detail == {
        "http_status": 400,
        "error_code": "ModelArts.6404",
        "request_id": "r",
        "time": "2026-01-02T00:00:00.000Z",
    }


def test_if_all_are_refused_the_rest_is_not_looked_up() -> None:
    client: Any = Shows(SourceRefused("", status=403))
    results = look_up(client, source_of(http={"concurrency": 4}), ids(100))
    assert are_refused(results)
    assert len(results) == 8, "two for each thread"
    assert len(client.paths) <= 12, "and those in flight"


def test_each_image_is_looked_up_once() -> None:
    client: Any = Shows(SourceUnavailable("", status=503))
    source = source_of(http={"concurrency": 2})
    assert look_up(client, source, ids(20)).keys() == set(range(20))
    assert len(client.paths) == 20
    assert look_up(client, source, {}) == {}
    assert not are_refused({})
