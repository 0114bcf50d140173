"""The expected answer to each question, computed from the naive record: rows as in JSON, in order.

Each function is one command, report or recipe, written from what its documentation promises.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any

from tests.support.generated import Truth
from tests.support.naive_loader import COUNTS, Known, Plain, Row, Version, json_of, spelled

ENDED = {
    ("python", "3.7"): "2023-06-27",
    ("python", "3.9"): "2025-10-31",
    ("ubuntu", "18.04"): "2023-05-31",
}
TIMES = ("created_at", "updated_at")


def plain_row(row: Row) -> Row:
    """A row as JSON has it."""
    return {
        name: spelled(value) if isinstance(value, datetime) else value
        for name, value in row.items()
        if name != "key"
    }


def values(truth: Truth) -> Row:
    """The tracked values of an image, and its unknown fields."""
    told = {name: spelled(truth.values[name]) for name in TIMES}
    return {**truth.values, **told, "extra": dict(truth.extra)}


def image(known: Known) -> Row:
    """A row of `images`."""
    version = known.latest
    return plain_row(
        {
            "source": known.source,
            "image_id": known.image_id,
            "state": known.state,
            **values(version.truth),
            "version": version.number,
            "first_seen_at": known.versions[0].valid_from,
            "last_seen_at": known.last_seen_at,
            "last_changed_at": version.valid_from,
            "missing_since": known.missing_since,
            "removed_at": version.valid_to if known.state == "removed" else None,
        }
    )


def version_row(known: Known, version: Version) -> Row:
    """A row of `image_versions`."""
    return plain_row(
        {
            "source": known.source,
            "image_id": known.image_id,
            **values(version.truth),
            "version": version.number,
            "valid_from": version.valid_from,
            "valid_to": version.valid_to,
            "run_id": version.run_id,
        }
    )


def ended_row(known: Known, version: Version) -> Row:
    """A row of `image_versions`, with how the version began and ended."""
    told = {
        "opened_as": version.opened_as,
        "closed_as": version.closed_as,
        "closed_run_id": version.closed_run_id,
    }
    return {**version_row(known, version), **told}


def ordered(record: Plain) -> list[Known]:
    """All images by source and id."""
    return [record.images[key] for key in sorted(record.images)]


def images(record: Plain, keeps: Callable[[Row], bool] = lambda _: True) -> list[Row]:
    return [row for row in map(image, ordered(record)) if keeps(row)]


def images_of_run(record: Plain, run_id: int) -> list[Row]:
    """Images whose current version a run opened."""
    return [
        image(each)
        for each in ordered(record)
        if each.state == "present" and each.latest.run_id == run_id
    ]


def images_at(
    record: Plain, instant_of: Callable[[str], datetime | None], keeps: Callable[[Row], bool]
) -> list[Row]:
    """The catalogue at an instant; each source may have its own."""
    rows = []
    for known in ordered(record):
        instant = instant_of(known.source)
        version = known.at(instant) if instant else None
        if version and keeps(row := {**version_row(known, version), "state": "present"}):
            rows.append(row)
    return rows


def changes(record: Plain, keeps: Callable[[Row], bool]) -> list[Row]:
    rows = [plain_row(row) for row in record.changes if keeps(row)]
    return sorted(
        rows,
        key=lambda row: (
            -row["run_id"],
            row["source"],
            row["image_id"],
            row["version"],
            row["kind"],
            row["field"] or "",
        ),
    )


def changes_of(record: Plain, run_id: int, source: str) -> list[Row]:
    """What one run changed in one source, in the order of the feed."""
    return sorted(
        changes(record, lambda row: (row["run_id"], row["source"]) == (run_id, source)),
        key=lambda row: (row["image_id"], row["version"], row["kind"], row["field"] or ""),
    )


def removals(record: Plain, keeps: Callable[[Row], bool]) -> list[Row]:
    rows = [row for row in record.removals if keeps(row)]
    rows.sort(key=lambda row: row["key"])
    return [plain_row(row) for row in sorted(rows, key=lambda row: row["removed_at"], reverse=True)]


def held(record: Plain) -> list[Row]:
    rows = sorted((row for row in record.held if row["released_at"] is None), key=_by_key)
    rows.sort(key=lambda row: row["held_at"], reverse=True)
    return [
        {name: value for name, value in plain_row(row).items() if not name.startswith("released")}
        for row in rows
    ]


def _by_key(row: Row) -> Any:
    return row["key"]


def history(record: Plain, known: Known) -> list[Row]:
    """All versions of an image, each with its changes and with the evidence of its end."""
    rows = []
    for version in known.versions:
        told = [
            {name: row[name] for name in ("field", "old_value", "new_value")}
            for row in record.changes
            if (row["source"], row["image_id"]) == known.key
            and row["kind"] == "changed"
            and row["version"] == version.number
        ]
        gone = [
            row
            for row in record.removals
            if row["key"] == known.key and row["version"] == version.number
        ]
        evidence = {
            name: gone[0][name] if gone else None
            for name in ("evidence", "evidence_detail", "missing_since", "last_seen_at")
        }
        rows.append(
            {
                **ended_row(known, version),
                **plain_row(evidence),
                "changes": sorted(told, key=lambda each: each["field"]),
            }
        )
    return rows


def diff(
    record: Plain,
    before: Callable[[str], datetime | None],
    after: Callable[[str], datetime | None],
) -> list[Row]:
    """The differences between two instants, which may be other ones for each source."""
    rows: list[Row] = []
    for known in ordered(record):
        sides = [known.at(at) if (at := side(known.source)) else None for side in (before, after)]
        old, new = sides
        if not old and not new:
            continue
        there = new or old
        assert there
        row = {
            **{name: getattr(known, name) for name in ("source", "image_id")},
            "name": there.truth.values["name"],
        }
        if not old or not new:
            nothing = {"field": None, "old_value": None, "new_value": None}
            rows.append({**row, "kind": "removed" if old else "added", **nothing})
            continue
        for field in sorted(old.truth.values):
            one, other = old.truth.values[field], new.truth.values[field]
            if one != other:
                told = {"old_value": json_of(field, one), "new_value": json_of(field, other)}
                rows.append({**row, "kind": "changed", "field": field, **told})
    return rows


def source_runs(record: Plain) -> list[Row]:
    rows = sorted(record.source_runs, key=lambda row: (-row["run_id"], row["source"]))
    told = [{**row, "observed_at": row["at"]} for row in rows]
    return [plain_row({name: row[name] for name in row if name != "at"}) for row in told]


def runs(record: Plain, sources: Iterable[str] = ()) -> list[Row]:
    """Each run with its counts over the sources."""
    told = []
    for run in reversed(record.runs):
        of_run = [
            row
            for row in record.source_runs
            if row["run_id"] == run["run_id"] and (not sources or row["source"] in sources)
        ]
        totals = {name: sum(row[name] for row in of_run) for name in COUNTS}
        for name in ("present", "in_scope"):
            del totals[name]
        row = {name: run[name] for name in ("run_id", "kind", "status", "exit_code")}
        if of_run:
            told.append({**row, "sources": len(of_run), **totals})
    return told


def rejects(record: Plain, *, is_all: bool) -> list[Row]:
    rows = [row for row in record.rejects if is_all or row["resolved_at"] is None]
    return [
        plain_row({name: row[name] for name in row if name != "resolved_run_id"})
        for row in reversed(rows)
    ]


def status(record: Plain) -> list[Row]:
    rows = []
    for source in sorted({row["source"] for row in record.source_runs}):
        of_source = [row for row in record.source_runs if row["source"] == source]
        last = of_source[-1]
        holds = {row["image_id"] for row in held(record) if row["source"] == source}
        states = Counter(known.state for known in record.images.values() if known.source == source)
        rows.append(
            plain_row(
                {
                    "source": source,
                    "last_run_id": last["run_id"],
                    "last_run_status": last["status"],
                    "last_run_at": last["at"],
                    "last_certificate": last["certificate"],
                    "certified_at": certified_at(of_source),
                    **{name: states[name] for name in ("present", "removed", "out_of_scope")},
                    "missing": sum(
                        known.missing_since is not None
                        for known in record.images.values()
                        if known.source == source and known.image_id not in holds
                    ),
                    "held": len(holds),
                }
            )
        )
    return rows


def certified_at(rows: list[Row]) -> datetime | None:
    return max((row["at"] for row in rows if row["certificate"] != "none"), default=None)


def present(record: Plain) -> list[Known]:
    return [known for known in ordered(record) if known.state == "present"]


# The reports.


def grouped(rows: Iterable[Row], columns: tuple[str, ...]) -> dict[tuple[Any, ...], list[Row]]:
    groups = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in columns)].append(row)
    return groups


def catalogue(record: Plain) -> list[Row]:
    columns = ("source", "type", "arch", "status", "service_type")
    return [
        {
            **dict(zip(columns, key, strict=True)),
            "images": len(rows),
            "size_sum": _sum_or_none(row["size"] for row in rows),
        }
        for key, rows in grouped(map(image, present(record)), columns).items()
    ]


def _sum_or_none(sizes: Iterable[int | None]) -> int | None:
    known = [size for size in sizes if size is not None]
    return sum(known) if known else None


def changed_fields(record: Plain, since: datetime, until: datetime) -> list[Row]:
    told = [
        row for row in record.changes if row["kind"] == "changed" and since <= row["at"] < until
    ]
    return [
        plain_row(
            {
                "source": source,
                "field": field,
                "changes": len(rows),
                "images": len({row["image_id"] for row in rows}),
                "latest_at": max(row["at"] for row in rows),
            }
        )
        for (source, field), rows in grouped(told, ("source", "field")).items()
    ]


def come_and_go(record: Plain) -> list[Row]:
    rows = []
    for key, gone in grouped(record.removals, ("source", "image_id")).items():
        back = [row["restored_at"] for row in gone if row["restored_at"]]
        known = record.images[key]
        if len(gone) > 1 or back:
            rows.append(
                plain_row(
                    {
                        "source": known.source,
                        "image_id": known.image_id,
                        "name": known.latest.truth.values["name"],
                        "state": known.state,
                        "removals": len(gone),
                        "restorations": len(back),
                        "removed_at": max(row["removed_at"] for row in gone),
                        "restored_at": max(back, default=None),
                    }
                )
            )
    return rows


def component_rows(record: Plain) -> list[Row]:
    """One row for each component of each image, whatever its state."""
    return [
        {
            **{name: getattr(known, name) for name in ("source", "image_id", "state")},
            "component": component,
            "version": version,
        }
        for known in ordered(record)
        for component, version in known.latest.truth.components
    ]


def components(record: Plain) -> list[Row]:
    rows = [row for row in component_rows(record) if row["state"] == "present"]
    return [
        {"component": component, "version": version, "images": len(group)}
        for (component, version), group in grouped(rows, ("component", "version")).items()
    ]


def dedicated(record: Plain) -> list[Row]:
    rows = [row for row in map(image, present(record)) if row["type"] == "DEDICATED"]
    columns = ("source", "workspace_id", "swr_organization")
    return [
        {
            **dict(zip(columns, key, strict=True)),
            "images": len(group),
            "size_sum": _sum_or_none(row["size"] for row in group) or 0,
            "size_largest": max(
                (row["size"] for row in group if row["size"] is not None), default=None
            ),
            "without_size": sum(row["size"] is None for row in group),
        }
        for key, group in grouped(rows, columns).items()
    ]


def end_of_life(record: Plain, today: date) -> list[Row]:
    rows = []
    for row in component_rows(record):
        ends_on = ENDED.get((row["component"], row["version"]))
        if row["state"] == "present" and ends_on and date.fromisoformat(ends_on) < today:
            named = {name: row[name] for name in ("source", "image_id", "component", "version")}
            rows.append({**named, "ends_on": ends_on})
    return rows


def freshness(record: Plain) -> list[Row]:
    rows = []
    for source, of_source in grouped(record.source_runs, ("source",)).items():
        certified = certified_at(of_source)
        last = of_source[-1]
        rows.append(
            plain_row(
                {
                    "source": source[0],
                    "certified_at": certified,
                    "last_run_at": last["at"],
                    "last_run_id": last["run_id"],
                    "last_run_status": last["status"],
                    "runs_since_certified": sum(
                        certified is None or row["at"] > certified for row in of_source
                    ),
                }
            )
        )
    return rows


def weeks(record: Plain) -> list[Row]:
    """The sums of each source's runs, by the Monday of their week."""
    rows = []
    dated = [{**row, "week": _monday(row["at"])} for row in record.source_runs]
    for (week, source), group in grouped(dated, ("week", "source")).items():
        sums = {
            name: sum(row[name] for row in group)
            for name in ("added", "changed", "removed", "restored")
        }
        rows.append({"week": week, "source": source, "present": group[-1]["present"], **sums})
    return rows


