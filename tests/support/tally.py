"""What a test tried, noted for the table of docs/reliability.md.

`make reliability` names a file in IMAGE_SYNC_TALLY; each note is a line of JSON there.
"""

from __future__ import annotations

import json
import os
from typing import Any

VARIABLE = "IMAGE_SYNC_TALLY"


def note(kind: str, **figures: Any) -> None:
    """Adds a line to the file that the environment names; without one, nothing."""
    if path := os.environ.get(VARIABLE):
        line = json.dumps({"kind": kind, **figures}, sort_keys=True)
        with open(path, "a", encoding="utf-8") as file:
            file.write(f"{line}\n")  # one write, so that several workers may add to one file
