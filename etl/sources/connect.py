"""Opens the client for a source, or the server of the built-in sample."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from etl.client.credentials import AuthContext, authenticator, find_keys
from etl.client.hosts import require_certificates
from etl.client.http_client import Client, Endpoint
from etl.config import SAMPLE_ENDPOINT, SourceSettings
from etl.errors import ConfigError

if TYPE_CHECKING:
    from etl.run_context import RunContext

# Methods whose 401 is about the credentials, whatever project was requested.
_PROJECT_INDEPENDENT: Final = frozenset({"token", "aksk"})


def require_usable(sources: Iterable[SourceSettings], *, location: str) -> None:
    """Check what a configuration refers to: access keys and certificates.

    Raises `ConfigError`, at `location`, with every source whose access keys are missing or whose
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
        raise ConfigError(location, list(dict.fromkeys(mistakes)))


def _label(source: SourceSettings) -> str:
    return f"source {source.name!r}"


@contextmanager
def open_client(
    source: SourceSettings, *, run_count: int, context: RunContext, key: str = "endpoint"
) -> Iterator[Client]:
    """Open a client for a source; `key` names its endpoint in messages.

    The sample shows the next generation with each run.
    """
    hosts = context.hosts
    auth = authenticator(
        source.auth,
        AuthContext(_label(source), source.project_id, source.http, context.now, hosts),
    )
    is_shared = source.auth.method in _PROJECT_INDEPENDENT
    with (
        _served(source.endpoint, generation=run_count + 1) as url,
        closing(
            Client(
                Endpoint(url, key),
                auth=auth,
                http=source.http,
                clock=context.now,
                hosts=hosts,
                lockout=hosts.lockout((url, source.auth)) if is_shared else None,
            )
        ) as client,
    ):
        yield client


def open_trace_client(
    source: SourceSettings, *, run_count: int, context: RunContext
) -> AbstractContextManager[Client]:
    """Open a client for the Cloud Trace Service of a source; the sample serves both."""
    url = source.cts_endpoint or source.endpoint.replace("//modelarts.", "//cts.", 1)
    traced = replace(source, endpoint=url)
    return open_client(traced, run_count=run_count, context=context, key="cts_endpoint")


@contextmanager
def _served(endpoint: str, *, generation: int) -> Iterator[str]:
    """The URL of an endpoint; the sample is served as long as the context lasts."""
    if endpoint != SAMPLE_ENDPOINT:
        yield endpoint
        return
    from etl import sample

    images = sample.generation(generation)
    with sample.SampleApi(images, workspaces=sample.workspaces()) as api:
        yield api.url
