"""What a lookup proves, and what it does not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import json

from etl.errors import SourceBroken, SourceError, SourceRefused, SourceUnavailable
from etl.extract.exchange import Answer
from etl.extract.lookup import are_refused, fetch_lookup, look_up
from etl.model import Candidate

NOW = datetime(2026, 1, 2, tzinfo=UTC)


class Shows:
    """A client that gives, or raises, the same for every image."""

    def __init__(self, said: SourceError | dict[str, Any]) -> None:
        self.said = said
        self.paths: list[str] = []

    def get(self, path: str, _params: object) -> Answer:
        self.paths.append(path)
        if isinstance(self.said, SourceError):
            raise self.said
        return Answer(200, json.encode(self.said), {}, "r1", NOW)


def candidate(number: int) -> Candidate:
    return Candidate(number, f"i{number}", None, None, None, None, None, None, None)


@pytest.mark.parametrize(
    ("said", "finding"),
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
    ],
)
def test_what_an_answer_proves(said: SourceError | dict[str, Any], finding: str) -> None:
    client: Any = Shows(said)
    assert fetch_lookup(client, "p", "i/1").finding == finding
    assert client.paths == ["/v1/p/images/i%2F1"]


def test_an_id_that_is_not_kept_as_it_was_sent_is_not_asked_for() -> None:
    client: Any = Shows(SourceRefused("", status=404))
    assert fetch_lookup(client, "p", "a\ufffd").finding == "failed"
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


def test_where_all_are_refused_the_rest_is_not_asked_for() -> None:
    client: Any = Shows(SourceRefused("", status=403))
    findings = look_up(client, "p", [candidate(number) for number in range(100)], concurrency=4)
    assert are_refused(findings)
    assert len(client.paths) < 30


def test_each_candidate_is_asked_for_once() -> None:
    client: Any = Shows(SourceUnavailable("", status=503))
    candidates = [candidate(number) for number in range(20)]
    assert look_up(client, "p", candidates, concurrency=2).keys() == set(range(20))
    assert len(client.paths) == 20
    assert look_up(client, "p", [], concurrency=2) == {}
    assert not are_refused({})
