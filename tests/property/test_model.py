"""The whole program against a naive reading of the documented rules, on both databases.

A step changes the catalogue or the configuration, or runs something: undisturbed, with a fault,
killed between two stages, or with a second run at the same time. After each step, the record must
be what the reference says, both databases must contain the same, and `verify` must find nothing.

`make soak` runs it long, with another seed each round; a failing example prints how to replay it.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import count
from random import Random
from typing import Any, ClassVar, Literal
from unittest.mock import patch

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from etl.config import AuthSettings, DatabaseSettings, RemovalSettings, Settings, WalkSettings
from etl.load.baseline import nameless_listings
from etl.maintenance.decisions import decide_held
from etl.run import RunOutcome, run_sync
from etl.run_context import open_context
from etl.sync_options import SyncOptions
from tests.support.counts import add_count
from tests.support.databases import Databases
from tests.support.dual_database import (
    BORDERS,
    COMMITTED,
    SECRET,
    VERSIONS,
    Answer,
    Twin,
    Twins,
    killed_at,
    plain,
    twins,
)
from tests.support.fake_api import Quirks, Request, Response, error_response
from tests.support.reference import (
    Coverage,
    Entry,
    Finding,
    Policy,
    Reference,
    Row,
    Shown,
    type_of,
)
from tests.support.syncing import START
from tests.support.walking import source_of

IS_SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
SHORT = {"max_examples": 3, "stateful_step_count": 6}
LONG = {"max_examples": 15, "stateful_step_count": 40}
TYPES = ("BUILD_IN", "DEDICATED")
BIRTH = 1_638_238_504_492
IDS = [f"id-{number}" for number in range(12)]
HIDDEN = frozenset({"id-2", "id-5"})
NAMELESS = {"name": "whose?", "type": "BUILD_IN"}
TOLD = ("name", "description", "type", "service_type", "status", "size", "dev_services", "swr_path")
IMAGE = f"image_id, state, version, listing, missing_since, {', '.join(TOLD)}"
Truth = dict[str, Any]

QUIET: dict[str, dict[str, Any]] = {
    "none": {},
    "total lies": {"total": lambda rows: rows + 1},
    "total lies, unsorted": {"total": lambda rows: rows + 1, "sort_keys": frozenset()},
    "unsorted": {"sort_keys": frozenset()},
    "page numbers": {"offset": "page_number", "past_the_end": "empty"},
    "a small cap": {"limit_cap": 2},
}
FAILING = {
    "fails": (11, error_response(500, "ModelArts.0100", f"trouble with {SECRET}")),
    "refuses": (10, error_response(403, "ModelArts.0108", f"no to {SECRET}")),
    "babbles": (12, Response(200, f"<html>{SECRET}".encode(), {"Content-Type": "text/html"})),
}
LOOKUPS: dict[str, tuple[str, Finding]] = {
    "lookups refused": ("*", "refused"),
    "lookups fail": ("*", "failed"),
    "a lookup refused": ("id-1", "refused"),
}
REFUSALS = {
    "lookups refused": FAILING["refuses"][1],
    "lookups fail": FAILING["fails"][1],
    "a lookup refused": FAILING["refuses"][1],
}
KINDS = {"added", "changed", "removed", "restored", "out_of_scope", "in_scope"}
STATUSES = {"succeeded", "partial", "held", "failed", "abandoned"}
FAULTS = [*QUIET, *FAILING, *LOOKUPS, "drifts", "hides", "empties"]


@dataclass(frozen=True)
class Fault:
    """What is odd about one run, and at which list call it fails."""

    kind: str
    at: int = 1


faults = st.builds(Fault, st.sampled_from(["none", *FAULTS]), st.integers(1, 4))
changes = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["pytorch", "mindspore 2", "é\u4e2d"]),
        "description": st.sampled_from([None, "", "long"]),
        "type": st.sampled_from(TYPES),
        "service_type": st.sampled_from([None, "TRAIN", "DEV"]),
        "status": st.sampled_from(["ACTIVE", "ERROR", "DELETED"]),
        "size": st.sampled_from([None, 0, 2**40]),
        "dev_services": st.sampled_from([None, [], ["NOTEBOOK"], ["NOTEBOOK", "SSH"]]),
        "swr_path": st.sampled_from([None, "swr.example.com/a/pytorch:1.8-cuda_11"]),
        "is_bad": st.booleans(),
    },
)
alterations = st.lists(
    st.tuples(st.sampled_from(["put", "put", "put", "drop"]), st.sampled_from(IDS), changes),
    min_size=1,
    max_size=6,
)
policies = st.builds(
    Policy,
    evidence=st.sampled_from(["lookup", "lookup", "two_walks"]),
    max_lookups=st.sampled_from([2, 500]),
    always_allow=st.integers(0, 4),
    max_count=st.sampled_from([2, 500]),
    max_percent=st.sampled_from([10.0, 50.0, 100.0]),
)
coverages = st.builds(
    Coverage,
    types=st.sampled_from([TYPES, TYPES, TYPES[::-1], TYPES[:1]]),
    service_type=st.sampled_from(["", "", "", "TRAIN"]),
)


def born(image_id: str) -> Truth:
    """An image as it first appears."""
    usual = {"name": image_id, "description": None, "type": "BUILD_IN", "service_type": None}
    more = {"status": "ACTIVE", "size": 1, "dev_services": ["SSH"], "swr_path": None}
    return {"id": image_id, **usual, **more, "is_bad": False}


def values_of(truth: Truth) -> dict[str, Any]:
    """What the columns must show of an image."""
    return {name: truth[name] for name in TOLD}


def altered(truth: list[Truth], step: str, image_id: str, fields: Truth) -> None:
    """Puts an image into the catalogue, changes it, or takes it away."""
    place = next((n for n, each in enumerate(truth) if each["id"] == image_id), None)
    if step == "drop":
        if place is not None:
            truth.pop(place)
    elif place is None:
        truth.append({**born(image_id), **fields})
    else:
        truth[place] = {**truth[place], **fields}


def spelled(truth: Truth, choose: Random) -> dict[str, Any]:
    """A record as the API may write it: orders, letter case, white space, null for missing.

    A bad one always alike: of rejects the bytes count.
    """
    choose = Random(0) if truth["is_bad"] else choose
    record = {**values_of(truth), "id": truth["id"], "create_at": BIRTH + IDS.index(truth["id"])}
    if choose.random() < 0.4:
        record = {name: value for name, value in record.items() if value is not None}
        record["name"] = f" {record['name']} "
        record["status"] = choose.choice([str.lower, str.title])(record["status"])
        services = record.get("dev_services")
        record["dev_services"] = services and choose.choice([services[::-1], services * 2])
    record["novelty"] = choose.random()
    return record | ({"size": "big"} if truth["is_bad"] else {})


def told(record: dict[str, Any]) -> str:
    """What tells one record from another."""
    return json.dumps(record, sort_keys=True)


def takes_in(coverage: Coverage, truth: Truth) -> bool:
    """Whether the source's own filters let an image through."""
    is_served = coverage.service_type in {"", truth["service_type"]}
    return truth["type"] in coverage.types and is_served


