"""How many files an addition touches, tried in a copy of the repository."""

import os
import shutil
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from conftest import ROOT


@pytest.fixture
def copy(tmp_path):
    """A copy of the files of the repository, but for stored results."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        if not name.startswith("docs/data/") and (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def python(folder, *arguments):
    """Run Python in a folder; returns what it prints."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(map(str, (folder / "src", folder / "workflow")))
    }
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def add(path, text, before=""):
    """Add text to a file, which may be new: at its end, or before the place of another text."""
    there = path.read_text() if path.exists() else ""
    start, found, end = there.partition(before) if before else (there, True, "")
    assert found, f"{path} has no {before}"
    path.write_text("".join([start, text, before, end]))


def changed(folder):
    """The files that are no longer those of the repository."""
    files = (
        path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    )
    names = {str(path.relative_to(folder)) for path in files if not path.name.startswith(".")}
    there = {name for name in names if (ROOT / name).is_file()}
    return names - {
        name for name in there if (folder / name).read_bytes() == (ROOT / name).read_bytes()
    }


LINES = """
def _lines(pixels: FloatArray, amplitude: float) -> FloatArray:
    return pixels + 255 * amplitude * (1 - 2 * (np.arange(pixels.shape[-2])[:, None] % 2))


AMPLITUDE = """
ROW = """
    "lines": ArtefactKind(
        _lines, (0.02, 0.04), AMPLITUDE, 1, FINE, RAISED, tried=(0.01, 0.015, 0.03, 0.05), alike=0.5, share=0.1,
    ),
"""
NAME = '                  - {const: lines, description: "(amplitude, pixels from 0 to 1)"}'
USE = """
import numpy as np
from frequency_shortcuts.images.artefacts import Artefact
from frequency_shortcuts.data_check import forensics
from study.configuration import mistakes
from study.schema import DEFAULTS
import yaml

config = yaml.safe_load(DEFAULTS.read_text())
leak = {"source": "artefact", "set": "fashion_mnist", "kind": "lines", "level": 0.02, "class": "Shirt"}
assert mistakes(config | {"datasets": config["datasets"] | {"leak": leak}}) == []
images, labels = np.random.default_rng(0).integers(100, 150, (90, 1, 32, 32), dtype=np.uint8), np.arange(90) % 3
grey = Artefact("lines", 0.04, 1).add(images, labels)[:, 0].astype(np.float32)
found = forensics.Forensics(forensics.fingerprints(grey), labels, 3, grey, np.arange(90)).traces(1, range(3))
assert "lines" in {trace.artefact for trace in found}
"""


def test_an_artefact_needs_its_function_its_row_and_its_name_in_the_schema(copy):
    """The tests of artefacts are of all kinds in the table; config/README.md, which `make docs` writes, lists them."""
    table = copy / "src" / "frequency_shortcuts" / "images" / "artefacts.py"
    text = table.read_text().replace("\nAMPLITUDE = ", LINES, 1)
    before, kinds, after = text.partition("\nKINDS = {")
    table.write_text(before + kinds + after.replace("\n}\n", f"{ROW.rstrip()}\n}}\n", 1))
    schema, last = (
        copy / "config" / "schema.yaml",
        '{const: line, description: "(opacity of white)"}',
    )
    schema.write_text(schema.read_text().replace(last, f"{last}\n{NAME}"))
    python(copy, "-c", USE)
    python(copy, "-m", "study.reference")
    assert changed(copy) == {
        "src/frequency_shortcuts/images/artefacts.py",
        "config/schema.yaml",
        "config/README.md",
    }
    tests = (
        "tests/unit/test_artefacts.py",
        "benchmarks/tests/test_leaks.py",
        "tests/study/test_configuration.py",
    )
    python(
        copy,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        *tests,
        "-k",
        "not page_of_results",
    )


