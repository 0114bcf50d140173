"""Opens the way to a source: a client with its credentials, or the built-in sample's own server."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from etl.config import SAMPLE_ENDPOINT
from etl.extract.client import Client
from etl.extract.methods import authenticator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from typing import Protocol

    from etl.config import SourceSettings

    class HasClock(Protocol):
        """Whatever knows the time."""

        @property
        def now(self) -> Callable[[], datetime]: ...


@contextmanager
def open_client(source: SourceSettings, *, run_count: int, job: HasClock) -> Iterator[Client]:
    """A client for `source`; the sample shows a generation further with each run of the source."""
    with _endpoint(source, generation=run_count + 1) as endpoint:
        auth = authenticator(
            source.auth, project_id=source.project_id, http=source.http, clock=job.now
        )
        client = Client(endpoint, auth=auth, http=source.http, clock=job.now)
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
