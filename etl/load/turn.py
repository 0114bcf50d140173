"""What does every statement of a source's commit share? The run, the instant, the ledger's sums."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import text

from etl.decide.ledger import FactSet
from etl.load.rows import bound, instant_read
from etl.load.statements import NOTHING_ALIKE, insert_rows
from etl.profiler import Profiler

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection, CursorResult

NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)  # before any walk

# When an image was last seen, before this run: as the view `images` says it.
LAST_SEEN: Final = """
    case
        when c.last_seen_at is not null and c.last_seen_at > c.valid_from then c.last_seen_at
        when c.last_seen_at is null and :walked_at > c.valid_from then :walked_at
        else c.valid_from
    end"""


@dataclass(frozen=True, slots=True)
class Before:
    """The source's last row of `source_runs`, or what stands for it before the first run."""

    digest: str | None = None
    catalogue_digest: str = FactSet().digest
    present: int = 0
    observed_at: datetime | None = None  # None: before the first run
    walked_at: datetime = NEVER  # the last certified walk
    listings: frozenset[str] = frozenset()  # those that it read, as `TYPE/WORKSPACE`
    sight_digest: str | None = None  # None: before the first run, or release 0.1 wrote it
    component_rules: str | None = None


def read_before(connection: Connection, source: str) -> Before:
    """Where the source's chain of runs ends now."""
    last = connection.execute(text(_LAST), {"source": source}).one_or_none()
    if last is None:
        return Before()
    digest, catalogue_digest, present, observed_at, *later = last
    walked = connection.execute(text(_WALKED), {"source": source}).one_or_none() or (None, "{}")
    walked_at = instant_read(walked[0]) or NEVER
    listings = frozenset(each["listing"] for each in _detail(walked[1]).get("listings", ()))
    return Before(
        digest, catalogue_digest, present, instant_read(observed_at), walked_at, listings, *later
    )


_LAST: Final = """
    select digest, catalogue_digest, present, observed_at, sight_digest, component_rules
    from source_runs
    where source = :source order by observed_at desc limit 1
"""
_WALKED: Final = """
    select observed_at, cast(walk_detail as text) from source_runs
    where source = :source and certificate <> 'none' order by observed_at desc limit 1
"""
_detail: Final = msgspec.json.Decoder(dict[str, Any]).decode


@dataclass(slots=True)
class Turn:
    """One source's turn in one run, inside its transaction."""

    connection: Connection
    run_id: int
    source: str
    observed_at: datetime
    is_certified: bool
    before: Before
    catalogue: FactSet = field(default_factory=FactSet)
    sights: FactSet = field(default_factory=FactSet)
    component_rules: str | None = None  # those that the source's components are read by
    watch: Profiler = field(default_factory=Profiler)

    @property
    def is_sqlite(self) -> bool:
        """Which of the two databases."""
        return self.connection.dialect.name == "sqlite"

    def execute(self, statement: str, **values: Any) -> CursorResult[*tuple[Any, ...]]:
        """Runs a statement that may name `:run_id`, `:source`, `:at`, `:walked_at`."""
        shared = {
            "run_id": self.run_id,
            "source": self.source,
            "at": bound(self.connection, self.observed_at),
            "walked_at": bound(self.connection, self.before.walked_at),
        }
        clause = text(statement)
        named = {name: value for name, value in shared.items() if name in clause._bindparams}
        return self.connection.execute(clause, {**named, **values})

    def insert(
        self,
        table: str,
        columns: Sequence[str],
        rows: Iterable[tuple[Any, ...]],
        *,
        alike: Mapping[str, Any] = NOTHING_ALIKE,
    ) -> None:
        """Streams rows into a table; `alike`: what is the same in all of them."""
        insert_rows(self.connection, table, columns, rows, alike=alike)

    def temporary(self, name: str, definition: str) -> None:
        """Makes a temporary table that is gone after this transaction, or by `drop`."""
        end = "" if self.is_sqlite else "on commit drop"
        self.execute(f"create temporary table {name} {end} as {definition}")

    def drop(self, name: str) -> None:
        """Drops a temporary table."""
        self.execute(f"drop table {name}")


def batches(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Lists of up to `size` rows."""
    batch: list[Any] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
