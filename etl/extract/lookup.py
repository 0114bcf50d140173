"""Lookups of absent images by id: the evidence for removals.

Not found (404, or 400 `ModelArts.6404`) and status DELETED prove a removal, nothing else does. A
404 of the gateway (`APIG…`) means that there is no such API, one of a workspace or project shows
nothing about the image, and one that is not JSON may come from anybody.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from etl.client.messages import quoted
from etl.clock import instant_text
from etl.errors import SourceBroken, SourceError
from etl.model import DELETED, Image, Lookup, LookupResult
from etl.parallel import ThreadPool
from etl.transform import image_of_show

if TYPE_CHECKING:
    from etl.client.http_client import Client
    from etl.config import SourceSettings

NOT_FOUND: Final = "ModelArts.6404"
NOT_ABOUT_IMAGES: Final = ("APIG", "ModelArts.7005", "ModelArts.0210")  # API, workspace, project
REPLACEMENT: Final = "\ufffd"

_log = logging.getLogger(__name__)


def look_up(
    client: Client, source: SourceSettings, image_ids: Mapping[int, str]
) -> dict[int, Lookup]:
    """What the API reports about each image, by its key. A failed lookup is a result.

    If the first ones are all refused, the others are not requested.
    """
    lookups: dict[int, Lookup] = {}
    waiting = list(image_ids.items())[::-1]
    concurrency = source.http.concurrency
    with ThreadPool[int, Lookup](min(concurrency, max(len(waiting), 1))) as pool:
        while waiting or pool.outstanding:
            if len(lookups) >= 2 * concurrency and are_refused(lookups):
                break
            while waiting and pool.has_room:
                key, image_id = waiting.pop()
                pool.submit(key, partial(fetch_lookup, client, source.project_id, image_id))
            key, lookup = pool.take()
            lookups[key] = lookup.result()
    return lookups


def are_refused(lookups: Mapping[int, Lookup]) -> bool:
    """Whether lookups are not permitted: all of them were refused."""
    return bool(lookups) and all(each.result == "refused" for each in lookups.values())


def warn_of_failed(lookups: Mapping[int, Lookup]) -> None:
    """Log how many lookups proved nothing, if any."""
    results = [each.result for each in lookups.values()]
    refused, failed = results.count("refused"), results.count("failed")
    if refused or failed:
        _log.warning("lookups failed", extra={"refused": refused, "unavailable": failed})


def fetch_lookup(client: Client, project_id: str, image_id: str) -> Lookup:
    """What the API reports about one image.

    An id with replacement characters is not the API's own, so it proves nothing.
    """
    if REPLACEMENT in image_id:
        return Lookup("failed", {})
    try:
        response = client.get(f"/v1/{quoted(project_id)}/images/{quoted(image_id)}", {})
    except SourceError as error:
        return Lookup(_result(error), _error_detail(error))
    detail = {
        "http_status": response.status,
        "request_id": response.request_id,
        "time": instant_text(response.received_at),
    }
    image = image_of_show(response.body)
    if not isinstance(image, Image) or image.image_id != image_id:
        return Lookup("failed", detail)
    if image.status == DELETED:
        return Lookup("deleted", {**detail, "status": DELETED})
    return Lookup("found", detail)


def _result(error: SourceError) -> LookupResult:
    if error.is_foreign:
        return "failed"
    if error.status == 404 and not error.error_code.startswith(NOT_ABOUT_IMAGES):
        return "not_found"
    if isinstance(error, SourceBroken) and error.error_code == NOT_FOUND and error.status == 400:
        return "not_found"
    return "refused" if error.status in {401, 403, 404} else "failed"


def _error_detail(error: SourceError) -> dict[str, Any]:
    detail = {
        "http_status": error.status,
        "error_code": error.error_code,
        "request_id": error.request_id,
        "time": instant_text(error.received_at) if error.received_at else None,
    }
    return {name: value for name, value in detail.items() if value not in {None, ""}}
