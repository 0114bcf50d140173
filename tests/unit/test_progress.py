"""Progress is shown on a terminal only, and hostile names can't draw on it."""

import io

import pytest

from etl.log import Progress, TerminalProgress, shown_progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def work(progress):
    progress.begin("a\x1b[2Jb")
    progress.advance("a\x1b[2Jb", "BUILD_IN/0", rows=5, total=9)
    progress.end("a\x1b[2Jb", note="certified")


@pytest.mark.parametrize("is_wanted", [True, False])
def test_progress_is_shown_on_a_terminal_only_and_not_with_q(is_wanted, monkeypatch):
    stream = io.StringIO() if is_wanted else Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    with shown_progress(is_wanted=is_wanted) as progress:
        assert type(progress) is Progress
        work(progress)
    assert stream.getvalue() == ""


def test_a_terminal_shows_sources_and_pages(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    with shown_progress() as progress:
        assert isinstance(progress, TerminalProgress)
        work(progress)
    assert "a\\x1b[2Jb" in stream.getvalue()
    assert "certified" in stream.getvalue()
    assert "\x1b[2Jb" not in stream.getvalue()
