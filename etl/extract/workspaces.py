"""Which workspaces does a project have? Not published everywhere: without the call, just `0`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec

from etl.errors import SourceBroken, SourceRefused
from etl.extract.exchange import quoted
from etl.extract.prefetch import Prefetch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from etl.extract.client import Client

DEFAULT: Final = "0"
PAGE_SIZE: Final = 1000
MOST_PAGES: Final = 100
_NOT_PERMITTED: Final = (
    "give the credentials the right to list workspaces, or name those to read:"
    ' source.workspaces = ["0"]'
)


class _Workspace(msgspec.Struct):
    id: str | int


class _Answer(msgspec.Struct):
    workspaces: list[_Workspace]
    total_count: Annotated[int, msgspec.Meta(ge=0)] | None = None


def fetch_workspaces(client: Client, project_id: str) -> list[str]:
    """The workspaces' ids, `0` first and always there. Raises `SourceError`.

    `offset` is documented as a start page; where a second page brings nothing new it is asked for
    as a record offset instead. Fewer than announced is an error, never a smaller catalogue.
    """
    path = f"/v1/{quoted(project_id)}/workspaces"
    found: dict[str, Any] = {DEFAULT: None}
    try:
        answer = _ask(client, path, 0)
    except SourceRefused as error:
        if error.status == 404:
            return [DEFAULT]
        if error.status == 403:
            error.hint = _NOT_PERMITTED
        raise
    listed = _take(answer, found)
    announced = answer.total_count or 0
    for page in range(1, MOST_PAGES):
        if listed >= announced:
            return list(found)
        new = _take(_ask(client, path, page), found) or _take(_ask(client, path, listed), found)
        if not new:
            break
        listed += new
    raise SourceBroken(
        f"GET {path}: {announced} workspaces are announced, {listed} came",
        hint='name them: workspaces = ["0", …]',
    )


def workspaces_as_known(client: Client, project_id: str) -> Iterator[str]:
    """The same, one by one: `0` at once, the others once they are known. Raises `SourceError`."""
    with Prefetch[str, list[str]](partial(fetch_workspaces, client), threads=1) as asked:
        asked.ask(project_id)
        yield DEFAULT
        _, found = asked.take()
        yield from found[1:]


def _take(answer: _Answer, found: dict[str, Any]) -> int:
    """Adds an answer's ids; how many of them were new (`0` counts where it is listed first)."""
    ids = {str(workspace.id).strip() for workspace in answer.workspaces}
    new = len(ids - found.keys()) + (DEFAULT in ids and found[DEFAULT] is None)
    found.update(dict.fromkeys(sorted(ids), True))
    return new


def _ask(client: Client, path: str, offset: int) -> _Answer:
    answer = client.get(path, {"limit": str(PAGE_SIZE), "offset": str(offset)})
    try:
        return msgspec.json.decode(answer.body, type=_Answer)
    except msgspec.DecodeError as error:
        raise SourceBroken(
            f"GET {path}: the answer is no list of workspaces: {error}",
            hint='name them: workspaces = ["0", …]',
            request_id=answer.request_id,
        ) from None
