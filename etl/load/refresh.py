"""What is inside the images, by newer rules? Read anew once, at the first run after an upgrade.

`image_components` follows from values that versions hold: no version comes of it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, select, update

from etl.database.schema import current_images
from etl.model import Image
from etl.transform import COMPONENT_RULES, READ_FROM, components

if TYPE_CHECKING:
    from collections.abc import Sequence

    from etl.load.turn import Turn

BLOCK: Final = 5_000
_log = logging.getLogger(__name__)


def refresh_components(turn: Turn) -> None:
    """Where the source's components were read by other rules, those that differ are written."""
    if turn.component_rules == COMPONENT_RULES:
        return
    count, low = 0, -1
    while rows := _block(turn, low):
        count += _write(turn, rows)
        low = rows[-1].image_key
    turn.component_rules = COMPONENT_RULES
    if turn.before.digest is not None:
        _log.info("components read anew by this program's rules", extra={"images": count})


def _block(turn: Turn, low: int) -> Sequence[Any]:
    columns = [current_images.c[name] for name in ("image_key", "components", *READ_FROM)]
    following = select(*columns).where(
        current_images.c.source == turn.source, current_images.c.image_key > low
    )
    return turn.connection.execute(
        following.order_by(current_images.c.image_key).limit(BLOCK)
    ).all()


def _write(turn: Turn, rows: Sequence[Any]) -> int:
    changed = []
    for image_key, before, *texts in rows:
        image = Image("", **dict(zip(READ_FROM, texts, strict=True)))
        now = [list(each) for each in components(image)]
        if now != before:
            changed.append({"key": image_key, "said": now})
    if changed:
        rewritten = update(current_images).where(current_images.c.image_key == bindparam("key"))
        turn.connection.execute(rewritten.values(components=bindparam("said")), changed)
    return len(changed)
