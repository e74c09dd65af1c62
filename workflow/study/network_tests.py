"""All tests of networks, by the names of their rules: the modules of the folder `tests`."""

import pkgutil
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module

from . import tests
from .description import NetworkTest


def _found() -> Iterator[NetworkTest]:
    for module in pkgutil.iter_modules(tests.__path__):
        test: NetworkTest = import_module(f"{tests.__name__}.{module.name}").TEST
        tables = {name: replace(table, planned=table.planned or test.runs) for name, table in test.tables.items()}
        yield replace(test, name=module.name, tables=tables)


TESTS = {test.name: test for test in sorted(_found(), key=lambda test: (test.order, test.name))}
# The tests that a job measures, by the rule of the job.
MEASURED = {
    name: [test, *(other for other in TESTS.values() if other.in_jobs_of == name)]
    for name, test in TESTS.items()
    if test.measure and not test.in_jobs_of
}
