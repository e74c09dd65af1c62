"""The methods by name, and named settings of them. A new method is one file in this folder and one line here."""

from collections.abc import Collection
from importlib import import_module
from types import ModuleType
from typing import Any

# name -> module in this folder. It is loaded when it is used.
METHODS = {
    "culling": "culling.method",
    "hfss": "hfss",
    "mixture": "mixture",
    "gradient": "gradients",
    "adcs": "adcs",
}
# name -> method and settings that differ from its defaults. These names, and those of the methods, mean the same in
# Python, in a shell and in a study.
PRESETS: dict[str, tuple[str, dict[str, Any]]] = {
    "screened": ("culling", {"search": "screened"}),
    "culling_swap": ("culling", {"fill": "swap"}),
}
METHOD_NAMES = (*METHODS, *PRESETS)
# Rankings that were methods of version 2, although they do not look at the network -> what takes their place.
FORMER = {
    "energy": "adcs.class_spectra gives the mean amplitudes of the classes",
    "low_pass": "spectrum.masks.low_pass_mask gives the lowest frequencies",
    "random": "spectrum.masks.control_mask gives random frequencies",
}


def module_of(name: str) -> str:
    """The full name of the module of a method. Raises ValueError for an unknown method."""
    _check_name(name, METHODS)
    return f"{__package__}.{METHODS[name]}"


def load(name: str) -> ModuleType:
    """The module of a method. Raises ValueError for an unknown method."""
    return import_module(module_of(name))


def resolve(name: str) -> tuple[str, dict[str, Any]]:
    """The method of a name, and its settings beyond the defaults. Raises ValueError for an unknown name."""
    _check_name(name, METHOD_NAMES)
    method, settings = PRESETS.get(name, (name, {}))
    return method, dict(settings)


def _check_name(name: str, choices: Collection[str]) -> None:
    if name in FORMER:
        raise ValueError(
            f"method {name!r} is gone, since it does not look at the network: {FORMER[name]}"
        )
    if name not in choices:
        raise ValueError(f"unknown method {name!r}: choose from {', '.join(choices)}")
