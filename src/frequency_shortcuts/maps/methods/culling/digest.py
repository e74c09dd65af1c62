"""What decides a network's answers, as a digest: what was stored for one network must not be taken for another's."""

from __future__ import annotations

import enum
import functools
import hashlib
import inspect
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

# What every module holds, of which only _TOLD says anything of its answers in evaluation mode.
_OF_EVERY_MODULE = frozenset(vars(nn.Module()))
_TOLD = ("_parameters", "_buffers", "_modules", "_forward_pre_hooks", "_forward_hooks")
_PLAIN = str | bytes | int | float | complex | enum.Enum | torch.dtype | torch.device | types.EllipsisType | None


def network_digest(network: nn.Module) -> bytes:
    """SHA-256 of a network: its modules with their code, attributes, hooks and tensors, and PyTorch's version.

    The same in every process, and in training and evaluation mode. Functions that a module's code calls by
    a global name are not looked into.
    """
    found = hashlib.sha256(torch.__version__.encode())
    _Teller(found.update).tell(network)
    return found.digest()


class _Teller:
    """Tells all that a value is made of; of what it told before, which it was."""

    def __init__(self, say: Callable[[Any], None]) -> None:
        self._say = say
        self._told: dict[int, tuple[int, Any]] = {}  # with the values, so that no id is given to another

    def tell(self, value: Any) -> None:
        self._say(f"{type(value).__qualname__}:".encode())
        if isinstance(value, _PLAIN):
            self._say(repr(value).encode())
        elif isinstance(value, tuple):
            self._each(value)
        elif id(value) in self._told:
            self._say(f"{self._told[id(value)][0]}".encode())
        else:
            self._told[id(value)] = len(self._told), value
            if isinstance(value, Tensor | np.ndarray):
                self._numbers(value)
            else:
                self._each(list(_parts(value)))

    def _each(self, parts: list[Any] | tuple[Any, ...]) -> None:
        self._say(f"({len(parts)}:".encode())
        for part in parts:
            self.tell(part)

    def _numbers(self, value: Tensor | npt.NDArray[Any]) -> None:
        self._say(f"{value.dtype}{tuple(value.shape)}:".encode())
        if isinstance(value, Tensor):
            try:
                value = value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy()
            except (RuntimeError, NotImplementedError):  # sparse, quantised, without data
                self._say(repr(value).encode())
                return
        if value.dtype == object:
            self._each(value.ravel().tolist())
        else:
            self._say(np.ascontiguousarray(value).data)


def _parts(value: Any) -> Iterator[Any]:
    """What a value is made of, in an order that is the same in every process."""
    if isinstance(value, nn.Module):
        yield type(value)
        for name in _TOLD:
            held = vars(value).get(name) or {}
            # Hooks are numbered in the order in which a process made them.
            yield from held.values() if name.endswith("hooks") else [part for item in held.items() for part in item]
        for item in vars(value).items():
            if item[0] not in _OF_EVERY_MODULE:
                yield from item
    elif isinstance(value, Mapping):
        for item in value.items():
            yield from item
    elif isinstance(value, set | frozenset):
        yield from sorted(value, key=repr)
    elif isinstance(value, list):
        yield from value
    elif isinstance(value, functools.partial):
        yield from (value.func, value.args, value.keywords)
    elif isinstance(value, types.MethodType):
        yield from (value.__func__, value.__self__)
    elif isinstance(value, types.FunctionType):
        yield from (value.__qualname__, _source(value), value.__defaults__, value.__kwdefaults__, *_closure(value))
    elif isinstance(value, type):
        yield value.__qualname__
        for kind in inspect.getmro(value):
            if not _of_pytorch(kind):
                yield _source(kind)
                yield from (cell for one in vars(kind).values() for cell in _closure(one))
    elif isinstance(value, types.BuiltinFunctionType | types.ModuleType):
        yield value.__name__
    else:
        yield type(value)
        if not _of_pytorch(type(value)):
            yield from getattr(value, "__dict__", {}).items()


def _of_pytorch(kind: type) -> bool:
    """Whether a class is PyTorch's or Python's own, which their versions tell."""
    return kind.__module__.partition(".")[0] in ("torch", "builtins", "logging", "threading")


def _source(value: Any) -> str:
    try:
        return inspect.getsource(value)
    except (OSError, TypeError):  # typed in, not in a file
        code = getattr(value, "__code__", None)
        return repr((code.co_code, code.co_names)) if code else ""


def _closure(value: Any) -> list[Any]:
    """What a function took from around it."""
    cells = getattr(value, "__closure__", None) if isinstance(value, types.FunctionType) else None
    return [cell.cell_contents for cell in cells or () if cell != types.CellType()]
