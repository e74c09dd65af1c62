"""Does an image classifier follow something that is not the object, and which few frequencies are enough for it?

    import frequency_shortcuts as fs

    result = fs.analyse(network, images, labels, mean=mean, std=std)
    result.exchanges  # one row for each class: what it follows
    mended = fs.refit(network, images, labels, mean=mean, std=std, parts=result.parts)

`compare` shows two results side by side, `differences` compares images without a network, and `Swap` is a transform for
training. `Evaluation`, `Search`, `Run` and `Preprocessing` hold what else can be chosen. The parts of the analysis are
modules: `adcs`, `culling`, `dfm`, `shortcuts` and `spectrum`.
"""

import ast
import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

try:
    __version__ = version("frequency-shortcuts")
except PackageNotFoundError:  # used from a checkout
    __version__ = "not installed"


OLDER = {"plot_flip": "plot_exchange"}  # names of version 2, which go with version 4


def _lazily(package: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """`__getattr__`, `__dir__` and `__all__` of a package that loads names at first use, so that it is imported fast.

    The names are those that its stub, `__init__.pyi`, imports: type checkers and editors read the same.
    """
    stub = Path(str(sys.modules[package].__file__)).with_suffix(".pyi")
    places = {}
    for line in ast.parse(stub.read_text(encoding="utf-8")).body:
        if isinstance(line, ast.ImportFrom):
            module = f"{package}.{line.module}" if line.module else package
            places |= {alias.asname or alias.name: (module, alias.name) for alias in line.names}

    def load(name: str) -> Any:
        if name in OLDER:
            warnings.warn(f"fs.{name} is now fs.{OLDER[name]}", DeprecationWarning, stacklevel=2)
            name = OLDER[name]
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, attribute = places[name]
        held = vars(import_module(module))
        return held[attribute] if attribute in held else import_module(f"{module}.{attribute}")

    names = sorted(places)
    return load, lambda: names, names


__getattr__, __dir__, __all__ = _lazily(__name__)
