"""Scripts that use weights, images and maps together refuse those of another network or of other images."""

from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from script_runs import Outputs, run_script

from frequency_shortcuts.data import stores
from frequency_shortcuts.maps.origin import origin_of
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.storage.files import replacing_hdf5

RUN = {"dataset": "d", "network": "n", "augmentation": "none", "seed": 0}
OTHER = {**RUN, "seed": 1}
ARCHITECTURE = architectures.Architecture("resnet18", n_classes=2, channels=1, size=16, width=4, stem="small")


def store(path, seed, **options):
    images = np.random.default_rng(seed).integers(0, 256, (4, 1, 16, 16), dtype=np.uint8)
    about = {"classes": ("a", "b"), "source": "", "created_by": ""}
    splits = {name: (images, np.arange(4) % 2) for name in ("train", "validation", "test")}
    stores.write(
        path, splits, planted={"truth": np.ones((2, 16, 16), bool)}, planted_about={"neutral": -1}, **about, **options
    )
    return path


def spectra(path, of):
    with replacing_hdf5(path) as file:
        file["adcs"] = file["adcs_significant"] = np.zeros((2, 16, 16), np.int16)
        file.attrs["images_sha256"] = stores.checksum(of)


@pytest.fixture
def made(tmp_path):
    """The stores `mine` and `other`, weights of two seeds on each, and the maps and spectra of all of these."""
    found = SimpleNamespace(folder=tmp_path)
    for number, name in enumerate(("mine", "other")):
        images = store(tmp_path / f"{name}.h5", number)
        store(tmp_path / f"{name}_rendition.h5", 2, made_from=stores.checksum(images))
        spectra(tmp_path / f"{name}_adcs.h5", images)
        for seed in (0, 1):
            path = tmp_path / f"{name}{seed}.safetensors"
            facts = {**RUN, "seed": seed, "images_sha256": stores.checksum(images)}
            architectures.save(path, architectures.build(ARCHITECTURE, seed).state_dict(), ARCHITECTURE, facts)
            with replacing_hdf5(tmp_path / f"{name}{seed}.h5") as file:
                for key in ("mask/top_5", "loss_increment", "rank", "evaluated", "score"):
                    file[key] = np.zeros((2, 16, 16), bool)
                file.attrs.update(created_by="frequency-shortcuts", classes=["a", "b"], split="test")
                file.attrs.update(origin_of(weights=path, images=images))
    return found


SETTINGS = {"split": "test", "images_per_class": None, "seed": 0}
# Script, its files (each may be replaced by that of another network or other images), and what is wrong with them.
SCRIPTS = {
    "measure_shortcuts": {"weights": "mine0.safetensors", "dfm": "mine0.h5", "images": "mine.h5"},
    "measure_phase": {"weights": "mine0.safetensors", "dfm": "mine0.h5", "images": "mine.h5"},
    "measure_ood": {"weights": "mine0.safetensors", "dfm": "mine0.h5", "images": ["mine_rendition.h5"]},
    "measure_transfer": {
        "weights": ["mine1.safetensors"], "made_with": ["mine0.safetensors"], "dfm": ["mine0.h5"],
        "images": ["mine.h5"],
    },
    "compare_methods": {"weights": "mine0.safetensors", "maps": ["mine0.h5"], "images": "mine.h5"},
    "measure_planted_use": {"weights": "mine0.safetensors", "images": "mine.h5"},
    "measure_bandstop": {"weights": "mine0.safetensors", "images": "mine.h5"},
    "score_truth": {"dfm": ["mine0.h5"], "stores": ["mine.h5"], "spectra": ["mine_adcs.h5"]},
    "train": {"images": "mine.h5", "maps": "mine0.h5"},
    "merge_parts": {"weights": "mine0.safetensors", "images": "mine.h5", "parts": ["mine0.h5"]},
}  # fmt: skip
CASES = [
    *((script, "dfm", "mine1.h5", "weights") for script in ("measure_shortcuts", "measure_phase", "measure_ood")),
    *((script, "dfm", "other0.h5", "images") for script in ("measure_shortcuts", "measure_phase", "score_truth")),
    ("measure_transfer", "dfm", "mine1.h5", "weights"),
    ("measure_transfer", "dfm", "other0.h5", "images"),
    ("measure_ood", "dfm", "other0.h5", "images"),
    ("compare_methods", "maps", "mine1.h5", "weights"),
    ("compare_methods", "maps", "other0.h5", "images"),
    ("score_truth", "spectra", "other_adcs.h5", "images"),
    ("train", "maps", "other0.h5", "images"),
    ("merge_parts", "parts", "mine1.h5", "weights"),
    ("merge_parts", "parts", "other0.h5", "images"),
    ("measure_shortcuts", "weights", "mine1.safetensors", "weights"),
    ("compare_methods", "weights", "mine1.safetensors", "weights"),
    *((script, "weights", "other0.safetensors", "images") for script in ("measure_planted_use", "measure_bandstop")),
]


