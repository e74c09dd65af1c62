"""All tests of networks, by the names of their rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from ..plan import Plan
from . import (
    bandstop,
    compare_methods,
    harm,
    ood,
    planted_use,
    reliance,
    robustness,
    shortcuts,
    transfer,
    wave,
)  # fmt: skip
from .description import Test

_MODULES = (
    bandstop,
    shortcuts,
    planted_use,
    ood,
    transfer,
    robustness,
    compare_methods,
    wave,
    reliance,
    harm,
)
TESTS: dict[str, Test] = {
    name: replace(module.TEST, name=name) for module in _MODULES for name in [module.__name__.rpartition(".")[2]]
}
OF_STUDY = ("bandstop", "shortcuts", "planted_use", "ood", "transfer", "robustness", "reliance", "harm")


def files_of_study(plan: Plan) -> list[str]:
    """The files of all tests of a study; those of methods and waves belong to the comparison of methods."""
    return list(chain.from_iterable(TESTS[name].files(plan) for name in OF_STUDY))


def tables() -> Iterator[tuple[str, Test, tuple[str, ...]]]:
    """Of each table of a test its name, which is that of the joined table, its test, and its keys."""
    for test in TESTS.values():
        for output in test.outputs.values():
            if output.keys:
                yield output.path.rpartition("/")[2].partition(".csv")[0], test, output.keys
