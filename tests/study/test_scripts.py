"""Scripts of rules without the DAG: notebooks, the cover, trainings, cures."""

import re
from pathlib import Path
from types import SimpleNamespace

import h5py
import nbformat
import numpy as np
import pandas as pd
import pytest
import torch
from configurations import shipped, updated
from docutils.core import publish_parts
from made_up_results import (
    PARAMETERS,
    random_hits,
    whole_study,
)
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from PIL import Image
from script_runs import Files, run_script

from conftest import ROOT
from frequency_shortcuts.images import stores
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.shortcuts.hits import write_hits
from frequency_shortcuts.storage.files import replacing_hdf5
from frequency_shortcuts.storage.tables import read_table, write_table
from study import settings
from study.datasets import complete
from study.drawing import cards
from study.findings.claims import estimate, judge
from study.findings.definitions import CLAIMS
from study.sources import planted
from study.sources.drawn import draw_images

CONFIG = complete(updated(shipped("test")))


class Given(SimpleNamespace):
    def get(self, name):
        return getattr(self, name, None)


CELLS = [
    new_markdown_cell("# Title"),
    new_code_cell("value = 1", metadata={"tags": ["parameters"]}),
    new_code_cell("print(1 / value)"),
]


def test_a_notebook_is_executed_with_its_parameters_and_one_that_fails_stays_beside_the_log(
    tmp_path, capsys
):
    given = Given(notebook=tmp_path / "in.ipynb", caption=tmp_path / "caption.rst")
    nbformat.write(new_notebook(cells=CELLS), given.notebook)
    (tmp_path / "caption.rst").write_text("What {{ snakemake.params.parameters.value }} shows.")
    output = Files(notebook=tmp_path / "out.ipynb")
    params = SimpleNamespace(parameters={"value": 4})
    run_script("run_notebook", tmp_path, input=given, output=output, params=params)
    title, caption, *_, last = nbformat.read(tmp_path / "out.ipynb", 4).cells
    assert (title.source, caption.source) == ("# Title", "What 4 shows.")
    assert last.outputs[0]["text"] == "0.25\n"
    params.parameters["value"] = 0
    with pytest.raises(SystemExit):
        run_script("run_notebook", tmp_path, input=given, output=output, params=params)
    sentence = (
        f"ZeroDivisionError: division by zero (cells and their output: {tmp_path / 'log.ipynb'})"
    )
    assert f"ERROR in run_notebook: {sentence} (log" in capsys.readouterr().err
    assert "ZeroDivisionError" in str(nbformat.read(tmp_path / "log.ipynb", 4).cells[-1].outputs)


