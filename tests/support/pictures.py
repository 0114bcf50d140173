"""Pictures for README, made from the built-in sample: a terminal session and the dashboard.

python -m tests.support.pictures      writes docs/images/terminal.svg and docs/images/dashboard.png
"""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from etl.audit.dashboard import write_dashboard
from etl.config import read_settings
from etl.database.migrate import open_record
from etl.run import run_sync
from etl.transform import builtin_tables
from tests.support.example_record import NOW

FOLDER = Path(__file__).parents[2] / "docs" / "images"
CHROMIUM = Path("/usr/bin/chromium")
COLUMNS = 118
SESSION = (
    "image-sync sync",
    "image-sync removals",
    "image-sync report end-of-life --limit 3",
    "image-sync verify",
)
CONFIG = """\
[database]
url = "sqlite:///{folder}/images.db"

[[source]]
name = "sample"
endpoint = "sample:"
project_id = "0123456789abcdef0123456789abcdef"
types = ["BUILD_IN", "DEDICATED"]
"""
HELD = """
[removals]
always_allow = 0
max_count = 0
"""
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
THEME = TerminalTheme(
    (24, 32, 30),
    (231, 238, 235),
    [
        *((24, 32, 30), (240, 118, 108), (111, 214, 160), (240, 194, 100)),
        *((134, 164, 245), (199, 155, 242), (79, 209, 192), (231, 238, 235)),
    ],
)
_NOT_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-LN-Za-ln-z]")


def terminal(folder: Path) -> str:
    """A session as SVG: what a person sees who types the commands."""
    with open(os.devnull, "w") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True)
        for command in SESSION:
            console.print(Text.assemble(("$ ", "bold cyan"), (command, "bold")))
            console.print(Text.from_ansi(_output(command, folder).rstrip()))
            console.print()
        svg = console.export_svg(title="image-sync", theme=THEME)
    return re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.S)  # it would be requested


def _output(command: str, folder: Path) -> str:
    """What a command prints to a terminal, without the progress bar and cursor movements."""
    ours, theirs = pty.openpty()
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": str(COLUMNS),
        "TERM": "xterm-256color",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
    }
    process = subprocess.Popen(
        command.split(), cwd=folder, env=environment, stdout=theirs, stderr=subprocess.STDOUT
    )
    os.close(theirs)
    output = b"".join(_chunks(ours))
    os.close(ours)
    process.wait()
    lines = (line.rpartition("\r")[2] for line in output.decode().replace("\r\n", "\n").split("\n"))
    return "\n".join(_NOT_COLOUR.sub("", line) for line in lines if "━" not in line)


def _chunks(descriptor: int) -> Iterator[bytes]:
    while True:
        try:
            chunk = os.read(descriptor, 65536)
        except OSError:  # the other end is closed: Linux reports an error
            return
        if not chunk:
            return
        yield chunk


def dashboard(folder: Path) -> Path:
    """The page over ten days of the sample; the guard holds the removals of its last run."""
    config = folder / "config.toml"
    for days in (9, 7, 4, 1):
        now = NOW - timedelta(days=days)
        guard = HELD if days == 1 else ""
        config.write_text(CONFIG.format(folder=folder) + guard, "utf-8")
        run_sync(read_settings(config, {}), now=lambda now=now: now)
    page = folder / "dashboard.html"
    with open_record(f"sqlite:///{folder}/images.db") as connection:
        write_dashboard(
            connection, page, now=NOW, tables=builtin_tables(), command="image-sync {}".format
        )
    return page


def screenshot(page: Path, picture: Path) -> None:
    """The top of a page, as a browser shows it."""
    from PIL import Image
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        opened = browser.new_page(viewport={"width": 1160, "height": 1285})
        opened.goto(page.as_uri())
        shot = Image.open(io.BytesIO(opened.screenshot()))
        browser.close()
    shot.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(picture, optimize=True)


def main() -> None:
    """Writes both pictures; the dashboard only where there is a browser."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "config.toml").write_text(CONFIG.format(folder=folder), "utf-8")
        _output("image-sync -q sync", folder)
        (FOLDER / "terminal.svg").write_text(terminal(folder), "utf-8")
    if not CHROMIUM.exists():
        sys.stderr.write(f"docs/images/dashboard.png is unchanged: no browser at {CHROMIUM}\n")
        return
    with tempfile.TemporaryDirectory() as name:
        screenshot(dashboard(Path(name)), FOLDER / "dashboard.png")


if __name__ == "__main__":
    main()
