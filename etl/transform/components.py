"""What is inside an image, as far as its name, tag, path and description say so?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from etl.model import Image


def components(image: Image) -> tuple[tuple[str, str | None], ...]:
    """Each component with its version as written."""
    return ()
