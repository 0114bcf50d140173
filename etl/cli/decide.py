"""`approve`, `dismiss` and `replay-rejects`: what waits for a person."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from etl.cli.options import NUMBER, output_option, source_option, wait_option
from etl.cli.session import Session, pass_session

if TYPE_CHECKING:
    from collections.abc import Callable

    from etl.model import RunOutcome

_run_argument = click.argument("run_id", metavar="RUN", type=NUMBER)


@click.command(short_help="Let a run's held removals through, each looked up again.")
@_run_argument
@wait_option
@output_option
@pass_session
def approve(session: Session, run_id: int, *, wait_seconds: float, output: str) -> int:
    """Look every image that RUN held up again, and remove at once what is still gone.

    What can't be looked up now is held on, and the command ends with 30.

    \b
    image-sync removals --held     what is held, and why
    image-sync approve 17          let it through
    """
    from etl.maintenance.held import approve

    work = partial(approve, session.settings, run_id, wait_seconds=wait_seconds)
    return _announced(session, "approve", work, output=output)


@click.command(short_help="Drop a run's held removals; later runs judge anew.")
@_run_argument
@wait_option
@output_option
@pass_session
def dismiss(session: Session, run_id: int, *, wait_seconds: float, output: str) -> int:
    """Drop the set of removals that RUN held. Nothing is removed, and later runs judge anew.

    \b
    image-sync dismiss 17
    """
    from etl.maintenance.held import dismiss

    work = partial(dismiss, session.settings, run_id, wait_seconds=wait_seconds)
    return _announced(session, "dismiss", work, output=output)


@click.command(short_help="Try the kept rejects again.")
@source_option
@wait_option
@output_option
@pass_session
def replay_rejects(
    session: Session, sources: tuple[str, ...], *, wait_seconds: float, output: str
) -> int:
    """Try the unresolved rejects again, after an upgrade that may understand them.

    \b
    image-sync rejects             what is kept, with reasons
    image-sync replay-rejects
    """
    from etl.maintenance.replay import replay_rejects

    work = partial(
        replay_rejects, session.settings, source_names=sources, wait_seconds=wait_seconds
    )
    return _announced(session, "replay", work, output=output)


def _announced(
    session: Session, command: str, work: Callable[[], RunOutcome], *, output: str
) -> int:
    """Does `work`, tells those who are to hear of it, and prints what it came to."""
    from etl.cli.sync import show_outcome
    from etl.notify.notifier import announcing

    outcome = announcing(command, session.settings)(work)
    session.exit_code = outcome.exit_code
    show_outcome(session, outcome, output=output)
    return session.exit_code
