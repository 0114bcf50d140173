"""Verification in tests: the whole record, and the log rewritten by an attacker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from sqlalchemy import Connection, Engine, delete, insert, select, update

from etl.audit.verify import Keys, Selection, Verified, verify
from etl.database.schema import event_hashes, image_removals, log_entries, log_state
from etl.load.attribution import record_attribution
from etl.load.events import run_hashes
from etl.load.log import append_run, read_state, run_data
from etl.model import Actor, Attribution, RemovedImage, Trace
from etl.proof.check import leaf_hash
from etl.proof.checkpoint import make_note
from etl.proof.merkle import Frontier
from etl.transform import builtin_rules


def verified(engine: Engine, notes=(), keys: Keys | None = None, **selection) -> Verified:
    """Result of a verification of the whole record."""
    with engine.connect() as connection:
        return verify(
            connection,
            selection=Selection(**selection),
            keys=keys or Keys(),
            notes=notes,
            component_rules=builtin_rules(),
        )


def assert_consistent(where: Engine | Connection) -> Verified:
    """Require a consistent record, of an engine or within an open transaction."""
    result = verified(where) if isinstance(where, Engine) else verify(where)
    assert [str(each) for each in result.findings] == []
    return result


def note_of(engine: Engine, signer=None) -> str:
    """Checkpoint of the log as it is now."""
    with engine.connect() as connection, connection.begin():
        state = read_state(connection)
        assert state is not None
        origin = signer.name if signer else state.origin
        return make_note(origin, state.size, state.frontier.root(), signer)


def rewrite_log(engine: Engine) -> None:
    """Recompute the whole log from the tables as they are, as an attacker would."""
    frontier = Frontier()
    with engine.begin() as connection:
        entries = connection.execute(select(log_entries).order_by(log_entries.c.entry)).all()
        for each in entries:
            hashes = run_hashes(connection, each.source, each.run_id)
            data = run_data(connection, each.source, each.run_id, entry=each.entry, hashes=hashes)
            leaf = leaf_hash(data)
            frontier.append(leaf)
            connection.execute(
                update(log_entries)
                .where(log_entries.c.entry == each.entry)
                .values(leaf_hash=leaf.hex(), root=frontier.root().hex(), events=len(hashes))
            )
            connection.execute(delete(event_hashes).where(event_hashes.c.entry == each.entry))
            if hashes:
                row = {"entry": each.entry, "hashes": b"".join(hashes)}
                connection.execute(insert(event_hashes).values(**row))
        connection.execute(update(log_state).values(frontier=frontier.data.hex()))


@contextmanager
def ada_removes(image_id: str) -> Iterator[None]:
    """Commits name Ada as who removed an image, as the last step before their entry."""

    def append(connection: Connection, **arguments) -> int:
        row = select(image_removals).where(image_removals.c.image_id == image_id)
        removal = connection.execute(row).one()
        at = removal.removed_at - timedelta(minutes=1)
        trace = Trace(
            *("trace-1", "deleteNotebookImage", "NotebookImage", image_id, "", "ApiCall"),
            at=at,
            has_succeeded=True,
            source_ip="192.0.2.1",
            actor=Actor("Ada", "user"),
        )
        image = RemovedImage(image_id, removal.version, None, at, removal.removed_at)
        result = Attribution(image, "exact", trace)
        source, run_id = arguments["source"], arguments["run_id"]
        record_attribution(connection, result, source=source, run_id=run_id)
        return append_run(connection, **arguments)

    with patch("etl.load.commit.append_run", append):
        yield
