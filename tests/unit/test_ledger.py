"""The digests are pinned: an old ledger must verify with every later program."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from hashlib import blake2b

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple

from etl.clock import instant_text
from etl.decide.ledger import FactSet, event, run_digest, version_fact, version_facts
from etl.model import Image, Tag

IMAGE = Image("i", name='é"\\\n\x1f\x7f', tags=(Tag("k", None),), dev_services=("A",), created_at=5)


def test_a_version_fact_is_the_hash_of_plain_compact_json():
    values = ["i", IMAGE.name, *[None] * 21, ["A"], None, [{"key": "k", "value": None}], 5, None]
    spelled = json.dumps(
        ["version", "s", 3, [*values, "{}"]], ensure_ascii=False, separators=(",", ":")
    )
    assert version_fact("s", 3, IMAGE) == blake2b(spelled.encode(), digest_size=32).digest()


def test_the_facts_of_many_images_are_those_of_each():
    other = Image("j", description="", tags=(), extra='{"new":1}')
    columns = [*zip(astuple(IMAGE), astuple(other), strict=True)]
    assert version_facts("s", 3, columns) == [
        *(version_fact("s", 3, image) for image in (IMAGE, other))
    ]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_spelled_as_other_programs_spell_it(name):
    row = {"b": name, "a": None}
    spelled = json.dumps(["k", row], ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    assert event("k", row) == blake2b(spelled.encode(), digest_size=32).digest()


def test_pinned():
    facts = FactSet()
    facts.add(version_fact("s", 1, IMAGE))
    row = {"run_id": 1, "observed_at": datetime(2026, 1, 1, tzinfo=UTC), "digest": "not in it"}
    assert facts.digest == "fd896dfa744274054229eec099766f741151418acb96c8640231a02ab745ee9a"
    assert (
        run_digest(row, facts) == "9665db8aaf2e6311fbc5bac8ad53df043f183ca1617c524184e63cac65086193"
    )
    assert run_digest(row, facts) == run_digest({**row, "digest": None}, facts)
    assert run_digest(row, facts) != run_digest({**row, "run_id": 2}, facts)


@given(st.lists(st.binary(min_size=32, max_size=32)), st.randoms())
def test_a_set_does_not_depend_on_order_and_gives_back(facts, order):
    one, other = FactSet(), FactSet("ff" * 32)
    one.update(facts)
    order.shuffle(facts)
    for fact in facts:
        other.add(fact)
    other.remove(bytes([255] * 32))
    assert one.digest == other.digest == FactSet(one.digest).digest
    for fact in facts:
        one.remove(fact)
    assert one.digest == FactSet().digest == "0" * 64


def test_instants_are_spelled_in_utc():
    there = datetime(2026, 1, 1, 8, 0, 0, 7000, tzinfo=timezone(timedelta(hours=8)))
    assert instant_text(there) == "2026-01-01T00:00:00.007Z"
    assert event("k", {"at": there}) == event("k", {"at": "2026-01-01T00:00:00.007Z"})
