"""Many hosts share the sources out: Procrastinate's queue in the very PostgreSQL that is synced to.

A job names a source and nothing more; what is done to it is `etl.run`'s, as in any `sync`.
"""
