"""What may happen to a catalogue while it is being read? Schedules, each named by its number.

    world = World(drawn(4711))
    api = FakeApi(world.images, quirks=world.quirks)
    api.before_request = lambda _: setattr(api, "images", world.alter())
    figures = play(world, reader)       # reader: whoever reads api.url and keeps a record

A schedule says how an endpoint pages, sorts and counts, and how wildly its catalogue is altered. It
does not know what reads the catalogue and how, so that several readers can be held against the same
schedules. (A reader that asks for several pages at once decides itself, by the order in which its
requests arrive, what is altered between which of them.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from random import Random
from threading import Lock
from typing import Any, Final, Literal, Protocol

from tests.support.fake_api.quirks import Quirks

OPERATIONS: Final = (
    *("delete", "replace", "add", "change", "move"),  # each twice as often as the others
    *("delete", "replace", "add", "change", "move"),
    *("bring back", "bury", "respell", "retime"),
)
DELETED: Final = "DELETED"
QUIET_RUNS: Final = 3
FEWEST: Final = 3  # an alteration leaves so many images
TYPES: Final = ("BUILD_IN", "DEDICATED")
SORTED: Final = ("updateTime", "createTime")
EARLIEST, LATEST = 1_600_000_000_000, 1_700_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """One schedule; `budgets`: how often the catalogue is altered at most, run by run.

    `total`: what is said to be the number of rows. `over`: three more; `zero`: none; `stale`: the
    number before the latest alteration.
    """

    number: int
    rows: int
    types: int
    page_size: int
    concurrency: int
    budgets: tuple[int, ...]
    offset: Literal["pages", "records", "page_number"]
    first_page: Literal[0, 1]
    before_first: Literal["error", "first"]
    limit_cap: int | None
    past_the_end: Literal["error", "strict", "empty", "repeat"]
    sort_keys: frozenset[str]
    unsupported_sort: Literal["error", "ignored"]
    shuffles: bool
    total: Literal["right", "over", "zero", "stale"]
    has_ties: bool
    has_gaps: bool
    missing_image_status: Literal[400, 404]
    size_is_asked: bool
    omitted: frozenset[str]

    @property
    def settles(self) -> bool:
        """Whether the endpoint can be read whole once its catalogue is quiet.

        Not if its own order changes from request to request, if a wrong `total` leads past an end
        that is never shown, or if it hides how it pages.
        """
        is_endless = self.past_the_end == "repeat" and self.total in {"over", "zero"}
        return not self.shuffles and not is_endless and not self.is_mute

    @property
    def is_mute(self) -> bool:
        """Whether `size` or `current` hide what only the configuration could tell instead."""
        hides_cap = self.limit_cap is not None and (self.size_is_asked or "size" in self.omitted)
        hides_unit = "current" in self.omitted and (
            self.offset == "page_number" or self.total in {"over", "zero"}
        )
        return hides_cap or hides_unit


def drawn(number: int) -> Schedule:
    """The schedule of that number, always the same."""
    random = Random(f"schedule {number}")
    draw: Any = random.choice
    return Schedule(
        number=number,
        rows=random.randint(0, 24),
        types=draw([1, 1, 2]),
        page_size=random.randint(1, 8),
        concurrency=draw([1, 1, 1, 3]),
        budgets=(0, random.randint(1, 15), random.randint(1, 40)),
        offset=draw(["pages", "records", "page_number"]),
        first_page=draw([0, 1]),
        before_first=draw(["error", "first"]),
        limit_cap=draw([None, None, None, random.randint(1, 6)]),
        past_the_end=draw(["error", "strict", "empty", "empty", "repeat"]),
        sort_keys=frozenset(draw([(), ("updateTime",), ("createTime",), SORTED, SORTED])),
        unsupported_sort=draw(["error", "ignored"]),
        shuffles=draw([False] * 9 + [True]),
        total=draw(["right"] * 5 + ["over", "zero", "stale"]),
        has_ties=draw([False, False, True]),
        has_gaps=draw([False, False, True]),
        missing_image_status=draw([400, 404]),
        size_is_asked=draw([False] * 5 + [True]),
        omitted=draw([frozenset()] * 4 + [frozenset({"current"}), frozenset({"size"})]),
    )


class World:
    """The catalogue of a schedule: who alters it between two requests, and knows the truth."""

    def __init__(self, schedule: Schedule, operations: tuple[str, ...] = OPERATIONS) -> None:
        self.schedule = schedule
        self.lived: set[str] = set()  # ids of those that were there ever since the run began
        self.versions: Counter[str] = Counter()  # id → values it had, one after the other
        self._operations = operations
        self._random = Random(f"world {schedule.number}")
        self._numbers = 0
        self._budget = 0
        self._lag = 0  # rows that a stale total is behind by
        self._gone: list[dict[str, Any]] = []
        self._lock = Lock()
        self._images: list[dict[str, Any]] = []
        for _ in range(schedule.rows):
            self._images.append(self._new())

    @property
    def images(self) -> tuple[dict[str, Any], ...]:
        """The records of this moment, in the endpoint's own order."""
        return tuple(self._images)

    @property
    def quirks(self) -> Quirks:
        """How the endpoint answers."""
        told = self.schedule
        return Quirks(
            limit_cap=told.limit_cap,
            offset=told.offset,
            first_page=told.first_page,
            before_first=told.before_first,
            past_the_end=told.past_the_end,
            total=self._said,
            shuffle_seed=told.number if told.shuffles else None,
            sort_keys=told.sort_keys,
            unsupported_sort=told.unsupported_sort,
            missing_image_status=told.missing_image_status,
            size_is_asked=told.size_is_asked,
            omitted=told.omitted,
        )

    def begin(self, budget: int) -> None:
        """A run begins: so many alterations at most, then the catalogue is quiet."""
        with self._lock:
            self._budget = budget
            self._lag = 0
            self.lived = set(self.truth())

    def alter(self) -> tuple[dict[str, Any], ...]:
        """Alters the catalogue, or leaves it; gives its records."""
        with self._lock:
            before = len(self._images)
            for _ in range(min(self._budget, self._random.choice([0, 0, 1, 2, 4]))):
                self._budget -= 1
                self._apply(self._random.choice(self._operations))
            self._lag = before - len(self._images)
            self.lived &= self.truth().keys()
            return self.images

    def truth(self) -> dict[str, dict[str, Any]]:
        """The images that are there: id → record."""
        return {each["id"]: each for each in self._images if each["status"] != DELETED}

    def _said(self, count: int) -> int:
        match self.schedule.total:
            case "over":
                return count + 3
            case "zero":
                return 0
            case "stale":
                return max(count + self._lag, 0)
        return count

    def _apply(self, operation: str) -> None:
        match operation:
            case "add":
                self._insert(self._new())
            case "bring back" if self._gone:
                self._insert(self._told(self._take(self._gone) | {"status": "ACTIVE"}))
            case "delete" if len(self._images) > FEWEST:
                self._gone.append(self._take(self._images))
            case "replace" if len(self._images) > FEWEST:  # the total stays as it is
                self._gone.append(self._take(self._images))
                self._insert(self._new())
            case "move" if self._images:  # to another place, and in time of update
                self._insert(self._told(self._take(self._images) | {"update_at": self._time()}))
            case "change" | "bury" | "respell" | "retime" if self._images:
                place = self._random.randrange(len(self._images))
                self._images[place] = self._altered(self._images[place], operation)

    def _altered(self, record: dict[str, Any], operation: str) -> dict[str, Any]:
        match operation:
            case "bury":  # it stays in the list, as DELETED
                return {**record, "status": DELETED}
            case "respell":  # the same, said otherwise
                services = self._random.sample(record["dev_services"], 2)
                return {**record, "arch": "X86_64", "dev_services": services, "tag": None}
            case "retime":
                return self._told({**record, "create_at": self._time()})
        self._numbers += 1
        field, value = self._random.choice(
            [
                ("name", f"name {self._numbers}"),
                ("description", f"words {self._numbers}"),
                ("size", self._numbers),
                ("dev_services", ["SSH", f"SERVICE {self._numbers}"]),
                ("type", self._random.choice(TYPES[: self.schedule.types])),
            ]
        )
        return self._told({**record, field: value})

    def _new(self) -> dict[str, Any]:
        self._numbers += 1
        record: dict[str, Any] = {
            "id": f"image-{self._numbers:04}",
            "name": f"name {self._numbers}",
            "type": self._random.choice(TYPES[: self.schedule.types]),
            "status": "ACTIVE",
            "arch": "x86_64",
            "dev_services": ["NOTEBOOK", "SSH"],
            "create_at": self._time(),
            "update_at": self._time(),
        }
        if self.schedule.has_gaps and self._random.random() < 0.2:
            del record[self._random.choice(["create_at", "update_at"])]
        return self._told(record)

    def _told(self, record: dict[str, Any]) -> dict[str, Any]:
        """Counts one more version of an image that has got another value, or came back."""
        self.versions[record["id"]] += 1
        return record

    def _time(self) -> int:
        step = (LATEST - EARLIEST) // 5 if self.schedule.has_ties else 1
        return self._random.randrange(EARLIEST, LATEST, step)

    def _insert(self, record: dict[str, Any]) -> None:
        self._images.insert(self._random.randrange(len(self._images) + 1), record)

    def _take(self, records: list[dict[str, Any]]) -> dict[str, Any]:
        return records.pop(self._random.randrange(len(records)))


