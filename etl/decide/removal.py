"""Which of the present images that a certified walk did not see have left the catalogue?

Facts come in, a `Decision` goes out: what is proven is a removal, what is not stays present. The
guard has the last word over the whole set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from etl.clock import instant_text
from etl.decide.guard import GuardPolicy, holding_rule
from etl.model import Candidate, Decision, Removal

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from etl.decide.coverage import Coverage
    from etl.model import Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Absences:
    """The present images that a run did not see, by what can be said of them at once.

    `outside` the coverage; `unproven`: their workspace vanished from the discovery, which proves
    nothing; `open`: to be looked up, or to be absent twice.
    """

    outside: tuple[Candidate, ...]
    unproven: tuple[Candidate, ...]
    open: tuple[Candidate, ...]


def sorted_absences(
    absent: Collection[Candidate], *, coverage: Coverage | None, listings: Collection[str]
) -> Absences:
    """Sorts the absent images; `listings` are those that were walked, as `TYPE/WORKSPACE`.

    `coverage`: None where it is the last run's, which took in all that are on record: what the
    API's own filters take in can only be guessed from an image's values.
    """
    inside = [each for each in absent if coverage is None or coverage.takes_in(each)]
    kept = {each.image_key for each in inside}
    return Absences(
        outside=tuple(each for each in absent if each.image_key not in kept),
        unproven=tuple(each for each in inside if each.listing not in listings),
        open=tuple(each for each in inside if each.listing in listings),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Proofs:
    """What is known of the open absences: by lookup (key → proof, or `found`), or by two walks.

    `undecided`: looked up without a result. What is in none of them was not looked up: for those
    two certified walks in a row without the image are the evidence.
    """

    proven: Mapping[int, tuple[Evidence, dict[str, Any]]]
    found: Collection[int]
    undecided: Collection[int]


def decide_removals(
    absences: Absences,
    proofs: Proofs,
    *,
    listed_deleted: Sequence[Removal],
    walked_before: Collection[str],
    empty_listings: Collection[str],
    present_count: int,
    policy: GuardPolicy,
    at: datetime,
) -> Decision:
    """What becomes of each absent image of a certified walk, decided at an instant.

    `walked_before`: the listings of the certified walk before, as `TYPE/WORKSPACE`.
    """
    removals = [*listed_deleted]
    missing = [*absences.unproven]
    found = []
    for candidate in absences.open:
        key = candidate.image_key
        if key in proofs.found:
            found.append(candidate)
        elif key in proofs.proven:
            removals.append(Removal(candidate, *proofs.proven[key]))
        elif key not in proofs.undecided and _is_absent_twice(candidate, walked_before):
            removals.append(Removal(candidate, "absent_twice", _two_walks(candidate, at)))
        else:
            missing.append(candidate)
    has_emptied = any(each.candidate.listing in empty_listings for each in removals)
    rule = holding_rule(
        len(removals), present_count=present_count, has_emptied=has_emptied, policy=policy
    )
    return Decision(
        removals=() if rule else tuple(removals),
        held=tuple(removals) if rule else (),
        held_rule=rule,
        missing=tuple(missing),
        found=tuple(found),
        out_of_scope=absences.outside,
    )


def _is_absent_twice(candidate: Candidate, walked_before: Collection[str]) -> bool:
    """Whether the walk before looked for the image, too, in vain."""
    return candidate.missing_since is not None and candidate.listing in walked_before


def _two_walks(candidate: Candidate, at: datetime) -> dict[str, Any]:
    since = candidate.missing_since
    return {
        "walks": 2,
        "missing_since": instant_text(since) if since else "",
        "time": instant_text(at),
    }


def in_turn(absences: Absences, *, wants_lookups: bool, max_lookups: int) -> tuple[Candidate, ...]:
    """Which absences to look up: those that wait longest first, as many as are allowed."""
    if not wants_lookups:
        return ()
    return tuple(sorted(absences.open, key=_wait)[:max_lookups])


def _wait(candidate: Candidate) -> tuple[bool, str]:
    return candidate.missing_since is None, str(candidate.missing_since)
