"""image-sync: a faithful, provable record of a ModelArts image catalogue."""

__version__ = "1.0.0"
