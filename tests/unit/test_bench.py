"""The benchmark: what it compares with is right, and its arithmetic and documents are."""

import pandas as pd
import pytest
import torch

from bench import markdown, numbers, timing


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
    shown = numbers.beside_cuda(rows, "case", {"ratio": "times|.1f"}).splitlines()
    assert shown[0] == "| case | device | times |" and shown[2] == "| small | cpu | 1.2 |"
    assert shown[3] == ("| small | cuda | 2.0 |" if table == "both" else "| small | cuda | not measured |")


def test_a_missing_marker_is_an_error():
    assert markdown.renew("a <!-- x -->\nold<!-- /x --> b", "x", "new") == "a <!-- x -->\nnew\n<!-- /x --> b"
    with pytest.raises(ValueError, match="no place marked y"):
        markdown.renew("a <!-- x -->\n<!-- /x --> b", "y", "new")


def test_parts_that_were_not_measured_stay_as_they_were(tmp_path):
    machine = {"device": "cpu", "processor": "P", "threads": 2, "memory_gib": 3, "gpu": "none"}
    (tmp_path / "bench").mkdir()
    pd.DataFrame([{**machine, "torch": "2", "python": "3", "peak_gflops": 4}]).to_csv(
        tmp_path / "bench" / "machine.csv"
    )
    page = tmp_path / "page.md"
    old = "<!-- {0} -->\nOld.\n<!-- /{0} -->\n"
    page.write_text(old.format("speed_machine") + old.format("speed_training"))
    assert markdown.renew_pages(tmp_path, [page]) == ["speed_training"]
    assert "| cpu | P | 2 |" in page.read_text() and page.read_text().endswith(old.format("speed_training"))
