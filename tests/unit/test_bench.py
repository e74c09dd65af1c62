"""The benchmark: its arithmetic is right."""

import pandas as pd
import torch

from bench import timing


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
