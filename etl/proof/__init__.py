"""Pure parts of the proof: Merkle trees, signed checkpoints, log entries and evidence files."""
