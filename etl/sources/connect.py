"""Opens the client for a source, or the server of the built-in sample."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from etl.config import SAMPLE_ENDPOINT, SourceSettings
from etl.errors import ConfigError
from etl.extract.credentials import AuthContext, authenticator, find_keys
from etl.extract.hosts import require_certificates
from etl.extract.http import Client, Endpoint

if TYPE_CHECKING:
    from etl.context import RunContext

# Methods whose 401 is about the credentials, whatever project was requested.
_PROJECT_INDEPENDENT: Final = frozenset({"token", "aksk"})


def require_usable(sources: Iterable[SourceSettings], *, place: str) -> None:
    """Check what a configuration refers to: access keys and certificates.

    Raises `ConfigError`, at `place`, with every source whose access keys are missing or whose
    certificates cannot be read.
    """
    mistakes = []
    for source in sources:
        try:
            if source.endpoint.startswith("https:"):
                require_certificates(source.http.ca_bundle, os.environ)
            if source.auth.method == "aksk":
                find_keys(source.auth, os.environ, label=_label(source))
        except ConfigError as error:
            mistakes.append(error.in_one_line)
    if mistakes:
        raise ConfigError(place, list(dict.fromkeys(mistakes)))


def _label(source: SourceSettings) -> str:
    return f"source {source.name!r}"


@contextmanager
def open_client(source: SourceSettings, *, run_count: int, context: RunContext) -> Iterator[Client]:
    """Open a client for a source; the sample shows the next generation with each run."""
    with (
        _endpoint(source, generation=run_count + 1) as url,
        _client(Endpoint(url), source, context) as client,
    ):
        yield client


@contextmanager
def open_trace_client(
    source: SourceSettings, *, run_count: int, context: RunContext
) -> Iterator[Client]:
    """Open a client for the Cloud Trace Service of a source; the sample serves both."""
    url = source.cts_endpoint or source.endpoint.replace("//modelarts.", "//cts.", 1)
    with (
        _endpoint(replace(source, endpoint=url), generation=run_count + 1) as served,
        _client(Endpoint(served, "cts_endpoint"), source, context) as client,
    ):
        yield client


@contextmanager
def _client(endpoint: Endpoint, source: SourceSettings, context: RunContext) -> Iterator[Client]:
    auth = authenticator(
        source.auth,
        AuthContext(_label(source), source.project_id, source.http, context.now, context.hosts),
    )
    is_shared = source.auth.method in _PROJECT_INDEPENDENT
    client = Client(
        endpoint,
        auth=auth,
        http=source.http,
        clock=context.now,
        hosts=context.hosts,
        lockout=context.hosts.lockout((endpoint.url, source.auth)) if is_shared else None,
    )
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