def _monday(at: datetime) -> str:
    return (at.date() - timedelta(days=at.weekday())).isoformat()


BEING_BUILT = {"INIT", "CREATING", "CREATE_FAILED", "ERROR"}


def moved_tags(record: Plain) -> list[Row]:
    return [
        plain_row(row)
        for known in record.images.values()
        for row in (*_other_contents(known), *_taken_over(record, known))
    ]


def _other_contents(known: Known) -> Iterable[Row]:
    """The versions of an image with the address of its previous complete version."""
    for field in ("size", "arch"):
        before = None
        for version in known.versions:
            values = version.truth.values
            if values["status"] in BEING_BUILT or values[field] is None:
                continue
            path = values["swr_path"]
            if before and path and before["swr_path"] == path and before[field] != values[field]:
                told = {"was": str(before[field]), "became": str(values[field])}
                yield _moved(known, version, how=f"other {field}", **told)
            before = values


def _taken_over(record: Plain, known: Known) -> Iterable[Row]:
    """The versions of an image whose address last belonged to another image."""
    for number, version in enumerate(known.versions):
        address = _address(version)
        before = known.versions[number - 1] if number else None
        if before and before.closed_as == "changed" and _address(before) == address:
            continue
        holders = [
            (each.valid_from, other is known, place, other)
            for place, other in enumerate(record.images.values())
            for each in other.versions
            if other.source == known.source
            and address[0] is not None
            and _address(each) == address
            and each.valid_from < version.valid_from
        ]
        if holders and (other := max(holders, key=lambda each: each[:3])[3]) is not known:
            has_it = other.state == "present" and _address(other.latest) == address
            how = "also another image" if has_it else "other image"
            yield _moved(known, version, how=how, was=other.image_id, became=known.image_id)


def _address(version: Version) -> tuple[str | None, str]:
    return version.truth.values["swr_path"], version.truth.values["tag"] or ""


def _moved(known: Known, version: Version, **told: Any) -> Row:
    named = {"source": known.source, "image_id": known.image_id, "at": version.valid_from}
    values = version.truth.values
    return {**named, "name": values["name"], "swr_path": values["swr_path"], **told}


def never_updated(record: Plain) -> list[Row]:
    return [
        row
        for row in map(image, present(record))
        if row["version"] == 1
        and row["created_at"]
        and (row["updated_at"] is None or row["updated_at"] <= row["created_at"])
    ]


def reject_reasons(record: Plain) -> list[Row]:
    return [
        plain_row(
            {
                "source": source,
                "reason": reason,
                "rejects": len(rows),
                "unresolved": sum(row["resolved_at"] is None for row in rows),
                "first_seen_at": min(row["rejected_at"] for row in rows),
                "latest_at": max(row["rejected_at"] for row in rows),
            }
        )
        for (source, reason), rows in grouped(record.rejects, ("source", "reason")).items()
    ]
