"""The only writers: the lock, the runs, what the database has, and the one commit of a source."""
