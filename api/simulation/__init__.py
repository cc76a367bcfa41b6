"""A province at work: invented people who act on cases, on a moved clock. For `bihuan sample` and the proof of a year."""

from api.simulation.province import Province, Tally

__all__ = ["Province", "Tally"]
