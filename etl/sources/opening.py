"""Opens the way to a source: a client with its credentials, or the built-in sample's own server."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from etl.config import SAMPLE_ENDPOINT
from etl.extract.client import Client
from etl.extract.methods import authenticator
from etl.extract.pace import Pace
from etl.extract.trust import REFUSALS_OF_A_USER, Trust

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from typing import Protocol

    from etl.config import AuthSettings, SourceSettings

    class HasPaces(Protocol):
        """Who knows the time, how fast each host may be asked, and which credentials are wrong."""

        @property
        def now(self) -> Callable[[], datetime]: ...
        @property
        def paces(self) -> dict[tuple[str, float], Pace]: ...
        @property
        def trusts(self) -> dict[tuple[str, AuthSettings], Trust]: ...


# Methods whose 401 is about the credentials, whatever project was asked for.
_TOLD_APART: Final = frozenset({"token", "aksk"})


@contextmanager
def open_client(source: SourceSettings, *, run_count: int, job: HasPaces) -> Iterator[Client]:
    """A client for `source`; the sample shows a generation further with each run of the source."""
    with _endpoint(source, generation=run_count + 1) as endpoint:
        auth = authenticator(
            source.auth,
            place=f"source {source.name!r}",
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


def _lenders_trust(auth: AuthSettings, job: HasPaces) -> Trust:
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
