"""`sample-api`: the built-in sample of the ModelArts API, to play with."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from etl.sample import AccessKey


@click.command(short_help="Serve the built-in sample of the ModelArts API on loopback.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="N",
    default=8080,
    show_default=True,
    help="On loopback; 0: any free one.",
)
@click.option(
    "--generation",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Which state of the made-up catalogue to serve.",
)
@click.option(
    "--signed",
    "is_signed",
    is_flag=True,
    help="Let in only who signs with $HUAWEICLOUD_SDK_AK and $HUAWEICLOUD_SDK_SK.",
)
def sample_api(*, port: int, generation: int, is_signed: bool) -> None:
    """Serve a small made-up catalogue with the real API's paging, errors and lookups.

    \b
    image-sync sample-api --port 8080
    curl 'http://127.0.0.1:8080/v1/0123456789abcdef0123456789abcdef/images?type=BUILD_IN'

    Runs until it is interrupted. Port 0: any free one. A source with `endpoint = "sample:"` needs
    no server: the sync starts its own.
    """
    from etl.errors import UsageError
    from etl.sample import Quirks, SampleApi, workspaces
    from etl.sample import generation as images_of

    quirks = Quirks(access_key=_key_pair()) if is_signed else None
    try:
        api = SampleApi(images_of(generation), quirks=quirks, workspaces=workspaces(), port=port)
    except OSError as error:
        raise UsageError(f"can't serve on port {port}: {error.strerror}") from None
    with api:
        click.echo(f"serving the sample ModelArts API at {api.url}  (Ctrl-C ends it)")
        threading.Event().wait()


def _key_pair() -> AccessKey:
    from etl.errors import UsageError
    from etl.sample import AccessKey

    names = ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK")
    access, secret = (os.environ.get(name, "") for name in names)
    if not (access and secret):
        raise UsageError(f"--signed: set {names[0]} and {names[1]} in the environment")
    return AccessKey(access, secret)