MEASURE = """
\"\"\"The mean of the test images of each class.\"\"\"

import pandas as pd

from frequency_shortcuts.storage.tables import write_table
from study.job import script
from study.tested_networks import read_inputs


@script
def main(snakemake, created_by):
    _, data, run = read_inputs(snakemake, "test")
    means = [float(data.images[:][data.labels == c].mean()) for c in range(len(data.classes))]
    write_table(pd.DataFrame({"class": data.classes, "brightness": means}), snakemake.output[0], **run)
"""
RULE = """

rule brightness:
    input:
        images="<results>/data/{dataset}.h5",
        weights=rules.train.output.weights,
    output:
        brightness="<results>/tests/{dataset}/{run}/brightness.csv",
    log:
        "<logs>/brightness/{dataset}/{run}.log",
    params:
        device=lookup(dpath="device", within=config),
    message:
        "Measuring the brightness of {wildcards.dataset} for {wildcards.run}"
    script:
        "../scripts/measure_brightness.py"
"""
JOIN = """

rule brightness_tables:
    input:
        files(rules.brightness.output.brightness, "brightness"),
    output:
        brightness="<results>/tables/brightness.csv",
    log:
        "<logs>/tables/brightness.log",
    message:
        "Joining the brightness"
    script:
        "../scripts/join_tables.py"
"""
DESCRIBED = """
  tests/{run}/brightness.csv, tables/brightness.csv:
    holds: one row a class
    columns:
      brightness: mean of its test images
"""
DRAW = """
\"\"\"The figure of the brightness.\"\"\"

import pandas as pd
from matplotlib.figure import Figure

from frequency_shortcuts.figures.canvas import page_of_panels, style


def draw_brightness(table: pd.DataFrame) -> Figure:
    \"\"\"A bar for each class.\"\"\"
    with style():
        figure, ((axis,),) = page_of_panels(1, 1, 3)
        axis.bar(table["class"], table["brightness"])
    return figure
"""
CELLS = {
    "parameters": 'results = "results/laptop"\ndatasets = ["syn_1"]',
    "path": 'import sys\nsys.path[:0] = ["../../src", "..", "../../../src", "../../../workflow"]',
    "draw": """
from study.drawing import brightness
from study.drawing.study import Study

study = Study(results)
for dataset in datasets:
    study.show(brightness.draw_brightness(study.table("brightness", dataset)), f"brightness_{dataset}")
""",
}
FIGURE = """

rule figure_brightness:
    input:
        notebook=source("workflow/notebooks/brightness.ipynb"),
        caption=source("report/captions/brightness.rst"),
        brightness=rules.brightness_tables.output.brightness,
    output:
        svg=in_report("brightness", "Figure: brightness", "8. Beyond the paper"),
        png=pictures("brightness"),
        notebook="<results>/notebooks/brightness.ipynb",
    log:
        "<logs>/figures/brightness.log",
    params:
        parameters={"results": RESULTS, "datasets": FIGURES["brightness"]},
    message:
        "Drawing the brightness"
    script:
        "../scripts/run_notebook.py"
"""
OF_A_TEST = {
    "workflow/scripts/measure_brightness.py", "workflow/rules/tests.smk", "workflow/study/runs.py",
    "workflow/study/outputs.py", "workflow/rules/tables.smk", "workflow/study/columns.yaml",
}  # fmt: skip
OF_A_FIGURE = {
    "workflow/study/drawing/brightness.py", "workflow/notebooks/brightness.ipynb", "report/captions/brightness.rst",
    "workflow/rules/figures.smk", "workflow/study/outputs.py",
}  # fmt: skip


def test_a_test_of_networks_needs_a_script_two_rules_and_a_line_in_three_files_and_its_figure_a_notebook(
    copy,
):
    """The network of the smallest study is trained and tested, and the figure is drawn."""
    workflow = copy / "workflow"
    add(workflow / "scripts" / "measure_brightness.py", MEASURE.lstrip())
    add(workflow / "rules" / "tests.smk", RULE)
    add(
        workflow / "study" / "runs.py",
        '    runs["brightness"] = runs["bandstop"]\n',
        '    runs["planted_use"] = ',
    )
    add(
        workflow / "study" / "outputs.py",
        '    "brightness": "brightness",\n',
        '    "planted_use": "planted_use",\n',
    )
    add(workflow / "rules" / "tables.smk", JOIN)
    add(workflow / "study" / "columns.yaml", DESCRIBED.lstrip("\n"), "  tests/{run}/bandstop.csv")
    python(copy, "-m", "study.reference")
    assert changed(copy) == {*OF_A_TEST, "results/README.md"}

    add(workflow / "study" / "drawing" / "brightness.py", DRAW.lstrip())
    cells = [new_code_cell(text.strip(), metadata={"tags": [name]}) for name, text in CELLS.items()]
    nbformat.write(new_notebook(cells=cells), workflow / "notebooks" / "brightness.ipynb")
    caption = "A bar is a class: the mean over its test images and all their pixels.\n"
    add(copy / "report" / "captions" / "brightness.rst", caption)
    add(workflow / "rules" / "figures.smk", FIGURE)
    add(
        workflow / "study" / "outputs.py",
        '        "brightness": of("brightness"),\n',
        '        "adcs": of("planned"),\n',
    )
    assert changed(copy) == {*OF_A_TEST, *OF_A_FIGURE, "results/README.md"}
    names = ("tables/brightness.csv", "figures/brightness_syn_2.svg")
    made = [f"results/test/{name}" for name in names]
    command = ["-m", "snakemake", "--cores", "1", "--configfile", "config/test.yaml", "--", *made]
    python(copy, *command)
    assert all((copy / file).exists() for file in made)
    planned = python(
        copy, "-m", "snakemake", "--dry-run", "--quiet", "rules", "--configfile", "config/test.yaml"
    )
    assert "show_notebooks" in planned
    tests = ("tests/study/test_descriptions.py", "tests/study/test_report_escaping.py")
    python(copy, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests)
