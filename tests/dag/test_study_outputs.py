"""Tables, claims, figures and pages of the study, and second runs of Snakemake."""

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys

import expected_values
import h5py
import nbformat
import numpy as np
import pandas as pd
import pytest
import yaml
from configurations import typeset
from PIL import Image

from checkouts import CONFIG, MAPPED, NEUTRAL, PICTURES, TRAINED, dataset_of, shape_of
from conftest import ROOT
from frequency_shortcuts.storage.tables import RUN, read_table
from study import columns, outputs, runs
from study.datasets import complete
from study.findings import claims
from study.findings.definitions import (
    CLAIMS,
    CONTROLS,
    FEW_NETWORKS,
    NOT_MEASURED,
    PUBLISHED,
)

RUNS = runs.table(complete(CONFIG))
TABLES = set(outputs.tables(CONFIG, RUNS))


def tables_of(study):
    return {path.stem: read_table(path) for path in (study.results / "tables").glob("*.csv")}


def test_tables_join_all_runs(study):
    tables = tables_of(study)
    assert set(tables) == TABLES
    assert len(tables["networks"]) == len({*MAPPED, *TRAINED})
    rows = [2 * (2 * shape_of(run)[0] - (dataset_of(run) in NEUTRAL)) for run in MAPPED]
    assert len(tables["shortcuts"]) == sum(rows)
    assert set(tables["shortcuts"]["verdict"].dropna()) <= {
        "strong",
        "weak",
        "none",
        "too few images",
    }
    chosen = "dataset == 'plant_present' and `class` == 'C1' and part == 'keep' and fill == 'swap'"
    (selected,) = tables["shortcuts_over_seeds"].query(chosen).to_dict("records")
    of_seeds = tables["shortcuts"].query(chosen)
    assert of_seeds["headline"].all() and selected["headline"] and selected["seeds"] == 2
    assert np.isclose(selected["tpr_unfiltered_mean"], of_seeds["tpr_unfiltered"].mean(), atol=1e-5)
    assert np.isclose(
        selected["tpr_unfiltered_sd"], of_seeds["tpr_unfiltered"].std(ddof=1), atol=1e-5
    )
    measured = {"bandstop", "planted_use", "shortcuts", "sizes", "ood", "transfer"}
    assert set(tables["runtimes"]["step"]) == {"train", "adcs", "find_maps"} | measured


def test_claims_follow_from_the_tables_of_the_study(study):
    tables = tables_of(study)
    table, variants = tables["claims"], tables["claim_variants"]
    assert list(table) == claims.COLUMNS
    assert list(table["claim"].unique()) == list(CLAIMS)
    assert not table["decided"].any()
    # One width, no network with and without an augmentation, and none trained anew; all else has data.
    found = table.set_index(["claim", "control"])
    assert (
        {"f", "g", "n"}
        <= set(table[table["word"] == NOT_MEASURED]["claim"])
        <= {"f", "g", "n", "t", "h"}
    )
    assert set(table["word"].dropna()) <= {NOT_MEASURED, FEW_NETWORKS}
    networks = table.groupby("claim")["networks"].max()
    assert networks["a"] <= 2  # a rank correlation may be missing
    assert networks["b"] == 1
    # The mean over the classes is that of the table of the advantages, which is made from other code.
    kept = (
        tables["own_map_advantage"].query("method == 'culling' and fill == 'zeros'").set_index(RUN)
    )
    columns = ["own", "low_pass_margin", "advantage"]
    own = found.loc["d", "value"][list(CONTROLS)]
    assert own.tolist() == pytest.approx(
        list(kept.loc[("fashion_mnist", "resnet18", "none", 0), columns]), abs=1e-5
    )
    of_pictures = variants.query(
        "claim == 'd' and dataset == 'pictures' and variant.isna()"
    ).set_index("control")
    expected = list(kept.loc[("pictures", "my_network", "none", 0), columns])
    assert of_pictures["value"][list(CONTROLS)].tolist() == pytest.approx(expected, abs=1e-5)
    assert {"swap", "mixture", "zeros", "every pair"} <= set(variants["variant"])
    by_class = tables["claims_by_class"].query(
        "claim == 'd' and dataset == 'fashion_mnist' and variant.isna()"
    )
    means = by_class.groupby("control")["value"].mean()[list(CONTROLS[:2])]
    assert means.tolist() == pytest.approx(own[list(CONTROLS[:2])].tolist(), abs=1e-5)
    drawn = {path.stem for path in (study.results / "figures").glob("*.svg")}
    assert set(table["figure"].dropna()) <= drawn


def test_tables_are_typeset_and_stand_in_the_report(study):
    folder = study.results / "tables"
    pages = {path.stem for path in folder.glob("*.html")}
    assert {"claims", "networks", "table_1", "shortcuts"} <= pages == TABLES & typeset().keys()
    printed = sorted(folder.glob("*.tex"))
    assert [path.stem for path in printed] == ["table_1", "table_2", "table_3"]
    assert all(r"\toprule" in path.read_text() for path in printed)
    report = (study.results / "report.html").read_text()
    for name in pages:
        rows = read_table(folder / f"{name}.csv")
        assert (folder / f"{name}.html").read_text().count("<tr>") == 1 + min(len(rows), 2000)
        assert f"tables/{name}.html" in report


