"""What do a source's types, workspaces and filters take in?"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from msgspec import json

if TYPE_CHECKING:
    from etl.model import Candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What a source is asked for; `workspaces` is `("*",)` for all there are."""

    types: tuple[str, ...]
    workspaces: tuple[str, ...]
    namespace: str = ""
    name_filter: str = ""
    name_fuzzy: bool = True
    service_type: str = ""

    @property
    def digest(self) -> str:
        """Tells one coverage from another, whatever the order in the configuration."""
        told = (
            sorted(self.types),
            sorted(self.workspaces),
            self.namespace,
            self.name_filter,
            self.name_fuzzy and bool(self.name_filter),
            self.service_type,
        )
        return blake2b(json.encode(told), digest_size=16).hexdigest()

    def takes_in(self, image: Candidate) -> bool:
        """Whether an image that was not seen belongs here, by its listing and last known values."""
        type_, _, workspace = (image.listing or "").partition("/")
        is_listed = (type_ or image.type) in self.types and (
            self.workspaces == ("*",) or (workspace or image.workspace_id) in self.workspaces
        )
        return is_listed and self._passes_filters(image)

    def _passes_filters(self, image: Candidate) -> bool:
        return (
            (not self.namespace or image.namespace == self.namespace)
            and (not self.service_type or image.service_type == self.service_type.upper())
            and (not self.name_filter or self._is_named(image.name or ""))
        )

    def _is_named(self, name: str) -> bool:
        asked = self.name_filter.strip()
        return asked.casefold() in name.casefold() if self.name_fuzzy else name == asked
