"""Verification in tests: the whole record, and the log rewritten by an attacker."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, delete, insert, select, update

from etl.audit.verify import Keys, Selection, Verified, verify, verify_now
from etl.database.schema import event_hashes, log_entries, log_state
from etl.load.log_entries import read_state, run_data
from etl.load.log_events import run_hashes
from etl.proof.checkpoint import make_note
from etl.proof.merkle import Frontier, leaf_hash
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
    if isinstance(where, Engine):
        result = verified(where)
    elif where.in_transaction():
        result = verify_now(where, selection=Selection(), keys=Keys())
    else:
        result = verify(where, selection=Selection(), keys=Keys())
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
