"""What a page's records were understood as, each by itself again, in the records' order."""

from __future__ import annotations

from etl.model import Images, Normalised, Unreadable


def one_by_one(
    understanding: tuple[Images, dict[int, Unreadable]],
) -> list[Normalised | Unreadable]:
    """Each record's image or reason."""
    images, unreadable = understanding
    read = (
        Normalised(images.image(place), images.fingerprints[place], images.unknown_fields[place])
        for place in range(len(images))
    )
    count = len(images) + len(unreadable)
    return [unreadable[place] if place in unreadable else next(read) for place in range(count)]
