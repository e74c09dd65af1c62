"""What the README promises can be typed."""

import re

import numpy as np
import pandas as pd
import torch
from PIL import Image

from bench import gallery
from conftest import ROOT, made_up_tests
from frequency_shortcuts.evaluation import verdicts as rates
from frequency_shortcuts.findings import definitions, evidence, judge
from frequency_shortcuts.storage.tables import write_table

README = (ROOT / "README.md").read_text()


def test_the_library_works_in_the_lines_of_the_readme(small_network, capsys):
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    images, labels = torch.randn(12, 3, 10, 9), np.arange(12) % 3
    names = {"network": small_network(3, 3), "images": images, "labels": labels, "n_classes": 3}
    exec(code, names | {"test_images": images.flip(0), "test_labels": labels[::-1].copy()}, done := {})
    assert done["increments"].shape == (3, len(done["pairs"])) and done["masks"].shape == (3, 10, 9)
    assert set(done["table"]["filter"]) == {"unfiltered", "dfm", "random", "radial", "low_pass", "other"}
    assert "verdict" in capsys.readouterr().out


def test_every_file_and_target_that_the_readme_names_is_there():
    for name in re.findall(r"\]\(((?!http)[^)]+)\)", README):
        assert (ROOT / name).exists(), name
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"`make ([a-z]+)`", README)) <= set(targets)
    assert set(re.findall(r"^make ([a-z]+)", README, re.MULTILINE)) <= set(targets)


def test_every_picture_of_the_readme_is_made_by_make_gallery(tmp_path):
    shown = re.findall(r"!\[[^]]+\]\(docs/([^)]+)\.png\)", README)
    assert sorted(shown) == sorted(gallery.SHOWN)
    (tmp_path / "figures").mkdir()
    for name in gallery.SHOWN:
        Image.new("RGB", (2 * gallery.WIDTH, 60), "red").save(tmp_path / "figures" / f"{name}.png")
    gallery.pictures(tmp_path, tmp_path)
    for name in shown:
        with Image.open(tmp_path / f"{name}.png") as picture:
            assert picture.size == (gallery.WIDTH, 30) and picture.convert("RGB").getpixel((5, 5)) == (255, 0, 0)


def test_the_findings_of_the_readme_are_those_of_the_table(tmp_path, monkeypatch):
    (tmp_path / "tables").mkdir()
    verdicts = pd.DataFrame(
        [{"dataset": "zoo", "network": "small", "augmentation": "none", "seed": 0, "class": "ant", "images": 40,
          "negatives": 0, "part": "keep", "fill": "zeros", "neutral": False, "headline": True,
          "tpr_dfm": 0.95, "fpr_dfm": np.nan, "tpr_random": 0.1, "fpr_random": np.nan, "error_random": 0.0,
          "draws_random": 10, "verdict": "strong"}]
    )  # fmt: skip
    told = judge.judge(evidence.Evidence(verdicts))
    write_table(told, tmp_path / "tables" / "findings.csv")
    monkeypatch.setattr(gallery, "STUDY", tmp_path)
    lines = gallery.findings().splitlines()
    assert len(lines) == 2 + len(definitions.FINDINGS)
    (row,) = told.query("finding == 'd' and dataset == 'all'").to_dict("records")
    assert f"| holds | 0.35 [{row['low']:.2f}, {row['high']:.2f}] | 0 | 1 |" in lines[5]
    assert "(e1)" in lines[6] and f"| {definitions.UNDECIDED} | none | 0 | 0 |" in lines[6]


def test_the_results_of_the_readme_are_those_of_the_headline(tmp_path, monkeypatch):
    runs = [("zoo", "small", "none", 0), ("zoo", "small", "none", 1)], [("syn", "small", "none", 0)]
    zoo, syn = made_up_tests(runs[0], ["ant", "bee", "cow"]), made_up_tests(runs[1], ["C0", "C1"], neutral="C0")
    tests = pd.concat([zoo, syn])
    names = ["dataset", "network", "augmentation", "seed"]
    verdicts = pd.concat(
        [rates.verdicts(part).assign(**dict(zip(names, run, strict=True))) for run, part in tests.groupby(names)]
    )
    (tmp_path / "tables").mkdir()
    write_table(verdicts, tmp_path / "tables" / "shortcuts.csv")
    networks = pd.DataFrame(runs[0] + runs[1], columns=names).assign(test_accuracy=[0.8, 0.9, 0.7])
    write_table(networks, tmp_path / "tables" / "networks.csv")
    monkeypatch.setattr(gallery, "STUDY", tmp_path)
    header, _, first, second = [line.strip("| ").split(" | ") for line in gallery.results().splitlines()]
    found = dict(zip(header, first, strict=True))
    mine = tests[(tests["dataset"] == "zoo") & (tests["part"] == "keep") & (tests["fill"] == "zeros")]
    means = mine.assign(measure=mine["tpr"] - mine["fpr"]).pivot_table("measure", ["seed", "class"], "filter")
    assert found["fill"] == "zeros" and found["map: TPR - FPR"] == f"{means['dfm'].mean():.2f}"
    assert found["test accuracy"] == "0.85" and found["seeds"] == "2"
    headline = verdicts[verdicts["headline"] & (verdicts["dataset"] == "zoo")]
    assert [int(found[verdict]) for verdict in ("strong", "weak", "none")] == [
        (headline["verdict"] == verdict).sum() for verdict in ("strong", "weak", "none")
    ]
    assert int(found["no verdict"]) == headline["verdict"].isna().sum()
    assert int(found["robust"]) == (headline["robust"] == True).sum()  # noqa: E712
    best = [means.loc[(row.seed, row.class_), row.best_control]
            for row in headline.rename(columns={"class": "class_"}).itertuples()]  # fmt: skip
    assert found["best control: TPR - FPR"] == f"{np.mean(best):.2f}"
    assert dict(zip(header, [*second, ""], strict=False))["fill"] == "swap" and gallery.results().endswith("|  |")


def test_every_dependency_is_named_with_its_reason():
    listed = README.partition("## Dependencies")[2]
    for line in (ROOT / "envs" / "requirements.txt").read_text().splitlines():
        if not line.startswith("#"):
            assert re.search(rf"\b{re.split('[=<>]', line)[0]}\b", listed), line
