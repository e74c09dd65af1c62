"""The tests of networks, one module each: runs, inputs and settings, what it measures and joins, tables, figures.

A module binds `TEST`. `TESTS` has those of all modules of this folder, by the names of their rules. An import of
what is slow stands in the function that needs it, since Snakemake imports all tests when it starts.
"""

import pkgutil
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module

from ..description import NetworkTest


def _found() -> Iterator[NetworkTest]:
    for module in pkgutil.iter_modules(__path__):
        test: NetworkTest = import_module(f"{__name__}.{module.name}").TEST
        yield replace(test, name=module.name)


TESTS = {test.name: test for test in sorted(_found(), key=lambda test: (test.order, test.name))}
# The tests that a job measures, by the rule of the job.
MEASURED = {
    name: [test, *(other for other in TESTS.values() if other.in_jobs_of == name)]
    for name, test in TESTS.items()
    if test.measure and not test.in_jobs_of
}
