"""Situations to practise with: what the sample API serves instead of an ordinary catalogue."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from itertools import count
from typing import Any, Final

from etl.sample.signature import AccessKey

Images = list[dict[str, Any]]
KEPT: Final = 3  # a mass removal keeps every third image


def mass_removal(images: Images) -> dict[str, Any]:
    """Most images are gone, as after a mistake in the console or a lost permission."""
    return {"images": images[::KEPT]}


def refused_key(images: Images) -> dict[str, Any]:
    """No signature is accepted, as after a key was deactivated."""
    return {
        "images": images,
        "access_key": AccessKey(secrets.token_hex(10), secrets.token_hex(20)),
    }


def changing_list(images: Images) -> dict[str, Any]:
    """Each list request finds one image more, so that no read of several pages adds up."""
    numbers = count(1)

    def add_one(current: Images) -> None:
        number = next(numbers)
        new = {**images[0], "id": f"practice-{number}", "name": f"practice-{number}"}
        current.append(new)

    return {"images": images, "before_list": add_one}


PLAYS: Final[dict[str, Callable[[Images], dict[str, Any]]]] = {
    "mass-removal": mass_removal,
    "refused-key": refused_key,
    "changing-list": changing_list,
}
"""Name → the arguments of `SampleApi` for these images."""
