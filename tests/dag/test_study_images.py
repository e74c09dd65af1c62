"""Images and spectra of the study: the contract of the files, and what they hold."""

import h5py
import numpy as np
import pytest
from study_runs import NEUTRAL, SHAPES

from checkouts import CLASSES
from frequency_shortcuts import adcs
from frequency_shortcuts.data import stores


@pytest.mark.parametrize("dataset", SHAPES)
def test_image_stores_keep_the_contract(study, dataset):
    n_classes, channels, size = SHAPES[dataset]
    with h5py.File(study.results / "data" / f"{dataset}.h5") as file:
        for split in ("train", "validation", "test"):
            images, labels = file[split]["images"], file[split]["labels"]
            assert (
                images.chunks is None
                and images.dtype == np.uint8
                and images.shape == (len(labels), channels, size, size)
            )
            assert labels.dtype == np.int64 and set(labels[:]) == set(range(n_classes))
        assert len(file.attrs["classes"]) == n_classes
        assert file.attrs["mean"].shape == file.attrs["std"].shape == (channels,)
        assert {"source", "checksum", "created_by"} <= set(file.attrs)
        assert ("planted" in file) == (dataset in (*NEUTRAL, "syn_2"))
        if dataset == "syn_2":
            assert file["planted/control_band"].shape == (size, size) and file.attrs["layout"] == "centred"
            assert file["planted/patterns"].shape == (4, size, size) and file["planted/patterns"].dtype == bool


def test_fashion_mnist_is_whole(study):
    with h5py.File(study.results / "data" / "fashion_mnist.h5") as file:
        sizes = {split: len(file[split]["labels"]) for split in ("train", "validation", "test")}
    assert sizes == {"train": 54_000, "validation": 6_000, "test": 10_000}


def test_pictures_of_a_folder_are_stored_in_the_order_of_the_network_with_their_stylised_twins(study):
    log = (study.results / "logs" / "folder" / "pictures.log").read_text()
    assert "pictures/dots/broken.png" in log and "1 skipped" in log
    with h5py.File(study.results / "data" / "pictures.h5") as file:
        assert list(file.attrs["classes"]) == list(CLASSES) and "1 undecodable images skipped" in file.attrs["source"]
        assert sum(len(file[split]["labels"]) for split in ("train", "validation", "test")) == 24
        brightness = [file["test/images"][:][file["test/labels"][:] == c].mean() for c in range(3)]
        assert brightness[0] > brightness[2] > brightness[1]  # spots, checks, bands
        # Each twin was drawn as the negative of a picture.
        assert file["train/stylised"].shape == file["train/images"].shape and "stylised" not in file["test"]
        assert np.abs(255 - file["train/stylised"][:].astype(int) - file["train/images"][:]).mean() < 15


@pytest.mark.parametrize("rendition", ["inverted", "texture"])
def test_renditions_match_the_test_images(study, rendition):
    twin = stores.read(study.results / "data" / "ood" / "fashion_mnist" / f"{rendition}.h5", "test")
    test = stores.read(study.results / "data" / "fashion_mnist.h5", "test", 4)
    assert np.array_equal(twin.labels, test.labels) and twin.classes == test.classes
    assert np.array_equal(twin.mean, test.mean) and np.array_equal(twin.std, test.std)
    assert twin.images.shape == test.images.shape and not np.array_equal(twin.images, test.images)


@pytest.mark.parametrize("dataset", SHAPES)
def test_adcs_is_that_of_the_stored_test_images(study, dataset):
    n_classes, channels, size = SHAPES[dataset]
    test = stores.read(study.results / "data" / f"{dataset}.h5", "test")
    with h5py.File(study.results / "adcs" / f"{dataset}.h5") as file:
        amplitude, values = file["mean_amplitude"][:], file["adcs"][:]
        assert file.attrs["layout"] == "centred" and file.attrs["split"] == "test"
        assert np.array_equal(file["count"], np.bincount(test.labels))
        error, significant = file["standard_error"][:], file["adcs_significant"][:]
        assert file.attrs["shown"] == "adcs"
    assert amplitude.dtype == np.float64 and amplitude.shape == (n_classes, channels, size, size)
    if dataset != "pictures":  # whose network has a normalisation of its own
        seen, _ = test.tensors()
        slow = np.abs(np.fft.fftshift(np.fft.fft2(seen[test.labels == 1].double().numpy()), axes=(-2, -1)))
        assert np.allclose(amplitude[1], slow.mean(axis=0), rtol=1e-4, atol=1e-4)  # computed in float32
    assert values.dtype == np.int16 and np.array_equal(values, adcs.accumulate(amplitude))
    assert significant.dtype == np.int16
    assert np.array_equal(significant, adcs.accumulate_significant(amplitude, error))


def test_culling_and_testing_use_different_images(study):
    ranked = stores.read(study.results / "data" / "fashion_mnist.h5", "validation")
    judged = stores.read(study.results / "data" / "fashion_mnist.h5", "test")
    seen = {image.tobytes() for image in ranked.images}
    assert not any(image.tobytes() in seen for image in judged.images)
