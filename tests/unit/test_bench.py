"""The benchmark: what it compares with is right, and its arithmetic and documents are."""

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from bench import (
    document,
    figures,
    markdown,
    measure_analysis,
    measure_culling,
    measure_methods,
    measure_plan,
    measure_stores,
    published,
    timing,
)
from frequency_shortcuts import culling
from frequency_shortcuts.data import folders
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

LABELS = np.array([0, 1, 2, 0, 1, 2, 1])


@pytest.mark.parametrize("channels", [1, 3])
def test_the_published_procedure_finds_the_same_increments(small_network, channels):
    """Tolerance 5e-6: float32, and pixels that passed through a picture file."""
    pixels = np.random.default_rng(0).integers(0, 256, (7, channels, 8, 6), dtype=np.uint8)
    mean, std = np.full(channels, 0.45), np.full(channels, 0.3)
    network, pairs, device = small_network(channels, 3).eval(), ConjugatePairs(8, 6), torch.device("cpu")
    found = culling.cull(network, pixels, LABELS, 3, "exact", mean=mean, std=std)
    files = published.encoded(pixels)

    def loss(c, mask):
        return published.class_loss(network, files, LABELS, c, mean, std, device, mask)

    for c in range(3):
        assert loss(c, None) == pytest.approx(found.baseline_loss[c], abs=5e-6)
        for p in range(len(pairs)):
            slow = loss(c, published.mask_without(pairs, p, device)) - loss(c, None)
            assert slow == pytest.approx(found.increment[c, p], abs=5e-6)


def test_ratios_are_taken_within_each_repeat():
    times = pd.DataFrame({"ours": [1.0, 2.0, 4.0], "theirs": [10.0, 10.0, 80.0]})
    assert timing.ratio(times, "ours", "theirs") == {"ratio": 10, "ratio_low": 5, "ratio_high": 20}
    # Twice the work in the same time is twice as fast.
    assert timing.ratio(times, "ours", "theirs", {"ours": 2, "theirs": 1})["ratio"] == 20


def test_tasks_run_by_turns_after_one_unmeasured_round():
    order = []
    times = timing.by_turns({name: lambda name=name: order.append(name) for name in "ab"}, 3)
    assert order == list("abababab") and times.shape == (3, 2) and (times >= 0).all(axis=None)


def test_the_exponent_is_the_power():
    x = pd.Series([1.0, 2.0, 8.0])
    assert timing.exponent(x, 3 * x**1.5) == pytest.approx(1.5)


def test_operations_of_a_convolution_are_counted():
    layer = torch.nn.Conv2d(3, 5, 3, padding=1, bias=False)
    assert timing.flop(layer, torch.zeros(1, 3, 8, 8)) == 2 * 3 * 5 * 9 * 64


@pytest.mark.parametrize("table", ["cpu alone", "both"])
def test_a_device_that_was_not_at_hand_says_so(table):
    rows = pd.DataFrame({"case": ["small"], "device": ["cpu"], "ratio": [1.234]})
    if table == "both":
        rows = pd.concat([rows, rows.assign(device="cuda", ratio=2.0)])
    shown = document.beside_cuda(rows, "case", {"ratio": "times|.1f"}).splitlines()
    assert shown[0] == "| case | device | times |" and shown[2] == "| small | cpu | 1.2 |"
    assert shown[3] == ("| small | cuda | 2.0 |" if table == "both" else "| small | cuda | not measured |")


def test_a_missing_marker_is_an_error():
    assert markdown.renew("a <!-- x -->\nold<!-- /x --> b", "x", "new") == "a <!-- x -->\nnew\n<!-- /x --> b"
    with pytest.raises(ValueError, match="no place marked y"):
        markdown.renew("a <!-- x -->\n<!-- /x --> b", "y", "new")


