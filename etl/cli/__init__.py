"""The command line: parse, call, print, exit. No logic, and nothing heavy loaded before it is used.

entry      `main`: from error to exit code, signals, streams
group      the commands, each loaded when it is called
session    what the global options ask for: configuration, database, logs
options    the options that commands share
names      the names that a shell can complete
answer     how rows are printed
summary    what a run did, for people and for programs
"""

from etl.cli.entry import main

__all__ = ["main"]
