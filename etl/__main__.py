"""Start of the program: `image-sync` and `python -m etl`."""

import os
import signal
import sys


def main() -> None:
    """Runs the command line and exits with its code.

    Until `run` installs its own handlers, a signal ends the process at once and silently: nothing
    has begun, and an import that is interrupted prints a traceback. A signal that the parent
    process ignores (`nohup`, a background job of a script) stays ignored.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _exit_at_once)
    from etl.cli.main import run  # imports click and what else takes time

    sys.exit(run(sys.argv[1:]))


def _exit_at_once(number: int, _frame: object) -> None:
    os._exit(128 + number)


if __name__ == "__main__":
    main()
