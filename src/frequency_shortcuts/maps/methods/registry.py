"""The methods by name, and named settings of them. A new method is one file in this folder and one line here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from .method import Method

# name -> module in this folder, or a class in one. It is loaded when it is used.
METHODS = {
    "culling": "culling.method",
    "hfss": "hfss",
    "mixture": "mixture",
    "gradient": "gradients",
    "adcs": "baselines:ADCS",
    "energy": "baselines:Energy",
    "low_pass": "baselines:LowPass",
    "random": "baselines:Random",
}
# name -> method and settings that differ from its defaults. These names, and those of the methods, mean the same in
# Python, in a shell and in a study.
PRESETS: dict[str, tuple[str, dict[str, Any]]] = {
    "screened": ("culling", {"search": "screened"}),
    "culling_swap": ("culling", {"fill": "swap"}),
}
NAMES = (*METHODS, *PRESETS)


def module_of(name: str) -> str:
    """The full name of the module of a method. Raises ValueError for an unknown method."""
    if name not in METHODS:
        raise ValueError(f"unknown method {name!r}: choose from {', '.join(METHODS)}")
    return f"{__package__}.{METHODS[name].partition(':')[0]}"


def load(name: str) -> Method:
    """The module or class of a method. Raises ValueError for an unknown method."""
    module = import_module(module_of(name))
    kind = METHODS[name].partition(":")[2]
    return cast("Method", getattr(module, kind) if kind else module)


def resolve(name: str) -> tuple[str, dict[str, Any]]:
    """The method of a name, and its settings beyond the defaults. Raises ValueError for an unknown name."""
    if name not in NAMES:
        raise ValueError(f"unknown method {name!r}: choose from {', '.join(NAMES)}")
    method, settings = PRESETS.get(name, (name, {}))
    return method, dict(settings)
