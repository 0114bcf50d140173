"""Distribution of the sources among hosts by a Procrastinate queue in the record's PostgreSQL.

A job contains only the name of a source, which is synced as in any `sync`.
"""
