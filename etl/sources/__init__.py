"""Sources: selection, discovery and connections."""
