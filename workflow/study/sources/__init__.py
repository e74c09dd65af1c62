"""Where images come from: all sources, one in each module of this folder that has a `SOURCE`."""

import pkgutil
from importlib import import_module

from .description import Config, Source

_NAMES = (found.name for found in pkgutil.iter_modules(__path__))
_MODULES = (import_module(f"{__name__}.{name}") for name in _NAMES)
SOURCES: list[type[Source]] = [module.SOURCE for module in _MODULES if hasattr(module, "SOURCE")]
BY_NAME = {name: source for source in SOURCES for name in source.names}


def source_of(config: Config, name: str) -> Source:
    """Where a data set of a configuration comes from."""
    return BY_NAME[config["datasets"][name]["source"]](config, name)
