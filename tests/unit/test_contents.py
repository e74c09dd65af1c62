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
from frequency_shortcuts.storage import contents
from frequency_shortcuts.storage.files import replacing_hdf5

PAIRS, CLASSES = ConjugatePairs(6, 5), list("abcdefghij")
CODE = re.search(r"```python\n(.+?)```", (ROOT / "results" / "README.md").read_text(), re.DOTALL)[1]


def write_maps(path, **options):
    score = np.random.default_rng(0).standard_normal((len(CLASSES), len(PAIRS)))
    dfm.write(path, Found(score, 9, 1.5, False, {}, {"fill": "zeros"}, score > 0), PAIRS, classes=CLASSES, **options)


def test_a_file_says_the_dimensions_the_unit_and_the_content_of_each_dataset(tmp_path):
    write_maps(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5") as file:
        loss, mask = file["loss_increment"], file["mask/top_5"]
        labels = ["class", "vertical frequency (cycles per image)", "horizontal frequency (cycles per image)"]
        assert [one.label for one in loss.dims] == [one.label for one in mask.dims] == labels
        assert dict(loss.attrs)["units"] == "nats" and "units" not in mask.attrs
        assert mask.attrs["description"] == "The map: the best-ranked frequencies, % of the spectrum."


def test_the_longest_name_with_these_dimensions_is_found():
    assert contents.of("pair0/methods/mixture/trials/positions", 1) == contents.DATASETS["trials/positions"]
    assert contents.of("phase/named/map/both", 2) == contents.DATASETS["named/*/*"]
    assert contents.of("cartoon/named/swap", 2) == contents.DATASETS["named/*"]


@pytest.mark.parametrize(("name", "values"), [("unknown", [1]), ("masks", [1])], ids=["name", "dimensions"])
def test_a_dataset_without_a_description_is_not_written(tmp_path, name, values):
    with pytest.raises(ValueError, match=f"{name} .1 dimensions. has no description"):  # noqa: SIM117
        with replacing_hdf5(tmp_path / "a.h5") as file:
            file[name] = values
    assert not any(tmp_path.iterdir())


def test_the_code_in_the_page_reads_and_draws_an_adcs_and_a_dfm_file(tmp_path, monkeypatch, capsys):
    results = tmp_path / "results" / "laptop"
    write_maps(results / "dfm/fashion_mnist/resnet18_w8/none/seed200.h5")
    with replacing_hdf5(results / "adcs/fashion_mnist.h5") as file:
        file["adcs"] = np.zeros((len(CLASSES), 6, 5), np.int16)
    monkeypatch.chdir(tmp_path)
    exec(CODE, {})
    figure = plt.gcf()
    assert [ax.get_title() for ax in figure.axes] == 2 * CLASSES and all(ax.images for ax in figure.axes)
    assert capsys.readouterr().out.startswith("/adcs ['class', 'vertical frequency (cycles per image)', ")
    plt.close(figure)
