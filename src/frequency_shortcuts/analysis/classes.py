"""The classes of an analysis: their names, the outputs of the network for them, and which of their images do what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from frequency_shortcuts.images.folders import few
from frequency_shortcuts.images.splits import check_classes
from frequency_shortcuts.networks.pretrained import outputs_of
from frequency_shortcuts.spectrum.arrays import IntArray, as_array


@dataclass(frozen=True)
class Classes:
    """The classes of an analysis.

    names : [class]; numbers : int64 [class], the label of each in the images; outputs : int64 [class], the output of
    the network for each, or None if class c is output c and there are no other outputs
    """

    names: tuple[str, ...]
    numbers: IntArray
    outputs: IntArray | None

    def relabel(self, labels: IntArray, what: str) -> IntArray:
        """Labels by the order of the classes. Raises ValueError for images of other classes."""
        unknown = np.setdiff1d(labels, self.numbers)
        if len(unknown):
            raise ValueError(f"{what} hold images of class {unknown[0]}, of which no map is made")
        return np.searchsorted(self.numbers, labels)


def match(
    labels: IntArray,
    named: tuple[str, ...] | None,
    n_outputs: int,
    classes: Sequence[str] | None = None,
    outputs: Sequence[int] | Mapping[str, int] | None = None,
) -> Classes:
    """Match the classes of the images with the outputs of a network.

    labels : int64 [n], of the images; named : the names of their classes by number, None where there are only numbers
    n_outputs : 1 for a network with one output for two classes, from which `Logits` makes two
    classes, outputs : see `Test`

    Raises ValueError if that cannot be decided.
    """
    single, n_outputs = n_outputs == 1, max(n_outputs, 2)
    numbers = np.arange(len(named)) if named else np.unique(labels)
    names = named or names_of(numbers, classes, n_outputs)
    if named and outputs is None and len(named) != n_outputs:
        outputs = outputs_of(
            named, () if classes is None else (tuple(map(str, classes)),), n_outputs
        )
    if named and classes is not None and len(classes) == len(named):
        names = tuple(map(str, classes))
    elif named and classes is not None and len(classes) != n_outputs:
        raise ValueError(
            f"{len(classes)} names for the {len(named)} classes of the images: expected as many, or {n_outputs}, one "
            "for each output of the network"
        )
    if len(names) < 2:
        raise ValueError(f"all images are of class {names[0]}: expected at least two classes")
    check_classes(np.searchsorted(numbers, labels), names, "images")
    if single:
        return Classes(names, numbers, _of_single(outputs, names))
    if outputs is not None:
        return Classes(names, numbers, _checked(outputs, named or names))
    if named and len(named) != n_outputs:
        raise ValueError(
            f"the network has {n_outputs} outputs, the images have {len(named)} classes: say with `outputs` which "
            f"output each class is, by its name or in this order: {', '.join(named)}"
        )
    if numbers[-1] >= n_outputs:
        raise ValueError(
            f"labels go up to {numbers[-1]}, but the network has the outputs 0 to {n_outputs - 1}"
        )
    return Classes(names, numbers, None if len(numbers) == n_outputs else numbers)


def _checked(outputs: Sequence[int] | Mapping[str, int], names: tuple[str, ...]) -> IntArray:
    """The outputs int64 [class] in the order of the classes of the images, which a mapping names."""
    if isinstance(outputs, Mapping):
        named = {str(name): output for name, output in outputs.items()}
        if missing := [name for name in names if name not in named]:
            raise ValueError(
                f"outputs has no number for {few(missing)}: expected one for each class of the images"
            )
        if unknown := [name for name in named if name not in names]:
            raise ValueError(
                f"outputs names {few(unknown)}: the classes of the images are {', '.join(names)}"
            )
        outputs = [named[name] for name in names]
    else:
        outputs = as_array(outputs).tolist()
    numbers = [output for output in outputs if isinstance(output, int | np.integer)]
    if not len(set(numbers)) == len(outputs) == len(names):
        raise ValueError(
            f"outputs {list(outputs)}: expected {len(names)} different numbers, the output of the network for each of "
            f"the classes, in this order: {', '.join(names)}"
        )
    return np.array(numbers, np.int64)


def _of_single(
    outputs: Sequence[int] | Mapping[str, int] | None, names: tuple[str, ...]
) -> IntArray | None:
    """The outputs of two classes in `Logits` of a single one, which is that of the second class or of the named one."""
    if len(names) != 2:
        raise ValueError(
            f"the network has one output, the images have {len(names)} classes ({few(names)}): expected two classes, "
            "or a network with an output for each class"
        )
    if not isinstance(outputs, Mapping):
        outputs = {names[1]: 0} if outputs is None or [*outputs] == [0] else {}
    for name, places in ((names[1], None), (names[0], np.array([1, 0]))):
        if [(str(given), output) for given, output in outputs.items()] == [(name, 0)]:
            return places
    raise ValueError(
        f"the network has one output, number 0, which is high for one class: expected outputs={{{names[1]!r}: 0}}, or "
        f"{{{names[0]!r}: 0}}"
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


class Counts(NamedTuple):
    """How many images of each class do what, at most.

    ranking : whose spectra have the statistics of the class; search : those of them that also find its map
    test : that are changed; tested : those of them that also test its map
    """

    ranking: int
    test: int
    search: int
    tested: int


class Chosen(NamedTuple):
    """Positions of the images that rank frequencies, and of those that test; see `Counts`.

    search, tested : so many of them, the first ones, find maps and test them
    """

    ranking: IntArray
    test: IntArray
    search: int
    tested: int


def choose(
    labels: IntArray,
    classes: Sequence[str],
    counts: Counts,
    seed: int,
    *,
    halves: bool,
    fewest: int = 1,
) -> Chosen:
    """Choose images at random, class by class; those of maps come first, and both parts of them are sorted.

    halves : draw both from these images, none of them twice: then at least half of a class ranks. Otherwise both are
        drawn from all of them, for a caller that uses only one. fewest : ranking images of a class

    Raises ValueError for a class with too few images.
    """
    generator = np.random.default_rng(seed)
    parts: tuple[list[IntArray], ...] = ([], [], [], [])
    for c, name in enumerate(classes):
        of_class = generator.permutation(np.flatnonzero(labels == c))
        n_test = min(counts.test, len(of_class) // 2) if halves else min(counts.test, len(of_class))
        ranking, test = (of_class[n_test:] if halves else of_class), of_class[:n_test]
        if len(ranking) < fewest or not n_test:
            half = ", of which half test" if halves else ""
            raise ValueError(
                f"class {name} has {len(of_class)} images{half}: expected at least {(1 + halves) * fewest}"
            )
        find, rank = np.split(ranking[: counts.ranking], [counts.search])
        for part, images in zip(parts, (find, rank, *np.split(test, [counts.tested])), strict=True):
            part.append(images)
    search, others, tested, rest = (np.sort(np.concatenate(part)) for part in parts)
    return Chosen(
        np.concatenate([search, others]), np.concatenate([tested, rest]), len(search), len(tested)
    )
