"""The recorded state of a source before a run.

It is read under the source's lock, in short transactions: one SELECT for all present images, and
one for each page that differs from them.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, func, select

from etl.database.schema import current_images, source_runs, sync_runs
from etl.load.sql import batches, image_of, read_images, read_present
from etl.model import AbsentImage, Image, State

_BATCH: Final = 1000
c: Final = current_images.c


@dataclass(frozen=True, slots=True)
class PreviousRun:
    """What earlier runs recorded about a source.

    `run_id` and `observed_at` are those of its latest row of `source_runs` (None before the first
    run), `run_count` is the number of these rows. `walked_at` and `walked_listings` describe the
    latest certified walk, as do `nameless_listings`: those that contained rows without a usable id.
    `coverage` is that of the latest sync that could read the source.
    """

    run_id: int | None = None
    observed_at: datetime | None = None
    run_count: int = 0
    present: int = 0
    endpoint: str = ""
    component_rules: str | None = None
    walked_at: datetime | None = None
    walked_listings: frozenset[str] = frozenset()
    nameless_listings: frozenset[str] = frozenset()
    coverage: str = ""


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An image on record, with its latest version and the digests of it."""

    image_key: int
    state: State
    version: int
    record_digest: bytes
    fingerprint: bytes
    image: Image


@dataclass(frozen=True, slots=True)
class Baseline:
    """The images of one source on record; present ones have a position in key order.

    `positions` maps the digest of each present image's record to its position, `keys` its position
    to its key. `missed` holds the positions of images that later certified walks did not see.
    Without a connection it is the baseline of a source that was never read.
    """

    source: str
    previous: PreviousRun = field(default_factory=PreviousRun)
    positions: dict[bytes, int] = field(default_factory=dict)
    keys: array[int] = field(default_factory=lambda: array("q"))
    missed: set[int] = field(default_factory=set)
    connection: Connection | None = None

    def position_of(self, image_key: int) -> int | None:
        """Return the position of an image; None if it is not present."""
        position = bisect_left(self.keys, image_key)
        is_present = position < len(self.keys) and self.keys[position] == image_key
        return position if is_present else None

    def stored_images(self, image_ids: Collection[str]) -> dict[str, StoredImage]:
        """Read the latest versions of images by id."""
        if self.connection is None or self.previous.run_id is None:
            return {}
        with self.connection.begin():
            rows = read_images(self.connection, self.source, [*image_ids])
        stored = (
            StoredImage(key, state, version, bytes(digest), bytes(fingerprint), image_of(values))
            for key, state, version, digest, fingerprint, *values in rows
        )
        return {each.image.image_id: each for each in stored}

    def absent_images(self, keys: Sequence[int]) -> Iterator[AbsentImage]:
        """Read present images by key, in key order."""
        for batch in batches(keys, _BATCH):
            yield from self._present(c.image_key.in_(batch))

    def absent_images_by_id(self, image_ids: Collection[str]) -> list[AbsentImage]:
        """Read the present images among these ids."""
        return self._present(c.image_id.in_([*image_ids])) if image_ids else []

    def _present(self, condition: ColumnElement[bool]) -> list[AbsentImage]:
        assert self.connection is not None  # noqa: S101  # an empty baseline has no present images
        with self.connection.begin():
            return read_present_where(self.connection, self.source, condition)


def read_present_where(
    connection: Connection, source: str, condition: ColumnElement[bool]
) -> list[AbsentImage]:
    """Read the present images of a source that fulfil a condition, in key order."""
    columns = (
        c.image_key,
        c.image_id,
        c.name,
        func.coalesce(c.relisted_as, c.listing),
        c.type,
        c.workspace_id,
        func.coalesce(c.namespace, c.swr_organization),
        c.service_type,
        c.missing_since,
    )
    present = select(*columns).where(c.source == source, c.state == "present", condition)
    return [AbsentImage(*row) for row in connection.execute(present.order_by(c.image_key))]


def read_baseline(connection: Connection, source: str) -> Baseline:
    """Read the state of a source, which its lock keeps from changing until the commit."""
    positions: dict[bytes, int] = {}
    keys = array("q")
    with connection.begin():
        previous = read_previous(connection, source)
        for rows in read_present(connection, source, expected=previous.present):
            start = len(keys)
            digests, block = zip(*rows, strict=True)
            keys.extend(block)
            positions.update(zip(digests, range(start, len(keys)), strict=True))
    missed = {position for position, key in enumerate(keys) if key < 0}
    return Baseline(source, previous, positions, array("q", map(abs, keys)), missed, connection)


def read_previous(connection: Connection, source: str) -> PreviousRun:
    """Read the latest rows of a source in `source_runs`."""
    latest = _latest_run(source)
    last = connection.execute(latest).one_or_none()
    if last is None:
        return PreviousRun()
    walked: Row[Any] | None = last
    if last.certificate == "none":
        is_certified = source_runs.c.certificate != "none"
        walked = connection.execute(latest.where(is_certified)).one_or_none()
    walk_detail = walked.walk_detail if walked else {}
    return PreviousRun(
        run_id=last.run_id,
        observed_at=last.observed_at,
        run_count=last.run_count,
        present=last.present,
        endpoint=last.endpoint,
        component_rules=last.component_rules,
        walked_at=walked.observed_at if walked else None,
        walked_listings=frozenset(each["listing"] for each in walk_detail.get("listings", ())),
        nameless_listings=nameless_listings(walk_detail),
        coverage=last.covered or "",
    )


def _latest_run(source: str) -> Select[Any]:
    """The latest row of a source, with the number of its rows and the coverage of its last sync.

    That is the last sync that could read the source: its images were judged by that coverage.
    """
    s = source_runs.c
    run_count = select(func.count()).select_from(source_runs).where(s.source == source)
    covered = (
        select(s.coverage)
        .join(sync_runs, sync_runs.c.run_id == s.run_id)
        .where(s.source == source, s.status != "failed", sync_runs.c.kind == "sync")
        .order_by(s.observed_at.desc())
        .limit(1)
    )
    return (
        select(
            source_runs,
            run_count.scalar_subquery().label("run_count"),
            covered.scalar_subquery().label("covered"),
        )
        .where(s.source == source)
        .order_by(s.observed_at.desc())
        .limit(1)
    )


def nameless_listings(walk_detail: Mapping[str, Any]) -> frozenset[str]:
    """Return the listings, as `TYPE/WORKSPACE`, that contained rows without a usable id."""
    listings = walk_detail.get("listings", ())
    return frozenset(each["listing"] for each in listings if each.get("nameless"))


def read_project_ids(engine: Engine, sources: Sequence[str]) -> dict[str, str]:
    """Read the project that each of these sources belongs to on record."""
    s = source_runs.c
    known = select(s.source, s.project_id).where(s.source.in_(sources)).distinct()
    with engine.connect() as connection, connection.begin():
        return dict(map(tuple, connection.execute(known)))
