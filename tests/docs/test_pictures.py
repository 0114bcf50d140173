"""The pictures of README are small and request nothing. `make images` draws them."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "images"
PICTURES = sorted(FOLDER.iterdir())


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.name)
def test_a_picture_is_small(picture):
    assert 0 < picture.stat().st_size < 150_000
    assert picture.suffix in {".png", ".svg"}


def test_the_terminal_shows_a_run_and_requests_nothing():
    svg = (FOLDER / "terminal.svg").read_text("utf-8")
    assert "succeeded" in svg
    assert "image-sync" in svg
    assert set(re.findall(r"https?://[^\"' )]+", svg)) <= {
        "http://www.w3.org/2000/svg",
        "https://www.textualize.io",
    }
