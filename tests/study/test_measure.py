"""Scripts that test maps on a network refuse the maps of another network."""

from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from script_runs import run_script

from frequency_shortcuts.networks import architectures
from frequency_shortcuts.storage.files import sha256

RUN = {"dataset": "d", "network": "n", "augmentation": "none", "seed": 0}


@pytest.mark.parametrize("name", ["measure_shortcuts", "measure_ood"])
def test_maps_of_another_network_are_refused(name, tmp_path, capsys):
    architecture = architectures.Architecture("resnet18", n_classes=2, channels=1, size=16, width=4, stem="small")
    paths = [tmp_path / f"{seed}.safetensors" for seed in (0, 1)]
    for seed, path in enumerate(paths):
        architectures.save(path, architectures.build(architecture, seed).state_dict(), architecture, RUN)
    with h5py.File(tmp_path / "maps.h5", "w") as file:
        file["mask/top_5"] = np.zeros((2, 16, 16), bool)
        file.attrs["weights_sha256"] = sha256(paths[1])
    given = SimpleNamespace(weights=paths[0], dfm=tmp_path / "maps.h5", images=[])
    params = SimpleNamespace(device="cpu", percent=5, split="test", images_per_class=None, settings={})
    with pytest.raises(SystemExit):
        run_script(name, tmp_path, params=params, input=given, output=[str(tmp_path / "d/n/none/seed0/t.csv")])
    assert f"{tmp_path / 'maps.h5'} holds the maps of another network than {paths[0]}" in capsys.readouterr().err
