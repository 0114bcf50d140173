"""Generated runs over two sources, from a seed: what each source showed to each run.

An image is defined by its columns; the API sends it with lists in another order and in another
letter case from one run to the next, so that only real changes may count.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from msgspec import json

from etl.model import DERIVED, TRACKED
from tests.support.history import (
    History,
    Reading,
    holding,
    missing,
    out_of_scope,
    removing,
)

SOURCES = ("north", "south")
WAYS = {"removed": removing, "held": holding, "missing": missing, "out_of_scope": out_of_scope}
TIMES = {"created_at": "create_at", "updated_at": "update_at"}
BIG = '{"id": "%s", "size": "big"}'
NAMELESS = '{"id": 7}'
REASONS = {BIG: "size: Expected `int | null`, got `str`", NAMELESS: "id: Expected `str`, got `int`"}


@dataclass(frozen=True)
class Truth:
    """An image at its source: tracked values, components, unknown fields."""

    values: Mapping[str, Any]
    components: tuple[tuple[str, str], ...]
    extra: Mapping[str, Any]


@dataclass(frozen=True)
class Shown:
    """What one source showed to one run: images in order, and records that cannot be parsed."""

    images: Mapping[str, Truth] = field(default_factory=dict)
    unreadable: Mapping[str, tuple[str | None, str]] = field(default_factory=dict)
    way: str = "removed"
    certificate: str = "exact"
    is_failing: bool = False


@dataclass(frozen=True)
class Step:
    """One run: a reading of some sources, or a decision over what is held of one."""

    shown: Mapping[str, Shown]
    kind: str = "sync"


def steps(*, runs: int = 200, seed: int = 7) -> list[Step]:
    """The same runs every time."""
    choose = random.Random(seed)
    worlds = {source: World(choose) for source in SOURCES}
    script: list[Step] = []
    for number in range(runs - 1):
        held = [source for source, shown in _last(script).items() if shown.way == "held"]
        if held and choose.random() < 0.5:
            script.append(Step({held[0]: Shown()}, kind=choose.choice(["approve", "dismiss"])))
            continue
        chosen = SOURCES if number % 9 == 0 else (choose.choice(SOURCES),)
        script.append(Step({source: worlds[source].next(number) for source in chosen}))
    return [*script, Step({source: worlds[source].last() for source in SOURCES})]


def _last(script: list[Step]) -> Mapping[str, Shown]:
    return script[-1].shown if script else {}


class World:
    """One source's images, as they come, change and go."""

    def __init__(self, choose: random.Random) -> None:
        self._choose = choose
        self._live = {self._fresh(): truth(choose) for _ in range(20)}
        self._still = frozenset(sorted(self._live)[:4])  # these stay as they are
        self._gone: dict[str, Truth] = {}

    def next(self, number: int) -> Shown:
        """What a run sees now."""
        choose = self._choose
        if number % 17 == 13:
            return Shown(is_failing=True)
        if number > len(SOURCES):
            self._move()
        images = dict(self._live)
        way = choose.choice(["removed", "removed", "removed", "held", "missing", "out_of_scope"])
        unreadable = self._break(images) if number % 6 == 5 else {}
        if number % 11 == 7:
            way = "removed"
            self._delete(images)
        return Shown(images, unreadable, way, "none" if number % 8 == 6 else "exact")

    def last(self) -> Shown:
        """The last run: removals are held, and a record cannot be parsed."""
        images = {image_id: self._live[image_id] for image_id in sorted(self._live)[1:]}
        return Shown(images, self._break(images), "held")

    def _break(self, images: dict[str, Truth]) -> dict[str, tuple[str | None, str]]:
        """Makes the record of one image unreadable, and adds a record without an id."""
        broken = self._choose.choice(self._moving(images))
        del images[broken]
        return {BIG % broken: (broken, REASONS[BIG]), NAMELESS: (None, REASONS[NAMELESS])}

    def _move(self) -> None:
        choose, live, gone = self._choose, self._live, self._gone
        for image_id in choose.sample(self._moving(live), choose.randrange(4)):
            live[image_id] = changed(choose, live[image_id])
        for image_id in choose.sample(self._moving(live), choose.randrange(3)):
            gone[image_id] = live.pop(image_id)
        for image_id in choose.sample(sorted(gone), min(choose.randrange(3), len(gone))):
            live[image_id] = choose.choice([gone[image_id], changed(choose, gone[image_id])])
            del gone[image_id]
        if len(live) + len(gone) < 30 and choose.random() < 0.3:
            live[self._fresh()] = truth(choose)

    def _delete(self, images: dict[str, Truth]) -> None:
        """Lists one image as DELETED, and another one that was never seen before."""
        for image_id in (self._choose.choice(self._moving(images)), self._fresh()):
            seen = self._live.pop(image_id, None) or truth(self._choose)
            images[image_id] = Truth({**seen.values, "status": "DELETED"}, seen.components, {})

    def _moving(self, images: Mapping[str, Truth]) -> list[str]:
        return sorted(images.keys() - self._still)

    def _fresh(self) -> str:
        return f"{self._choose.getrandbits(64):016x}"


