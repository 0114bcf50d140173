"""A catalogue that changes, a database, and the program: in this process, or in one of its own."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import inspect, make_url, text

from etl.cli.main import run
from tests.support.databases import Reader
from tests.support.fake_api import FakeApi
from tests.support.launcher import Child, Ended, Launcher, Moment
from tests.support.syncing import image

NUMBERS = count(100)  # of images that come


class Scene:
    """A catalogue that changes, a database, and the program in processes of its own."""

    def __init__(self, launcher: Launcher, folder: Path, api: FakeApi, url: str) -> None:
        self.launcher, self.api, self.url = launcher, api, url
        self._reader = Reader(url)
        self.config = folder / f"{Path(str(make_url(url).database)).name}.toml"
        self.write()

    def write(self, *, more: str = "") -> None:
        """The configuration, with more at its top."""
        self.config.write_text(
            f'{more}\n[[source]]\nname = "s"\nendpoint = "{self.api.url}"\nproject_id = "p"\n'
            "[source.http]\npage_size = 2\n"
        )

    @property
    def told(self) -> dict[str, str]:
        """Id → name of what the API shows."""
        return {each["id"]: each["name"] for each in self.api.images}

    def turn(self) -> None:
        """One image comes, one changes, one goes."""
        number = next(NUMBERS)
        images = [*self.api.images[1:], image(number)]
        images[2] = {**images[2], "name": f"name {number}"}
        self.api.images = images

    def args(self, *command: str) -> list[str]:
        return ["-q", "--config", str(self.config), "--database", self.url, *command]

    def run(self, *command: str) -> int:
        """In this process."""
        return run(self.args(*command))

    def start(self, *command: str, at: Moment | None = None) -> Child:
        """In a process of its own."""
        return self.launcher.start(self.args(*command), at=at)

    def child(self, *command: str, at: Moment | None = None, counts: bool = False) -> Ended:
        """The same, to its end."""
        return self.launcher.run(self.args(*command), at=at, counts=counts)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with self._reader.connection() as connection:
            return [tuple(row) for row in connection.execute(text(statement))]

    def present(self) -> dict[str, str]:
        return dict(self.rows("select image_id, name from images where state = 'present'"))

    def relations(self) -> set[str]:
        """The names of all tables and views."""
        with self._reader.connection() as connection:
            there = inspect(connection)
            return {*there.get_table_names(), *there.get_view_names()}

    def last_run(self) -> tuple[str, int | None]:
        """Its status and exit code."""
        return self.rows("select status, exit_code from sync_runs order by run_id desc")[0]  # type: ignore[return-value]

    def is_whole(self) -> None:
        """The next run needs no one."""
        assert self.run("sync") == 0
        assert self.present() == self.told
        statuses = {status for (status,) in self.rows("select status from sync_runs")}
        assert "running" not in statuses
        assert self.run("verify") == 0
