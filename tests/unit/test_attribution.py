"""Who removed an image: traces in, names out."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from etl.client.messages import Response
from etl.decide.attribution import match_traces
from etl.errors import SourceBroken
from etl.extract.traces import MAX_PAGES, fetch_traces, parse_actor, parse_traces
from etl.model import Actor, RemovedImage, Trace

SEEN = datetime(2026, 11, 2, 8, tzinfo=UTC)
GONE = SEEN + timedelta(hours=1)
BETWEEN = SEEN + timedelta(minutes=30)
ALICE, BOB = Actor("alice", "user"), Actor("bob", "user")
IMAGE = RemovedImage("id-1", 1, "pytorch", SEEN, GONE)


def trace(**fields):
    usual = {
        "trace_id": "t1",
        "name": "deleteNotebookImage",
        "resource_type": "NotebookImage",
        "resource_id": "id-1",
        "resource_name": "pytorch",
        "via": "ApiCall",
        "at": BETWEEN,
        "has_succeeded": True,
        "source_ip": "192.0.2.1",
        "actor": ALICE,
    }
    return Trace(**{**usual, **fields})


def attribution(*traces, image=IMAGE, used=()):
    (only,) = match_traces([image], traces, now=GONE, used_traces=used)
    actor = only.trace.actor.name if only.trace and only.trace.actor else None
    return only.result, actor


def test_a_successful_deletion_of_the_id_is_exact():
    assert attribution(trace()) == ("exact", "alice")


@pytest.mark.parametrize(
    "other",
    [
        {"name": "updateNotebookImage"},
        {"name": "listNotebookImage"},
        {"resource_type": "imagetag"},
        {"has_succeeded": False},
        {"resource_id": "id-2"},
        {"at": SEEN - timedelta(minutes=6)},
        {"at": GONE + timedelta(minutes=6)},
    ],
    ids=lambda fields: "-".join(fields),
)
def test_a_trace_of_another_action_image_or_time_names_nobody(other):
    assert attribution(trace(**other)) == ("none", None)


def test_a_trace_that_does_not_say_whether_it_succeeded_is_likely():
    unknown = trace(has_succeeded=None, actor=BOB, trace_id="t2")
    assert attribution(unknown) == ("likely", "bob")
    assert attribution(unknown, trace()) == ("exact", "alice")


def test_the_users_request_counts_before_the_systems_result():
    result = trace(trace_id="t0", via="SystemAction", actor=None, at=SEEN)
    assert attribution(result, trace()) == ("exact", "alice")
    assert attribution(result) == ("exact", None)


def test_the_earliest_of_several_traces_is_named():
    late, early = trace(trace_id="t1"), trace(trace_id="t2", at=SEEN)
    (found,) = match_traces([IMAGE], [late, early], now=GONE)
    assert found.trace == early


def test_two_actors_are_ambiguous():
    assert attribution(trace(), trace(trace_id="t2", actor=BOB)) == ("ambiguous", None)
    unnamed = {"resource_id": ""}
    pair = trace(**unnamed), trace(trace_id="t2", actor=BOB, **unnamed)
    assert attribution(*pair) == ("ambiguous", None)


def test_a_duplicate_of_a_trace_changes_nothing():
    assert attribution(trace(), trace()) == ("exact", "alice")
    assert attribution(trace(), trace(trace_id="t2")) == ("exact", "alice")


def test_traces_are_told_apart_by_their_id_if_they_have_one():
    assert attribution(trace(), trace(actor=BOB)) == ("exact", "alice")
    nameless = {"trace_id": ""}
    assert attribution(trace(**nameless), trace(actor=BOB, **nameless)) == ("ambiguous", None)


def test_an_image_without_a_name_matches_no_trace_without_one():
    nameless = replace(IMAGE, name="")
    assert attribution(trace(resource_id="", resource_name=""), image=nameless) == ("none", None)


def test_a_trace_without_an_id_matches_by_name_once():
    by_name = trace(resource_id="")
    assert attribution(by_name) == ("likely", "alice")
    assert attribution(by_name, used=["t1"]) == ("none", None)
    assert attribution(by_name, image=replace(IMAGE, name=None)) == ("none", None)
    twin = replace(IMAGE, image_id="id-2")
    assert [each.result for each in match_traces([IMAGE, twin], [by_name], now=GONE)] == [
        "ambiguous",
        "ambiguous",
    ]


def test_the_id_of_another_removed_image_counts_before_the_name():
    other = replace(IMAGE, image_id="id-2", name="other")
    group = trace(resource_type="NotebookImageGroup", resource_id="id-2")
    results = match_traces([IMAGE, other], [group], now=GONE)
    assert [each.result for each in results] == ["none", "exact"]


def test_the_deletion_of_a_group_removes_all_images_of_its_name():
    group = trace(resource_type="NotebookImageGroup", resource_id="group-7")
    twin = replace(IMAGE, image_id="id-2")
    results = match_traces([IMAGE, twin], [group], now=GONE, used_traces=["t1"])
    assert [(each.result, each.trace) for each in results] == [("likely", group)] * 2


def test_a_period_whose_traces_are_gone_is_expired():
    kept = replace(IMAGE, last_seen_at=GONE - timedelta(days=7))
    assert attribution(image=kept) == ("none", None)
    old = replace(IMAGE, last_seen_at=GONE - timedelta(days=7, seconds=1))
    assert attribution(image=old) == ("expired", None)
    assert attribution(trace(), image=old) == ("exact", "alice")


USER = {"id": "u", "name": "alice", "domain": {"name": "d"}}


@pytest.mark.parametrize(
    ("user", "actor"),
    [
        (USER, ALICE),
        (json.dumps(USER), ALICE),
        ({"user_name": "alice", "principal_urn": "iam::1:user:x"}, ALICE),
        ({"principal_urn": "iam::1:user:alice"}, ALICE),
        ({"principal_urn": "sts::1:assumed-agency:deploy/s"}, Actor("deploy/s", "agency")),
        ({"principal_urn": "sts::1:external-user:idp/s"}, Actor("idp/s", "federated")),
        ({"principal_urn": "nonsense"}, None),
        ({"name": "a\0b"}, Actor("a\ufffdb", "user")),
        ({"name": True}, None),
        ("not JSON", None),
        ("[]", None),
        (7, None),
        (None, None),
    ],
)
def test_an_actor_is_read_from_an_object_or_its_text(user, actor):
    assert parse_actor(user) == actor


def test_a_record_without_name_or_time_is_skipped():
    usable = {"trace_name": "x", "time": "1638238504492"}
    records = [
        {"time": 1},
        {"trace_name": "x"},
        {"trace_name": "x", "time": 10**17},
        {"trace_name": "x", "time": "yesterday", "record_time": -5},
        usable,
    ]
    (parsed,) = parse_traces(records)
    assert parsed.at == datetime(2021, 11, 30, 2, 15, 4, 492000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"trace_rating": "normal"}, True),
        ({"trace_rating": "normal", "code": 204}, True),
        ({"trace_rating": "normal", "code": "403"}, False),
        ({"trace_rating": "warning", "code": "200"}, False),
        ({"trace_rating": "incident"}, False),
        ({"code": "200"}, True),
        ({"code": 500}, False),
        ({}, None),
        ({"trace_rating": None, "code": {"odd": 1}}, None),
    ],
)
def test_success_is_read_from_rating_and_code(fields, expected):
    (parsed,) = parse_traces([{"trace_name": "x", "time": 1, **fields}])
    assert parsed.has_succeeded is expected


class TracePages:
    """A client whose every response is the next of these bodies."""

    def __init__(self, bodies):
        self.bodies = iter(bodies)

    def get(self, _path, _params):
        return Response(200, next(self.bodies), {}, request_id="r", received_at=GONE)


def pages_of_traces(*markers):
    usable = {"trace_name": "x", "time": 1}
    for marker in markers:
        yield json.dumps({"traces": [usable], "meta_data": {"marker": marker}}).encode()


def fetched(*bodies):
    return fetch_traces(TracePages(bodies), "0" * 32, after=SEEN, before=GONE)


def test_pages_of_traces_end_with_the_marker():
    assert len(fetched(*pages_of_traces("a", "b", None))) == 3


def test_a_marker_that_is_repeated_ends_the_query_with_an_error():
    with pytest.raises(SourceBroken, match="the marker 'a' came twice"):
        fetched(*pages_of_traces("a", "b", "a"))


def test_traces_without_end_are_not_read_for_ever():
    with pytest.raises(SourceBroken, match="more than 50000 traces"):
        fetched(*pages_of_traces(*map(str, range(MAX_PAGES + 1))))


@pytest.mark.parametrize("body", [b"[]", b"<html>", b'{"traces": {}}'])
def test_a_response_that_is_no_list_of_traces_is_an_error(body):
    with pytest.raises(SourceBroken, match="not a list of traces"):
        fetched(body)


def test_a_thousand_simulated_removals_never_name_the_wrong_actor():
    """Every odd shape of a trace, many at once: no wrong name, 99 % of the traced are named."""
    choose = Random(20261201)
    images, records, truth = [], [], {}
    for number in range(1_000):
        image = replace(IMAGE, image_id=f"id-{number}", name=f"name {number % 900}")
        at = int((SEEN + timedelta(seconds=choose.randrange(3_600))).timestamp() * 1000)
        images.append(image)
        actor = f"user {choose.randrange(50)}"
        records += _noise(choose, image, at)
        shape = choose.choice(["object", "text", "agency", "pair", "duplicate", "late", "missing"])
        if shape == "missing":
            continue
        truth[image.image_id] = actor
        records += _deletion(shape, image, at, actor, number)
    choose.shuffle(records)
    results = match_traces(images, parse_traces(records), now=GONE)
    names = {
        each.image.image_id: each.trace.actor.name
        for each in results
        if each.trace and each.trace.actor
    }
    assert {key: name for key, name in names.items() if truth.get(key) != name} == {}
    assert len(names) >= 0.99 * len(truth) > 700


def _deletion(shape, image, at, actor, number):
    user = {"name": actor, "principal_urn": "iam::1:user:" + actor}
    if shape == "agency":
        user = {"principal_urn": f"sts::1:assumed-agency:{actor}"}
    record = {
        "trace_id": f"d{number}",
        "trace_name": "deleteNotebookImage",
        "trace_type": "ApiCall",
        "trace_rating": "normal",
        "resource_type": "NotebookImage",
        "resource_id": image.image_id,
        "resource_name": image.name,
        "time": at,
        "user": json.dumps(user) if shape == "text" else user,
        "code": "204",
    }
    if shape == "late":
        record |= {"record_time": at + 3_000_000}
    if shape == "duplicate":
        return [record, dict(record)]
    if shape == "pair":
        result = {"trace_id": f"r{number}", "trace_type": "SystemAction", "time": at + 60_000}
        return [record, {**record, **result, "user": None}]
    return [record]


def _noise(choose, image, at):
    """Traces that are no evidence: failures, reads, other images of the same name."""
    base = {
        "trace_name": "deleteNotebookImage",
        "trace_rating": "normal",
        "resource_type": "NotebookImage",
        "resource_id": image.image_id,
        "resource_name": image.name,
        "time": at,
        "user": {"name": "mallory"},
    }
    odd = [
        {"trace_rating": "warning"},
        {"code": 403},
        {"trace_name": "showNotebookImage"},
        {"resource_id": "some-other-image"},
        {"resource_type": "imagetag", "trace_name": "deleteImageTag"},
        {"time": at - 86_400_000},
        {"time": None},
    ]
    return [{**base, "trace_id": f"n{choose.random()}", **choose.choice(odd)} for _ in range(2)]
