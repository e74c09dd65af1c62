"""The test of the paper: is a class recognised from few frequencies alone, or without them? See `collect`."""

from frequency_shortcuts import _lazily

__getattr__, __dir__, __all__ = _lazily(__name__)
