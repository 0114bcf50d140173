"""Everything besides syncing: checks, a person's decisions, pruning."""
