"""Opens the way to a source: a client with its credentials, or the built-in sample's own server."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from etl.config import SAMPLE_ENDPOINT
from etl.extract.client import Client
from etl.extract.methods import authenticator
from etl.extract.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from typing import Protocol

    from etl.config import SourceSettings

    class HasPaces(Protocol):
        """Who knows the time, and how fast each host may be asked."""

        @property
        def now(self) -> Callable[[], datetime]: ...
        @property
        def paces(self) -> dict[tuple[str, float], Pace]: ...


@contextmanager
def open_client(source: SourceSettings, *, run_count: int, job: HasPaces) -> Iterator[Client]:
    """A client for `source`; the sample shows a generation further with each run of the source."""
    with _endpoint(source, generation=run_count + 1) as endpoint:
        auth = authenticator(
            source.auth, project_id=source.project_id, http=source.http, clock=job.now
        )
        rate = source.http.max_requests_per_second
        pace = job.paces.setdefault((endpoint, rate), Pace(rate))
        client = Client(endpoint, auth=auth, http=source.http, clock=job.now, pace=pace)
        try:
            yield client
        finally:
            client.close()


@contextmanager
def _endpoint(source: SourceSettings, *, generation: int) -> Iterator[str]:
    if source.endpoint != SAMPLE_ENDPOINT:
        yield source.endpoint
        return
    from etl import sample

    images = sample.generation(generation)
    with sample.SampleApi(images, workspaces=sample.workspaces()) as api:
        yield api.url
