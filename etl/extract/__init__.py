"""The network: how a source is talked to, and how what it says is read whole."""
