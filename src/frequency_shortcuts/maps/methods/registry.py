"""The methods by name. A new method is one file in this folder and one line here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from .method import Method

# name -> module in this folder. A module is loaded only when it is used, so that a job depends on its own method.
METHODS = {
    "culling": "culling.method",
    "hfss": "hfss",
    "greedy": "greedy",
    "learned": "learned",
    "shapley": "shapley",
    "rise": "rise",
    "mixture": "mixture",
    "gradient": "gradient_product",
    "ffc": "ffc",
    "adcs": "class_adcs",
    "energy": "energy",
    "low_pass": "low_pass",
    "random": "random_ranking",
}


def module_of(name: str) -> str:
    """The full name of the module of a method. Raises ValueError for an unknown method."""
    if name not in METHODS:
        raise ValueError(f"unknown method {name!r}: choose from {', '.join(METHODS)}")
    return f"{__package__}.{METHODS[name]}"


def load(name: str) -> Method:
    """The module of a method.

    >>> found = find(load("rise"), network, split, masks=500)
    """
    return cast("Method", import_module(module_of(name)))