def cover_of(tables, folder):
    """The cover of claims, their variants and claims by class, as HTML, and the rows of its table."""
    files = {
        "picture": folder / "shortcut_zoo.png",
        "template": ROOT / "report" / "cover.rst.jinja",
    }
    Image.new("RGB", (20, 10)).save(files["picture"])
    for name, table in zip(("claims", "variants", "by_class"), tables, strict=True):
        files[name] = folder / f"{name}.csv"
        write_table(table, files[name])
    output, params = (
        Files(rst=folder / "cover.rst"),
        SimpleNamespace(percent=5, published="TPR 0.96 (zebra)"),
    )
    run_script("write_cover", folder, input=SimpleNamespace(**files), output=output, params=params)
    html = publish_parts(
        Path(*output).read_text(), writer="html", settings_overrides={"halt_level": 2}
    )["html_body"]
    rows = [
        re.findall(r"<td>(.*)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)
    ]
    return html, {row[0]: row[1:] for row in rows if row}


@pytest.mark.parametrize("n", [1, 20])
def test_the_cover_has_the_answer_the_clearest_class_and_every_claim(n, tmp_path):
    found, variants, by_class = judge(*whole_study(n), PARAMETERS, {"e2": "transfer_zoo"})
    html, rows = cover_of((found, variants, by_class), tmp_path)
    assert 'alt="a shortcut in zoo"' in html
    opened = re.findall(r"resultPath: '(.*?)'.*?>\s*<?(\w+)", html, re.DOTALL)
    assert opened[0] == (f"{tmp_path}/shortcut_zoo.svg", "figure")
    assert set(opened[1:]) == {(f"{tmp_path}/transfer_zoo.svg", "transfer")}
    suffice = "5 % of the frequencies suffice for 2 of 4 classes (0 are borderline), as many of the lowest for 0"
    answers = {
        1: f"{suffice}. One network does not decide; <code>make findings</code> does.",
        20: f"{suffice}; for 2 the own ones are better than the lowest; for 2 better than those of every other class.",
    }
    assert f"<b>{answers[n]}</b>" in html
    best = by_class[
        (by_class["claim"] == "d") & (by_class["class"] == "ant") & (by_class["variant"] == "")
    ].iloc[0]
    clearest = f"TPR {best['tpr']:.2f}, FPR {best['fpr']:.2f} (ant, small)"
    assert f"in the paper TPR 0.96 (zebra); here {clearest}." in html
    own = found.set_index(["claim", "control"])
    assert [name.partition(")")[0] for name in rows if "the change" not in name] == [
        f"({letter}" for letter in CLAIMS
    ]
    published, lowest, others, networks, _ = rows[
        "(d) Some classes are recognised from few frequencies"
    ]
    assert (published, networks) == ("2 of 4: ant, bee (lowest: 0)", str(n))
    for cell, control in ((lowest, "lowest"), (others, "others")):
        mean = f"mean {estimate(own.loc['d', control])}"
        assert cell == (mean if n == 1 else f"<b>seen</b>: ant, bee; worse: cow, dog; {mean}")
    change = rows["(f) the change"][0]
    levels = [change.index(f"{name} {value}") for name, value in levels_of_f(variants)]
    assert levels == sorted(levels) and len(levels) == 3
    assert change.startswith(f"large minus small {estimate(own.loc['f'].loc[np.nan])}")
    assert ("<b>seen</b>" in change) == (n == 20)
    row_of_h = rows["(h) Some networks follow something that is not the object"]
    assert row_of_h[0] == estimate(own.loc["h"].loc[np.nan])


def levels_of_f(variants):
    """The levels of the networks, the smallest first."""
    of_networks = variants[variants["variant"] == "level"].set_index("networks_of")
    return [(name, estimate(of_networks.loc[name])) for name in ("small", "large", "deep")]


def test_the_cover_of_a_study_without_claims_measures_nothing_and_harmful_names_are_text(tmp_path):
    nothing = judge(*(table.iloc[:0] for table in whole_study(1)), PARAMETERS)
    html, rows = cover_of(nothing, tmp_path)
    assert len(rows) == len(CLAIMS)
    assert {row[0] for row in rows.values()} == {"not measured"}
    of_networks, cells = whole_study(20)
    html, _ = cover_of(judge(of_networks, cells.replace("ant", "<i>ant</i>"), PARAMETERS), tmp_path)
    assert "<i>ant" not in html
    assert "&lt;i&gt;ant&lt;/i&gt;" in html


ARCHITECTURE = {"architecture": "resnet18", "width": 4, "stem": "small"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Weights of three augmentations, and the maps of the first network."""
    folder = tmp_path_factory.mktemp("cure")
    design = planted.Design("present", size=16, channels=1, pairs=3, rings=((2, 4), (4, 6)))
    splits = {
        split: draw_images(design, 6, seed)
        for seed, split in enumerate(("train", "validation", "test"))
    }
    store, maps, weights = folder / "data.h5", folder / "maps.h5", {}
    stores.write(store, splits, classes=design.classes, source="planted", created_by="test")
    dynamics = {"iterations": 1, "every": 1, "images_per_class": 2, "cutoff": 4}
    about = {
        "architecture": ARCHITECTURE,
        "recipe": settings.recipe(CONFIG, "plant_present", "resnet18"),
    }
    for name in ("none", "swap", "autoaugment"):  # as their rule starts them
        place = folder / "networks" / "plant_present" / "small" / name / "seed0"
        place.mkdir(parents=True)
        of_training = settings.training(CONFIG, "plant_present", name) | {"dynamics": dynamics}
        params = SimpleNamespace(code=[], settings=of_training, **about)
        output = Files(
            weights=place / "weights.safetensors", history=place / "h.csv", dynamics=place / "d.csv"
        )
        run_script(
            "train", folder, params=params, input=SimpleNamespace(images=store), output=output
        )
        assert not (place / "state.pt").exists()
        weights[name] = output.weights
    given = SimpleNamespace(images=store, weights=weights["none"])
    wildcards = SimpleNamespace(dataset="waved", run="resnet18/none/seed0")
    for kind, output in (("dfm", maps), ("maps/adcs", folder / "adcs.h5")):
        search = settings.search(CONFIG, kind) | {"images_per_class": 4}
        params = SimpleNamespace(search=search, part=[0, 1], code=[])
        run_script(
            "find_maps",
            folder,
            params=params,
            input=given,
            output=[str(output)],
            wildcards=wildcards,
        )
    return weights, maps


def test_every_augmentation_gives_other_weights_that_load_as_any_network_and_have_maps(trained):
    weights, maps = trained
    found = [*map(architectures.load, weights.values())]
    assert len({network.state_dict()["conv1.weight"].sum().item() for network in found}) == 3
    assert all(torch.isfinite(network(torch.zeros(2, 1, 16, 16))).all() for network in found)
    for path in (maps, maps.with_name("adcs.h5")):
        with h5py.File(path) as file:
            assert file.attrs["split"] == "validation" and file["mask/top_5"].shape == (3, 16, 16)


def test_a_network_is_trained_anew_without_the_frequencies_of_its_maps(trained, tmp_path):
    params = SimpleNamespace(
        split="test", percent=5, architecture=ARCHITECTURE, code=[],
        recipe=settings.recipe(CONFIG, "plant_present", "resnet18"),
        training=settings.training(CONFIG, "plant_present"),
    )  # fmt: skip
    weights, maps = trained
    given = SimpleNamespace(images=maps.with_name("data.h5"), weights=weights["none"], dfm=maps)
    output = tmp_path / "tests" / "plant_present" / "small" / "none" / "seed0" / "reliance.csv"
    output.parent.mkdir(parents=True)
    run_script("measure_reliance", tmp_path, params=params, input=given, output=[str(output)])
    table = read_table(output)
    assert table["removed"].unique().tolist() == ["maps", "random", "low_pass", "nothing"]
    assert table["class"].unique().tolist() == ["C0", "C1", "C2", "(all)"]
    assert (table[table["removed"] == "nothing"][["positions", "lost_at_test"]] == 0).all(axis=None)
    assert [path.name for path in output.parent.iterdir()] == ["reliance.csv"]  # no states


@pytest.mark.parametrize("kind", ["wave", "checkerboard"])
def test_a_share_of_a_class_has_its_artefact_in_every_split(kind, trained, tmp_path):
    plain, path = (
        trained[1].with_name("data.h5"),
        tmp_path / "results" / "test" / "data" / "leak.h5",
    )
    path.parent.mkdir(parents=True)
    settings = {"set": "plain", "kind": kind, "level": 0.1, "class": "C1", "share": 0.5}
    if kind == "wave":
        settings["frequency"] = [0, 3]
    params = SimpleNamespace(settings=settings, source="artefact")
    configured = {"study": "test", "datasets": {"leak": {"source": "artefact"}}}
    parts = {
        "config": configured,
        "wildcards": SimpleNamespace(dataset="leak"),
        "output": [str(path)],
    }
    run_script("build_store", tmp_path, params=params, input=SimpleNamespace(images=plain), **parts)
    for split in ("train", "validation", "test"):
        made, before = stores.read(path, split), stores.read(plain, split)
        changed = (made.images[:] != before.images[:]).any(axis=(1, 2, 3))
        assert (
            changed.sum() == 3 and (made.labels[changed] == 1).all()
        )  # of six images of the class
        assert np.array_equal(made.labels, before.labels) and made.classes == before.classes
    with h5py.File(path) as file:
        assert ("planted" in file) == (kind == "wave")
        assert (file.attrs["dataset"], file.attrs["configured_source"]) == ("leak", "artefact")

    params.settings = settings | {"class": "C9"}
    with pytest.raises(SystemExit):
        run_script(
            "build_store", tmp_path, params=params, input=SimpleNamespace(images=plain), **parts
        )
    assert "no class 'C9' in plain: choose from C0, C1, C2" in (tmp_path / "log").read_text()


def test_the_advantages_of_transfers_stand_in_the_order_of_the_plan(tmp_path):
    rates = pd.DataFrame({"dataset": "zoo", "maps_of": "a", "tested_on": "b", "class": "ant", "part": "keep",
                          "fill": "zeros", "filter": "dfm", "tpr": [1.0], "fpr": 0.0, "positions": 4})  # fmt: skip
    write_table(rates, tmp_path / "rates.csv")
    with replacing_hdf5(tmp_path / "hits.h5") as file:
        for i in range(11):
            write_hits(group := file.create_group(f"pair{i}"), random_hits())
            group.attrs.update(
                dataset="zoo", maps_of=f"small/none/seed{i}", tested_on=f"deep/none/seed{i}"
            )
            group.attrs["classes"] = ["ant", "bee", "cow", "dog"]
    names = ("rates", "own_map_advantage", "cross_matrix")
    output = Files(**{name: tmp_path / f"{name}.csv" for name in names})
    given = SimpleNamespace(hits=[tmp_path / "hits.h5"], rates=[tmp_path / "rates.csv"])
    params = SimpleNamespace(columns=["dataset", "maps_of", "tested_on"])
    run_script("join_hits", tmp_path, input=given, output=output, params=params)
    found = {name: read_table(path) for name, path in output.items()}
    for name in names[1:]:
        seeds = (
            found[name].drop_duplicates("maps_of")["maps_of"].str.removeprefix("small/none/seed")
        )
        assert seeds.tolist() == list(map(str, range(11)))
    assert set(found["cross_matrix"]["map"]) == {"ant", "bee", "cow", "dog", "(lowest)"}


def test_the_rates_on_a_card_are_of_the_network_whose_weights_and_maps_are_shown(monkeypatch):
    """The smallest seed, also where another one is planned first."""
    run = {"dataset": "zoo", "network": "small", "augmentation": "none"}
    rates = {key: [0.9, 0.2] for key in cards.RATES}
    tests = {"part": "keep", "fill": "zeros", "low_pass_margin": 0.1, "headline": True}
    rows = pd.DataFrame({**run, "seed": [3, 1], "class": "ant", **tests, **rates})
    shown = {"read_classes": lambda path: ["ant"], "normalisation": lambda path: None,
             "class_cards": lambda *given, rates: rates}  # fmt: skip
    for name, value in shown.items():
        monkeypatch.setattr(cards, name, value)
    monkeypatch.setattr(cards.examples, "read_cards", lambda *given: SimpleNamespace(fill="zeros"))
    assert (cards.draw_cards(run, *[""] * 4, rows, 5, [], 4) == 0.2).all()
