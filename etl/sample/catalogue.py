"""The invented catalogue, generation by generation.

`catalogue.json` contains the images of the first generation and, for each later one, what it
removes, changes and adds. After the last generation nothing changes any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

Image = dict[str, Any]


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The changes from one generation to the next; `says` describes them to people."""

    says: str
    remove: frozenset[str]
    change: dict[str, Image]
    add: list[Image]


class Story(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of the file."""

    workspaces: list[dict[str, Any]]
    first: list[Image]
    then: list[Step]


@cache
def read_story() -> Story:
    """Read the file."""
    text = files(__package__).joinpath("catalogue.json").read_bytes()
    return msgspec.json.decode(text, type=Story)


def generation(number: int) -> list[Image]:
    """The images of a generation, counted from 1; after the last one they stay the same."""
    story = read_story()
    images = story.first
    for step in story.then[: number - 1]:
        images = _step(images, step)
    return [_reversed(image) for image in images] if number % 2 == 0 else [dict(i) for i in images]


def workspaces() -> list[dict[str, Any]]:
    """The workspaces of the images, as List workspaces returns them."""
    return read_story().workspaces


def _step(images: list[Image], step: Step) -> list[Image]:
    kept = [image for image in images if image["id"] not in step.remove]
    return [{**image, **step.change.get(image["id"], {})} for image in kept] + step.add


def _reversed(image: Image) -> Image:
    """The same image with its lists reversed: the API promises no order in them."""
    return {
        name: value[::-1] if isinstance(value, list) else value for name, value in image.items()
    }


def deletions(images: Iterable[Mapping[str, Any]], *, at: int) -> list[dict[str, Any]]:
    """Traces, as the Cloud Trace Service shows them, of the invented images that are gone.

    `at` is the time that they carry, in epoch milliseconds.
    """
    story = read_story()
    remaining = {image["id"] for image in images}
    known = [*story.first, *(image for step in story.then for image in step.add)]
    gone = [image for image in known if image["id"] not in remaining]
    return [
        {
            "trace_id": f"00000000-0000-0000-0000-{number:012}",
            "trace_name": "deleteNotebookImage",
            "trace_rating": "normal",
            "trace_type": "ConsoleAction" if number % 2 else "ApiCall",
            "resource_type": "NotebookImage",
            "resource_id": image["id"],
            "resource_name": image["name"].strip(),
            "code": "204",
            "time": at,
            "source_ip": "192.0.2.17",
            "user": {"name": "mlops", "principal_urn": "iam::0:user:mlops"},
        }
        for number, image in enumerate(gone)
    ]
