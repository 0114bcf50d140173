"""The command line: parse, call, print, exit. No logic, and nothing heavy loaded before it is used.

entry      from error to exit code, signals, streams
group      the commands, each loaded when it is called
session    what the global options ask for: configuration, database, logs
options    the options that commands share
names      the names that a shell can complete
answer     how rows are printed
summary    what a run did, for people and for programs
forecast   what a plan would do, below its summary
profile    where a run's time went
"""

import os
import signal
import sys

__all__ = ["main"]


def main() -> None:
    """The command `image-sync`. A signal in its first moments just ends it: nothing has begun."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    from etl.cli.main import run  # click, and what else the start takes its time for

    sys.exit(run(sys.argv[1:]))


def _leave(number: int, _frame: object) -> None:
    os._exit(128 + number)
