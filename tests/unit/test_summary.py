"""The summary that a person reads, and the object that programs read, of a run and of a plan."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from etl.cli import summary
from etl.cli.summary import run_result
from etl.model import (
    AbsentImage,
    Decision,
    FieldChange,
    Image,
    Outcome,
    Removal,
    WalkFacts,
)

OLD = '"swr.example.com/atelier/notebook2.0-pytorch-1.8-kernel-cp37:3.3.3-B003-20211220"'
NEW = '"swr.example.com/atelier/notebook2.0-pytorch-1.8-kernel-cp37:3.3.3-B007-20220305"'
AT = datetime(2026, 11, 2, 8, tzinfo=UTC)


@dataclass
class Run:
    sources: tuple
    run_id: int | None = 12
    status: str = "succeeded"
    exit_code: int = 0
    started_at: datetime = AT
    finished_at: datetime = AT + timedelta(seconds=3.21)
    is_dry_run: bool = False
    checkpoint: str | None = None


def source(name="one", *, status="succeeded", certificate="exact", walks=1, **counts):
    facts = WalkFacts(certificate=certificate, walks=walks, pages=2, requests=1, reported_total=28)
    return Outcome(name=name, status=status, observed_at=AT, facts=facts, **counts)


def command_line(arguments):
    return f"image-sync --config my.toml {arguments}"


def text(run):
    return summary.as_text(run, command_line=command_line)


def test_changes_are_summed_with_their_fields_and_the_command_for_details():
    told = text(Run((source(seen=40, added=3, changed=2, changed_fields={"size": 1, "tag": 2}),)))
    assert told.splitlines()[0] == "Run 12 succeeded: 1 source in 3.2 s."
    assert "one: 40 images seen (2 pages, 1 request)" in told
    assert "3  added" in told
    assert "2  changed: tag 2, size 1" in told
    assert "exact  complete: the pages add up" in told
    assert told.endswith("Details: image-sync --config my.toml changes --run 12")


def test_the_checkpoint_is_named_by_its_size_and_root():
    for size, entries in (("1", "1 log entry"), ("2", "2 log entries")):
        run = Run((source(),), checkpoint=f"log\n{size}\nabc=\n\n")
        assert text(run).endswith(f"\nCheckpoint: {entries}, root abc=")


def test_held_removals_come_with_the_two_choices_as_commands_to_paste():
    run = Run(
        (source(status="held", held=9, held_rule="max_count", removed=1, rejected=2, walks=3),),
        status="held",
        exit_code=30,
    )
    told = text(run)
    assert "9  removals held by the guard (max_count): more than removals.max_count" in told
    assert "  held removals:   image-sync --config my.toml removals --held\n" in told
    assert "  remove them:     image-sync --config my.toml approve 12\n" in told
    assert "  keep the images: image-sync --config my.toml dismiss 12\n" in told
    assert "  removals:        image-sync --config my.toml removals --run 12\n" in told
    assert told.endswith(
        "  rejects:         image-sync --config my.toml rejects\n\n"
        + ("Details: image-sync --config my.toml changes --run 12")
    )
    assert "3 walks" in told
    assert summary.in_one_line(run, command_line=command_line) == (
        "Run 12 held: one: 9 removals held (max_count): remove them with"
        " `image-sync --config my.toml approve 12` or keep the images with"
        " `image-sync --config my.toml dismiss 12`, 2 records rejected"
        " (see `image-sync --config my.toml rejects`)"
    )


def test_a_walk_without_a_certificate_says_why_listing_by_listing():
    def listing(number, certificate="none", **more):
        told = {"listing": f"A/{number}", "certificate": certificate, "reasons": ["short"]}
        return {**told, **more}

    listings = [listing(0, backward="no order"), listing(1, "exact"), *map(listing, range(2, 6))]
    facts = WalkFacts(walks=4, detail={"listings": listings})
    odd = Outcome(name="odd", status="partial", observed_at=AT, facts=facts)
    told = [line.strip() for line in text(Run((odd,), status="partial")).splitlines()]
    assert told[-4:] == [
        "A/0: short; no order",
        "A/2: short",
        "A/3: short",
        "… and 2 more listings",
    ]


def test_a_plan_does_not_suggest_approving_removals_it_would_hold():
    run = Run(
        (source(status="held", held=1, held_rule="empty_listing"),),
        run_id=None,
        status="held",
        is_dry_run=True,
    )
    assert "1  removal held by the guard (empty_listing): a listing with" in text(run)
    assert "approve" not in text(run)
    assert (
        summary.in_one_line(run, command_line=command_line)
        == "Plan held: one: 1 removal held (empty_listing)"
    )


def test_a_plan_says_that_nothing_was_written():
    told = text(Run((source(added=1),), run_id=None, is_dry_run=True))
    assert told.startswith("Plan succeeded: 1 source in 3.2 s. Nothing was written.")
    assert "Details" not in told


def test_a_decision_reads_no_listing():
    assert "one: 4 images present" in text(Run((source(walks=0, present=4),)))


def test_a_shard_without_sources_is_stated():
    assert text(Run(())) == "No source belongs to this shard."


def test_a_failed_source_says_why():
    bad = source(
        "b\x1bd", status="failed", certificate="none", error_kind="refused", error_message="401\x1b"
    )
    run = Run(
        (bad, source("odd", status="partial", certificate="none"), source()), status="partial"
    )
    told = text(run)
    assert "b\\x1bd: failed (refused)\n  ! 401\\x1b" in told
    assert "not certified" in told
    assert summary.in_one_line(run, command_line=command_line).endswith(
        "b\\x1bd: 401\\x1b; odd: the walk could not be certified"
    )


def test_the_object_has_the_documented_keys():
    bad = source(status="failed", error_kind="refused", error_message="no", error_request_id="r")
    told = msgspec.to_builtins(run_result(Run((source(seen=1), bad))))
    assert list(told) == [
        *("run_id", "status", "started_at", "finished_at", "dry_run", "checkpoint", "sources")
    ]
    assert told["started_at"] == "2026-11-02T08:00:00.000Z"
    first, second = told["sources"]
    assert {
        "name", "status", "certified", "certificate", "walks", "pages", "requests", "retries",
        "reported_total", "seen", "added", "changed", "unchanged", "removed", "restored",
        "out_of_scope", "held", "missing", "rejected", "entry", "error",
    } <= first.keys()  # fmt: skip
    assert first["error"] is None
    assert second["error"] == {"kind": "refused", "message": "no", "request_id": "r"}


def absent(image_id: str) -> AbsentImage:
    return AbsentImage(1, image_id, f"image {image_id}", None, None, None, None, None, None)


@dataclass
class Change:
    kind: str
    image: Image
    fields: tuple[FieldChange, ...] = ()


@dataclass
class Named:
    name: str = "one"


@dataclass
class Preview:
    """What `plan_source` returns, as far as the output needs it."""

    decision: Decision = field(default_factory=Decision)
    found: list[Any] = field(default_factory=list)
    outcome: Named = field(default_factory=Named)

    def removals(self):
        yield from self.decision.removals

    def changes(self):
        yield from self.found


def lines(preview, *, is_terminal=False):
    return list(summary.plan_lines([preview], is_terminal=is_terminal))


def changed(old=OLD, new=NEW):
    return Preview(found=[Change("changed", Image("a", name="n"), (FieldChange("tag", old, new),))])


def test_in_a_pipe_values_are_complete():
    assert lines(changed())[-1] == f"      tag: {OLD} → {NEW}"


def test_on_a_terminal_long_values_are_cut_to_their_differences():
    line = lines(changed(), is_terminal=True)[-1]
    old, new = line.removeprefix("      tag: ").split(" → ")
    assert (len(old) < 64, old != new) == (True, True)
    assert "3-B003-20211220" in old
    assert "3-B007-20220305" in new
    assert lines(changed("1", "2"), is_terminal=True)[-1] == "      tag: 1 → 2"


def test_every_removal_is_shown_and_only_the_first_of_the_other_images_on_a_terminal():
    removals = tuple(
        Removal(absent(str(number)), "lookup_not_found", {"status": 404}) for number in range(70)
    )
    added = [Change("added", Image(f"new-{number}")) for number in range(60)]
    preview = Preview(Decision(removals=removals, held=removals[:1]), added)
    shown = lines(preview, is_terminal=True)
    assert sum("  remove (lookup_not_found: status 404)" in line for line in shown) == 70
    assert sum("  hold (lookup_not_found: status 404)" in line for line in shown) == 1
    assert sum(line.startswith("  + new-") for line in shown) == 50
    assert shown[-1].startswith("  … and 10 more lines")
    assert sum(line.startswith("  + new-") for line in lines(preview)) == 60


def test_a_source_without_changes_has_no_lines():
    assert lines(Preview()) == []


def test_images_that_stay_are_shown_with_the_reason():
    decision = Decision(missing=(absent("a"),), found=(absent("b"),), out_of_scope=(absent("c"),))
    assert lines(Preview(decision))[2:] == [
        "  ? a  image a  missing, undecided",
        "  ? b  image b  not listed, but found by id",
        "  ? c  image c  out of scope",
    ]


def test_a_removal_without_detail_names_its_evidence():
    preview = Preview(Decision(removals=(Removal(absent("x"), "absent_twice", {}),)))
    assert lines(preview)[-1] == "  - x  image x  remove (absent_twice)"


def test_the_struct_has_every_image_once():
    decision = Decision(
        removals=(Removal(absent("a"), "listed_deleted", {"status": "DELETED"}),),
        missing=(absent("b"),),
        found=(absent("c"),),
        out_of_scope=(absent("d"),),
    )
    found = [Change("added", Image("e")), *changed().found]
    plan = run_result(Run((source(),)), [Preview(decision, found)]).sources[0].plan
    assert [each.image_id for each in plan.removed] == ["a"]
    assert plan.removed[0].evidence_detail == {"status": "DELETED"}
    assert [each.image_id for each in plan.missing] == ["b"]
    assert [each.image_id for each in plan.found_by_lookup] == ["c"]
    assert [each.image_id for each in plan.out_of_scope] == ["d"]
    assert [each.image_id for each in plan.added] == ["e"]
    assert plan.changed[0].fields[0].new_value == NEW
