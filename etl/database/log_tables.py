"""Tables of the log: its entries, its checkpoints, and the state that appending needs."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
)
from sqlalchemy.types import BigInteger

from etl.database.columns import column, metadata, optional, source_column
from etl.database.types import Instant, JsonList, Key

log_entries: Final = Table(
    "log_entries",
    metadata,
    column("entry", Key, "number of the entry, from 0, without gaps", autoincrement=False),
    column("run_id", Key, "the run", ForeignKey("sync_runs.run_id")),
    source_column(),
    column("leaf_hash", Text, "RFC 6962 leaf hash of the entry's data, in hex"),
    column("root", Text, "root of the tree that ends with this entry, in hex"),
    PrimaryKeyConstraint("entry"),
    CheckConstraint("entry >= 0", name="entry"),
    CheckConstraint("length(leaf_hash) = 64 and length(root) = 64", name="hashes"),
    # verify, evidence: the entries of a source's run.
    Index("ix_log_entries_source_run", "source", "run_id"),
    comment="The append-only log: one entry for each committed run of each source",
)

log_state: Final = Table(
    "log_state",
    metadata,
    column("state_id", Integer, "always 1: the table has one row", autoincrement=False),
    column("origin", Text, "name of the log"),
    column("size", BigInteger, "number of entries"),
    column("frontier", JsonList, "JSON array of the hashes (hex) that appending needs"),
    PrimaryKeyConstraint("state_id"),
    CheckConstraint("state_id = 1", name="one_row"),
    comment="Name and size of the log, and the right edge of its tree",
)

checkpoints: Final = Table(
    "checkpoints",
    metadata,
    column("size", Key, "number of entries that the checkpoint covers", autoincrement=False),
    column("root", Text, "root of the tree of these entries, in hex"),
    column("note", Text, "the checkpoint as a signed note (C2SP tlog-checkpoint)"),
    column("created_at", Instant, "when it was made"),
    optional("timestamp_token", LargeBinary, "RFC 3161 timestamp of the note, DER"),
    column("cosignatures", JsonList, "JSON array of witnesses' signature lines"),
    PrimaryKeyConstraint("size"),
    CheckConstraint("length(root) = 64", name="root"),
    comment="Signed states of the log",
)
