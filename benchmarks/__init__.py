"""Benchmarks: the cost of a sync, compared with fetching the same pages and with other tools.

    catalogue    generated images · truth: the expected content of a database
    server       process: prepared pages on loopback · postgres: process: fresh databases
    floor        process: fetch and decode · insert: process: the fastest insert of prepared rows
    check        process: the content of a database
    peers        other tools for the same task: scripts, run in environments of their own
    processes    starts a process and measures it · places: API, database and configuration
    round_trips  small catalogues over a slow network
    moving       process: catalogues that change while image-sync and dlt read them
    programs     image-sync and the peers, as programs that can be measured and checked
    rounds       the order of the measurements · report: docs/benchmarks.md · tables
    reading      on its own: the reading commands over a large record · ledger: writes that record

The measuring process imports little: a new process starts with its parent's memory, so a large
parent would show up in every peak.
"""
