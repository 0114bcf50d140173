"""Tables of the log: its entries, its checkpoints, and the state that appending needs."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
)
from sqlalchemy.types import BigInteger

from etl.database.columns import column, metadata, one_of, optional, run_column, source_column
from etl.database.types import Instant, JsonList, Key

log_entries: Final = Table(
    "log_entries",
    metadata,
    column("entry", Key, "number of the entry, from 0, without gaps", autoincrement=False),
    column("kind", Text, "run, or prune: the entry that replaces pruned ones"),
    run_column("run_id", "the run; null: the entry of a prune", null=True),
    source_column(),
    column("events", BigInteger, "number of events under the entry"),
    column("leaf_hash", Text, "RFC 6962 leaf hash of the entry's data, in hex"),
    column("root", Text, "root of the tree that ends with this entry, in hex"),
    PrimaryKeyConstraint("entry"),
    CheckConstraint("entry >= 0", name="entry"),
    one_of("kind", "run", "prune"),
    CheckConstraint("(kind = 'run') = (run_id is not null)", name="run"),
    CheckConstraint("length(leaf_hash) = 64 and length(root) = 64", name="hashes"),
    # prune, evidence: the entries of a source, and of a source's run.
    comment="The append-only log: one entry for each committed run of each source",
)

event_hashes: Final = Table(
    "event_hashes",
    metadata,
    column("entry", Key, "the entry", ForeignKey("log_entries.entry"), autoincrement=False),
    column("hashes", LargeBinary, "leaf hashes of its events, 32 bytes each, in their order"),
    PrimaryKeyConstraint("entry"),
    comment="Hashes of events: they locate a changed row and make evidence files cheap",
)

log_state: Final = Table(
    "log_state",
    metadata,
    column("state_id", Integer, "always 1: the table has one row", autoincrement=False),
    column("origin", Text, "name of the log"),
    column("size", BigInteger, "number of entries"),
    column("frontier", Text, "hashes (hex) of the tree's complete subtrees, largest first"),
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
    optional("timestamp_token", Text, "RFC 3161 timestamp of the note (DER in base64)"),
    column("cosignatures", JsonList, "JSON array of witnesses' signature lines"),
    PrimaryKeyConstraint("size"),
    CheckConstraint("length(root) = 64", name="root"),
    comment="Signed states of the log",
)
