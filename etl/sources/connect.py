"""Opens the way to a source: a client with its credentials, or the built-in sample's own server."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from etl.config import SAMPLE_ENDPOINT
from etl.errors import ConfigError
from etl.extract.client import Client
from etl.extract.credentials import find_keys
from etl.extract.methods import authenticator
from etl.extract.pace import Pace
from etl.extract.trust import REFUSALS_OF_A_USER, Trust

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from etl.config import AuthSettings, SourceSettings
    from etl.context import Job

# Methods whose 401 is about the credentials, whatever project was asked for.
_TOLD_APART: Final = frozenset({"token", "aksk"})


def require_keys(sources: Iterable[SourceSettings], *, place: str) -> None:
    """Raises `ConfigError`, at `place`, with all sources that need access keys and have none."""
    mistakes = []
    for source in sources:
        if source.auth.method == "aksk":
            try:
                find_keys(source.auth, os.environ, place=_who(source))
            except ConfigError as error:
                mistakes.append(error.in_one_line)
    if mistakes:
        raise ConfigError(place, list(dict.fromkeys(mistakes)))


def _who(source: SourceSettings) -> str:
    return f"source {source.name!r}"


@contextmanager
def open_client(source: SourceSettings, *, run_count: int, job: Job) -> Iterator[Client]:
    """A client for `source`; the sample shows a generation further with each run of the source."""
    with _endpoint(source, generation=run_count + 1) as endpoint:
        auth = authenticator(
            source.auth,
            place=_who(source),
            project_id=source.project_id,
            http=source.http,
            clock=job.now,
            trust=_lenders_trust(source.auth, job),
        )
        rate = source.http.max_requests_per_second
        pace = job.paces.setdefault((endpoint, rate), Pace(rate))
        is_shared = source.auth.method in _TOLD_APART
        trust = job.trusts.setdefault((endpoint, source.auth), Trust()) if is_shared else None
        client = Client(
            endpoint, auth=auth, http=source.http, clock=job.now, pace=pace, trust=trust
        )
        try:
            yield client
        finally:
            client.close()


def _lenders_trust(auth: AuthSettings, job: Job) -> Trust:
    """What is known of a user at IAM, for whichever project a token is asked."""
    user = replace(auth, project="", project_id="")
    return job.trusts.setdefault((auth.iam_endpoint, user), Trust(refusals=REFUSALS_OF_A_USER))


@contextmanager
def _endpoint(source: SourceSettings, *, generation: int) -> Iterator[str]:
    if source.endpoint != SAMPLE_ENDPOINT:
        yield source.endpoint
        return
    from etl import sample

    images = sample.generation(generation)
    with sample.SampleApi(images, workspaces=sample.workspaces()) as api:
        yield api.url
