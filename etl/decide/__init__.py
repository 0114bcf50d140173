"""What changed, and what may leave the catalogue? Pure: no network, no database, no clock."""
