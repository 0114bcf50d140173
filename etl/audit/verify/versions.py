"""Is each image's history whole? Versions are numbered without gaps, do not overlap, begin and end
with runs at their instants; field changes say exactly what differs between two of them; removals
are exactly the closings.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from etl.audit.verify.findings import Finding, of_row
from etl.audit.verify.histories import Block, History, Version, read_keys
from etl.decide.diff import field_changes
from etl.transform import components, fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

    from etl.audit.verify.runs import Ledger

_FOLLOWS: Final = {"changed": "changed", "removed": "restored", "out_of_scope": "in_scope"}


def check_versions(connection: Connection, ledger: Ledger, first: int) -> Iterator[Finding]:
    """Every image that a run from `first` on touched; tells the ledger what its versions say."""
    low = -(2**62)
    while keys := read_keys(connection, low, first):
        histories = Block(connection, keys[0], keys[-1])
        yield from histories.unreadable
        for key in keys:
            history = histories.of(key)
            if history and ledger.has(history.source):
                _tell(ledger, history)
                yield from _check(history, ledger)
        low = keys[-1]


def _tell(ledger: Ledger, history: History) -> None:
    """What the versions say of the runs that opened and closed them."""
    for version in history.versions:
        period = version.period
        source = history.source
        opened = ledger.told[source, period.opened_run_id]
        opened.kinds[period.opened_as] += 1
        if period.closed_run_id is None:
            continue
        closed = ledger.told[source, period.closed_run_id]
        if period.closed_as != "changed":
            closed.kinds[str(period.closed_as)] += 1


def _check(history: History, ledger: Ledger) -> Iterator[Finding]:
    first = history.versions[0]
    is_cut = ledger.is_pruned(history.source, first.period.valid_from)
    for place, version in enumerate(history.versions, first.period.version if is_cut else 1):
        period = version.period
        if period.version != place:
            yield _wrong(version, f"should be number {place}")
        yield from _check_instants(version, history, ledger)
    if first.period.opened_as != "added" and not is_cut:
        yield _wrong(first, f"the first one was opened as {first.period.opened_as}")
    for before, after in pairwise(history.versions):
        yield from _check_step(before, after)
    yield from _check_changes(history, ledger)
    yield from _check_removals(history, ledger)
    yield from _check_latest(history, ledger)


def _wrong(version: Version, told: str, run_id: int | None = None) -> Finding:
    period = version.period
    return of_row(run_id or period.opened_run_id, period.source, version.row, told)


def _check_instants(version: Version, history: History, ledger: Ledger) -> Iterator[Finding]:
    period, instants = version.period, ledger.instants
    latest = history.versions[-1]
    if period.source != latest.period.source or version.image.image_id != latest.image.image_id:
        yield _wrong(version, f"belongs to another image than {latest.row}")
    source = history.source
    if not ledger.is_pruned(source, period.valid_from) and (
        instants.get((source, period.opened_run_id)) != period.valid_from
    ):
        yield _wrong(version, "valid_from is not the instant of the run that opened it")
    if (period.closed_run_id is None) != (period.valid_to is None):
        yield _wrong(version, "valid_to and closed_run_id do not agree")
    elif (
        period.closed_run_id is not None
        and not ledger.is_pruned(source, period.valid_to)
        and instants.get((source, period.closed_run_id)) != period.valid_to
    ):
        told = "valid_to is not the instant of the run that closed it"
        yield _wrong(version, told, period.closed_run_id)


def _check_step(before: Version, after: Version) -> Iterator[Finding]:
    ended, began = before.period, after.period
    expected = _FOLLOWS.get(str(ended.closed_as))
    if began.opened_as != expected:
        told = f"opened as {began.opened_as} after one closed as {ended.closed_as}"
        yield _wrong(after, told)
    if ended.valid_to is None or ended.valid_to > began.valid_from:
        yield _wrong(after, "begins before the one before it ends")
    elif expected == "changed" and ended.valid_to != began.valid_from:
        yield _wrong(after, "does not begin where the one before it ends")


def _check_changes(history: History, ledger: Ledger) -> Iterator[Finding]:
    before: Version | None = None
    changes = dict(history.changes)
    for version in history.versions:
        period = version.period
        if ledger.is_pruned(history.source, period.valid_from):
            before = version
            continue  # what changed then was dropped; a change that is there is one too many
        expected = {
            (change.field, change.old_value, change.new_value, period.opened_run_id)
            for change in (field_changes(before.image, version.image) if before else ())
        }
        if set(changes.pop(period.version, ())) != expected:
            yield _wrong(version, "field_changes do not say what differs from the version before")
        if period.opened_as == "changed" and not expected:
            yield _wrong(version, "nothing differs from the version before")
        before = version
    for number in changes:
        latest = history.versions[-1]
        yield _wrong(latest, f"field_changes speak of a version {number} that is not there")


def _check_removals(history: History, ledger: Ledger) -> Iterator[Finding]:
    removals = dict(history.removals)
    followers: Sequence[Version | None] = [*history.versions[1:], None]
    for version, after in zip(history.versions, followers, strict=True):
        period = version.period
        removal = removals.pop(period.version, None)
        if (removal is not None) != (period.closed_as == "removed"):
            told = "is closed as removed" if removal is None else "is not closed as removed"
            has = "has no" if removal is None else "has a"
            yield _wrong(version, f"{told} and {has} row in image_removals", period.closed_run_id)
        elif removal is not None:
            yield from _check_removal(version, removal, after)
    for number, removal in removals.items():
        if ledger.is_pruned(history.source, removal["removed_at"]):
            continue  # evidence outlives the version that it ended
        told = f"image_removals speaks of a version {number} that is not there"
        yield _wrong(history.versions[-1], told, removal["run_id"])


def _check_removal(
    version: Version, removal: dict[str, Any], after: Version | None
) -> Iterator[Finding]:
    period, image = version.period, version.image
    expected = {
        "run_id": period.closed_run_id,
        "removed_at": period.valid_to,
        "name": image.name,
        "swr_path": image.swr_path,
        "restored_at": after.period.valid_from if after else None,
        "restored_run_id": after.period.opened_run_id if after else None,
    }
    for name, value in expected.items():
        if removal[name] != value:
            told = f"{name} in image_removals is not what the versions say"
            yield _wrong(version, told, period.closed_run_id)


def _check_latest(history: History, ledger: Ledger) -> Iterator[Finding]:
    version, latest = history.versions[-1], history.latest
    period = version.period
    if latest["state"] != (period.closed_as or "present"):
        yield _wrong(version, f"state is {latest['state']}, closed as {period.closed_as}")
    first = history.versions[0].period
    if latest["first_seen_at"] != first.valid_from and not ledger.is_pruned(
        history.source, first.valid_from
    ):
        yield _wrong(version, "first_seen_at is not the beginning of the first version")
    if latest["fingerprint"] != fingerprint(version.image):
        yield _wrong(version, "fingerprint is not that of its values")
    said = [list(each) for each in components(version.image)]
    if latest["components"] != said and ledger.has_our_rules(history.source):
        yield _wrong(version, "components are not those of its values")
    yield from _check_sight(history, ledger)


def _check_sight(history: History, ledger: Ledger) -> Iterator[Finding]:
    """`last_seen_at` and `missing_since`: instants of the source's runs, in their order."""
    version, latest = history.versions[-1], history.latest
    last_seen_at, missing_since = latest["last_seen_at"], latest["missing_since"]
    if last_seen_at is None and missing_since is None:
        return
    for name in ("last_seen_at", "missing_since"):
        at = latest[name]
        if at is not None and not ledger.is_observed(history.source, at):
            yield _wrong(version, f"{name} is no instant of a run")
    if missing_since is not None and (last_seen_at is None or last_seen_at > missing_since):
        yield _wrong(version, "missing_since is not after last_seen_at")
    removal = history.removals.get(version.period.version)
    if removal and last_seen_at is not None and removal["last_seen_at"] != last_seen_at:
        yield _wrong(version, "last_seen_at is not when the image was last seen")
