"""`make same`, which compares a study with docs/data; `make statistics`, against a slow reference; and `make bench`."""

import re
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats

from bench import same, statistics, timing
from conftest import ROOT
from frequency_shortcuts.intervals import paired
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.storage.tables import write_table

FORM = architectures.Architecture("resnet18", 2, 3, 8, width=2, stem="small")


def provenance(study, **facts):
    facts = {
        "written": "now",
        "processor": "A",
        "numerics": "portable",
        "version of torch": "2",
    } | facts
    write_table(
        pd.DataFrame({"key": list(facts), "value": list(facts.values())}),
        study / "tables" / "provenance.csv",
    )


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A finished study of two tables, one network and one map file, and the folder of its digests."""
    folder, target = tmp_path / "results" / "laptop", tmp_path / "docs" / "laptop"
    for path in (folder / "tables", folder / "networks" / "run", folder / "dfm", target / "tables"):
        path.mkdir(parents=True)
    write_table(
        pd.DataFrame({"seed": [0, 0, 1], "a": [1, 2, 3], "b": 4}), folder / "tables" / "some.csv"
    )
    write_table(pd.DataFrame({"wall_s": [1.0]}), folder / "tables" / "runtimes.csv")
    write_table(
        pd.DataFrame({"network": ["jpeg"], "recall": 0.5}), folder / "laptop.csv"
    )  # as the example has it
    weights(folder, 0)
    with h5py.File(folder / "dfm" / "run.h5", "w") as file:
        file["mask/top_5"], file["score"], file["u"] = [True], [0.5], [1]
    provenance(folder)
    provenance(target, written="before", processor="B", **{"version of torch": "1"})
    same.write(folder, target)
    monkeypatch.setattr(same, "ROOT", tmp_path)
    monkeypatch.setattr(same, "DATA", tmp_path / "docs")
    return folder, target


def weights(folder, seed, about=None):
    path = folder / "networks" / "run" / "weights.safetensors"
    architectures.save(path, architectures.build(FORM, seed).state_dict(), FORM, about)


def compare(study):
    folder, target = study
    return same.compare(same.digests(folder), same.as_text(target / same.FILE))


def test_times_and_what_a_file_says_of_itself_do_not_count(study):
    folder, _ = study
    write_table(pd.DataFrame({"wall_s": [2.0]}), folder / "tables" / "runtimes.csv")
    weights(folder, 0, {"created_by": "another commit"})
    assert compare(study) == (["8 of 8 digests are the same."], True)


def test_what_differs_is_missing_or_new_is_listed_by_file_and_column(study):
    folder, _ = study
    write_table(
        pd.DataFrame({"seed": [0, 0, 1], "a": [1, 5, 3], "c": 4}), folder / "tables" / "some.csv"
    )
    with h5py.File(folder / "dfm" / "run.h5", "a") as file:
        file["score"][...] = 0.6
    (folder / "networks" / "run" / "weights.safetensors").unlink()
    lines, equal = compare(study)
    assert not equal and lines[0] == "3 of 8 digests are the same."
    assert sorted(lines[1:]) == [
        "  dfm/run.h5: 1 differs (score)", "  networks/run/weights.safetensors: 1 missing here",
        "  tables/some.csv: 1 differs (a)", "  tables/some.csv: 2 missing here (b)",
        "  tables/some.csv: 2 only here (c)",
    ]  # fmt: skip


def test_other_weights_differ_and_new_columns_do_not_count(study):
    write_table(
        pd.DataFrame({"seed": [0, 0, 1], "a": [1, 2, 3], "b": 4, "c": 5}),
        study[0] / "tables" / "some.csv",
    )
    assert compare(study)[1]
    weights(study[0], 1)
    assert not compare(study)[1]


def test_each_study_that_is_there_is_compared_and_the_others_are_named(study, tmp_path, capsys):
    (tmp_path / "docs" / "leaks").mkdir()
    same.write(study[0], tmp_path / "docs" / "leaks")
    with pytest.raises(SystemExit, match="False"):
        same.main()
    assert "leaks: has not run here" in capsys.readouterr().out
    weights(study[0], 1)
    with pytest.raises(SystemExit, match="True"):
        same.main()
    (line,) = re.findall("Versions and settings: (.*)", capsys.readouterr().out)
    there, here = (path.split()[0] for path in line.split(", "))
    assert Path(there).exists() and Path(here).exists() and there != here


@pytest.mark.parametrize("mean", [False, True])
def test_a_map_is_compared_with_each_mask_or_with_their_mean(mean):
    generator = np.random.default_rng(1)
    tpr, fpr = (generator.random((6, 4, n)) < share for n, share in ((50, 0.5), (450, 0.1)))
    _, low, high = statistics.compare(tpr, fpr, mean)
    for trial in range(6):
        t, f = tpr[trial] * 1.0, fpr[trial] * 1.0
        for i, masks in enumerate([[1, 2, 3]] if mean else [[1], [2], [3]]):
            first, second = (
                paired(t[0] - t[masks].mean(axis=0)),
                paired(f[0] - f[masks].mean(axis=0)),
            )
            of_draws = np.var([t[k].mean() - f[k].mean() for k in masks], ddof=1) / 3 if mean else 0
            variance = first.variance + second.variance + of_draws
            half = (
                stats.t.ppf(0.975, 2 * (variance / of_draws) ** 2) if mean else 1.959964
            ) * np.sqrt(variance)
            centre = first.centre - second.centre
            assert (low[trial, i], high[trial, i]) == pytest.approx((centre - half, centre + half))


def test_the_page_has_what_the_simulation_finds():
    """200 tests of a setting instead of 1000: within four standard errors or more."""
    number = r"(\d+\.\d)"
    page = " ".join((ROOT / "docs" / "method.md").read_text().split())
    found = {
        name: statistics.part(name, np.random.default_rng(5), 200).iloc[:, 2:]
        for name in statistics.PARTS
    }
    one, over = (found[name].to_numpy() for name in ("one_network", "several_networks"))
    held, above = [*one[:, ::2].flat, *over[1:].flat], one[::2, 1::2]
    for words, values in [
        ("a difference between masks holds the truth | N to N %", (min(held), max(held))),
        ("no better than its controls is above them | N to N %", (above.min(), above.max())),
        ("better by 0.4 than nine other maps is above all; 50 images, 200 | N, N %", one[3, 1::2]),
        ("holds a rate; 5 networks, 20 | N, N %", over[0]),
        ("it holds a difference between masks; 5, 20 | N, N %", over[1]),
    ]:
        (written,) = re.findall(re.escape(words).replace("N", number), page)
        assert [float(text) for text in written] == pytest.approx(list(values), abs=15), words


def test_ratios_are_taken_within_each_repeat():
    times = pd.DataFrame({"ours": [1.0, 2.0, 4.0], "theirs": [10.0, 10.0, 80.0]})
    assert timing.ratio(times, "ours", "theirs") == {"ratio": 10, "ratio_low": 5, "ratio_high": 20}


def test_tasks_run_by_turns_after_one_unmeasured_round():
    order = []
    times = timing.by_turns({name: lambda name=name: order.append(name) for name in "ab"}, 3)
    assert order == list("abababab") and times.shape == (3, 2) and (times >= 0).all(axis=None)


def test_operations_of_a_convolution_are_counted():
    layer = torch.nn.Conv2d(3, 5, 3, padding=1, bias=False)
    assert timing.flop(layer, torch.zeros(1, 3, 8, 8)) == 2 * 3 * 5 * 9 * 64