@pytest.mark.slow
def test_figures_show_every_line():
    scaling = pd.DataFrame(
        [
            {"varied": varied, "method": method, varied: value, "work": 100.0 * value, "time_s": value,
             "exponent": 1.0}
            for varied in figures.AXES for method in ("exact", "screened") for value in (1.0, 4.0)
        ]
    )  # fmt: skip
    drawn = figures.scaling(scaling)
    drawn.canvas.draw()
    assert [len(ax.lines) for ax in drawn.axes] == [3, 3, 3]
    assert not any(
        "$" in text.get_text() for ax in drawn.axes for text in (*ax.get_xticklabels(), *ax.get_yticklabels())
    )
    assert "exact, exponent 1.00" in [text.get_text() for text in drawn.axes[0].get_legend().get_texts()]
    curve = pd.DataFrame(
        [
            {"network": name, "percent": percent, "target_recall": target, "share_of_passes": 0.1, "overlap": target}
            for name in ("a", "b") for percent in (1, 5) for target in (0.8, 0.9)
        ]
    )  # fmt: skip
    assert [len(ax.lines) for ax in figures.overlap(curve).axes] == [3, 3]


@pytest.mark.long
def test_the_large_problems_run_where_they_are_small(tmp_path, monkeypatch):
    """What a data-centre GPU is measured with, on two images a class, so that it has run at least once."""
    pixels = np.random.default_rng(0).integers(0, 256, (20, 1, 32, 32), dtype=np.uint8)
    monkeypatch.setattr(measure_culling, "fashion", lambda folder: ((pixels, np.arange(20) % 10),) * 2)
    monkeypatch.setattr(torch, "compile", lambda network, mode: network)
    monkeypatch.setattr(measure_culling, "PRECISIONS", ("float32",))
    table = measure_culling.large(tmp_path, torch.device("cpu"), per_class=2, width=2, passes=50)
    assert len(table) == 6 and (table["time_s"] > 0).all() and set(table["device"]) == {"cpu"}
    last = table.iloc[-1]
    assert last["time_s"] == pytest.approx(50_000 * 25_090 / last["images_per_s"])


@pytest.mark.slow
def test_what_methods_add_to_their_passes_is_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(measure_methods, "WIDTHS", (2,))
    monkeypatch.setattr(measure_methods, "METHODS", {"rise": ("rise", {"masks": 4}), "gradient": ("gradient", {})})
    monkeypatch.setattr(measure_methods, "REPEATS", 2)
    table = measure_methods.overhead(tmp_path, torch.device("cpu"))
    # Four masks of 80 images; a forward and a backward pass of 4 x 400 images.
    assert table["passes"].tolist() == [4 * 80, 3 * 4 * 400]
    assert (table["added_low"] <= table["added"]).all() and (table["added"] <= table["added_high"]).all()


@pytest.mark.slow
def test_an_analysis_is_timed_with_its_defaults_and_quick(tmp_path, monkeypatch):
    monkeypatch.setattr(measure_analysis, "SIDE", 32)
    monkeypatch.setattr(measure_analysis, "WAVES", [(3, 0), (0, 5), (6, 2)])
    monkeypatch.setattr(measure_analysis, "PER_CLASS", 12)
    monkeypatch.setattr(measure_analysis, "STAMPS", tmp_path / "none")
    table = measure_analysis.analyses(tmp_path, torch.device("cpu"))
    assert table["quick"].tolist() == ["yes", "no"] and (table["seconds"] > 0).all()
    assert (table["classes"] == 3).all() and (table["search_passes"].diff().dropna() >= 0).all()


def test_sections_that_were_not_measured_stay_as_they_were():
    machine = {"device": "cpu", "processor": "P", "threads": 2, "memory_gib": 3, "gpu": "none"}
    machines = pd.DataFrame([{**machine, "torch": "2", "python": "3", "peak_gflops": 4}])
    before = "# Performance\n\nOld.\n\n## The machine\n\nOld.\n\n## Training\n\nOld training.\n"
    text, kept = document.page({"machine": machines}, before)
    assert text.startswith("# Performance\n\nOld.\n\n## The machine\n\n| device |") and "| cpu | P | 2 |" in text
    assert "## Training\n\nOld training.\n" in text and "## Reduced precision" not in text
    assert "Performance" in kept and "Training" in kept and "The machine" not in kept


