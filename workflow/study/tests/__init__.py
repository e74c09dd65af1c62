"""The tests of networks, one module each: runs and their files, tables, figures.

A module binds `TEST`. `TESTS` has those of all modules of this folder, by the names of their rules. An import of
what is slow stands in the function that needs it, since Snakemake imports all tests when it starts.
"""

import pkgutil
from dataclasses import replace
from importlib import import_module

from ..description import NetworkTest

_FOUND: list[NetworkTest] = [
    replace(import_module(f"{__name__}.{module.name}").TEST, name=module.name)
    for module in pkgutil.iter_modules(__path__)
]
TESTS = {test.name: test for test in sorted(_FOUND, key=lambda test: (test.order, test.name))}
