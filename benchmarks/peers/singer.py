"""Singer: `python singer.py API_URL DATABASE_URL FOLDER` pipes the tap beside it into the target.

Configured as their documentation describes: a tap on the Meltano SDK that sends a version with each
load, and MeltanoLabs' target-postgres, which then marks rows that a load did not see. Logs go to
FOLDER.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
TARGET = Path(sys.executable).parent / "target-postgres"


def load(api_url: str, database_url: str, folder: Path) -> None:
    """One run of tap and target. Raises `SystemExit` if one of them fails."""
    folder.mkdir(exist_ok=True)
    tap, target = folder / "tap.json", folder / "target.json"
    tap.write_text(json.dumps({"api_url": api_url, "emit_activate_version_messages": True}))
    target.write_text(
        json.dumps({"sqlalchemy_url": database_url, "default_target_schema": "singer"})
    )
    reading = [sys.executable, "-P", str(HERE / "singer_tap.py"), "--config", str(tap)]
    writing = [str(TARGET), "--config", str(target)]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(reading, stdout=subprocess.PIPE, stderr=log) as taps,
        subprocess.Popen(writing, stdin=taps.stdout, stdout=log, stderr=log) as targets,
    ):
        codes = (targets.wait(), taps.wait())
    if any(codes):
        sys.exit((folder / "log").read_text()[-2000:])


if __name__ == "__main__":
    load(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
