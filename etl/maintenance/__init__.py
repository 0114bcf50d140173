"""What is done besides syncing: checks, decisions on what was held, replays, pruning."""
