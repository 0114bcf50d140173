"""Which registry, organisation, repository and tag does an `swr_path` name?

`host[:port]/organisation/repository[:tag]` (API reference), or `…@algorithm:digest`. By the rule of
the container world the first part is a host only where it has a dot or a port, or is `localhost`.
A path of any other form is no error: what it does not say is `None`.
"""

from __future__ import annotations

from typing import Final

SwrParts = tuple[str | None, str | None, str | None, str | None]
NO_PARTS: Final[SwrParts] = (None, None, None, None)


def swr_parts(path: str | None) -> SwrParts:
    """Registry, organisation, repository, and tag (the digest, where there is no tag).

    The repository may hold slashes; a path of one part is a repository alone.
    """
    if not path:
        return NO_PARTS
    place, _, digest = path.partition("@")
    registry, slash, rest = place.partition("/")
    if not slash or not ("." in registry or ":" in registry or registry == "localhost"):
        registry, rest = "", place
    organization, slash, repository = rest.partition("/")
    if not slash:
        organization, repository = "", rest
    repository, _, tag = repository.partition(":")
    return registry or None, organization or None, repository or None, tag or digest or None
