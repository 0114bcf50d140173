"""How are the images' histories read? In blocks of images, in the order of their keys."""

# ruff: noqa: S608  # the SQL is put together from our own column names, never from input

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import text

from etl.audit.verify.findings import UNREADABLE, Finding, of_row
from etl.load.codec import image_columns, image_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from etl.model import Image

BLOCK: Final = 2_000
_PERIOD: Final = (
    *("image_key", "source", "version", "valid_from", "valid_to"),
    *("opened_run_id", "opened_as", "closed_run_id", "closed_as"),
)
_LATEST: Final = ("state", "first_seen_at", "last_seen_at", "missing_since", "fingerprint")
_CHANGED: Final = ("image_key", "version", "field", "old_value", "new_value", "run_id")
_REMOVED: Final = (
    *("source", "image_id", "version", "run_id", "removed_at", "last_seen_at", "name"),
    *("swr_path", "restored_at", "restored_run_id"),
)


class Period(msgspec.Struct, array_like=True, gc=False):
    """The columns of `_PERIOD`; instants as the row holds them."""

    image_key: int
    source: str
    version: int
    valid_from: Any
    valid_to: Any
    opened_run_id: int
    opened_as: str
    closed_run_id: int | None
    closed_as: str | None


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an image, with its values."""

    period: Period
    image: Image

    @property
    def row(self) -> str:
        """How findings name it."""
        return f"image {self.image.image_id}, version {self.period.version}"


@dataclass(slots=True)
class History:
    """All that the tables hold of one image."""

    versions: list[Version]
    latest: dict[str, Any]
    changes: dict[int, list[tuple[Any, ...]]]
    removals: dict[int, dict[str, Any]]

    @property
    def source(self) -> str:
        """By the image's last version."""
        return self.versions[-1].period.source


def read_keys(connection: Connection, low: int, first: int) -> list[int]:
    """The next keys above `low` in order, up to `BLOCK`: of images that a run from `first` on
    touched (0: of all).
    """
    touched = "and (opened_run_id >= :first or closed_run_id >= :first)" if first else ""
    statement = f"""
        select image_key from current_images where image_key > :low {touched}
        order by image_key limit {BLOCK}
    """
    values = {"low": low, "first": first} if first else {"low": low}
    return list(connection.scalars(text(statement), values))


class Block:
    """The histories of the images with keys from `low` to `high`."""

    def __init__(self, connection: Connection, low: int, high: int) -> None:
        self.unreadable: list[Finding] = []
        self._connection = connection
        self._span = {"low": low, "high": high}
        self._versions: defaultdict[int, list[Version]] = defaultdict(list)
        self._latest: dict[int, dict[str, Any]] = {}
        self._changes: defaultdict[int, dict[int, list[tuple[Any, ...]]]] = defaultdict(dict)
        self._removals: defaultdict[int, dict[int, dict[str, Any]]] = defaultdict(dict)
        self._read_versions("past_versions")
        self._read_versions("current_images", *_LATEST)
        self._read_changes()
        self._read_removals()

    def of(self, key: int) -> History | None:
        """One image's; None when its latest version can't be read."""
        if key not in self._latest:
            return None
        versions = sorted(self._versions[key], key=lambda each: each.period.version)
        return History(versions, self._latest[key], self._changes[key], self._removals[key])

    def _read_versions(self, table: str, *more: str) -> None:
        plain = ", ".join(f"t.{name}" for name in (*_PERIOD, *more))
        inside = ", cast(t.components as text)" if more else ""
        statement = f"""
            select {plain}{inside}, {image_columns(self._connection, "t")}
            from {table} as t where t.image_key between :low and :high
        """
        width = len(_PERIOD) + len(more) + bool(more)
        for row in self._connection.execute(text(statement), self._span):
            period = Period(*row[: len(_PERIOD)])
            try:
                version = Version(period, image_of(row[width:]))
                if more:
                    latest = dict(zip(more, row[len(_PERIOD) :], strict=False))
                    latest["components"] = msgspec.json.decode(row[width - 1])
                    self._latest[period.image_key] = latest
            except UNREADABLE as error:
                name = f"{table}, image_key {period.image_key}, version {period.version}"
                told = f"can't be read: {error}"
                self.unreadable.append(of_row(period.opened_run_id, period.source, name, told))
            else:
                self._versions[period.image_key].append(version)

    def _read_changes(self) -> None:
        statement = f"""
            select {", ".join(_CHANGED)} from field_changes where image_key between :low and :high
        """
        for key, version, *rest in self._connection.execute(text(statement), self._span):
            self._changes[key].setdefault(version, []).append(tuple(rest))

    def _read_removals(self) -> None:
        statement = f"""
            select c.image_key, {", ".join(f"r.{name}" for name in _REMOVED)}
            from current_images as c
            join image_removals as r on r.source = c.source and r.image_id = c.image_id
            where c.image_key between :low and :high
        """
        for key, *rest in self._connection.execute(text(statement), self._span):
            removal = dict(zip(_REMOVED, rest, strict=True))
            self._removals[key][removal["version"]] = removal