def quirks_of(fault: Fault) -> Quirks:
    """The sample's switches for a fault."""
    if fault.kind == "drifts":
        numbers = count(1)
        return Quirks(total=lambda rows: rows + next(numbers), sort_keys=frozenset())
    if fault.kind == "hides":
        return Quirks(unlisted=HIDDEN)
    return Quirks(**QUIET.get(fault.kind, {}))


class Moving:
    """A catalogue that changes before each page, the same way each time it begins."""

    def __init__(self, start: list[Truth], seed: int) -> None:
        self._start, self._seed = start, seed
        self.begin()

    def begin(self) -> None:
        self.truth = list(self._start)
        self._moments = [list(self.truth)]
        self._choose = Random(self._seed)
        self._budget = 15

    def next(self) -> list[Truth]:
        """The catalogue at the next page."""
        choose = self._choose
        for _ in range(min(self._budget, choose.choice([0, 0, 1, 2, 4]))):
            self._budget -= 1
            name = choose.choice(["a", "b"])
            altered(self.truth, choose.choice(["put", "drop"]), choose.choice(IDS), {"name": name})
            self.truth.insert(0, self.truth.pop()) if self.truth else None
        self._moments.append(list(self.truth))
        return self.truth

    @property
    def told(self) -> dict[str, list[dict[str, Any]]]:
        """Image id → the values that it had at one moment or another."""
        told: dict[str, list[dict[str, Any]]] = {}
        for moment in self._moments:
            for each in moment:
                told.setdefault(each["id"], []).append(values_of(each))
        return told

    def lived(self, coverage: Coverage) -> set[str]:
        """Who was listed, and not as DELETED, at every moment."""
        return set.intersection(
            *(
                {
                    each["id"]
                    for each in moment
                    if takes_in(coverage, each) and (each["status"] != "DELETED" or each["is_bad"])
                }
                for moment in self._moments
            )
        )


