"""Maps belong to the weights and the images that they were made from; files of another origin are refused."""

import re

import h5py
import numpy as np
import pytest
import torch
from small_stores import labelled
from small_stores import write as write_store
from test_dfm import written

from frequency_shortcuts.data import stores
from frequency_shortcuts.evaluation import stability
from frequency_shortcuts.figures import examples, explorer
from frequency_shortcuts.maps import dfm, scores
from frequency_shortcuts.maps.origin import check_origin, origin_of
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.fingerprint import weights_digest
from frequency_shortcuts.networks.weights import identity

ARCHITECTURE = architectures.Architecture("resnet18", n_classes=3, channels=3, size=8, width=2, stem="small")
RUN = {"dataset": "d", "network": "n", "augmentation": "none", "seed": 0}


@pytest.fixture
def made(tmp_path):
    """Two networks, two stores, and the maps of the first of each."""
    for seed, name in enumerate(("mine", "other")):
        state = architectures.build(ARCHITECTURE, seed).state_dict()
        architectures.save(tmp_path / f"{name}.safetensors", state, ARCHITECTURE, {"created_by": name})
        write_store(tmp_path / f"{name}.h5", {"test": labelled(4, seed)}, statistics=([0.5] * 3, [0.2] * 3))
    origin = origin_of(weights=tmp_path / "mine.safetensors", images=tmp_path / "mine.h5")
    written(tmp_path / "maps.h5", **origin)
    return tmp_path


def test_the_identity_of_weights_is_that_of_the_network_whoever_wrote_the_file(made):
    network = architectures.load(made / "mine.safetensors")
    assert identity(made / "mine.safetensors") == weights_digest(network.state_dict())
    architectures.save(made / "again.safetensors", network.state_dict(), ARCHITECTURE, {"created_by": "other commit"})
    assert identity(made / "again.safetensors") == identity(made / "mine.safetensors")
    assert identity(made / "other.safetensors") != identity(made / "mine.safetensors")


def test_names_dtypes_shapes_and_values_change_the_identity():
    weights = {"a": torch.zeros(2, 3), "b": torch.ones(2)}
    others = [
        {"a": torch.zeros(3, 2), "b": torch.ones(2)},
        {"a": torch.zeros(2, 3), "c": torch.ones(2)},
        {"a": torch.zeros(2, 3), "b": torch.tensor([1.0, 1 + 2**-23])},
        {"a": torch.zeros(2, 3), "b": torch.ones(2, dtype=torch.float64)},
        {"a": torch.zeros(2, 3)},
    ]
    assert len({weights_digest(some) for some in (weights, *others)}) == 6
    assert weights_digest(dict(reversed(weights.items()))) == weights_digest(weights)


def test_maps_are_read_with_the_network_and_the_images_that_they_are_of(made):
    mine, other = (
        {"weights": made / f"{name}.safetensors", "images": made / f"{name}.h5"} for name in ("mine", "other")
    )
    np.testing.assert_array_equal(dfm.read_mask(made / "maps.h5", 5, **mine), dfm.read_mask(made / "maps.h5", 5))
    for what in ("weights", "images"):
        sentence = f"{made / 'maps.h5'}: it was made from other {what} than those in {other[what]}; make it again"
        for read in (lambda **given: dfm.read_mask(made / "maps.h5", 5, **given), lambda **given: masks(made, **given)):
            with pytest.raises(ValueError, match=f"^{re.escape(sentence)}"):
                read(**{**mine, what: other[what]})


def masks(made, **given):
    return scores.read_masks(made / "maps.h5", **given)


def test_maps_of_another_program_name_no_origin_and_are_accepted(made):
    with h5py.File(made / "own.h5", "w") as file:
        file["mask/top_5"] = np.ones((3, 6, 5), bool)
    given = {"weights": made / "mine.safetensors", "images": made / "mine.h5"}
    assert dfm.read_mask(made / "own.h5", 5, **given).all()


def test_a_file_of_the_study_without_an_origin_is_refused(made):
    with pytest.raises(ValueError, match=r"a\.h5: it was made from other weights than"):
        check_origin("a.h5", {"created_by": "frequency-shortcuts 1"}, weights=made / "mine.safetensors")


def test_the_explorer_refuses_the_maps_of_another_network(made):
    networks = {
        name: explorer.Network(
            RUN, made / "mine.h5", {explorer.OWN: made / "maps.h5"}, weights=made / f"{name}.safetensors"
        )
        for name in ("mine", "other")
    }
    index = np.arange(3)
    assert [percent for percent, _ in explorer.read_masks(made / "maps.h5", index, networks["mine"])] == [5, 12.5]
    with pytest.raises(ValueError, match="other weights than"):
        list(explorer.read_masks(made / "maps.h5", index, networks["other"]))


def test_the_cards_refuse_the_spectra_of_another_set(made):
    with h5py.File(made / "adcs.h5", "w") as file:
        file.attrs["images_sha256"] = stores.checksum(made / "other.h5")
    with pytest.raises(ValueError, match=r"adcs\.h5: it was made from other images than those in .*mine\.h5"):
        examples.read_cards(made / "mine.h5", made / "adcs.h5", made / "maps.h5", 5, np.arange(2))


@pytest.mark.parametrize("change", [{"weights_sha256": "x"}, {"images_sha256": "x"}], ids=str)
def test_maps_of_other_origin_are_not_compared(tmp_path, change):
    """Runs of one data set rank the same images; the halves of a run are of the run's weights."""
    written(tmp_path / "a.h5")
    written(tmp_path / "b.h5", **change)
    runs, paths = [RUN, {**RUN, "seed": 1}], [tmp_path / "a.h5", tmp_path / "b.h5"]
    what = next(iter(change)).removesuffix("_sha256")
    halved = ([RUN], [tmp_path / "b.h5"])
    with pytest.raises(ValueError, match=rf"b\.h5: it was made from other {what} than .*a\.h5"):
        if what == "images":
            list(stability.compare_files(runs, paths, percents=[5]))
        list(stability.compare_files(runs[:1], paths[:1], *halved, percents=[5]))
