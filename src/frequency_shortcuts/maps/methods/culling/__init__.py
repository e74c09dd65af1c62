"""Which frequencies each class needs: all pairs are removed in turn, one at a time."""

from .search import (
    METHODS,
    PAIR_FILLS,
    Culling,
    Method,
    PairFill,
    cull,
    loss_increments,
    merge,
    read_part,
    write_part,
)

__all__ = [
    "METHODS", "PAIR_FILLS", "Culling", "Method", "PairFill", "cull", "loss_increments", "merge", "read_part",
    "write_part",
]  # fmt: skip
