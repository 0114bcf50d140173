"""`sample-api`: the built-in sample of the ModelArts API, to play with."""

from __future__ import annotations

import threading

import click


@click.command(short_help="Serve the built-in sample of the ModelArts API on loopback.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True)
@click.option(
    "--generation",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Which state of the made-up catalogue to serve.",
)
def sample_api(*, port: int, generation: int) -> None:
    """Serve a small made-up catalogue with the real API's paging, errors and lookups.

    \b
    image-sync sample-api --port 8080
    curl 'http://127.0.0.1:8080/v1/0123456789abcdef0123456789abcdef/images?type=BUILD_IN'

    Runs until it is interrupted. Port 0: any free one. A source with `endpoint = "sample:"` needs
    no server: the sync starts its own.
    """
    from etl.errors import UsageError
    from etl.sample import SampleApi, workspaces
    from etl.sample import generation as images_of

    try:
        api = SampleApi(images_of(generation), workspaces=workspaces(), port=port)
    except OSError as error:
        raise UsageError(f"can't serve on port {port}: {error.strerror}") from None
    with api:
        click.echo(f"serving the sample ModelArts API at {api.url}  (Ctrl-C ends it)")
        threading.Event().wait()
