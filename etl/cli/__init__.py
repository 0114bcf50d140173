"""The command line: parse options, call the layers below, print, exit.

main       the list of commands, each imported when it is called; one mapping from error to exit
           code, signals, streams
context    what the global options select: configuration, database, log
options    options that several commands share, and shell completion of names
output     tables, CSV and JSON
results    the JSON objects that commands print
summary    the result of a run: as text, in one line, and as JSON

sync, read, report, maintain, proof, admin, setup and scale contain the commands. They import
nothing heavy at their top, so that `--help` stays fast.
"""
