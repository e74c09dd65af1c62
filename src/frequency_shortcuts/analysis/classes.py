"""The classes of an analysis: their names, and the outputs of the network for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from frequency_shortcuts.images.folders import few
from frequency_shortcuts.networks.pretrained import outputs_of
from frequency_shortcuts.spectrum.arrays import IntArray, as_array

Outputs = Sequence[int] | Mapping[str, int]


@dataclass(frozen=True)
class GivenClasses:
    """The names of the classes and the outputs of the network for them, as a user gives them: see `analyse`.

    Raises ValueError for what is no list.
    """

    names: Sequence[str] | None = None
    outputs: Outputs | None = None

    def __post_init__(self) -> None:
        for name, value in (("classes", self.names), ("outputs", self.outputs)):
            if isinstance(value, str) or not (value is None or hasattr(value, "__len__")):
                raise ValueError(f"{name} {value!r}: expected a list, one for each class")


class Matched(NamedTuple):
    """The classes of an analysis.

    names : [class]; outputs : int64 [class], the output of the network for each, or None if class c is output c and
    there are no other outputs
    """

    names: tuple[str, ...]
    outputs: IntArray | None


def match_outputs(
    named: Sequence[str] | None,
    numbers: IntArray,
    n_outputs: int,
    classes: Sequence[str] | None = None,
    outputs: Outputs | None = None,
) -> Matched:
    """Match the classes of the images with the outputs of a network.

    named : the names of the classes in the images, None where there are only numbers; numbers : int64 [class]
    n_outputs : 1 for a network with one output for two classes, from which `Logits` makes two
    classes, outputs : see `analyse`

    Raises ValueError if that cannot be decided.
    """
    n_logits = max(n_outputs, 2)
    if named and classes is not None and is_an_order(classes, named) and outputs is None:
        order = [*map(str, classes)]
        outputs = {order[-1]: 0} if n_outputs == 1 else [order.index(name) for name in named]
    names = _names(named, numbers, classes, n_logits)
    if n_outputs == 1:
        return Matched(names, _of_single(outputs, names))
    if outputs is not None:
        return Matched(names, _checked(outputs, named or names))
    if not named and numbers[-1] >= n_outputs:
        raise ValueError(
            f"labels go up to {numbers[-1]}, but the network has the outputs 0 to {n_outputs - 1}"
        )
    if len(numbers) == n_outputs:
        return Matched(names, None)
    if not named:
        return Matched(names, numbers)
    categories = () if classes is None else (tuple(map(str, classes)),)
    found = outputs_of(tuple(named), categories, n_outputs)
    if found is None:
        raise ValueError(
            f"the network has {n_outputs} outputs, the images have {len(named)} classes: say with `outputs` which "
            f"output each class is, by its name or in this order: {', '.join(named)}"
        )
    return Matched(names, np.array(found))


def is_an_order(classes: Sequence[str], named: Sequence[str]) -> bool:
    """Whether these are the names of the classes of the images, in the order of the outputs."""
    return sorted(map(str, classes)) == sorted(named)


def _names(
    named: Sequence[str] | None, numbers: IntArray, classes: Sequence[str] | None, n_outputs: int
) -> tuple[str, ...]:
    """The names of the classes; of named ones those that `classes` gives them, if it does not name all outputs."""
    if not named:
        return names_of(numbers, classes, n_outputs)
    if classes is None or is_an_order(classes, named):
        return tuple(named)
    if len(classes) == len(named):
        return tuple(map(str, classes))
    if len(classes) == n_outputs:
        return tuple(named)
    raise ValueError(
        f"{len(classes)} names for the {len(named)} classes of the images: expected as many, or {n_outputs}, one "
        "for each output of the network"
    )


def of_kept_folders(
    every: Sequence[str],
    kept: Sequence[str],
    n_outputs: int,
    classes: Sequence[str] | None,
    outputs: Outputs | None,
) -> tuple[Sequence[str] | None, Outputs | None]:
    """The `classes` and `outputs` of `analyse` without those of folders that are left out.

    every : all folders with pictures; kept : those with enough of them
    """
    places = np.array([every.index(name) for name in kept])
    if classes is not None and len(classes) == len(every):
        classes = [classes[k] for k in places]
    if isinstance(outputs, Mapping):
        return classes, {name: outputs[name] for name in kept if name in outputs}
    if outputs is None and n_outputs == len(every):
        return classes, places.tolist()
    if outputs is not None and len(outputs) == len(every):
        return classes, as_array(outputs)[places].tolist()
    return classes, outputs


def _checked(outputs: Outputs, names: Sequence[str]) -> IntArray:
    """The outputs int64 [class] in the order of the classes of the images, which a mapping names."""
    in_order = _by_class(outputs, names)
    numbers = [output for output in in_order if isinstance(output, int | np.integer)]
    if not len(set(numbers)) == len(in_order) == len(names):
        raise ValueError(
            f"outputs {in_order}: expected {len(names)} different numbers, the output of the network for each of "
            f"the classes, in this order: {', '.join(names)}"
        )
    return np.array(numbers, np.int64)


def _by_class(outputs: Outputs, names: Sequence[str]) -> list[int]:
    if not isinstance(outputs, Mapping):
        return as_array(outputs).tolist()
    given = {str(name): output for name, output in outputs.items()}
    missing = [name for name in names if name not in given]
    if missing:
        raise ValueError(
            f"outputs has no number for {few(missing)}: expected one for each class of the images"
        )
    unknown = [name for name in given if name not in names]
    if unknown:
        raise ValueError(
            f"outputs names {few(unknown)}: the classes of the images are {', '.join(names)}"
        )
    return [given[name] for name in names]


def _of_single(outputs: Outputs | None, names: tuple[str, ...]) -> IntArray | None:
    """The outputs of two classes in `Logits` of a single one, which is that of the second class or of the named one."""
    if len(names) != 2:
        raise ValueError(
            f"the network has one output, the images have {len(names)} classes ({few(names)}): expected two classes, "
            "or a network with an output for each class"
        )
    first, second = names
    if outputs is None or (not isinstance(outputs, Mapping) and [*outputs] == [0]):
        return None
    if isinstance(outputs, Mapping):
        given = [(str(name), output) for name, output in outputs.items()]
        if given == [(second, 0)]:
            return None
        if given == [(first, 0)]:
            return np.array([1, 0])
    raise ValueError(
        f"the network has one output, number 0, which is high for one class: expected outputs={{{second!r}: 0}}, or "
        f"{{{first!r}: 0}}"
    )


def names_of(numbers: IntArray, classes: Sequence[str] | None, n_outputs: int) -> tuple[str, ...]:
    """The names of the classes with these numbers: `classes` are of these, or of all `n_outputs`; else the numbers."""
    if classes is None:
        return tuple(map(str, numbers.tolist()))
    if len(classes) == len(numbers):
        return tuple(map(str, classes))
    if len(classes) == n_outputs and numbers[-1] < n_outputs:
        return tuple(str(classes[c]) for c in numbers)
    raise ValueError(
        f"{len(classes)} names of classes: expected {len(numbers)}, one for each class of the images, or {n_outputs}, "
        "one for each number from 0"
    )