@pytest.mark.parametrize(("script", "replaced", "by", "what"), CASES, ids=[" ".join(case[:3]) for case in CASES])
def test_what_belongs_to_another_network_or_other_images_is_refused(made, capsys, script, replaced, by, what):
    files = {**SCRIPTS[script], replaced: [by] if isinstance(SCRIPTS[script][replaced], list) else by}
    full = {
        key: [str(made.folder / name) for name in value] if isinstance(value, list) else str(made.folder / value)
        for key, value in files.items()
    }
    given = SimpleNamespace(**full, code=[], use=None, get=full.get)
    images = {"split": "test", "images_per_class": None}
    settings = {"percent": 5, "modules": ["frequency_shortcuts.maps.dfm", "frequency_shortcuts.networks.reduction"]}
    params = SimpleNamespace(
        device="cpu", percent=5, split="test", images_per_class=None, settings=SETTINGS, runs=[RUN], names=["m"],
        pairs=[("d/n/none/seed0", "d/n/none/seed1")], images=images, percents=[5], band_edges=[4],
    )  # fmt: skip
    if script == "measure_shortcuts":
        params.settings = {}
    if script == "train":
        import train as module

        with pytest.raises(ValueError, match=rf"{by}: it was made from other images than those in .*mine\.h5"):
            module.reduction_of("dfmx", full["maps"], full["images"], settings, 0)
        return
    folder = made.folder / "d/n/none/seed0"
    outputs = Outputs(table=folder / "t.csv", rates=folder / "r.csv", scores=folder / "s.csv")
    with pytest.raises(SystemExit):
        run_script(script, made.folder, params=params, input=given, output=outputs, wildcards=SimpleNamespace(**RUN))
    error = capsys.readouterr().err
    named = "mine0.h5" if (replaced, what) == ("weights", "weights") else by  # the maps are of other weights than these
    assert f"ERROR in {script}: {made.folder / named}: it was made" in error and f"other {what} than those in" in error
    assert not folder.exists()


def test_a_store_with_a_wave_of_other_photographs_is_refused(made, capsys):
    facts = {**RUN, "images_sha256": stores.checksum(made.folder / "mine_rendition.h5")}
    architectures.save(
        made.folder / "w.safetensors", architectures.build(ARCHITECTURE, 0).state_dict(), ARCHITECTURE, facts
    )
    files = {"images": "mine_rendition.h5", "plain": "other.h5", "weights": "w.safetensors"}
    given = SimpleNamespace(**{key: str(made.folder / name) for key, name in files.items()})
    images = {"split": "test", "images_per_class": None}
    params = SimpleNamespace(device="cpu", images=images, settings={})
    output = [str(made.folder / "d/n/none/seed0/wave.csv")]
    with pytest.raises(SystemExit):
        run_script("measure_wave", made.folder, params=params, input=given, output=output)
    assert f"mine_rendition.h5: its images are not those of {made.folder / 'other.h5'}" in capsys.readouterr().err


def test_maps_of_another_program_are_used(made):
    """Nothing is known of their origin."""
    with h5py.File(made.folder / "own.h5", "w") as file:
        file["mask/top_5"] = np.ones((2, 16, 16), bool)
    import train as module

    settings = {"percent": 5, "probability": 0.5}
    settings["modules"] = ["frequency_shortcuts.maps.dfm", "frequency_shortcuts.networks.reduction"]
    assert module.reduction_of("dfmx", made.folder / "own.h5", made.folder / "mine.h5", settings, 0) is not None
