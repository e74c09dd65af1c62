"""The progress of a culling in the log."""

import re

import torch
from culled_images import LABELS, batch

from frequency_shortcuts import culling
from frequency_shortcuts.maps.methods.culling.progress import Progress


def test_the_log_shows_the_progress(small_network, monkeypatch, caplog):
    monkeypatch.setattr(Progress, "EVERY", 0.0)
    with caplog.at_level("INFO"):
        culling.cull(small_network(2, 3), batch((6, 6), dtype=torch.float32), LABELS, 3, "exact")
    assert re.search(r"60 of 60 pairs, [\d.]+ pairs/s, at most 0 s left", caplog.text)
    assert "class 3 of 3: 100.0 % of all forward passes" in caplog.text
