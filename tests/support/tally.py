"""What the tests tried, noted as they go, and the table of docs/reliability.md that comes of it.

`make reliability` names a file in IMAGE_SYNC_TALLY, where each note is a line of JSON. When all
tests have passed, `python -m tests.support.tally FILE COMMAND` writes the table. No one edits it.
"""

from __future__ import annotations

import json
import os
import platform
import re
import sqlite3
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

VARIABLE = "IMAGE_SYNC_TALLY"
PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- made by `make reliability`: begin -->", "<!-- end -->"
Sums = Mapping[str, Counter[str]]


def note(kind: str, **figures: Any) -> None:
    """Adds a line to the file that the environment names; without one, nothing."""
    if path := os.environ.get(VARIABLE):
        line = json.dumps({"kind": kind, **figures}, sort_keys=True)
        with open(path, "a", encoding="utf-8") as file:
            file.write(f"{line}\n")  # one write, so that several workers may add to one file


def note_passed(item: Any) -> None:
    """Notes a test that passed and, when it has any, its examples as hypothesis counts them."""
    module = item.path.stem
    note(f"passed {module}", tried=1)
    statistics = getattr(item, "hypothesis_statistics", "")
    if found := sum(map(int, re.findall(r"(\d+) passing\b", statistics))):
        note(f"examples {module}", tried=found)


@dataclass(frozen=True, slots=True)
class Row:
    """What was tried, in which note it is counted, and what was checked each time."""

    tried: str
    kind: str
    checked: str
    figure: str = "tried"
    besides: Mapping[str, str] = field(default_factory=dict)  # figure → its words


WHOLE = "old state or new; next run needs no one; `verify`"
ROWS = (
    Row(
        "runs of the whole program beside a naive reading of the contract, on both databases",
        "model",
        "1, 2, 3, 4, 6, 7, 8 after each step; `verify`",
        "runs",
        {
            "faults": "with a fault",
            "killed": "killed",
            "met": "with a second one at their side",
            "decided": "that decided held removals",
            "covered": "changes of what is asked for",
            "upgraded": "records of an older release",
        },
    ),
    Row(
        "schedules of a catalogue that changes between any two requests",
        "schedules",
        "no living image removed, none lost, doubled or kept; `verify`",
        "schedules",
        {"runs": "runs"},
    ),
    Row("runs killed at a border between two stages", "kill border", f"1: {WHOLE}, `abandoned`"),
    Row("runs killed at a random moment", "kill moment", f"1: {WHOLE}"),
    Row("approve, dismiss and replay killed at a border", "kill decision", f"1: {WHOLE}"),
    Row(
        "upgrades of the schema killed", "kill upgrade", "1: old schema; the next upgrade is whole"
    ),
    Row("runs cut from PostgreSQL at a statement, before or after it", "cut", f"1: {WHOLE}"),
    Row("other faults of the database", "database fault", f"1: exit code, one line; {WHOLE}"),
    Row("faults of the source over a socket", "passed test_source_faults", "the outcome, in time"),
    Row(
        "runs of cron, one after the other, some with a fault",
        "cron",
        "memory, connections and files as before; the database grows as its rows do; `verify`",
        besides={"killed": "killed"},
    ),
    Row(
        "signals where the program waits",
        "signal",
        "143 or 130, `interrupted`, the lock is free",
    ),
    Row("hostile records and bodies", "examples test_transform_property", "an image or a reason"),
    Row("walks and their certificates", "examples test_walk_property", "3: what the answers prove"),
    Row(
        "histories on both databases",
        "examples test_load_history",
        "2, 3, 6: folded, what was served",
    ),
    Row("edits of the record behind its back", "edits", "`verify` finds each"),
)


def table(notes: Iterable[Mapping[str, Any]]) -> str:
    """The rows for which there are notes, in Markdown."""
    sums, slowest = _sums(notes)
    lines = ["| tried | how often | lost | checked (numbers: promises of the contract) |"]
    lines.append("|---|---:|---|---|")
    for row in ROWS:
        if count := sums[row.kind][row.figure]:
            lines.append(
                f"| {row.tried}{_besides(row, sums)} | {count:,} | nothing | {row.checked} |"
            )
    naive = sums["schedules of the naive rule"]
    if naive["schedules"]:
        lines.append(
            f"| the same schedules, by the rule that an absent image is removed |"
            f" {naive['schedules']:,} | {naive['false_removals']:,} living images removed |"
            " that the schedules can lose something |"
        )
    if slowest:
        lines += ["", f"The slowest end after a signal took {slowest:.2f} seconds."]
    return "\n".join(lines)


def _sums(notes: Iterable[Mapping[str, Any]]) -> tuple[Sums, float]:
    sums: defaultdict[str, Counter[str]] = defaultdict(Counter)
    slowest = 0.0
    for each in notes:
        kind = each["kind"]
        if kind == "schedules" and not each["reader"].startswith("image-sync"):
            kind = "schedules of the naive rule"
        slowest = max(slowest, each.get("seconds", 0.0))
        sums[kind].update({name: n for name, n in each.items() if isinstance(n, int)})
    return sums, slowest


def _besides(row: Row, sums: Sums) -> str:
    told = [f"{sums[row.kind][name]:,} {words}" for name, words in row.besides.items()]
    return f" ({', '.join(told)})" if told else ""


def write(page: Path, made: str) -> None:
    """Puts the table between its marks."""
    before, _, rest = page.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{made}\n{END}{after}", "utf-8")


def _versions() -> str:
    from tests.support.postgres import find_programs

    told = subprocess.run(
        [find_programs() / "postgres", "--version"], capture_output=True, text=True, check=True
    )
    python, sqlite = platform.python_version(), sqlite3.sqlite_version
    return f"Python {python}, SQLite {sqlite}, PostgreSQL {told.stdout.split()[2]}"


def _main(path: str, command: str) -> None:
    notes = [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]
    head = f"{datetime.now(UTC):%Y-%m-%d}, `{command}`, {_versions()}:"
    write(PAGE, f"{head}\n\n{table(notes)}")


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2])
