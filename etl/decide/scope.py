"""Coverage of a source: which images its types, workspaces and filters include."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from msgspec import json

if TYPE_CHECKING:
    from etl.model import AbsentImage


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The types, workspaces and filters of a source; `workspaces` may be `("*",)` for all."""

    types: tuple[str, ...]
    workspaces: tuple[str, ...]
    namespace: str = ""
    name_filter: str = ""
    name_fuzzy: bool = True
    service_type: str = ""

    @property
    def digest(self) -> str:
        """Identifies the coverage; the order of lists in the configuration has no effect."""
        values = (
            sorted(self.types),
            sorted(self.workspaces),
            self.namespace,
            self.name_filter,
            self.name_fuzzy and bool(self.name_filter),
            self.service_type,
        )
        return blake2b(json.encode(values), digest_size=16).hexdigest()

    def includes(self, image: AbsentImage) -> bool:
        """Whether an absent image belongs here, by its listing and its last known values."""
        type_, _, workspace = (image.listing or "").partition("/")
        is_listed = (type_ or image.type) in self.types and (
            self.workspaces == ("*",) or (workspace or image.workspace_id) in self.workspaces
        )
        return is_listed and self._passes_filters(image)

    def _passes_filters(self, image: AbsentImage) -> bool:
        return (
            (not self.namespace or image.namespace == self.namespace)
            and (not self.service_type or image.service_type == self.service_type.upper())
            and (not self.name_filter or self._matches_name(image.name or ""))
        )

    def _matches_name(self, name: str) -> bool:
        wanted = self.name_filter.strip()
        return wanted.casefold() in name.casefold() if self.name_fuzzy else name == wanted
