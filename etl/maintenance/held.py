"""Decisions about held removals: each source under its lock, in one commit.

`approve` looks each image up again and removes at once what is still gone; what it cannot look up
stays held. `dismiss` discards the set, and later runs decide again.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from etl.context import SyncOptions, open_context
from etl.database.engine import open_kept, our_errors
from etl.errors import UsageError
from etl.extract.lookup import look_up
from etl.load.baseline import read_baseline
from etl.load.changes import ChangeDetector
from etl.load.commit import commit
from etl.load.removals import read_held, read_held_evidence
from etl.model import Decision, Removal
from etl.run import Command, run_work
from etl.sources.connect import open_client
from etl.sources.select import chosen_of
from etl.sync import proofs_of, source_facts, source_write

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from etl.config import Settings, SourceSettings
    from etl.context import RunContext
    from etl.extract.http import Client
    from etl.load.removals import HeldRemoval
    from etl.model import AbsentImage, Outcome, RunOutcome

_Held = dict[str, list[str]]
"""Source → ids of its images whose removal is held."""


def approve(
    settings: Settings,
    run_id: int,
    *,
    wait_seconds: float = 0,
    actor: str | None = None,
    reason: str | None = None,
) -> RunOutcome:
    """Remove what a run held and is still gone. Raises `UsageError` if it holds nothing."""
    command = Command(kind="approve", actor=actor, reason=reason)
    return _decide(settings, run_id, command, _approve, wait_seconds)


def dismiss(
    settings: Settings,
    run_id: int,
    *,
    wait_seconds: float = 0,
    actor: str | None = None,
    reason: str | None = None,
) -> RunOutcome:
    """Discard the set that a run held. Raises `UsageError` if it holds nothing."""
    command = Command(kind="dismiss", actor=actor, reason=reason)
    return _decide(settings, run_id, command, _dismiss, wait_seconds)


def _decide(
    settings: Settings,
    run_id: int,
    command: Command,
    work: Callable[..., Outcome],
    wait_seconds: float,
) -> RunOutcome:
    options = SyncOptions(wait_seconds=wait_seconds)
    with open_context(settings, options, opened=open_kept) as context:
        with our_errors(context.engine), context.engine.connect() as connection:
            held = read_held(connection, run_id)
        if not held:
            raise UsageError(
                f"run {run_id} has no held removals (they may already have been approved or"
                " dismissed)",
                hint="`image-sync removals --held` lists what is held",
            )
        sources = chosen_of(context, list(held))
        return run_work(command, context, sources, partial(work, held=held))


def _approve(source: SourceSettings, context: RunContext, held: _Held) -> Outcome:
    with context.locked(source.name) as connection:
        baseline = read_baseline(connection, source.name)
        still_held = read_held_evidence(connection, source.name)
        images = baseline.absent_images_by_id(
            [each for each in held[source.name] if each in still_held]
        )
        run_count = baseline.previous.run_count - 1  # the sample does not move on
        with open_client(source, run_count=run_count, context=context) as client:
            decision = _decided_again(source, client, images, still_held)
            detail = {"found_by_lookup": len(decision.found)} if decision.found else {}
            facts = source_facts(
                source,
                baseline,
                requests=client.requests,
                retries=client.retries,
                detail=detail,
            )
        write = source_write(context, baseline, client)
        return commit(connection, write, ChangeDetector(baseline), decision, facts)


def _decided_again(
    source: SourceSettings,
    client: Client,
    images: Sequence[AbsentImage],
    held: Mapping[str, HeldRemoval],
) -> Decision:
    """Removed by a new lookup, or by two walks if lookups are refused; otherwise still held."""
    lookups = look_up(client, source.project_id, images, concurrency=source.http.concurrency)
    proofs = proofs_of(lookups)
    removals, still = [], []
    for image in images:
        before = held[image.image_id]
        lookup = lookups.get(image.image_key)
        is_refused = lookup is None or lookup.result == "refused"
        if image.image_key in proofs.proven:
            removals.append(Removal(image, *proofs.proven[image.image_key]))
        elif is_refused and before.evidence == "absent_twice":
            removals.append(Removal(image, before.evidence, before.detail))
        elif image.image_key not in proofs.found:
            still.append(Removal(image, before.evidence, before.detail))
    return Decision(
        removals=tuple(removals),
        held=tuple(still),
        held_rule=held[still[0].image.image_id].rule if still else "",
        found=tuple(each for each in images if each.image_key in proofs.found),
    )


def _dismiss(source: SourceSettings, context: RunContext, held: _Held) -> Outcome:
    with context.locked(source.name) as connection:
        baseline = read_baseline(connection, source.name)
        dismissed = held[source.name]
        return commit(
            connection,
            source_write(context, baseline),
            ChangeDetector(baseline),
            Decision(),
            source_facts(source, baseline, detail={"dismissed": len(dismissed)}),
            dismissed=dismissed,
        )
