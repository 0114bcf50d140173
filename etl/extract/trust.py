"""Are these credentials wrong? What the sources of a run that share them learn from each other.

A key or a user is locked after a few refusals in a row. So credentials that were refused, and never
let in before, are not shown again in this run, whichever source they are for.
"""

from __future__ import annotations

from typing import Final

from etl.errors import SourceRefused

REFUSALS_OF_A_USER: Final = 2  # IAM also refuses a good user who asks for another's project


class Trust:
    """One credential at one endpoint; may be asked from many threads."""

    def __init__(self, *, refusals: int = 1) -> None:
        """`refusals`: how many are needed to call the credentials wrong."""
        self._left = refusals
        self._is_known = False
        self._wrong: SourceRefused | None = None

    def note_accepted(self) -> None:
        """They were let in: whatever is refused from now on has another cause."""
        self._is_known = True

    def note_refused(self, error: SourceRefused) -> None:
        """They were refused with a 401."""
        self._left -= 1
        if self._left <= 0 and not self._is_known:
            self._wrong = error

    def check(self) -> None:
        """Raises `SourceRefused` where the credentials are known to be wrong."""
        if self._wrong:
            raise SourceRefused(
                f"not asked, the same credentials were refused before: {self._wrong.message}",
                hint=self._wrong.hint,
                status=self._wrong.status,
                error_code=self._wrong.error_code,
                request_id=self._wrong.request_id,
                received_at=self._wrong.received_at,
            )
