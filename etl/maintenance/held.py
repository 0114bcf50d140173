"""Decides the removals that a run's guard held: each source under its lock, in one commit.

`approve` looks every image up again and removes at once what is still gone; `dismiss` drops the
set, and later runs judge anew. What `approve` can't look up is held on.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from etl.context import open_job
from etl.database.engine import open_kept, our_errors
from etl.errors import UsageError
from etl.extract.lookup import look_up
from etl.load.apply import apply_source
from etl.load.baseline import Baseline
from etl.load.held import held_evidence, read_held
from etl.model import Candidate, Decision, Removal, WalkFacts
from etl.run import run_work
from etl.sources.connect import open_client
from etl.sources.select import chosen_of
from etl.sync import coverage_of, observed_at, proofs_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from etl.config import Settings, SourceSettings
    from etl.context import Job
    from etl.extract.client import Client
    from etl.load.held import Held
    from etl.model import Outcome, RunOutcome


def approve(settings: Settings, run_id: int, *, wait_seconds: float = 0) -> RunOutcome:
    """Removes what run `run_id` held and is still gone. Raises `UsageError`: it holds nothing."""
    with open_job(settings, opened=open_kept, wait_seconds=wait_seconds) as job:
        held = _held(job, run_id)
        work = partial(_approve, held=held)
        return run_work("approve", job, chosen_of(job, list(held)), work)


def dismiss(settings: Settings, run_id: int, *, wait_seconds: float = 0) -> RunOutcome:
    """Drops the set that run `run_id` held. Raises `UsageError` when it holds nothing."""
    with open_job(settings, opened=open_kept, wait_seconds=wait_seconds) as job:
        held = _held(job, run_id)
        work = partial(_dismiss, held=held)
        return run_work("dismiss", job, chosen_of(job, list(held)), work)


def _held(job: Job, run_id: int) -> dict[str, list[str]]:
    """Source → ids of what the run held and nobody decided since."""
    with our_errors(job.engine), job.engine.connect() as connection:
        held = read_held(connection, run_id)
    if not held:
        raise UsageError(
            f"run {run_id} holds no removals, or they are decided",
            hint="`image-sync removals --held` lists what is held",
        )
    return held


def _approve(source: SourceSettings, job: Job, *, held: dict[str, list[str]]) -> Outcome:
    with job.locked(source.name) as connection:
        baseline = Baseline(connection, source.name)
        kept = held_evidence(connection, source.name)
        candidates = baseline.candidates([each for each in held[source.name] if each in kept])
        with open_client(source, run_count=baseline.run_count - 1, job=job) as client:
            decision = _judged_anew(source, client, candidates, kept)
            facts = WalkFacts(
                requests=client.requests,
                retries=client.retries,
                detail={"found_by_lookup": len(decision.found)} if decision.found else {},
                coverage=coverage_of(source).digest,
            )
        return apply_source(
            connection,
            run_id=_number(job),
            source=source.name,
            observed_at=observed_at(job, baseline),
            sightings=[],
            decision=decision,
            facts=facts,
        )


def _judged_anew(
    source: SourceSettings,
    client: Client,
    candidates: Sequence[Candidate],
    kept: Mapping[str, Held],
) -> Decision:
    """Gone by a lookup of now; by two walks where lookups are refused; else it is held on."""
    findings = look_up(client, source.project_id, candidates, concurrency=source.http.concurrency)
    proofs = proofs_of(findings)
    removals, still = [], []
    for candidate in candidates:
        held = kept[candidate.image_id]
        lookup = findings.get(candidate.image_key)
        is_refused = lookup is None or lookup.finding == "refused"
        if candidate.image_key in proofs.proven:
            removals.append(Removal(candidate, *proofs.proven[candidate.image_key]))
        elif is_refused and held.evidence == "absent_twice":
            removals.append(Removal(candidate, held.evidence, held.detail))
        elif candidate.image_key not in proofs.found:
            still.append(Removal(candidate, held.evidence, held.detail))
    return Decision(
        removals=tuple(removals),
        held=tuple(still),
        held_rule=kept[still[0].candidate.image_id].rule if still else "",
        found=tuple(each for each in candidates if each.image_key in proofs.found),
    )


def _dismiss(source: SourceSettings, job: Job, *, held: dict[str, list[str]]) -> Outcome:
    with job.locked(source.name) as connection:
        dismissed: Collection[str] = held[source.name]
        return apply_source(
            connection,
            run_id=_number(job),
            source=source.name,
            observed_at=observed_at(job, Baseline(connection, source.name)),
            sightings=[],
            decision=Decision(),
            facts=WalkFacts(
                detail={"dismissed": len(dismissed)}, coverage=coverage_of(source).digest
            ),
            dismissed=dismissed,
        )


def _number(job: Job) -> int:
    """The run's number: deciding is always on record."""
    return cast("int", job.run_id)
