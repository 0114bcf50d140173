"""What does the metrics file say? Prometheus' text format 0.0.4, one family after another. Pure.

`image_sync_last_run_…` is of the run that wrote the file, `image_sync_source_…` what the database
knows of each source; where the database can't be asked, the latter stay as the file had them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from etl import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from etl.notify.ended import Ended
    from etl.notify.facts import SourceFacts

PREFIX: Final = "image_sync_"
STATUSES: Final = ("succeeded", "partial", "held", "failed")
STATES: Final = ("present", "removed", "out_of_scope")
KINDS: Final = ("added", "changed", "removed", "restored", "in_scope", "out_of_scope")

# Every family with its help, in the order of the file. All are gauges: each run sets them anew.
FAMILIES: Final = {
    "last_run_info": "The run that wrote this file: its command and the program's version.",
    "last_run_id": "Its number in sync_runs; 0: it got none.",
    "last_run_timestamp_seconds": "When it ended, in Unix time.",
    "last_run_duration_seconds": "How long it took.",
    "last_run_exit_code": "Its exit code; 0: all is well.",
    "last_run_locks_held": "Sources that it left alone, since another run was writing them.",
    "last_run_source_duration_seconds": "How long a source's turn in it took.",
    "last_run_source_lock_wait_seconds": "How long it waited for another run's lock on it.",
    "source_last_run_timestamp_seconds": "A source's last sync, in Unix time; 0: never.",
    "source_last_success_timestamp_seconds": "Its last sync that succeeded; 0: never.",
    "source_last_certified_timestamp_seconds": "Its last certified walk; 0: never.",
    "source_last_run_status": "1 for the status of its last sync.",
    "source_last_run_certified": "1 when the walk of its last sync was certified.",
    "source_last_run_changes": "Images that its last sync changed, by kind.",
    "source_last_run_seen": "Distinct images that its last sync saw.",
    "source_last_run_pages": "Pages that its last sync read.",
    "source_last_run_requests": "Requests that its last sync sent.",
    "source_last_run_retries": "Requests that its last sync sent again.",
    "source_last_run_rejected": "Records that its last sync rejected.",
    "source_images": "Images on record, by state.",
    "source_missing": "Present images that were not seen, and are not proven removed.",
    "source_held": "Removals that the guard holds.",
    "source_rejects": "Rejected records that nothing has resolved yet.",
}
_INSTANTS: Final = {
    "source_last_run_timestamp_seconds": "observed_at",
    "source_last_success_timestamp_seconds": "succeeded_at",
    "source_last_certified_timestamp_seconds": "certified_at",
}
_COUNTS: Final = {
    "source_last_run_seen": "seen",
    "source_last_run_pages": "pages",
    "source_last_run_requests": "requests",
    "source_last_run_retries": "retries",
    "source_last_run_rejected": "rejected",
    "source_missing": "missing",
    "source_held": "held",
    "source_rejects": "open_rejects",
}
_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})

Sample = tuple[str, dict[str, str], float]
"""A family, the labels and the value."""


def metrics_text(ended: Ended, sources: Sequence[SourceFacts] | None, *, before: str = "") -> str:
    """The file's whole text; `sources` None: unknown, what the text `before` says of them stays."""
    samples = [*_of_run(ended)]
    for source in sources or ():
        samples += _of_source(source)
    kept = _kept(before) if sources is None else []
    return "\n".join([*_lines(samples), *kept]) + "\n"


def _of_run(ended: Ended) -> Iterator[Sample]:
    seconds = (ended.finished_at - ended.started_at).total_seconds()
    yield "last_run_info", {"command": ended.command, "version": __version__}, 1
    yield "last_run_id", {}, ended.run_id or 0
    yield "last_run_timestamp_seconds", {}, ended.finished_at.timestamp()
    yield "last_run_duration_seconds", {}, seconds
    yield "last_run_exit_code", {}, ended.exit_code
    yield "last_run_locks_held", {}, sum(each.error_kind == "locked" for each in ended.sources)
    for each in ended.sources:
        labels = {"source": each.name}
        yield "last_run_source_duration_seconds", labels, each.duration_seconds
        yield "last_run_source_lock_wait_seconds", labels, each.lock_wait_seconds


def _of_source(source: SourceFacts) -> Iterator[Sample]:
    labels = {"source": source.name}
    sync = source.last_sync
    known = {**source.states, **sync}
    for family, column in _INSTANTS.items():
        yield family, labels, _unix(known.get(column))
    for status in STATUSES:
        is_so = sync.get("status") == status
        yield "source_last_run_status", {**labels, "status": status}, is_so
    yield "source_last_run_certified", labels, sync.get("certificate", "none") != "none"
    for kind in KINDS:
        yield "source_last_run_changes", {**labels, "kind": kind}, sync.get(kind, 0)
    for family, column in _COUNTS.items():
        yield family, labels, known.get(column, 0)
    for state in STATES:
        yield "source_images", {**labels, "state": state}, source.states.get(state, 0)


def _lines(samples: Iterable[Sample]) -> Iterator[str]:
    """The samples by family, each family under its HELP and TYPE."""
    by_family: dict[str, list[str]] = {name: [] for name in FAMILIES}
    for family, labels, value in samples:
        by_family[family].append(f"{PREFIX}{family}{_labels(labels)} {_number(value)}")
    for family, told in by_family.items():
        if told:
            yield f"# HELP {PREFIX}{family} {FAMILIES[family]}"
            yield f"# TYPE {PREFIX}{family} gauge"
            yield from told


def _kept(before: str) -> list[str]:
    """The lines of an older file that tell of the sources, and not of the run that wrote it."""
    mine = tuple(f"{start}{PREFIX}source_" for start in ("", "# HELP ", "# TYPE "))
    return [line for line in before.splitlines() if line.startswith(mine)]


def _labels(labels: Mapping[str, str]) -> str:
    told = ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in labels.items())
    return f"{{{told}}}" if told else ""


def _number(value: float) -> str:
    return repr(float(value)) if isinstance(value, float) else str(int(value))


def _unix(at: datetime | Any) -> float:
    return at.timestamp() if at else 0
