"""Pure decisions: what changed, and what left the catalogue. No network, database or clock."""
