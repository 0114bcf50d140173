"""The log of the record: its entries, the events that they cover, its checkpoints."""
