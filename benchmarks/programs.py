"""The measured programs, with their tasks and the check of the result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from benchmarks.catalogue import changed_count, removed_count
from benchmarks.places import Api, write_configuration
from benchmarks.processes import Cost, WrongResultError, ask, measure
from benchmarks.truth import NOTHING_REMOVED

if TYPE_CHECKING:
    from benchmarks.peers import Peer

FIRST: Final = "first load"
UNCHANGED: Final = "unchanged"
CHANGED: Final = "1 % changed"
WORKS: Final = {FIRST: 1, UNCHANGED: 1, CHANGED: 2}
_SCRIPTS: Final = Path(__file__).parent / "peers"


class Program(Protocol):
    """A program that loads one API into one database."""

    def load(self) -> Cost:
        """Load what the API shows now into the database."""

    def check(self, work: str) -> None:
        """Raises `WrongResultError` unless the database has the expected contents."""


@dataclass(frozen=True, slots=True)
class ImageSync:
    """image-sync; `folder` is for its configuration."""

    api: Api
    database_url: str
    folder: Path
    in_flight: int = 4

    def load(self) -> Cost:
        path = self.folder / "config.toml"
        write_configuration(
            path, self.api, database_url=self.database_url, concurrency=self.in_flight
        )
        return measure("-m", "etl", "--config", str(path), "-q", "sync")

    def check(self, work: str) -> None:
        found = ask("benchmarks.check", self.database_url)
        wanted = {**self._counts(work), "certificate": "exact", "status": "succeeded"}
        done = {name: found["run"][name] for name in wanted}
        _expect((found["contents"], done), (self.api.truth[str(WORKS[work])], wanted))

    def _counts(self, work: str) -> dict[str, int]:
        size, moved, gone = (
            self.api.size,
            changed_count(self.api.size),
            removed_count(self.api.size),
        )
        return {
            FIRST: {"added": size, "changed": 0, "removed": 0},
            UNCHANGED: {"unchanged": size, "added": 0, "changed": 0, "removed": 0},
            CHANGED: {"added": gone, "changed": moved, "removed": gone},
        }[work]


@dataclass(frozen=True, slots=True)
class PeerProgram:
    """A peer in its environment; `folder` is for its state."""

    peer: Peer
    python: Path
    api: Api
    database_url: str
    folder: Path

    def load(self) -> Cost:
        script = str(_SCRIPTS / self.peer.script)
        arguments = (self.api.url, self.database_url, str(self.folder))
        return measure("-P", script, *arguments, python=str(self.python))

    def check(self, work: str) -> None:
        generation = str(WORKS[work])
        if generation == "2" and self.peer.removes == "never":
            generation = NOTHING_REMOVED
        left = ask("benchmarks.peers.check", self.peer.name, self.database_url)
        _expect(left, self.api.truth[generation])


def _expect(found: Any, expected: Any) -> None:
    if found != expected:
        raise WrongResultError(f"{found}, expected {expected}")
