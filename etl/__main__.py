"""Start of the program: `image-sync` and `python -m etl`."""

import gc
import os
import signal
import sys

PLATFORMS = ("linux", "darwin")
UNSUPPORTED = 50  # an `EnvironmentFailure`, whose module cannot be imported everywhere
_ALLOCATIONS_PER_COLLECTION = 200_000  # imports allocate 100,000 and leave no garbage


def main() -> None:
    """Runs the command line and exits with its code.

    Until `run` installs its own handlers, a signal ends the process at once and silently: nothing
    has begun, and an import that is interrupted prints a traceback. A signal that the parent
    process ignores (`nohup`, a background job of a script) stays ignored.
    """
    if sys.platform not in PLATFORMS:
        sys.stderr.write(f"image-sync: {sys.platform} is not supported; use Linux or macOS\n")
        sys.exit(UNSUPPORTED)
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _exit_at_once)
    gc.set_threshold(_ALLOCATIONS_PER_COLLECTION)
    from etl.cli.main import run  # imports click and what else takes time

    sys.exit(run(sys.argv[1:]))


def _exit_at_once(number: int, _frame: object) -> None:
    os._exit(128 + number)


if __name__ == "__main__":
    main()