def truth(choose: random.Random) -> Truth:
    """An image's first values."""
    engine = choose.choice([("pytorch", "1.8.1"), ("pytorch", "2.1.0"), ("mindspore", "2.2.0")])
    python = ("python", choose.choice(["3.7", "3.9", "3.11"]))
    system = choose.choice([("ubuntu", "18.04"), ("ubuntu", "22.04"), ("euleros", "2.10.11")])
    created_at = choose.choice([None, 1_638_238_504_492 + choose.randrange(10**10)])
    values = dict.fromkeys(TRACKED) | {
        "name": f"{engine[0]}_{engine[1]}-py_{python[1]}-{system[0]}_{system[1]}",
        "description": choose.choice([None, "", "for teaching"]),
        "type": choose.choice(["BUILD_IN", "DEDICATED"]),
        "status": "ACTIVE",
        "arch": choose.choice(["x86_64", "aarch64", None]),
        "workspace_id": choose.choice(["0", None]),
        "service_type": choose.choice(["COMMON", "TRAIN", None]),
        "size": choose.choice([None, choose.randrange(2**34)]),
        "dev_services": choose.choice([None, [], ["NOTEBOOK"], ["NOTEBOOK", "SSH"]]),
        "resource_categories": choose.choice([None, ["CPU"], ["CPU", "GPU"]]),
        "tags": choose.choice([None, [{"key": "team", "value": "a"}, {"key": "x", "value": ""}]]),
        "created_at": created_at,
        "updated_at": created_at and created_at + choose.choice([0, 3_600_000]),
        **_address(choose, engine[0]),
    }
    extra = choose.choice([{}, {"newField": 1}, {"other": [1, "a"]}])
    return Truth(values, tuple(sorted([engine, python, system])), extra)


def _address(choose: random.Random, repository: str) -> dict[str, Any]:
    organization, tag = choose.choice(["atelier", "lab"]), f"b{choose.randrange(6)}"
    return {
        "tag": tag,
        "swr_path": f"swr.example.com/{organization}/{repository}:{tag}",
        "swr_registry": "swr.example.com",
        "swr_organization": organization,
        "swr_repository": repository,
        "swr_tag": tag,
    }


def changed(choose: random.Random, before: Truth) -> Truth:
    """The next values: other content at the same path, another path, another status."""
    path = before.values["swr_path"].split("/")
    new: dict[str, Any] = choose.choice(
        [
            {"size": choose.randrange(2**34)},
            {"status": choose.choice(["ERROR", "ACTIVE"]), "description": "again"},
            _address(choose, path[2].split(":")[0]),
            {"dev_services": choose.choice([None, [], ["SSH"]]), "updated_at": 1_700_000_000_000},
        ]
    )
    return Truth({**before.values, **new}, before.components, before.extra)


def wire(choose: random.Random, image_id: str, image: Truth) -> dict[str, Any]:
    """The record of the API: letter case and order as it happens, null or nothing for none."""
    record: dict[str, Any] = {"id": image_id}
    for column, value in image.values.items():
        if column in DERIVED or (value is None and choose.random() < 0.5):
            continue
        record[TIMES.get(column, column)] = _noisy(choose, column, value)
    return record | dict(image.extra)


def _noisy(choose: random.Random, column: str, value: Any) -> Any:
    if isinstance(value, list):
        return choose.sample(value, len(value)) + (value[:1] if choose.random() < 0.3 else [])
    if value is not None and choose.random() < 0.3:
        if column in {"arch", "status", "type"}:
            return choose.choice([value.lower(), value.upper(), f" {value} "])
        if column == "name":
            return f"{value} "
    return value


def play(history: History, script: list[Step], *, seed: int = 8) -> list[datetime]:
    """Runs the script through the real loader; gives each run's instant."""
    choose = random.Random(seed)
    instants = []
    for step in script:
        if step.kind == "sync":
            history.run_all({source: _read(choose, each) for source, each in step.shown.items()})
        else:
            (source,) = step.shown
            history.settle(source, kind=step.kind)
        instants.append(history.observed_at)
    return instants


def _read(choose: random.Random, shown: Shown) -> Reading:
    records = [json.encode(wire(choose, *each)) for each in shown.images.items()]
    records += [each.encode() for each in shown.unreadable]
    return Reading(records, WAYS[shown.way], shown.certificate, shown.is_failing)
