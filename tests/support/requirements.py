"""Prints what the program needs at run time, its extras among it, as pip reads it.

python -m tests.support.requirements          # as pyproject.toml says
python -m tests.support.requirements lowest   # each at the lowest version that it allows
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

RUN_TIME_EXTRAS = ("postgres", "parquet", "scale", "proof")


def needed(project: dict[str, Any]) -> Iterator[str]:
    """The dependencies of the program and its run-time extras, but for itself."""
    extras = project["optional-dependencies"]
    own = project["name"]
    yield from project["dependencies"]
    for extra in RUN_TIME_EXTRAS:
        yield from (each for each in extras[extra] if not each.startswith(own))


def lowest(requirements: Iterable[str]) -> Iterator[str]:
    """`name==version` for each, at its lower bound."""
    for requirement in requirements:
        if match := re.match(r"([\w-]+)(?:\[[\w,-]+\])?>=([\d.]+)", requirement):
            yield f"{match[1]}=={match[2]}"


if __name__ == "__main__":
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    found = needed(tomllib.loads(text)["project"])
    sys.stdout.writelines(f"{each}\n" for each in (lowest(found) if sys.argv[1:] else found))
