"""What HDF5 files say of themselves, and the code in results/README.md that reads them."""

import re

import h5py
import matplotlib.pyplot as plt
import numpy as np
import pytest

from conftest import ROOT
from frequency_shortcuts import dfm
from frequency_shortcuts.maps.methods.method import Found
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.contents import DATASETS, of
from frequency_shortcuts.storage.files import replacing_hdf5

CLASSES = list("abcdefghij")
CODE = re.search(r"```python\n(.+?)```", (ROOT / "results" / "README.md").read_text(), re.DOTALL)[1]


def test_the_code_in_the_page_reads_and_draws_files_that_say_what_they_hold(tmp_path, monkeypatch, capsys):
    results, score = tmp_path / "results" / "laptop", np.random.default_rng(0).random((len(CLASSES), 16))
    maps = results / "dfm/fashion_mnist/resnet18_w8/none/seed200.h5"
    dfm.write(maps, Found(score, 9, 1.5, False, {}, {}, score > 0), ConjugatePairs(6, 5), classes=CLASSES)
    with replacing_hdf5(results / "adcs/fashion_mnist.h5") as file:
        file["adcs"] = np.zeros((len(CLASSES), 6, 5), np.int16)
    monkeypatch.chdir(tmp_path)
    exec(CODE, {})
    figure = plt.gcf()
    assert [ax.get_title() for ax in figure.axes] == 2 * CLASSES and all(ax.images for ax in figure.axes)
    assert "'horizontal frequency (cycles per image)'] The map: the best-ranked freq" in capsys.readouterr().out
    with h5py.File(maps) as file:
        assert file["loss_increment"].attrs["units"] == "nats" and "units" not in file["mask/top_5"].attrs


@pytest.mark.parametrize("name", ["unknown", "masks"])
def test_a_dataset_without_a_description_of_its_dimensions_is_not_written(tmp_path, name):
    with pytest.raises(ValueError, match=r" \[1 dim.* has no description"), replacing_hdf5(tmp_path / "a.h5") as file:
        file[name] = [1]
    assert not any(tmp_path.iterdir())
    assert of("methods/mixture/trials/positions", 1) == DATASETS["trials/positions"] != DATASETS["positions"]
