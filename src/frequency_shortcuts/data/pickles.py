"""Pickles of number arrays, read without executing anything.

Only arrays of plain numbers and Python's plain containers are rebuilt. A pickle that refers to any other name, such as
a function to call, is refused.
"""

from __future__ import annotations

import os
import pickle
from typing import Any, BinaryIO, ClassVar

import numpy as np
import numpy.typing as npt

from frequency_shortcuts.storage.kinds import kind_of

LONGEST = 200  # letters of a file that a message repeats


def read(path: str | os.PathLike[str], holds: str) -> Any:
    """The content of a pickle: containers, numbers and text as they are, and an `Array` for each numpy array.

    holds: the expected content, in the plural, for the messages. Byte strings of Python 2 are read as Latin-1 text.
    Raises ValueError, naming the file, for a file that is not a whole pickle or refers to a name that arrays do not
    need, and OSError if the file cannot be read.

        maps = pickles.read("resnet18_DFM_5.pkl", "masks")
        maps[0].values  # numpy array
    """
    if kind := kind_of(path):
        raise ValueError(f"{path} is {kind}: expected a pickle of {holds}")
    with open(path, "rb") as file:
        try:
            return _ArrayUnpickler(file, holds).load()
        except Exception as error:  # a crafted or broken pickle may raise anything
            reason = str(error)[:LONGEST] or type(error).__name__
            raise ValueError(f"{path} is not a pickle of {holds}: {reason}") from error


class _Dtype:
    """Stands for numpy's dtype in a pickle: plain numbers only."""

    def __init__(self, code: str, *_: object) -> None:
        if not (isinstance(code, str) and code in {"b1", *(kind + size for kind in "iuf" for size in "1248")}):
            # The text of nested lists could be as long as memory: see `LONGEST`.
            named = repr(code[:LONGEST]) if isinstance(code, str) else f"a type that is a {type(code).__name__}"
            raise pickle.UnpicklingError(f"it holds an array of {named}")
        self.value = np.dtype(code)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.value = self.value.newbyteorder(state[1] if state[1] in ("<", ">") else "=")


class Array:
    """Stands for a numpy array in a pickle: numpy's own way to restore one can be made to crash."""

    values: npt.NDArray[Any] = np.empty(0)

    def __init__(self, *_: object) -> None:
        pass

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, fortran, raw = state
        if isinstance(raw, str):  # a byte string of Python 2
            raw = raw.encode("latin1")
        self.values = np.frombuffer(raw, dtype.value).reshape(shape, order="F" if fortran else "C")

    @classmethod
    def from_buffer(cls, raw: bytes, dtype: _Dtype, shape: tuple[int, ...], order: str) -> Array:
        """What numpy 2 writes in protocol 5."""
        array = cls()
        array.__setstate__((1, shape, dtype, order == "F", raw))
        return array


class _ArrayUnpickler(pickle.Unpickler):
    """Rebuilds number arrays and plain containers; every other name in the file is refused."""

    _STANDS_FOR: ClassVar[dict[tuple[str, str], Any]] = {
        ("numpy", "ndarray"): Array,
        ("numpy", "dtype"): _Dtype,
        # How protocols 0 to 2 write bytes.
        ("_codecs", "encode"): lambda text, _: text.encode("latin1"),
        **{(f"numpy.{core}.multiarray", "_reconstruct"): Array for core in ("core", "_core")},
        **{(f"numpy.{core}.numeric", "_frombuffer"): Array.from_buffer for core in ("core", "_core")},
    }

    def __init__(self, file: BinaryIO, holds: str) -> None:
        super().__init__(file, encoding="latin1")
        self._holds = holds

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self._STANDS_FOR:
            raise pickle.UnpicklingError(f"it refers to {module}.{name}, which {self._holds} do not need")
        return self._STANDS_FOR[module, name]
