"""Whether a planted mask is used, on networks that read known frequencies of the image."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from frequency_shortcuts.evaluation import shortcuts, usage
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

PAIRS = ConjugatePairs(16, 16)
LABELS = np.repeat([0, 1, 2], 40)


class Reader(nn.Module):
    """Scores class c by the amplitude at its frequencies, and class 0 by a constant."""

    def __init__(self, masks):
        super().__init__()
        self.masks = torch.from_numpy(np.fft.ifftshift(masks, axes=(1, 2)).astype(np.float32))

    def forward(self, images):
        amplitude = torch.fft.fft2(images).abs().mean(dim=1)
        scores = torch.einsum("nhw,chw->nc", amplitude, self.masks) / self.masks.sum(dim=(1, 2)).clamp(min=1)
        return torch.cat([torch.full((len(images), 1), 30.0), scores[:, 1:]], dim=1)


@pytest.fixture(scope="module")
def case():
    """White noise whose classes 1 and 2 are raised at eight pairs each; images, truth and other pairs."""
    generator = np.random.default_rng(0)
    drawn = generator.permutation(np.flatnonzero(PAIRS.size == 2))
    truth = np.zeros((3, len(PAIRS)), bool)
    truth[1, drawn[:8]], truth[2, drawn[8:16]] = True, True
    truth = PAIRS.scatter(truth)
    spectra = np.fft.fft2(generator.standard_normal((len(LABELS), 2, 16, 16)))
    spectra *= np.fft.ifftshift(1 + 3 * truth[LABELS], axes=(1, 2))[:, None]
    return torch.from_numpy(np.fft.ifft2(spectra).real).float(), truth


def test_a_network_that_reads_the_planted_frequencies_uses_them(case):
    images, truth = case
    table = usage.planted_use(Reader(truth), images, LABELS, truth, neutral=0).set_index("class")
    assert table.index.tolist() == [1, 2] and table["uses"].all()
    assert (table["positions"] == 16).all() and (table["images"] == 40).all()
    assert (table[["tpr_unfiltered", "tpr_planted"]] > 0.95).all(axis=None)
    assert (table[["tpr_complement", "tpr_random", "fpr_planted", "fpr_random"]] < 0.05).all(axis=None)


def test_a_network_that_reads_something_else_does_not(case):
    images, truth = case
    # It knows the class by one bright pixel in a corner, whose energy lies at all frequencies.
    marked = images.clone()
    marked[:, :, 0, 0] += 1000.0 * torch.from_numpy(LABELS)[:, None]

    class Marked(nn.Module):
        def forward(self, images):
            return -(images[:, :, 0, 0].mean(dim=1, keepdim=True) / 1000 - torch.arange(3)).abs()

    table = usage.planted_use(Marked(), marked, LABELS, truth, neutral=0)
    assert not table["uses"].any()
    assert (table["tpr_complement"] > 0.9).all() and (table["tpr_planted"] < 0.1).all()


@pytest.mark.parametrize(
    ("planted", "complement", "random", "uses"),
    [(0.7, 0.3, 1.0, True), (0.69, 0.3, 0.0, False), (0.7, 0.31, 0.0, False), (1.0, 0.0, 0.0, True)],
)
def test_a_mask_is_used_if_it_is_sufficient_and_necessary(monkeypatch, planted, complement, random, uses):
    """The random masks decide nothing."""
    rows = [(1, "keep", "unfiltered", 1.0), (1, "keep", "dfm", planted), (1, "remove", "dfm", complement),
            (1, "keep", "random", random)]  # fmt: skip
    table = pd.DataFrame(rows, columns=["class", "part", "filter", "tpr"]).assign(fpr=0.0, images=100)
    monkeypatch.setattr(shortcuts, "measure", lambda *_, **__: table)
    truth = np.stack([np.zeros((4, 4), bool), np.ones((4, 4), bool)])
    (row,) = usage.planted_use(None, np.zeros((1, 1, 4, 4)), [0], truth, neutral=0).to_dict("records")
    assert row["uses"] == uses and row["tpr_random"] == random


def test_no_planted_mask_is_an_error(case):
    with pytest.raises(ValueError, match="no class has a planted mask"):
        usage.planted_use(Reader(case[1]), case[0], LABELS, np.zeros_like(case[1]), neutral=0)


def test_a_wave_is_used_if_the_class_is_recognised_with_it_and_not_without():
    assert usage.wave_use([0.7, 0.69, 0.7, 1], [0.3, 0.1, 0.31, 0]).tolist() == [True, False, False, True]


def test_classes_whose_mask_is_not_used_have_no_scores():
    scores = ["precision", "recall_low", "average_precision", "average_precision_size"]
    table = pd.DataFrame({name: [0.1, 0.2, 0.3] for name in (*scores, "random")} | {"uses": [True, False, np.nan]})
    found = usage.only_where_used(table)
    assert (found.loc[0, scores] == 0.1).all() and found.loc[1:, scores].isna().all(axis=None)
    assert found[["uses", "random"]].equals(table[["uses", "random"]])