@pytest.mark.slow
def test_photographs_are_made_once_and_have_the_spectrum_of_photographs(tmp_path):
    """Amplitudes fall as 1/f: over 16 times the frequency to a sixteenth, within a third."""
    root = measure_stores.photographs(tmp_path, 20)
    files, labels, classes = folders.listing(root)
    assert np.bincount(labels).tolist() == [2] * 10 and len(classes) == 10
    pictures = [np.asarray(Image.open(file)) for file in files]
    assert {picture.shape for picture in pictures} == {(375, 500, 3)}
    assert len({picture.tobytes() for picture in pictures}) == 20
    light = np.stack([picture.mean(axis=2) for picture in pictures])
    assert 40 < light.std() < 70
    amplitude = np.abs(np.fft.fft2(light[:, :375, :375])).mean(axis=0)
    radius = np.hypot(np.fft.fftfreq(375)[:, None], np.fft.fftfreq(375)[None]) * 375
    low, high = (amplitude[(radius > r) & (radius < 1.3 * r)].mean() for r in (8, 128))
    assert low / high == pytest.approx(16, rel=1 / 3)
    times_before = {file: file.stat().st_mtime_ns for file in files}
    assert measure_stores.photographs(tmp_path, 20) == root
    assert times_before == {file: file.stat().st_mtime_ns for file in files}
    assert [path.name for path in tmp_path.iterdir()] == ["photographs_20"]


@pytest.mark.long
def test_stores_are_measured_where_they_are_small(tmp_path, monkeypatch):
    monkeypatch.setattr(measure_stores, "by_turns", lambda tasks: timing.by_turns(tasks, 2))
    table = measure_stores.stores(tmp_path, torch.device("cpu"), count=20, some=10, size=(36, 32))
    assert table["task"].is_unique and set(table["device"]) == {"cpu"} and len(table) == 7
    assert (table["images_per_s"] > 0).all()
    reference = table[table["task"] == measure_stores.REFERENCE].iloc[0]
    assert reference["times_reference"] == reference["times_reference_low"] == 1
    written = table[table["task"].str.startswith("folder to store")]
    assert written["images"].tolist() == [10, 20]
    assert (written["memory_mib"] > 50).all() and table["memory_mib"].isna().sum() == 5
    assert "| folder to store | cuda | not measured |" in document.beside_cuda(table, "task", {"images": "images|.0f"})


def test_plans_of_many_networks_are_measured(monkeypatch):
    """By a Snakemake that prints a table of jobs: tests/long/test_many.py runs the real one."""
    lines = "Job stats:\njob count\n--- ---\ntrain 50\nreport 1\ntotal 51\n"
    monkeypatch.setattr(measure_plan, "snakemake", lambda *arguments, root: lines)
    table = measure_plan.plan((10, 20), repeats=2)
    assert table["networks"].tolist() == [10, 20] and table["jobs"].tolist() == [51, 51]
    assert (table["dry_run_s"] > 0).all()


def test_many_networks_are_as_many_runs_of_the_same_seeds():
    config = measure_plan.many(15)
    (entry,) = config["plan"]
    assert len(entry["networks"]) == len(config["networks"]) == 3 and entry["seeds"] == [0, 1, 2, 3, 4]


@pytest.mark.slow
def test_a_plan_that_snakemake_cannot_make_says_why(tmp_path):
    (tmp_path / "Snakefile").write_text("rule all:\n    input: 'nothing makes this'\n")
    with pytest.raises(RuntimeError, match="nothing makes this"):
        measure_plan.snakemake("-n", root=tmp_path)
