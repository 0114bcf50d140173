"""A plan for people: what would be removed comes first, and nothing that matters is cut."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from etl.cli.plan_output import plan_lines, plan_struct
from etl.model import AbsentImage, Decision, FieldChange, Image, Removal

OLD = '"swr.example.com/atelier/notebook2.0-pytorch-1.8-kernel-cp37:3.3.3-B003-20211220"'
NEW = '"swr.example.com/atelier/notebook2.0-pytorch-1.8-kernel-cp37:3.3.3-B007-20220305"'


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
    return list(plan_lines([preview], is_terminal=is_terminal))


def changed(old=OLD, new=NEW):
    return Preview(found=[Change("changed", Image("a", name="n"), (FieldChange("tag", old, new),))])


def test_in_a_pipe_values_are_complete():
    assert lines(changed())[-1] == f"      tag: {OLD} → {NEW}"


def test_on_a_terminal_long_values_are_reduced_to_where_they_differ():
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
    plan = plan_struct(Preview(decision, found))
    assert [each.image_id for each in plan.removed] == ["a"]
    assert plan.removed[0].evidence_detail == {"status": "DELETED"}
    assert [each.image_id for each in plan.missing] == ["b"]
    assert [each.image_id for each in plan.found_by_lookup] == ["c"]
    assert [each.image_id for each in plan.out_of_scope] == ["d"]
    assert [each.image_id for each in plan.added] == ["e"]
    assert plan.changed[0].fields[0].new_value == NEW
