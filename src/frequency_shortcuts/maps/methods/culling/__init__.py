"""Which frequencies each class needs: all pairs are removed in turn, one at a time."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .method import SEARCHES, Search, Settings, cull

__all__ = ["SEARCHES", "Search", "Settings", "cull"]


def __getattr__(name: str) -> Any:  # loaded at first use, since it needs PyTorch
    if name in __all__:
        return getattr(import_module(f"{__name__}.method"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
