"""The rows that the tables of tests must hold, from the plan and the image stores: a table that lacks some is named."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import combinations, product
from pathlib import Path
from typing import Any

import h5py
import pandas as pd

from frequency_shortcuts.data import stores
from frequency_shortcuts.data.corruptions import STRENGTHS
from frequency_shortcuts.data.splits import first_of_each_class
from frequency_shortcuts.evaluation import curves, truth
from frequency_shortcuts.evaluation.comparison import CONTROL, UNFILTERED
from frequency_shortcuts.evaluation.corrupted import NONE
from frequency_shortcuts.evaluation.phase import KEPT, REGIONS
from frequency_shortcuts.evaluation.trials import PARTS
from frequency_shortcuts.evaluation.usage import WITHOUT_WAVE
from frequency_shortcuts.findings.study_tables import Classes, classes_of
from frequency_shortcuts.networks.dynamics import VIEWS
from frequency_shortcuts.spectrum.fills import FILLS
from frequency_shortcuts.storage.tables import check_rows, read_table

from .job import RUN, WITH_TRUTH, identity
from .plan import Plan, Run

Rows = Iterator[tuple[tuple[Any, ...], int]]  # values of the columns of a test, and the number of rows with them

SHORTCUTS = ["class", "part", "fill", "filter"]
# The columns that identify the rows of each test of a run.
COLUMNS: Mapping[str, Sequence[str]] = {
    "history": ["epoch"],
    "dynamics": ["class", "iteration", "view"],
    "bandstop": ["true_class", "called_class", "removed"],
    "shortcuts": SHORTCUTS,
    "published": SHORTCUTS,
    "ood": [*SHORTCUTS, "rendition"],
    "phase": ["class", "region", "kept"],
    "planted_use": ["class"],
    "curves": ["class", "filter", "low", "high"],
    "corruptions": ["class", "corruption", "strength"],
    "wave": ["test", "part", "fill"],
    "method_rates": ["class", "part", "fill", "method", "percent"],
    "method_scores": ["class", "truth", "method"],
}
PAIR = ["dataset", "maps_of", "tested_on"]  # the columns of a test of the maps of one network on another


class ExpectedRows:
    """Reads the tables of a study, and checks each of them against the plan.

    files : the image stores of the data sets, `{dataset}.h5`, whose classes the tables must hold

    All methods raise ValueError, which names the file, if a table lacks planned rows or has others.

    >>> ExpectedRows(plan, ["results/laptop/data/syn_1.h5"]).read_runs("shortcuts", paths)
    """

    def __init__(self, plan: Plan, files: Iterable[str]) -> None:
        self.plan, self._files = plan, {Path(path).stem: path for path in files}

    def read_runs(self, test: str, paths: Iterable[str]) -> pd.DataFrame:
        """The tables of a test (a key of `COLUMNS`) of several runs, `{run}/{name}.csv`, one below the other."""
        return pd.concat([self._read_run(test, path) for path in paths], ignore_index=True)

    def check_runs(self, test: str, paths: Iterable[str]) -> None:
        """Check tables of `read_runs` that another function reads."""
        for path in paths:
            self._read_run(test, path)

    def _read_run(self, test: str, path: str) -> pd.DataFrame:
        run = identity(path)
        expected = {(*run.values(), *key): count for key, count in self._rows(test, run)}
        return _read(path, [*RUN, *COLUMNS[test]], expected)

    def read_transfer(self, path: str) -> pd.DataFrame:
        """The table of all tests of the maps of one network on another."""
        return _read(path, [*PAIR, *SHORTCUTS], dict(self._transfer()))

    def read_joined(self, name: str, path: str) -> pd.DataFrame:
        """A joined table of the study: networks, shortcuts (verdicts), ood, transfer, or a test that is only joined."""
        averaged = name in ("ood", "transfer")  # over the draws of a control
        if name == "networks":
            return _read(path, RUN, {tuple(run.values()): 1 for run in self.plan.runs()})
        if name == "transfer":
            return _read(path, [*PAIR, *SHORTCUTS], dict.fromkeys(dict(self._transfer()), 1))
        columns = SHORTCUTS[:-1] if name == "shortcuts" else COLUMNS[name]  # a verdict is on all filters
        expected = {
            (*run.values(), *key[: len(columns)]): 1 if averaged or name == "shortcuts" else count
            for run in self._runs(name)
            for key, count in self._rows(name, run)
        }
        return _read(path, [*RUN, *columns], expected)

    def _runs(self, test: str) -> list[Run]:
        """The runs of which a test is planned."""
        if test == "dynamics":
            return self.plan.trained_runs()
        limited = {
            "ood": self.plan.ood_datasets(),
            "bandstop": self.plan.datasets("synthetic"),
            "planted_use": self.plan.datasets(*WITH_TRUTH),
            "wave": self.plan.from_source("waved"),
        }
        return [run for run in self.plan.runs() if run["dataset"] in limited.get(test, self.plan.datasets())]

    # The rows of each test of a run

    @cached_property
    def _classes(self) -> dict[str, Classes]:
        return {name: classes_of(path) for name, path in self._files.items()}

    def _rows(self, test: str, run: Run) -> Rows:
        """The rows that the table of a test of a run holds."""
        rows: Rows = getattr(self, f"_{test}")(run)
        return rows

    def _history(self, run: Run) -> Rows:
        for epoch in range(self._training(run)["epochs"]):
            yield (epoch,), 1

    def _training(self, run: Run) -> dict[str, Any]:
        return self.plan.training_settings(self.plan.kind_of(run["dataset"]))

    def _dynamics(self, run: Run) -> Rows:
        settings = self._training(run)
        with h5py.File(self._files[run["dataset"]]) as file:
            n_images = len(first_of_each_class(file["train/labels"][:], settings["images_per_class"]))
        batch = self.plan.recipe(self.plan.kind_of(run["dataset"]), run["network"])["batch_size"]
        total = settings["epochs"] * max(1, math.ceil((n_images - 1) / batch))  # as `Minibatches.per_epoch`
        tests = settings["dynamics"]
        iterations = range(0, min(total, tests["iterations"]) + 1, tests["every"])
        for key in product(self._classes[run["dataset"]].names, iterations, VIEWS):
            yield key, 1

    def _bandstop(self, run: Run) -> Rows:
        names = self._classes[run["dataset"]].names
        bands = [f"B{i + 1}" for i in range(len(self.plan.band_edges(run["dataset"])) + 1)]
        for key in product(names, names, map("+".join, combinations(bands, 2))):
            yield key, 1

    def _shortcuts(self, run: Run, **changes: Any) -> Rows:
        settings, classes = self.plan.shortcut_settings(**changes), self._classes[run["dataset"]]
        every = len(classes.names) - 1
        draws = {"unfiltered": 1, "dfm": 1, "random": settings["controls"]}
        of_keep = {
            "radial": settings["radial"] or settings["controls"],
            "low_pass": 1,
            "other": min(settings["others"] or every, every),
        }
        for part, fill in product(settings["parts"], settings["fills"]):
            counts = draws | of_keep if part == "keep" else draws
            for name, (kind, count) in product(classes.tested(fill), counts.items()):
                yield (name, part, fill, kind), count

    _published = _shortcuts

    def _ood(self, run: Run) -> Rows:
        rows = self._shortcuts(run, parts=["keep"], fills=self.plan.config["ood"]["fills"])
        for (key, count), rendition in product(rows, self.plan.renditions(run["dataset"])):
            yield (*key, rendition), count

    def _transfer(self) -> Rows:
        for source, tested in self.plan.transfers():
            ends = ["{network}/{augmentation}/seed{seed}".format(**run) for run in (source, tested)]
            for key, count in self._shortcuts(tested, parts=["keep"]):
                yield (tested["dataset"], *ends, *key), count

    def _phase(self, run: Run) -> Rows:
        for key in product(self._classes[run["dataset"]].tested("swap"), REGIONS, KEPT):
            yield key, 1

    def _planted_use(self, run: Run) -> Rows:
        for name in self._classes[run["dataset"]].planted:
            yield (name,), 1

    def _curves(self, run: Run) -> Rows:
        settings = self.plan.section("robustness")
        *_, height, width = stores.read(self._files[run["dataset"]], settings["split"], 1, in_memory=0).images.shape
        filters = curves.filters(height, width, settings["cutoffs"], settings["band_width"])
        limits = [(one.name, one.low, math.nan if math.isinf(one.high) else one.high) for one in filters]
        for name, view in product(self._classes[run["dataset"]].names, [("unfiltered", math.nan, math.nan), *limits]):
            yield (name, *view), 1

    def _corruptions(self, run: Run) -> Rows:
        views = [(NONE, 0), *product(self.plan.config["robustness"]["corruptions"], STRENGTHS)]
        for name, view in product(self._classes[run["dataset"]].names, views):
            yield (name, *view), 1

    def _wave(self, run: Run) -> Rows:
        with h5py.File(self._files[run["dataset"]]) as file:
            wave, harmonics = file["planted/truth"][:], file["planted/harmonics"][:]
        sizes = 1 if not (harmonics & ~wave).any() else 2  # masks of one size have the same controls
        yield (WITHOUT_WAVE, math.nan, math.nan), 1
        for fill in FILLS:
            yield (UNFILTERED, "keep", fill), 1
            for part in PARTS:
                yield (CONTROL, part, fill), sizes * self.plan.config["shortcuts"]["controls"]
                for name in ("wave", "wave and harmonics"):
                    yield (name, part, fill), 1

    def _method_rates(self, run: Run) -> Rows:
        settings = self.plan.comparison_settings(run["dataset"])
        draws = dict.fromkeys(self.plan.methods(**run), 1) | {CONTROL: settings["controls"]}
        for fill in settings["fills"]:
            for name in self._classes[run["dataset"]].tested(fill):
                yield (name, "keep", fill, UNFILTERED, 100), 1
                for part, percent, (method, count) in product(
                    PARTS, self.plan.config["dfm"]["percents"], draws.items()
                ):
                    yield (name, part, fill, method, percent), count

    def _method_scores(self, run: Run) -> Rows:
        methods = self.plan.methods(**run)
        with h5py.File(self._files[run["dataset"]]) as file:
            planted = truth.planted(file) if "planted/truth" in file else {}
        if not planted:
            yield from (((math.nan, math.nan, method), 1) for method in methods)
        for name, names in truth.alternatives(planted).items():
            for c, class_name in enumerate(self._classes[run["dataset"]].names):
                if any(planted[one][c].any() for one in names):
                    yield from (((class_name, name, method), 1) for method in methods)


def _read(path: str, columns: Sequence[str], expected: Mapping[tuple[Any, ...], int]) -> pd.DataFrame:
    table = read_table(path)
    check_rows(table, path, columns, expected)
    return table
