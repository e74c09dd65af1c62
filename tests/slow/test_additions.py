"""One thing, one file: how many files a new method, source of images, test of networks or figure touches.

All four are added to a copy of the checkout. There they must work, and the tests that compare lists must pass, with no
other file touched than those named here.
"""

import os
import shutil
import subprocess
import sys

import nbformat
import pandas as pd
import pytest
import yaml

from checkouts import ROOT, Study
from frequency_shortcuts.data import stores

MOST = 7  # files of an addition, its unit test included
SRC, STUDY, UNIT = "src/frequency_shortcuts", "workflow/study", "tests/unit"
METHOD = '''"""The number of each pair."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from frequency_shortcuts.spectrum.arrays import FloatArray

from .method import Size
from .workspace import Workspace


@dataclass(frozen=True)
class Settings:
    """It has none."""


def passes(settings: Settings, size: Size) -> int:
    """The network is shown no image."""
    return 0


def scores(workspace: Workspace, settings: Settings) -> FloatArray:
    """float64 [class, pairs]."""
    return np.tile(np.arange(len(workspace.pairs), dtype=float), (workspace.n_classes, 1))
'''
METHOD_TEST = """
from test_methods import run

def test_the_last_pair_is_best(small_network):
    score = run("dummy", small_network(2, 3)).score
    assert (score.argmax(axis=1) == score.shape[1] - 1).all()
"""
SOURCE = '''"""Images of noise, dark and light."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .description import Content, Source

if TYPE_CHECKING:
    from ..plan import Plan


class Dummy(Source):
    """Two classes."""

    names = ("dummy",)
    rule = "dummy_store"
    keys = """
dummy:
  description: Two classes of noise, dark and light.
  required: [size, channels]
  properties:
    size: {$ref: "#/$defs/size", description: Size of the images in pixels.}
    channels: {enum: [1, 3], description: 3 for colour or 1 for grey.}
"""

    def inspect(self, plan: Plan, name: str) -> Content:
        """Always possible."""
        shape = self.shape(plan, name)
        assert shape is not None
        return Content(("dark", "light"), shape, "noise")

    def build(self, path: str, settings: Mapping[str, Any], given: Any, workers: int, **about: Any) -> None:
        """Images of noise."""
        import numpy as np

        from frequency_shortcuts.data import stores

        shape, labels = (settings["channels"], settings["size"], settings["size"]), np.arange(20) % 2
        images = np.random.default_rng(0).integers(0, 128, (20, *shape), dtype=np.uint8)
        images[1::2] += 100
        splits = {split: (images, labels) for split in ("train", "validation", "test")}
        stores.write(path, splits, classes=("dark", "light"), source="dummy", **about)


SOURCE = Dummy()
'''
SOURCE_TEST = """from study.plan import Plan
from study.sources.registry import BY_NAME


def test_the_shape_is_that_of_the_keys():
    plan = Plan({"study": "s", "datasets": {"d": {"source": "dummy", "size": 8, "channels": 3}}})
    assert BY_NAME["dummy"].shape(plan, "d") == (3, 8, 8)
"""
TEST = '''"""The mean brightness of the test images of each class."""

from __future__ import annotations

from typing import Any

from ..categories import Result
from ..description import IMAGES, NetworkTest, Output, Table
from ..job import FOLDER


def measure(step: Any, created_by: str) -> None:
    """One row a class."""
    from frequency_shortcuts.data import stores
    from frequency_shortcuts.evaluation.dummy import brightness
    from frequency_shortcuts.storage.tables import write_table

    from ..job import run_of_path

    write_table(brightness(stores.read(step.input.images, "test")), step.output[0], **run_of_path(step.output[0]))


TEST = NetworkTest(
    message="Measuring {wildcards.dataset}",
    runs=lambda plan: plan.runs(),
    measure=measure,
    outputs={"dummy": Output(f"tests/{FOLDER}/dummy.csv", "one row a `class`: its `brightness`")},
    inputs=lambda plan: {"images": f"{plan.results}/{IMAGES}"},
    tables={"dummy": Table(Result("brightness", "beyond"), "The brightness of each class.", "the tests joined")},
    rule="dummy_table",
)
'''
EVALUATION = '''"""Brightness of images."""

from __future__ import annotations

import numpy as np
import pandas as pd

from frequency_shortcuts.data.splits import Split


def brightness(split: Split) -> pd.DataFrame:
    """One row a class: `class`, `brightness`."""
    of_image = split.images[:].mean(axis=(1, 2, 3))
    names = enumerate(split.classes)
    return pd.DataFrame([{"class": name, "brightness": np.mean(of_image[split.labels == c])} for c, name in names])
'''
EVALUATION_TEST = """import numpy as np

from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.evaluation.dummy import brightness


def test_each_class_has_its_mean():
    images = np.full((4, 1, 2, 2), np.array([1, 2, 3, 6], np.uint8)[:, None, None, None])
    split = Split(images, np.array([0, 1, 0, 1]), ("a", "b"), np.zeros(1), np.ones(1))
    assert list(brightness(split)["brightness"]) == [2, 4]
"""
DRAWING = '''"""Drawing of brightness."""

from __future__ import annotations

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure


def bars(table: pd.DataFrame) -> Figure:
    """A bar for each row."""
    figure, axis = plt.subplots()
    axis.bar(table["class"].astype(str), table["brightness"])
    return figure
'''
DRAWING_TEST = """
import pandas as pd

from frequency_shortcuts.figures import bars

def test_each_row_has_a_bar(closed_figures):
    (axis,) = bars.bars(pd.DataFrame({"class": ["a", "b"], "brightness": [1, 2]})).axes
    assert [bar.get_height() for bar in axis.patches] == [1, 2]
"""
PARAMETERS = 'figures = [{"figure": "results/x/figures/bars_all", "table": "results/x/tables/dummy.csv"}]'
IMPORTS = """from matplotlib import pyplot as plt

from frequency_shortcuts.figures import bars, canvas
from frequency_shortcuts.storage.tables import read_table"""
DRAW = """def draw(figure, table):
    drawing = bars.bars(read_table(table))
    canvas.save(drawing, figure)


for parameters in figures:
    draw(**parameters)
    plt.show()"""
