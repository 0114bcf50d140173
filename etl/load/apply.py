"""The one commit of a source: everything that a run found out about it, together or not at all.

    new ─ changed ─ seen again ─ removed, out of scope, missing ─ held ─ rejects ─ source_runs

No network is waited for inside; `etl.sync` has everything ready before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import text

from etl.database.engine import writing
from etl.decide.ledger import FactSet
from etl.load.chain import write_source_run
from etl.load.closing import write_absent
from etl.load.differences import Differences
from etl.load.held import write_held
from etl.load.locks import require_lock
from etl.load.opening import remove_at_once, write_changed, write_new, write_touched
from etl.load.refresh import refresh_components
from etl.load.rejects import write_rejects, write_source_fields
from etl.load.relisted import write_relisted
from etl.load.sighting import deleted_by, seen_by
from etl.load.sights import read_sights
from etl.load.tally import Tally, failed_outcome
from etl.load.turn import Before, Turn, read_before
from etl.profiler import Profiler

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from etl.errors import SourceError
    from etl.load.sighting import Sighting
    from etl.model import Decision, Outcome, WalkFacts

_CACHE: Final = "pragma cache_size = -16384"  # KiB, as far as needed: ids are in random order
ANALYSE_FROM: Final = 1000  # rows added; fewer do not change how the database plans a query


def apply_source(
    connection: Connection,
    *,
    run_id: int,
    source: str,
    observed_at: datetime,
    sightings: Sequence[Sighting],
    decision: Decision,
    facts: WalkFacts,
    dismissed: Collection[str] = (),
    watch: Profiler | None = None,
) -> Outcome:
    """Writes what the sightings show and the decision says, in one transaction.

    `sightings` in order of precedence; the walk is certified when `facts.certificate` says so.
    `dismissed`: ids of held removals to drop. `observed_at` lies after the source's last one.
    """
    if connection.dialect.name == "sqlite":
        with connection.begin():
            connection.execute(text(_CACHE))
    with writing(connection):
        turn = _turn(
            connection,
            run_id=run_id,
            source=source,
            observed_at=observed_at,
            facts=facts,
            watch=watch,
        )
        refresh_components(turn)
        outcome = _write(turn, sightings, decision, facts=facts, dismissed=dismissed)
        write_source_run(turn, outcome)
    if outcome.added > max(ANALYSE_FROM, turn.before.present):
        with turn.watch.on("commit: analyse"):
            _analyse(connection)
    return outcome


def record_failure(
    connection: Connection,
    *,
    run_id: int,
    source: str,
    observed_at: datetime,
    error: SourceError,
    facts: WalkFacts,
) -> Outcome:
    """The row of a source that could not be read; nothing else changes."""
    with writing(connection):
        turn = _turn(connection, run_id=run_id, source=source, observed_at=observed_at, facts=facts)
        outcome = failed_outcome(
            source=source,
            observed_at=observed_at,
            facts=facts,
            error=error,
            present=turn.before.present,
        )
        write_source_run(turn, outcome)
    return outcome


def _turn(
    connection: Connection,
    *,
    run_id: int,
    source: str,
    observed_at: datetime,
    facts: WalkFacts,
    watch: Profiler | None = None,
) -> Turn:
    require_lock(connection, source)
    before = read_before(connection, source)
    return Turn(
        connection=connection,
        run_id=run_id,
        source=source,
        observed_at=observed_at,
        is_certified=facts.certificate != "none",
        before=before,
        catalogue=FactSet(before.catalogue_digest),
        sights=_sights(connection, source, before),
        component_rules=before.component_rules,
        watch=watch or Profiler(),
    )


def _sights(connection: Connection, source: str, before: Before) -> FactSet:
    if before.digest is not None and before.sight_digest is None:  # release 0.1 wrote none
        return read_sights(connection, source)
    return FactSet(before.sight_digest)


def _write(
    turn: Turn,
    sightings: Sequence[Sighting],
    decision: Decision,
    *,
    facts: WalkFacts,
    dismissed: Collection[str],
) -> Outcome:
    differences, seen, tally = Differences(sightings, decision), seen_by(sightings), Tally()
    with turn.watch.on("commit: new"):
        new = tally.new(differences.new(is_certified=turn.is_certified))
        write_new(turn, new, about=len(seen.others))
    with turn.watch.on("commit: changed"):
        write_changed(turn, tally.changed(differences.changed(is_certified=turn.is_certified)))
        write_touched(turn, differences.touched())
        write_relisted(turn, sightings)
    with turn.watch.on("commit: absent"):
        if tally.came_deleted:
            remove_at_once(turn)
        write_absent(turn, decision)
    deleted = deleted_by(sightings)
    listed_deleted = {each.image_id for each in deleted}
    write_held(turn, decision, seen, listed_deleted=listed_deleted, dismissed=dismissed)
    tally.rejected = write_rejects(turn, differences.rejected(), seen)
    write_source_fields(turn, differences.unknown_fields())
    return tally.outcome(
        source=turn.source,
        observed_at=turn.observed_at,
        facts=facts,
        decision=decision,
        seen=seen,
        deleted=len(deleted),
        present_before=turn.before.present,
    )


def _analyse(connection: Connection) -> None:
    """After a first load: what the database plans queries by."""
    with connection.begin():
        if connection.dialect.name == "sqlite":
            connection.execute(text("pragma analysis_limit = 1000"))
        connection.execute(text("analyze current_images"))