class Model(RuleBasedStateMachine):
    """The catalogue as it is (`truth`, in order), and what must be on record (`reference`)."""

    counts: ClassVar[Counter[str]] = Counter()  # what all examples tried

    def __init__(self, databases: Databases) -> None:
        super().__init__()
        self._databases, self._stack = databases, ExitStack()
        self.truth: list[Truth] = []
        self.nameless = 0
        self.spelling = 0
        self.coverage = Coverage(TYPES)
        self.reference = Reference(Policy())
        self.run_id = 0
        self.page_size = 3
        self.twins: Twins | None = None
        self.asked: set[str] = set()  # whom the latest run looked up
        self.has_failed = False  # whether it met its failing answer

    def teardown(self) -> None:
        self._stack.close()

    @initialize(
        policy=policies,
        page_size=st.integers(2, 5),
        images=st.integers(3, 12),
    )
    def begin(self, policy: Policy, page_size: int, images: int) -> None:
        """A new record."""
        self.twins = self._stack.enter_context(twins(self._databases))
        self.counts["examples"] += 1
        self.reference.policy, self.page_size = policy, page_size
        self.truth = [born(image_id) for image_id in IDS[:images]]
        self.sync(Fault("none"), accepts=False)

    # The world changes.

    @rule(steps=alterations, nameless=st.sampled_from([0, 0, 0, 1, 2]))
    def alter(self, steps: list[tuple[str, str, Truth]], nameless: int) -> None:
        self.nameless = nameless
        for step in steps:
            altered(self.truth, *step)

    @rule(seed=st.integers(0, 99), kept=st.integers(0, 12))
    def leave(self, seed: int, kept: int) -> None:
        """Many go at once, and the rest is in another order."""
        Random(seed).shuffle(self.truth)
        self.truth = self.truth[:kept]

    @rule(coverage=coverages)
    def cover(self, coverage: Coverage) -> None:
        self.counts["covered"] += coverage != self.coverage
        self.coverage = coverage

    # Something runs.

    @rule(fault=faults, accepts=st.sampled_from([False, False, True]))
    def sync(self, fault: Fault, accepts: bool) -> None:
        outcomes = self._each(fault, partial(self._run, accepts_removals=accepts))
        for outcome in outcomes:
            assert outcome.run_id == self.run_id
        self._expect(fault, outcomes, accepts=accepts)

    @rule(seed=st.integers(0, 999))
    def sync_while_it_moves(self, seed: int) -> None:
        """The catalogue changes between the pages: what lived throughout stays, and is as shown."""
        before, start = self.reference.present(), list(self.truth)
        moving = Moving(start, seed)
        ends = []

        def run(twin: Twin) -> RunOutcome:
            moving.begin()
            outcome = self._run(twin)
            ends.append((moving.truth, outcome.exit_code))
            return outcome

        self._each(Fault("none"), run, moving=moving)
        assert ends[0] == ends[1]
        self.truth = moving.truth
        self._adopt()
        after = self.reference.present()
        assert before.keys() & moving.lived(self.coverage) <= after.keys()
        for image_id, values in after.items():
            assert values in [*moving.told.get(image_id, []), before.get(image_id)]

    @rule(fault=faults, border=st.sampled_from(sorted(BORDERS)))
    def die(self, fault: Fault, border: str) -> None:
        """Killed: nothing of it is there, or all of it; and nobody need do anything about it."""
        kills = []

        def killed(twin: Twin) -> None:
            kills.append(killed_at(border, lambda: self._run(twin)))
            twin.settle()

        self._each(fault, killed)
        assert kills[0] == kills[1]
        self.counts["killed"] += sum(kills)
        if border in COMMITTED or not kills[0]:
            self._expect(fault, [], accepts=False)

    @rule(at=st.integers(1, 4))
    def meet(self, at: int) -> None:
        """A second run begins while the first waits for an answer: it is turned away."""
        met: list[int] = []

        def run(twin: Twin) -> RunOutcome:
            numbers = count(1)

            def second(_request: Request) -> None:
                if next(numbers) == at:
                    met.append(self._run(twin).exit_code)

            self._beside = second
            return self._run(twin)

        outcomes = self._each(Fault("none"), run)
        assert set(met) <= {22}
        self.run_id += bool(met)
        self.counts["met"] += len(met)
        self._expect(Fault("none"), outcomes, accepts=False)

    @precondition(lambda self: self.reference.held)
    @rule(is_approved=st.booleans(), fault=st.sampled_from(["none", "none", *LOOKUPS]))
    def decide(self, is_approved: bool, fault: str) -> None:
        """A person decides what the guard holds."""
        held_by = max(run_id for run_id, _ in self.reference.held.values())
        kind: Literal["approve", "dismiss"] = "approve" if is_approved else "dismiss"
        self.counts["decided"] += 2

        def run(twin: Twin) -> RunOutcome:
            with patch(
                "etl.maintenance.decisions.open_context",
                partial(open_context, now=lambda: self.twins.now),
            ):
                return decide_held(kind, self._settings(twin), held_by)

        outcomes = self._each(Fault(fault), run)
        if is_approved:
            lookup = self._lookup(Fault(fault))
            removed = self.reference.approve(held_by, lookup, at=self.twins.now)
            assert [each.sources[0].removed for each in outcomes] == [removed] * 2
        else:
            self.reference.dismiss(held_by, at=self.twins.now)

    @rule()
    def rest(self) -> None:
        """Promise 2: over an unchanged catalogue a run writes its run rows and nothing else."""
        self.sync(Fault("none"), accepts=False)
        if self.reference.missing():
            return
        before = [twin.tables() for twin in self.twins.twins]
        self.spelling += 1
        self.sync(Fault("none"), accepts=False)
        assert [twin.tables() for twin in self.twins.twins] == before

    # What must be so.

    @invariant()
    def the_record_is_what_the_contract_says(self) -> None:
        if self.twins and self.twins.has_run:
            for twin in self.twins.twins:
                self._holds(twin)
                self._folds(twin)
                twin.adds_up()
                assert not twin.tells(SECRET)
            self.twins.agree()
            self.twins.has_run = False

    def _holds(self, twin: Twin) -> None:
        """State, values, version and what is undecided, image by image."""
        entries = self.reference.entries
        rows = {row["image_id"]: row for row in twin.rows("select * from images")}
        assert rows.keys() == entries.keys()
        for key, entry in entries.items():
            row = rows[key]
            assert (row["state"], row["version"]) == (entry.state, entry.version), key
            assert {name: row[name] for name in entry.values} == entry.values
            assert row["missing_since"] == (entry.missing_since and plain(entry.missing_since))
            if entry.seen_at:
                assert row["last_seen_at"] == plain(entry.seen_at)
        held = twin.rows("select image_id from held_removals where released_at is null")
        assert {row["image_id"] for row in held} == self.reference.held.keys()

    def _folds(self, twin: Twin) -> None:
        """Promise 3: the versions at each run's instant are the catalogue of that run."""
        versions = twin.rows(VERSIONS.replace("valid_to", f"valid_to, {', '.join(TOLD)}"))
        for at, catalogue in self.reference.catalogues:
            then = plain(at)
            folded = {
                row["image_id"]: {name: row[name] for name in TOLD}
                for row in versions
                if row["valid_from"] <= then and (row["valid_to"] or "z") > then
            }
            assert folded == catalogue

    # How a run is served, and what is to be expected of it.

    def _each(self, fault: Fault, run: Any, *, moving: Moving | None = None) -> list[Any]:
        self._beside: Any = None
        self.run_id += 1
        self.counts["runs"] += 2
        outcomes = self.twins.each(partial(self._serve, fault, moving), run)
        assert SECRET not in repr(outcomes)
        return outcomes

    def _settings(self, twin: Twin) -> Settings:
        covered = {"types": self.coverage.types, "service_type": self.coverage.service_type}
        http = {"page_size": self.page_size, "concurrency": 1}
        auth = AuthSettings(method="token", token=SECRET)
        source = source_of(self.twins.api.url, http=http, auth=auth, **covered)
        return Settings(
            database=DatabaseSettings(url=twin.url),
            walk=WalkSettings(max_walks=3),
            removals=RemovalSettings(**vars(self.reference.policy)),
            sources=(replace(source, name="sample"),),
        )

    def _run(self, twin: Twin, **how: Any) -> RunOutcome:
        return run_sync(self._settings(twin), SyncOptions(**how), now=lambda: self.twins.now)

    def _serve(self, fault: Fault, moving: Moving | None) -> Answer:
        """Puts the catalogue and the faults of a step in place."""
        api, numbers = self.twins.api, count(1)
        self.asked, self.has_failed = set(), False
        api.images = self._records(fault, self.truth)
        api.quirks = quirks_of(fault)
        found = self._lookup(fault)

        def receive(request: Request) -> Response | None:
            if beside := self._beside:
                beside(request)
            if "/images/" in request.path:
                image_id = request.path.rpartition("/")[2]
                self.asked.add(image_id)
                return REFUSALS.get(fault.kind if found(image_id) in {"refused", "failed"} else "")
            number = next(numbers)
            if moving:
                api.images = self._records(fault, moving.next())
            if fault.kind in FAILING and number == fault.at:
                self.has_failed = True
                return FAILING[fault.kind][1]
            return None

        return receive

    def _records(self, fault: Fault, truth: list[Truth]) -> list[dict[str, Any]]:
        if fault.kind == "empties":
            return []
        choose = Random(self.spelling)
        nameless = [{**NAMELESS, "number": number} for number in range(self.nameless)]
        return [*(spelled(each, choose) for each in truth), *nameless]

    def _lookup(self, fault: Fault) -> Callable[[str], Finding]:
        """What the API says of an image by its id."""
        truth = {} if fault.kind == "empties" else {each["id"]: each for each in self.truth}

        def found(image_id: str) -> Finding:
            whom, answer = LOOKUPS.get(fault.kind, ("", "found"))
            if whom in {"*", image_id}:
                return answer
            if image_id not in truth:
                return "not_found"
            if truth[image_id]["is_bad"]:
                return "failed"
            return "deleted" if truth[image_id]["status"] == "DELETED" else "found"

        return found

    def _expect(self, fault: Fault, outcomes: list[RunOutcome], *, accepts: bool) -> None:
        """Tells the reference what was shown, and holds what the runs said against it."""
        self.counts["faults"] += fault.kind != "none"
        if self.has_failed:
            for outcome in outcomes:
                assert outcome.exit_code == FAILING[fault.kind][0]
                assert outcome.sources[0].status == "failed"
            return
        expected = self.reference.sync(
            self._shown(fault),
            self.coverage,
            run_id=self.run_id,
            at=self.twins.now,
            accepts=accepts,
        )
        for outcome in outcomes:
            (source,) = outcome.sources
            assert {name: getattr(source, name) for name in expected} == expected
            assert (source.facts.certificate == "none") == (fault.kind == "drifts")
            codes = {"succeeded": 0, "partial": 3, "held": 30}
            assert outcome.exit_code == codes[expected["status"]]

    def _shown(self, fault: Fault) -> Shown:
        hidden = HIDDEN if fault.kind == "hides" else ()
        truth = [] if fault.kind == "empties" else self.truth
        nameless = 0 if fault.kind == "empties" else self.nameless
        rows = [
            Row(each["id"], f"{type_}/0", values_of(each), each["status"] == "DELETED")
            if not each["is_bad"]
            else Row(each["id"], f"{type_}/0", None, record=told(spelled(each, Random(0))))
            for type_ in self.coverage.types
            for each in truth
            if each["type"] == type_ and takes_in(self.coverage, each) and each["id"] not in hidden
        ]
        if "BUILD_IN" in self.coverage.types and not self.coverage.service_type:
            rows += [
                Row(None, f"BUILD_IN/{number}", None, record=told({**NAMELESS, "number": number}))
                for number in range(nameless)
            ]
        listings = {f"{type_}/0" for type_ in self.coverage.types}
        full = {row.listing if row.image_id else "BUILD_IN/0" for row in rows}
        return Shown(
            rows=tuple(rows),
            is_certified=fault.kind != "drifts",
            empty_listings=frozenset(listings - full),
            asked=frozenset(self.asked),
            lookup=self._lookup(fault),
        )

    def _adopt(self) -> None:
        """Takes the record as it is for the truth: after what no rule foretells."""
        twin = self.twins.twins[0]
        self.reference.entries = {
            row["image_id"]: Entry(
                state=row["state"],
                values={name: row[name] for name in TOLD},
                version=row["version"],
                listing=row["listing"],
                seen_at=None,
                missing_since=row["missing_since"] and datetime.fromisoformat(row["missing_since"]),
            )
            for row in twin.rows(f"select {IMAGE} from current_images order by image_key")
        }
        held = twin.rows("select * from held_removals where released_at is null")
        self.reference.held = {row["image_id"]: (row["run_id"], row["evidence"]) for row in held}
        rejects = twin.rows("select record, image_id from rejects where resolved_at is null")
        self.reference.rejects = {told(row["record"]): row["image_id"] for row in rejects}
        self.reference.nameless = self._nameless_types()
        self.reference.catalogues.append((self.twins.now, self.reference.present()))
        (last,) = twin.rows("select max(run_id) as run_id from sync_runs")
        self.run_id = last["run_id"]

    def _nameless_types(self) -> set[str]:
        """The types whose latest certified listing had records without an id."""
        certified = "select walk_detail from source_runs where certificate <> 'none'"
        rows = self.twins.twins[0].rows(f"{certified} order by observed_at desc limit 1")
        details = [row["walk_detail"] for row in rows]
        read = [json.loads(each) if isinstance(each, str) else each for each in details]
        return {type_of(name) for each in read for name in nameless_listings(each)}


