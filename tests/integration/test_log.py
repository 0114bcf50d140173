"""The log: one entry for each committed run of a source, on both databases."""

from __future__ import annotations

import json

from sqlalchemy import select

from etl.database.schema import log_entries, source_runs
from etl.load.events import run_hashes, stored_hashes
from etl.load.log import read_state, run_data
from etl.proof.check import leaf_hash
from etl.proof.merkle import Tree


def test_every_run_of_a_source_is_an_entry_that_the_tables_reproduce(varied_engine):
    with varied_engine.connect() as connection, connection.begin():
        entries = connection.execute(select(log_entries).order_by(log_entries.c.entry)).all()
        runs = connection.execute(select(source_runs.c.entry).order_by("entry")).scalars().all()
        assert [each.entry for each in entries] == runs == [*range(len(runs))]
        leaves = []
        for each in entries:
            hashes = run_hashes(connection, each.source, each.run_id)
            data = run_data(connection, each.source, each.run_id, entry=each.entry, hashes=hashes)
            leaves.append(leaf_hash(data))
            assert leaves[-1].hex() == each.leaf_hash
            assert Tree(leaves).root().hex() == each.root
            assert stored_hashes(connection, each.entry) == hashes
            assert json.loads(data)["events_root"] == Tree(hashes).root().hex()
            assert len(hashes) == each.events == json.loads(data)["events"]
        state = read_state(connection)
        assert state.size == len(entries)
        assert state.frontier.root().hex() == entries[-1].root
        assert state.origin.startswith("image-sync/")
