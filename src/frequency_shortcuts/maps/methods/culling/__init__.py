"""Which frequencies each class needs: all pairs are removed in turn, one at a time."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .result import METHODS, Culling, Method, merge, read_part, write_part

if TYPE_CHECKING:
    from .method import Settings, cull

__all__ = [
    "METHODS", "Culling", "Method", "Settings", "cull", "merge", "read_part", "write_part",
]  # fmt: skip

# Loaded at first use, since they need PyTorch, and the files of results do not: name -> module.
PUBLIC = {"Settings": "method", "cull": "method"}


def __getattr__(name: str) -> Any:
    if name in PUBLIC:
        return getattr(import_module(f"{__name__}.{PUBLIC[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
