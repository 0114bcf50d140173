"""Prints pip constraints that pin every run-time dependency to its lowest version allowed.

python -m tests.support.lowest > constraints.txt
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RUN_TIME_EXTRAS = ("postgres", "parquet", "scale")


def lowest(project: dict[str, Any]) -> Iterator[str]:
    """`name==version` for each dependency of the program and its run-time extras."""
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *(one for name in RUN_TIME_EXTRAS for one in extras[name])]
    for requirement in needed:
        if match := re.match(r"([\w-]+)(?:\[[\w,-]+\])?>=([\d.]+)", requirement):
            yield f"{match[1]}=={match[2]}"


if __name__ == "__main__":
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    sys.stdout.writelines(f"{line}\n" for line in lowest(tomllib.loads(text)["project"]))