Facts = tuple[Any, ...]


def facts_of(record: Mapping[str, Any]) -> Facts:
    """What is compared of an image: id, name, description, type, size, arch, services, times."""
    told = ("name", "description", "type", "size")
    return (
        record["id"],
        *(record.get(field) for field in told),
        record["arch"].lower(),
        tuple(sorted(record["dev_services"])),
        record.get("create_at"),
        record.get("update_at"),
    )


class Reader(Protocol):
    """Whoever reads the catalogue, again and again, and keeps a record of it."""

    def run(self) -> None:
        """Reads it once."""

    def present(self) -> Sequence[Facts]:
        """The images that the record shows as present."""

    def versions(self) -> Mapping[str, int]:
        """How many versions the record has of each image."""


@dataclass(slots=True)
class Figures:
    """What came of schedules; all but the first three should be 0.

    `false_removals`: images that were there throughout a run, and left the record in it. After the
    quiet runs, where the endpoint settles: `lost` are there and not in the record, `kept` are in
    the record and not there, `lost_changes` have another value in the record. `doubles`: an image
    twice in the record after a run. `false_versions`: more versions than an image had values.
    """

    schedules: int = 0
    settled: int = 0
    runs: int = 0
    false_removals: int = 0
    lost: int = 0
    kept: int = 0
    doubles: int = 0
    lost_changes: int = 0
    false_versions: int = 0

    def __iadd__(self, other: Figures) -> Figures:
        for each in fields(Figures):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))
        return self

    @property
    def mistakes(self) -> int:
        """All that should not be."""
        return sum(getattr(self, each.name) for each in fields(Figures)[3:])

    def told(self) -> dict[str, int]:
        """All of them, by name."""
        return {each.name: getattr(self, each.name) for each in fields(Figures)}

    def __str__(self) -> str:
        return ", ".join(f"{name} {count:,}" for name, count in self.told().items())


