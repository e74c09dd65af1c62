"""The command: analyse, maps, test, show; and its errors."""

import subprocess
import sys

import numpy as np
import torch
from test_command import (
    MODEL,
    STATISTICS,
    folder,  # noqa: F401 (fixtures)
    run,
)
from waves_and_network import without_drawings

from frequency_shortcuts.maps import dfm, exchange


def test_maps_can_be_made_first_and_tested_later(folder, tmp_path, monkeypatch):
    without_drawings(monkeypatch)
    file = tmp_path / "maps.h5"
    options = ["--images", folder, *STATISTICS]
    done = run("maps", MODEL, *options, "--method", "gradient", "--percent", "2", "--out", file)
    assert done.exit_code == 0 and str(file) in done.output
    masks = dfm.read_mask(file, 2)
    exchange.write(tmp_path / "maps.pkl", masks, "dfmx")
    for number, maps in enumerate((file, tmp_path / "maps.pkl")):
        done = run("test", MODEL, *options, "--maps", maps, "--percent", "2", "--out", tmp_path / f"out{number}")
        assert done.exit_code == 0, done.output
        assert np.array_equal(dfm.read_mask(tmp_path / f"out{number}" / "maps.h5", 2.34), masks)
    assert (tmp_path / "out0" / "rates.csv").read_text() == (tmp_path / "out1" / "rates.csv").read_text()


def test_published_weights_give_transform_and_names(monkeypatch):
    """Without a network connection: the weights are replaced by random ones."""
    from torchvision import models

    from frequency_shortcuts.networks.named import open_network

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", lambda *_, **__: models.squeezenet1_1().state_dict())
    monkeypatch.setattr(
        "torchvision.models._api.load_state_dict_from_url", lambda *_, **__: models.squeezenet1_1().state_dict()
    )
    found = open_network("torchvision:squeezenet1_1", weights="DEFAULT")
    assert found.categories[0][340] == "zebra" and found.transform.crop_size == [224] and not found.network.training


def test_help_does_not_wait_for_torch():
    program = "import sys; from frequency_shortcuts import command; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
