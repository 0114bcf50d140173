"""Marks in blocks say the same as plain sets and dicts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from etl.load.seen import Seen, conflicts, together

KEYS = st.one_of(st.integers(1, 6), st.integers(4090, 4100), st.just(10**9))
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("same"), KEYS),
        st.tuples(st.just("other"), KEYS, st.sampled_from([b"1", b"2"])),
        st.tuples(st.just("new"), st.sampled_from("abc"), st.sampled_from([b"1", b"2"])),
        st.tuples(st.just("show"), KEYS),
        st.tuples(st.just("show new"), st.sampled_from("abc")),
    ),
    max_size=12,
)


def fed(events):
    """The marks, and the same as a dict: image → what the first record that told of it said."""
    seen, plain = Seen(), {}
    for kind, image, *value in events:
        if kind == "same":
            seen.tell_all([None, image])
        elif kind == "other":
            if seen.tell(image):
                seen.changed[image] = value[0]
        elif kind == "new":
            seen.tell_other(image, value[0])
        elif kind == "show":
            seen.show(image)
        else:
            seen.show_other(image)
        told = {"same": "same", "other": value[0] if value else None}.get(kind)
        told = value[0] if kind == "new" else told
        plain[image] = plain.get(image) or told
    return seen, plain


def same(seen, plain):
    keys = {image for image in plain if isinstance(image, int)}
    assert seen.distinct == len(plain)
    assert seen.present == len(keys)
    assert seen.told == sum(plain[key] is not None for key in keys)
    for image, told in plain.items():
        if isinstance(image, int):
            assert seen.has(image)
            assert seen.has_told(image) == (told is not None)
        else:
            assert seen.has_told_other(image) == (told is not None)
    assert not seen.has(7)
    assert not seen.has_told(7)


@given(EVENTS, EVENTS)
def test_marks_are_as_plain_dicts(one, other):
    (first, plain), (second, plain_too) = fed(one), fed(other)
    same(first, plain)
    union = {image: plain.get(image) or plain_too.get(image) for image in {**plain, **plain_too}}
    same(together([first, second]), union)
    assert first.shows_same_as(second) == (plain.keys() == plain_too.keys())
    differ = [
        image
        for image, told in plain_too.items()
        if told is not None and plain.get(image) not in (None, told)
    ]
    assert conflicts([first, second]) == len(differ)


def test_unknown_places_are_given_back():
    assert Seen().tell_all([None, 5, None, 5]) == [0, 2]