def play(world: World, reader: Reader) -> Figures:
    """Lets a reader run through a schedule, then through quiet runs until it is right, or three."""
    figures = Figures(schedules=1, settled=int(world.schedule.settles))
    before: set[str] = set()
    for budget in (*world.schedule.budgets, *[0] * QUIET_RUNS):
        world.begin(budget)
        reader.run()
        record = reader.present()
        rows = {facts[0] for facts in record}
        figures.runs += 1
        figures.false_removals += len((world.lived & before) - rows)
        figures.doubles += len(record) - len(rows)
        before = rows
        if figures.runs > len(world.schedule.budgets) and _is_right(world, record):
            break
    if world.schedule.settles:
        _compare(world, record, reader.versions(), figures)
    return figures


def _is_right(world: World, record: Sequence[Facts]) -> bool:
    return set(record) == set(map(facts_of, world.truth().values()))


def _compare(
    world: World, record: Sequence[Facts], versions: Mapping[str, int], figures: Figures
) -> None:
    truth = {image_id: facts_of(record) for image_id, record in world.truth().items()}
    kept = {facts[0]: facts for facts in record}
    figures.lost += len(truth.keys() - kept.keys())
    figures.kept += len(kept.keys() - truth.keys())
    figures.lost_changes += sum(
        kept[image_id] != truth[image_id] for image_id in truth.keys() & kept.keys()
    )
    figures.false_versions += sum(
        count > world.versions[image_id] for image_id, count in versions.items()
    )