FIGURE = """FIGURES: dict[str, Figure] = {
    "bars": Figure(
        Result("brightness", "beyond"),
        lambda plan: ["all"],
        lambda plan, name: {"table": "tables/dummy.csv"},
        lambda plan, name: {},
        caption="The brightness of each class.",
    ),
"""


def notebook():
    """The text of the notebook of the figure."""
    words = nbformat.v4.new_markdown_cell("# Brightness\n\nA bar is the mean of a class.")
    given, imports, draw = map(nbformat.v4.new_code_cell, (PARAMETERS, IMPORTS, DRAW))
    given.metadata["tags"] = ["parameters"]
    cells = [words, given, imports, nbformat.v4.new_markdown_cell("Each row has a bar."), draw]
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells, metadata={"language_info": {"name": "python"}}))


# For each addition its files: the text of a new one, or (what stands there, what takes its place). `study.reference`
# writes the two pages of reference. A test with settings of its own also touches the schema and config/config.yaml.
WRITTEN = ""
ADDITIONS = {
    "method": {
        f"{SRC}/maps/methods/dummy.py": METHOD,
        f"{SRC}/maps/methods/registry.py": ('    "rise": "rise",', '    "rise": "rise",\n    "dummy": "dummy",'),
        f"{UNIT}/test_dummy_method.py": METHOD_TEST,
        f"{UNIT}/test_methods.py": ('    "rise": (', '    "dummy": ("dummy", {}),\n    "rise": ('),
        "config/schema.yaml": ("rise, mixture, gradient", "rise, dummy, mixture, gradient"),
        "config/README.md": WRITTEN,
        "docs/methods.md": ("| `rise` | mean", "| `dummy` | the number of a pair | 0 | - |\n| `rise` | mean"),
    },
    "source": {
        f"{STUDY}/sources/dummy.py": SOURCE,
        f"{UNIT}/test_dummy_source.py": SOURCE_TEST,
        "config/config.yaml": ("  syn_1: ", "  dummy: {source: dummy, size: 16, channels: 1}\n  syn_1: "),
        "config/README.md": WRITTEN,
    },
    "test": {
        f"{STUDY}/tests/dummy.py": TEST,
        f"{SRC}/evaluation/dummy.py": EVALUATION,
        f"{UNIT}/test_dummy_test.py": EVALUATION_TEST,
        "docs/development.md": ("| `evaluation` | `comparison`", "| `evaluation` | `dummy`, `comparison`"),
        "results/README.md": WRITTEN,
    },
    "figure": {
        f"{SRC}/figures/bars.py": DRAWING,
        "workflow/notebooks/bars.ipynb": notebook(),
        f"{STUDY}/figures.py": ("FIGURES: dict[str, Figure] = {\n", FIGURE),
        f"{UNIT}/test_dummy_figure.py": DRAWING_TEST,
        "docs/development.md": ("| `figures` | `cross_matrix`", "| `figures` | `bars`, `cross_matrix`"),
    },
}
GUARDS = [  # what compares lists
    "tests/unit/test_imports.py", "tests/unit/test_methods.py::test_every_method_is_tested",
    "tests/study/test_planned_outputs.py", "tests/study/test_results_page.py", "tests/study/test_dependencies.py",
    "tests/study/test_configuration.py::test_the_schema_names_what_the_library_knows",
]  # fmt: skip
OWN = {
    "plan": [{"datasets": ["dummy"], "networks": ["resnet18"], "augmentations": ["none"], "seeds": [0]}],
    "transfer": [],
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the checkout with all additions."""
    root = tmp_path_factory.mktemp("additions")
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, text=True, capture_output=True, check=True).stdout
    for name in tracked.splitlines():
        if not name.startswith("docs/data/") and (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, root / name)
    for path, change in (item for files in ADDITIONS.values() for item in files.items()):
        if isinstance(change, tuple):
            text = (root / path).read_text()
            assert text.count(change[0]) == 1, path
            change = text.replace(*change)
        if change != WRITTEN:
            (root / path).write_text(change)
    (root / "own.yaml").write_text(yaml.safe_dump(OWN))
    in_copy(root, "workflow", "-m", "study.reference")
    return Study(root)


def in_copy(root, folder, *arguments):
    """Run Python in a folder of the copy, with the code of the copy. Its output must be that of a success."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root / "src"), str(root / "workflow")])}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=root / folder, env=environment, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("kind", ADDITIONS)
def test_an_addition_touches_few_files(kind):
    assert 3 < len(ADDITIONS[kind]) <= MOST


def test_additions_pass_their_tests_and_those_that_compare_lists(copy):
    own = [path for files in ADDITIONS.values() for path in files if "test_dummy" in path]
    assert " passed" in in_copy(copy.root, ".", "-m", "pytest", "-q", "-p", "no:cacheprovider", *own, *GUARDS)


def test_the_study_builds_the_set_runs_the_test_joins_its_table_and_draws_the_figure(copy):
    done = copy.snakemake("results/test/figures/bars_all.svg", "--cores", "1", configs=("config/test.yaml", "own.yaml"))
    assert done.returncode == 0, done.stdout
    table = pd.read_csv(copy.results / "tables" / "dummy.csv")  # of six digits
    test = stores.read(copy.results / "data" / "dummy.h5", "test")
    means = [test.images[:][test.labels == c].mean() for c in range(2)]
    assert list(table["class"]) == ["dark", "light"] and table["brightness"].tolist() == pytest.approx(means, rel=1e-5)
    assert (copy.results / "figures" / "bars_all.png").stat().st_size > 1000