PEACE = Fault("none")
STORY: list[tuple[str, dict[str, Any]]] = [
    (
        "begin",
        {
            "policy": Policy(always_allow=1, max_count=2, max_percent=100),
            "page_size": 2,
            "images": 8,
        },
    ),
    ("alter", {"steps": [("put", "id-1", {"name": "b"}), ("drop", "id-3", {})], "nameless": 1}),
    ("die", {"fault": PEACE, "border": "removals written"}),
    ("die", {"fault": PEACE, "border": "committed"}),
    ("alter", {"steps": [("put", "id-3", {}), ("put", "id-9", {})], "nameless": 0}),
    ("meet", {"at": 2}),
    ("sync", {"fault": Fault("fails", at=2), "accepts": False}),
    ("sync", {"fault": Fault("drifts"), "accepts": False}),
    ("cover", {"coverage": Coverage(TYPES, service_type="TRAIN")}),
    ("sync", {"fault": PEACE, "accepts": False}),
    ("cover", {"coverage": Coverage(TYPES)}),
    ("sync_while_it_moves", {"seed": 1}),
    ("leave", {"seed": 1, "kept": 2}),
    ("die", {"fault": PEACE, "border": "before the run's end"}),
    ("decide", {"is_approved": False, "fault": "none"}),
    ("sync", {"fault": PEACE, "accepts": False}),
    ("decide", {"is_approved": True, "fault": "a lookup refused"}),
    ("alter", {"steps": [("put", image_id, {}) for image_id in IDS], "nameless": 0}),
    ("rest", {}),
]