def test_every_column_of_a_table_is_described_and_every_described_column_is_in_a_table(study):
    """In the small study, or in the stored tables of larger ones, which may be older."""
    used = set()
    for folder in (study.results, *(ROOT / "docs" / "data").iterdir()):
        for path in folder.rglob("*.csv"):
            name = str(path.relative_to(folder))
            found = [columns.column(name, column) for column in pd.read_csv(path, nrows=0)]
            used |= {column.place for column in found if columns.described(name)}
            assert folder != study.results or (
                columns.described(name) and all(column.text for column in found)
            ), name
    places = {"shared": columns.SHARED} | {
        paths: file.get("columns", {}) for paths, file in columns.FILES.items()
    }
    # Only of benchmarks, see benchmarks/tests/test_benchmarks.py, which stored tables of older ones do not have.
    of_benchmarks = r"tables/(cure|leaks)|tests/{run}/(harm|refit)"
    places = {paths: keys for paths, keys in places.items() if not re.match(of_benchmarks, paths)}
    described = {
        (place, name) for place, keys in places.items() for key in keys for name in key.split(", ")
    }
    assert {place for place in used if place[0] in places} == described


def test_provenance_describes_the_run_of_the_study(study):
    recorded = read_table(study.results / "tables" / "provenance.csv").set_index("key")["value"]
    assert recorded["study"] == "test" and recorded["devices of the networks"] == "cpu"
    assert recorded["numerics"] == "portable"
    if platform.machine() == "x86_64":
        assert recorded["instructions of PyTorch"] == "AVX2"
    if not shutil.which("nvidia-smi"):
        assert recorded["threads of a job"] == "1"
    with h5py.File(study.results / "data" / "syn_2.h5") as file:
        assert recorded["configuration"].removeprefix("digest ") in file.attrs["created_by"]
        source = file.attrs["source"]
    digest = hashlib.sha256((study.results / "data" / "syn_2.h5").read_bytes()).hexdigest()[:12]
    assert recorded["data set syn_2"] == f"{source}, SHA-256 {digest}"


def test_every_figure_is_drawn_by_an_executed_notebook(study):
    drawn = {path.stem for path in (study.results / "figures").glob("*.svg")}
    assert drawn == {path.stem for path in (study.results / "figures").glob("*.png")}
    notebooks = list((study.results / "notebooks").glob("*.ipynb"))
    of_kind = {
        kind: [name for name in drawn if name.startswith(f"{kind}_")]
        for kind in outputs.figures(RUNS)
    }
    kinds = {kind for kind, names in of_kind.items() if names}
    assert {path.stem for path in notebooks} == kinds | {"paper_tables"}
    for path in notebooks:
        cells = [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
        assert all(cell.execution_count for cell in cells), path
        shown = [output for output in cells[-1].outputs if "image/png" in output.get("data", {})]
        assert len(shown) == len(of_kind.get(path.stem, [])), path
    for name in (min(names) for names in of_kind.values() if names):
        with Image.open(study.results / "figures" / f"{name}.png") as picture:
            assert picture.width > 300 and len(picture.convert("RGB").getcolors(2**24)) > 8, name


def test_an_executed_notebook_runs_again_by_hand_and_leaves_the_figures_of_the_study(study):
    figures = [*(study.results / "figures").iterdir()]
    before = [path.stat().st_mtime_ns for path in figures]
    notebooks = sorted((study.results / "notebooks").glob("*.ipynb"))
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [sys.executable, "-m", "jupyter", "execute", *notebooks]
    done = subprocess.run(command, cwd=study.root, env=environment, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert len(notebooks) > 15
    assert [path.stat().st_mtime_ns for path in figures] == before


def test_the_report_holds_the_numbers(study):
    table = read_table(study.results / "tables" / "claims.csv")
    text = (study.results / "report.html").read_text()
    cover = re.sub(r"\\n|\s{2,}", "", text)  # a string of JSON
    cells = dict(re.findall(r"<tr><td>(\(\w+\) .*?)</td><td>(.*?)</td>", cover))
    for row in table.to_dict("records"):
        cell = cells[f"({row['claim']}) {row['says']}"]
        if row["control"] == PUBLISHED:
            assert cell.startswith(f"{row['better']:.0f} of {row['classes']:.0f}")
        elif row["word"] == NOT_MEASURED:
            assert cell.endswith(row["word"])
    assert "not decide" in cover
    assert "shortcut_fashion_mnist.svg" in text
    assert "System Message" not in text


def test_a_second_run_with_the_configuration_that_was_written_has_nothing_to_do(study):
    """The target `own` has all outputs of a study with a network of the user."""
    used = yaml.safe_load((study.results / "config.yaml").read_text())
    assert used["plan"] == PICTURES["plan"] and used["networks"]["resnet18"]["width"] == 4
    configs = ["results/test/config.yaml"]
    done = study.snakemake("own", "--cores", "all", "--resources", "gpu=1", configs=configs)
    assert done.returncode == 0 and "Nothing to be done" in done.stdout, done.stdout


def test_the_study_gives_the_expected_values(study):
    expected, measured = pd.read_csv(expected_values.FILE), expected_values.measured(study.results)
    assert list(measured["number"]) == list(expected["number"]) and list(measured["kind"]) == list(
        expected["kind"]
    )
    near = (measured["value"] - expected["value"]).abs() <= expected["tolerance"]
    wrong = expected.assign(measured=measured["value"])[~near]
    assert wrong.empty, f"numbers beyond their tolerances:\n{wrong.to_string(index=False)}"
    again = expected_values.with_tolerances(expected)["tolerance"]
    assert (again - expected["tolerance"]).abs().max() < 1e-6, (
        "renew: python tests/dag/expected_values.py RESULTS"
    )
