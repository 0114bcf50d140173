"""Is an image that was not listed really gone? Asked by its id, as many at once as pages are.

Not found (404, or 400 ModelArts.6404) and DELETED prove a removal; anything else proves nothing. A
404 that comes from the gateway (`APIG…`) says that there is no such API, one of a workspace or a
project that is not there nothing of the image, and one that is no JSON may be anybody's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from etl.clock import instant_text
from etl.errors import SourceBroken, SourceError
from etl.extract.exchange import quoted
from etl.extract.prefetch import Prefetch
from etl.model import DELETED, Candidate, Normalised
from etl.transform import image_of_show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from etl.extract.client import Client

NOT_FOUND: Final = "ModelArts.6404"
OF_OTHERS: Final = ("APIG", "ModelArts.7005", "ModelArts.0210")  # gateway, workspace, project

Finding = Literal["not_found", "deleted", "found", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class Lookup:
    """What the API says of one image; `detail`: HTTP status, error code, request id and time."""

    finding: Finding
    detail: dict[str, Any]


def look_up(
    client: Client, project_id: str, candidates: Sequence[Candidate], *, concurrency: int
) -> dict[int, Lookup]:
    """What the API says of each candidate, by its key. A failing lookup is a finding, no error.

    When the first ones are all refused, so would be the rest: they are not asked for.
    """
    findings: dict[int, Lookup] = {}
    threads = min(concurrency, max(len(candidates), 1))
    waiting = list(reversed(candidates))
    with Prefetch[Candidate, Lookup](
        lambda candidate: fetch_lookup(client, project_id, candidate.image_id), threads=threads
    ) as window:
        while waiting or len(window):
            while waiting and len(window) < 2 * threads:
                window.ask(waiting.pop())
            candidate, lookup = window.take()
            findings[candidate.image_key] = lookup
            if len(findings) >= 2 * threads and are_refused(findings):
                break
    return findings


def are_refused(findings: dict[int, Lookup]) -> bool:
    """Whether lookups are not permitted: every one was refused."""
    return bool(findings) and all(each.finding == "refused" for each in findings.values())


def fetch_lookup(client: Client, project_id: str, image_id: str) -> Lookup:
    """What the API says of one image; nothing where its id is not kept as the API has it."""
    if "\ufffd" in image_id:
        return Lookup("failed", {})
    try:
        answer = client.get(f"/v1/{quoted(project_id)}/images/{quoted(image_id)}", {})
    except SourceError as error:
        return Lookup(_finding(error), _detail(error))
    shown = image_of_show(answer.body)
    detail = {
        "http_status": answer.status,
        "request_id": answer.request_id,
        "time": instant_text(answer.received_at),
    }
    if not isinstance(shown, Normalised) or shown.image.image_id != image_id:
        return Lookup("failed", detail)
    if shown.image.status == DELETED:
        return Lookup("deleted", {**detail, "status": DELETED})
    return Lookup("found", detail)


def _finding(error: SourceError) -> Finding:
    if error.is_foreign:
        return "failed"
    if error.status == 404 and not error.error_code.startswith(OF_OTHERS):
        return "not_found"
    if isinstance(error, SourceBroken) and error.error_code == NOT_FOUND and error.status == 400:
        return "not_found"
    return "refused" if error.status in {401, 403, 404} else "failed"


def _detail(error: SourceError) -> dict[str, Any]:
    told = {
        "http_status": error.status,
        "error_code": error.error_code,
        "request_id": error.request_id,
        "time": instant_text(error.received_at) if error.received_at else None,
    }
    return {name: value for name, value in told.items() if value not in {None, ""}}
