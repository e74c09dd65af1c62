"""What the tests of benchmarks share with those of the study."""

from conftest import closed_figures  # noqa: F401 (a fixture)
