"""Files that are damaged, cut short or empty are named; 60 seeded flips of one bit in each kind of file are noticed."""

import h5py
import numpy as np
import pytest
from small_stores import photographs
from test_dfm import written

from frequency_shortcuts.data import stores
from frequency_shortcuts.data.folders import ImageFiles
from frequency_shortcuts.evaluation.truth import planted as planted_masks
from frequency_shortcuts.maps import adcs, dfm
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.weights import read_metadata
from frequency_shortcuts.storage.checksums import DamagedFile, read_hdf5, verify_checksum
from frequency_shortcuts.storage.files import replacing_hdf5

ABOUT = {"source": "made here", "created_by": "frequency-shortcuts 1"}


def synthetic(path, folder, seed=0):
    images = np.random.default_rng(seed).integers(0, 256, (40, 3, 16, 16), dtype=np.uint8)
    masks = {"truth": np.zeros((2, 16, 16), bool)}
    splits = {name: (images, np.arange(40) % 2) for name in ("train", "test")}
    stores.write(path, splits, classes=("cat", "dog"), planted=masks, planted_about={"neutral": 0}, **ABOUT)


def of_files(path, folder):
    files = ImageFiles(photographs(folder / "pictures", 4), (8, 8))
    stores.write_files(path, {"train": (files, np.arange(4) % 2)}, classes=("cat", "dog"), **ABOUT)


def maps(path, folder):
    written(path, created_by=ABOUT["created_by"])


def spectra(path, folder):
    generator = np.random.default_rng(0)
    class_spectra = adcs.class_spectra(generator.random((8, 1, 16, 16)), np.arange(8) % 2, 2)
    with replacing_hdf5(path) as file:
        file.create_dataset("mean_amplitude", data=class_spectra.mean_amplitude, compression="gzip")
        file["count"] = np.array([4, 4])
        file.attrs.update(layout="centred", classes=["cat", "dog"], **ABOUT)


def weights(path, folder):
    architecture = architectures.Architecture("resnet18", n_classes=3, channels=1, size=8, width=2)
    architectures.save(path, architectures.build(architecture, 0).state_dict(), architecture, {"mean": [0.5], **ABOUT})


def everything(path):
    """All that is read of a file, as bytes."""
    if path.suffix == ".safetensors":
        network = architectures.load(path)
        return repr(read_metadata(path)), *(value.numpy().tobytes() for value in network.state_dict().values())
    with read_hdf5(path) as file:
        contents = [(name, repr(np.asarray(value).tolist())) for name, value in sorted(file.attrs.items())]
        splits = [name for name in ("train", "test") if name in file]
        if not splits:
            file.visititems(
                lambda name, item: contents.append((name, bytes(item[()]) if hasattr(item, "dtype") else ""))
            )
        elif "planted" in file:
            contents += [(name, mask.tobytes()) for name, mask in planted_masks(file).items()]
    for name in splits:
        split = stores.read(path, name, in_memory=0)
        contents.append((name, split.images[:].tobytes(), split.labels.tobytes(), split.classes, split.neutral))
    return contents


KINDS = {"a store": synthetic, "a store of files": of_files, "maps": maps, "spectra": spectra, "weights": weights}


@pytest.fixture(params=KINDS)
def kept(request, tmp_path):
    path = tmp_path / ("w.safetensors" if request.param == "weights" else "f.h5")
    KINDS[request.param](path, tmp_path)
    return path


def test_a_file_without_its_checksum_is_refused_if_it_is_ours(kept):
    """For example, another program changed it, or an earlier version wrote it."""
    if kept.suffix != ".h5":
        return
    with h5py.File(kept, "r+") as file:
        file.attrs["source"] = "elsewhere"
    with pytest.raises(DamagedFile, match="it has no checksum: it was changed, or an earlier version wrote it; make"):
        everything(kept)


def test_a_changed_pixel_is_named_with_its_image(tmp_path):
    synthetic(tmp_path / "s.h5", tmp_path)
    with h5py.File(tmp_path / "s.h5") as file:
        place = file["test/images"].id.get_offset() + 7 * 3 * 16 * 16
    content = bytearray((tmp_path / "s.h5").read_bytes())
    content[place] ^= 1
    (tmp_path / "s.h5").write_bytes(content)
    assert verify_checksum(tmp_path / "s.h5")  # the pixels are not among what is verified at once
    assert len(stores.read(tmp_path / "s.h5", "train")) == 40
    with pytest.raises(
        DamagedFile, match=r"s\.h5: image 7 of test/images: it does not match its checksum; make it again"
    ):
        stores.read(tmp_path / "s.h5", "test")
    stores.read(tmp_path / "s.h5", "test", in_memory=0).images[np.array([0, 6, 8])]


def test_hdf5_of_another_program_is_read(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = 1
    with read_hdf5(tmp_path / "a.h5") as file:
        assert file["x"][()] == 1
    with (
        pytest.raises(DamagedFile, match=r"a\.h5: it lacks a part \(.*'y' doesn't exist\)"),
        read_hdf5(tmp_path / "a.h5") as file,
    ):
        file["y"]


def test_a_link_is_refused_when_its_store_has_changed(tmp_path):
    synthetic(tmp_path / "theirs.h5", tmp_path)
    stores.link(tmp_path / "link.h5", tmp_path / "theirs.h5", created_by="")
    assert stores.checksum(tmp_path / "link.h5") == stores.checksum(tmp_path / "theirs.h5")
    stores.read(tmp_path / "link.h5", "test")
    synthetic(tmp_path / "theirs.h5", tmp_path, 1)
    with pytest.raises(
        DamagedFile, match=r"link\.h5: it links to .*theirs\.h5, which has changed since; make it again"
    ):
        stores.read(tmp_path / "link.h5", "train")


def test_weights_of_an_earlier_version_are_refused(tmp_path):
    from safetensors.torch import save_file
    from torch import zeros

    save_file({"a": zeros(2)}, tmp_path / "w.safetensors", {"frequency_shortcuts": '{"architecture": {}}'})
    with pytest.raises(DamagedFile, match="its weights have no checksum, since an earlier version wrote them; make it"):
        read_metadata(tmp_path / "w.safetensors")


def test_maps_are_read_only_after_their_checksum(tmp_path):
    written(tmp_path / "a.h5")
    content = bytearray((tmp_path / "a.h5").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "a.h5").write_bytes(content)
    for read in (dfm.read, lambda path: dfm.read_mask(path, 5)):
        with pytest.raises(DamagedFile, match="its contents do not match its checksum, the file is damaged"):
            read(tmp_path / "a.h5")
