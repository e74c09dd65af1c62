"""Which frequencies each class needs: all pairs are removed in turn, one at a time."""

from .result import METHODS, PAIR_FILLS, Culling, Method, PairFill, merge, read_part, write_part
from .search import Settings, cull, loss_increments

__all__ = [
    "METHODS", "PAIR_FILLS", "Culling", "Method", "PairFill", "Settings", "cull", "loss_increments", "merge",
    "read_part", "write_part",
]  # fmt: skip
