"""Folding the history gives what was served, run by run, and both databases hold the same."""

from __future__ import annotations

import os

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.history import missing, out_of_scope, removing
from tests.support.loading import Loading, found_by_lookup, record

IS_SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
EXAMPLES = settings(max_examples=100 if IS_SOAK else 10)
images = st.dictionaries(
    st.integers(0, 12), st.sampled_from(["a", "b", "é\0", "DELETED"]), max_size=13
)
decisions = st.sampled_from([removing, removing, missing, found_by_lookup, out_of_scope])
runs = st.lists(
    st.tuples(images, st.randoms(use_true_random=False), decisions, st.booleans()),
    min_size=1,
    max_size=6,
)


def served(catalogue, order):
    records = [
        record(number, status="DELETED") if name == "DELETED" else record(number, name=name)
        for number, name in catalogue.items()
    ]
    order.shuffle(records)
    return records


def replay(url, schedule):
    loading = Loading(url)
    truth, told = {}, []
    for catalogue, order, decide, is_certified in schedule:
        certificate = "exact" if is_certified else "none"
        outcome = loading.run(
            served(catalogue, order), decide=decide, certificate=certificate, page_rows=5
        )
        shown = {f"id-{n}": name.replace("\0", "�") for n, name in catalogue.items()}
        alive = {key: name for key, name in shown.items() if name != "DELETED"}
        kept = {} if is_certified and decide in (removing, out_of_scope) else truth
        left = (
            {}
            if decide is removing
            else {
                key: truth[key] for key, name in shown.items() if name == "DELETED" and key in truth
            }
        )
        truth = {**(left if is_certified else {}), **kept, **alive}
        told.append((loading.now, dict(truth), outcome))
        assert loading.present() == truth
        assert outcome.present == len(truth)
    for at, then, _ in told:
        assert loading.present(at) == then
    return loading, told


@EXAMPLES
@given(schedule=runs)
def test_both_databases_hold_what_was_served(databases, schedule):
    with databases.migrated("sqlite") as one, databases.migrated("postgresql") as other:
        for place, (catalogue, order, decide, is_certified) in enumerate(schedule):
            schedule[place] = (catalogue, _Fixed(order.random()), decide, is_certified)
        first, told = replay(one, schedule)
        second, told_again = replay(other, schedule)
        assert told == told_again
        assert first.dump(without=["log_state", "log_entries"]) == second.dump(
            without=["log_state", "log_entries"]
        )


class _Fixed:
    """The same order twice."""

    def __init__(self, turn):
        self._turn = turn

    def shuffle(self, records):
        cut = int(self._turn * len(records))
        records[:] = records[cut:] + records[:cut]
