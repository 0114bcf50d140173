"""Benchmarks: the cost of a sync, compared with fetching the same pages and with other tools.

    catalogue   the images, made from a seed · truth: what a database must hold after them
    server      a process: the pages ready-made on loopback · postgres: a process: fresh databases
    floor       a process: fetch and decode · check: a process: what a database does hold
    peers       what a user would take instead: scripts, run in environments of their own
    processes   starts a process, measures it whole · places: what a sync needs around it
    moving      a process: catalogues that change while they are read, by image-sync and by dlt
    programs    image-sync and a peer, as what can be measured and checked
    rounds      what is measured, in turn · report: docs/benchmarks.md, with tables
    reading     by itself: what questions cost over a large ledger · ledger: writes one by SQL

What measures imports next to nothing: a new process begins with its parent's memory, so a large
parent would show up in every peak.
"""
