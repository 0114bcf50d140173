"""`sample-api`: the built-in sample of the API, served on loopback."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import click

from etl.errors import UsageError

if TYPE_CHECKING:
    from etl.sample import AccessKey


@click.command(short_help="Serve the built-in sample of the ModelArts API on loopback.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="N",
    default=8080,
    show_default=True,
    help="Port on loopback; 0: any free one.",
)
@click.option(
    "--generation",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="State of the made-up catalogue to serve.",
)
@click.option(
    "--signed",
    "is_signed",
    is_flag=True,
    help="Require signatures with $HUAWEICLOUD_SDK_AK and $HUAWEICLOUD_SDK_SK.",
)
@click.option(
    "--play",
    type=click.Choice(["mass-removal", "refused-key", "changing-list"]),
    help="A situation to practise with: docs/practice.md.",
)
def sample_api(*, port: int, generation: int, is_signed: bool, play: str | None) -> None:
    """Serve a small made-up catalogue with the real API's paging, errors and lookups.

    \b
    image-sync sample-api --port 8080
    curl 'http://127.0.0.1:8080/v1/0123456789abcdef0123456789abcdef/images?type=BUILD_IN'

    It runs until it is interrupted. A source with `endpoint = "sample:"` needs no server: the sync
    starts its own.
    """
    from etl.sample import PLAYS, SampleApi, workspaces
    from etl.sample import generation as images_of

    images = images_of(generation)
    access_key = _key_pair() if is_signed else None
    arguments: dict[str, Any] = {"images": images, "access_key": access_key}
    if play:
        arguments |= PLAYS[play](images)
    try:
        api = SampleApi(workspaces=workspaces(), port=port, **arguments)
    except OSError as error:
        raise UsageError(f"{error.strerror}: cannot listen on port {port}") from None
    with api:
        click.echo(f"serving the sample ModelArts API at {api.url}; Ctrl-C stops it")
        threading.Event().wait()


def _key_pair() -> AccessKey:
    from etl.sample import AccessKey

    names = ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK")
    access, secret = (os.environ.get(name, "") for name in names)
    if not (access and secret):
        raise UsageError("--signed requires an access key", hint=f"set ${names[0]} and ${names[1]}")
    return AccessKey(access, secret)