def test_a_story_takes_every_kind_of_step(databases: Databases) -> None:
    """A short run of random steps leaves out some of them."""
    Model.counts.clear()
    model, since = Model(databases), f"> '{plain(START)}'"
    try:
        for step, how in STORY:
            getattr(model, step)(**how)
            model.the_record_is_what_the_contract_says()
        for twin in model.twins.twins:
            changes = twin.rows(f"select distinct kind from image_changes where at {since}")
            assert {row["kind"] for row in changes} == KINDS
            runs = twin.rows(f"select distinct status from sync_runs where started_at {since}")
            assert {row["status"] for row in runs} == STATUSES
    finally:
        model.teardown()
    assert {step for step, _ in STORY} == {"begin"} | {
        each.function.__name__ for each in model.rules
    }
    assert Model.counts >= Counter(killed=6, met=2, covered=2, decided=4, faults=2)
    add_count("model", databases=2, **Model.counts)


def test_the_record_follows_the_documented_rules(databases: Databases) -> None:
    Model.counts.clear()
    run_state_machine_as_test(
        partial(Model, databases), settings=settings(**(LONG if IS_SOAK else SHORT))
    )
    assert Model.counts["runs"] > Model.counts["examples"] > 0
    add_count("model", databases=2, **Model.counts)
