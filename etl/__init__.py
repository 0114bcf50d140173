"""image-sync: a faithful, provable record of a ModelArts image catalogue."""

__version__ = "0.2.0"
