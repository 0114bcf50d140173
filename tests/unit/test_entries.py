"""Events and entries of the log: canonical JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.proof.check import decode_json
from etl.proof.entries import (
    EVENTS,
    KINDS,
    actor_text,
    canonical,
    ended_event,
    prune_entry,
    run_entry,
    run_event,
)
from etl.proof.merkle import EMPTY_ROOT

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def _plain(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


@given(st.dictionaries(TEXTS, TEXTS | st.integers(-(2**63), 2**63 - 1)))
def test_canonical_json_is_what_the_standard_library_writes(value):
    assert canonical(value) == _plain(value)
    assert decode_json(canonical(value), "value") == value


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.name)
def test_an_event_has_named_values_without_nulls(kind):
    row = [*map(str, range(len(kind.columns))), *(None for _ in kind.values)]
    expected = dict(zip(kind.columns, row, strict=False)) | {"event": kind.name}
    expected |= {"values": {}} if kind.values else {}
    assert kind.encode(row) == _plain(expected)
    assert kind.encode([None] * len(row)) == _plain(
        {"event": kind.name} | ({"values": {}} if kind.values else {})
    )


@given(st.data())
def test_a_column_that_is_null_does_not_change_an_event(data):
    kind = KINDS["opened"]
    names = [*kind.columns, *kind.values]
    row = [data.draw(TEXTS | st.none()) for _ in names]
    decoded = json.loads(kind.encode(row))
    values = decoded.pop("values")
    assert decoded.pop("event") == "opened"
    present = [(name, value) for name, value in zip(names, row, strict=True) if value is not None]
    assert {**decoded, **values} == dict(present)


def test_entries_contain_the_rows_without_nulls():
    entry = run_entry(
        {"source": "a", "run_id": 3, "error_kind": None},
        {"kind": "sync", "actor": None},
        [{"run_id": 2, "status": "abandoned", "exit_code": None}],
        hashes=[],
    )
    assert json.loads(entry) == {
        "entry": "run",
        "format": 1,
        "source": "a",
        "source_run": {"source": "a", "run_id": 3},
        "sync_run": {"kind": "sync"},
        "ended": [{"run_id": 2, "status": "abandoned"}],
        "events": 0,
        "events_root": EMPTY_ROOT.hex(),
    }
    pruned = prune_entry({"source": "a", "through_entry": 7}, hashes=[EMPTY_ROOT])
    assert json.loads(pruned)["entry"] == "prune"
    kept = run_event(7, {"run_id": 3, "error_kind": None}, {"kind": "sync"})
    assert json.loads(kept)["source_run"] == {"run_id": 3}
    assert json.loads(ended_event({"run_id": 3, "exit_code": None}))["sync_run"] == {"run_id": 3}


def test_an_actor_is_committed_to_with_a_salt():
    text = actor_text({"removed_by": "ada", "source_ip": None}, "00ff")
    assert text == b'{"removed_by":"ada","salt":"00ff"}'
