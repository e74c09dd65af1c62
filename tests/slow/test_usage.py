"""Whether a planted mask is used, on networks that read known frequencies of the image."""

from dataclasses import replace

import numpy as np
import torch
from test_usage import Reader

from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.data.waved import Wave
from frequency_shortcuts.evaluation import usage


def test_the_rates_of_a_wave_are_those_of_a_network_that_reads_it_and_of_one_that_does_not():
    wave, generator = Wave(1, (0, 3), 0.3), np.random.default_rng(1)
    images = generator.integers(60, 200, (60, 1, 16, 16), dtype=np.uint8)
    labels, masks = np.repeat([0, 1, 2], 20), wave.masks(3, 16, 16)
    plain = Split(images, labels, ("a", "b", "c"), np.array([0.5]), np.array([0.2]))
    waved = replace(plain, images=wave.add(images, labels))
    energy = masks["truth"] | masks["truth"][1]  # class 0 has a constant score, class 2 a low one

    class Waves(Reader):
        def forward(self, images):
            return super().forward(images) * torch.tensor([1.0, 1.0, 0.0])

    table = usage.wave_rates(Waves(energy), waved, plain, masks["truth"], masks["harmonics"], controls=5)
    assert (table["class"] == 1).all() and set(table["part"].dropna()) == {"keep", "remove"}
    tests = ["without the wave", "unfiltered", "wave", "wave and harmonics"]
    assert table["test"].drop_duplicates()[lambda names: names.isin(tests)].tolist() == tests
    rates = table.groupby("test")["tpr"].first()
    assert (rates["without the wave"], rates["unfiltered"]) == (0, 1)
    removed = table[(table["test"] == "wave") & (table["part"] == "remove")]
    kept = table[(table["test"] == "wave") & (table["part"] == "keep")]
    assert (removed["tpr"] == 0).all() and (kept["tpr"] == 1).all() and len(kept) == len(removed) == 2  # both fills
    assert (kept["positions"] == 2).all() and (table["images"] == 20).all()
    blind = usage.wave_rates(Waves(np.zeros_like(energy)), waved, plain, masks["truth"], masks["harmonics"], controls=5)
    assert (blind["tpr"] == 0).all()
