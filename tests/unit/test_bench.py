"""The benchmark: what it compares with is right, and its arithmetic and documents are."""

import numpy as np
import pandas as pd
import pytest
import torch

from bench import document, markdown, measure_analysis, measure_methods, measure_screening, published, timing
from frequency_shortcuts import culling
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

LABELS = np.array([0, 1, 2, 0, 1, 2, 1])


@pytest.mark.parametrize("channels", [1, 3])
def test_the_published_procedure_finds_the_same_increments(small_network, channels):
    """Tolerance 5e-6: float32, and pixels that passed through a picture file."""
    pixels = np.random.default_rng(0).integers(0, 256, (7, channels, 8, 6), dtype=np.uint8)
    mean, std = np.full(channels, 0.45), np.full(channels, 0.3)
    network, pairs, device = small_network(channels, 3).eval(), ConjugatePairs(8, 6), torch.device("cpu")
    culled = culling.cull(network, pixels, LABELS, 3, "exact", mean=mean, std=std)
    files = published.encoded(pixels)

    def loss(c, mask):
        return published.class_loss(network, files, LABELS, c, mean, std, device, mask)

    for c in range(3):
        assert loss(c, None) == pytest.approx(culled.baseline_loss[c], abs=5e-6)
        for p in range(len(pairs)):
            slow = loss(c, published.mask_without(pairs, p, device)) - loss(c, None)
            assert slow == pytest.approx(culled.increment[c, p], abs=5e-6)


def test_ratios_are_taken_within_each_repeat():
    times = pd.DataFrame({"ours": [1.0, 2.0, 4.0], "theirs": [10.0, 10.0, 80.0]})
    assert timing.ratio(times, "ours", "theirs") == {"ratio": 10, "ratio_low": 5, "ratio_high": 20}
    # Twice the work in the same time is twice as fast.
    assert timing.ratio(times, "ours", "theirs", {"ours": 2, "theirs": 1})["ratio"] == 20


def test_tasks_run_by_turns_after_one_unmeasured_round():
    order = []
    times = timing.by_turns({name: lambda name=name: order.append(name) for name in "ab"}, 3)
    assert order == list("abababab") and times.shape == (3, 2) and (times >= 0).all(axis=None)


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
def test_what_methods_add_to_their_passes_is_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(measure_methods, "WIDTHS", (2,))
    monkeypatch.setattr(measure_methods, "METHODS", {"rise": ("rise", {"masks": 4}), "gradient": ("gradient", {})})
    monkeypatch.setattr(measure_methods, "REPEATS", 2)
    monkeypatch.setattr(measure_methods, "MORE_IMAGES", {})
    table = measure_methods.overhead(tmp_path, torch.device("cpu"))
    # Four masks of 80 images; a forward and a backward pass of each.
    assert table["passes"].tolist() == [4 * 80, 3 * 80]
    assert (table["added_low"] <= table["added"]).all() and (table["added"] <= table["added_high"]).all()


@pytest.mark.slow
def test_an_analysis_is_timed(tmp_path, monkeypatch):
    monkeypatch.setattr(measure_analysis, "SIDE", 16)
    monkeypatch.setattr(measure_analysis, "WAVES", [(3, 0), (0, 5), (6, 2)])
    monkeypatch.setattr(measure_analysis, "PER_CLASS", 12)
    monkeypatch.setattr(measure_analysis, "STAMPS", tmp_path / "none")
    ((name, make),) = measure_analysis._cases()
    row = measure_analysis.measure(name, make, True, torch.device("cpu"))
    assert row["quick"] == "yes" and row["classes"] == 3 and row["seconds"] > 0 and row["search_passes"] > 0


@pytest.mark.slow
def test_the_figure_of_screening_shows_every_line():
    curve = pd.DataFrame(
        [
            {"network": name, "percent": percent, "target_recall": target, "share_of_passes": 0.1, "overlap": target}
            for name in ("a", "b") for percent in (1, 5) for target in (0.8, 0.9)
        ]
    )  # fmt: skip
    assert [len(ax.lines) for ax in measure_screening.overlap_figure(curve).axes] == [3, 3]


def test_sections_that_were_not_measured_stay_as_they_were():
    machine = {"device": "cpu", "processor": "P", "threads": 2, "memory_gib": 3, "gpu": "none"}
    machines = pd.DataFrame([{**machine, "torch": "2", "python": "3", "peak_gflops": 4}])
    before = "# Performance\n\nOld.\n\n## The machine\n\nOld.\n\n## Training\n\nOld training.\n"
    text, unchanged = document.page({"machine": machines}, before)
    assert text.startswith("# Performance\n\nOld.\n\n## The machine\n\n| device |") and "| cpu | P | 2 |" in text
    assert "## Training\n\nOld training.\n" in text and "## Reduced precision" not in text
    assert "Performance" in unchanged and "Training" in unchanged and "The machine" not in unchanged
