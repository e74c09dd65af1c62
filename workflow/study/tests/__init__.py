"""The tests of networks, one module each: runs, inputs and settings, what it measures and joins, tables, figures.

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
# The tests that a job measures, by the rule of the job.
MEASURED = {
    name: [test, *(other for other in TESTS.values() if other.in_jobs_of == name)]
    for name, test in TESTS.items()
    if test.measure and not test.in_jobs_of
}
