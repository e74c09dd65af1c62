"""A user's network and images: colour photographs of 224 pixels pass all steps without training."""

import copy
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from PIL import Image
from snakemake.utils import update_config
from torch import nn

from conftest import ROOT, checkout
from frequency_shortcuts import dfm, spectrum
from frequency_shortcuts.data import stores
from frequency_shortcuts.data.folders import ImageFiles
from frequency_shortcuts.data.normalisation import normalise
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.weights import normalisation, read_metadata

sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

import check_inputs
from study.configuration import mistakes
from study.states import CHECKED_SECTIONS

data = pytest.importorskip("skimage.data")

PHOTOGRAPHS = {"portrait": "astronaut", "cat": "chelsea", "breakfast": "coffee"}
CLASSES = ["breakfast", "cat", "portrait"]
MODULE = '''
import torch
from torch import nn


def network(n_classes, width=8):
    """Far too small to be good, and fast enough for 25,090 frequencies."""
    return nn.Sequential(
        nn.Conv2d(3, width, 8, stride=8), nn.BatchNorm2d(width), nn.ReLU(), nn.AvgPool2d(4),
        nn.Flatten(), nn.Linear(width * 49, n_classes),
    )


def small(n_classes, channels):
    return nn.Sequential(nn.Conv2d(channels, 4, 3, stride=4), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
                         nn.Linear(16, n_classes))


class Stripes(torch.utils.data.Dataset):
    classes = ("across", "along")

    def __len__(self):
        return 24

    def __getitem__(self, i):
        image = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(i)) * 0.2
        (image if i % 2 else image.transpose(1, 2))[:, ::4] += 0.7
        return image, i % 2
'''  # fmt: skip


def patches(name, count, seed):
    """Square cuts of a photograph, 230 to 290 pixels wide."""
    picture = Image.fromarray(getattr(data, name)())
    generator = np.random.default_rng(seed)
    for _ in range(count):
        side = int(generator.integers(230, 290))
        left, top = (int(generator.integers(0, extent - side)) for extent in picture.size)
        yield picture.crop((left, top, left + side, top + side + 5))


def snakemake(study, *arguments):
    command = [sys.executable, "-m", "snakemake", *arguments, "--cores", "all", "--resources", "gpu=1"]
    command += ["--max-jobs-per-timespan", "100/1s"]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        command, cwd=study.root, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def jobs_of(planned):
    """The rules in the table of a dry run."""
    rows = (line.split() for line in planned.partition("Job stats")[2].splitlines())
    return {row[0] for row in rows if len(row) == 2 and row[1].isdigit()} - {"total"}


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A checkout with photographs, their twin, a network that was trained elsewhere, and the template filled in."""
    study = checkout(tmp_path_factory.mktemp("own"))
    for label, (cls, name) in enumerate(PHOTOGRAPHS.items()):
        for folder, seed in ((f"photos/{name}", label), (f"twin/grey/{cls}_grey", 10 + label)):
            (study.root / folder).mkdir(parents=True)
            for i, patch in enumerate(patches(name, 10, seed)):
                patch.convert("L" if "grey" in folder else "RGB").save(study.root / folder / f"{i}.jpg", quality=92)
    (study.root / "my_module.py").write_text(MODULE)
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 8, stride=8), nn.BatchNorm2d(8), nn.ReLU(), nn.AvgPool2d(4), nn.Flatten(), nn.Linear(392, 3)
    )
    seen = [
        (np.asarray(patch.resize((224, 224))), CLASSES.index(cls))
        for cls, name in PHOTOGRAPHS.items()
        for patch in patches(name, 16, 99)
    ]
    pixels = torch.from_numpy(np.stack([pixels for pixels, _ in seen])).permute(0, 3, 1, 2)
    labels = torch.tensor([label for _, label in seen])
    optimiser = torch.optim.Adam(network.parameters(), 0.01)
    for _ in range(15):
        optimiser.zero_grad()
        nn.functional.cross_entropy(network(normalise(pixels, [0.5] * 3, [0.25] * 3)), labels).backward()
        optimiser.step()
    torch.save({"state_dict": {f"module.{k}": v for k, v in network.state_dict().items()}}, study.root / "my.pt")
    template = yaml.safe_load((ROOT / "config" / "own.yaml").read_text())
    template["networks"]["my_network"] |= {
        "source": "my_module:network", "checkpoint": "my.pt", "mean": [0.5] * 3, "std": [0.25] * 3,
    }  # fmt: skip
    template["datasets"]["my_images"] |= {
        "root": "photos",
        "classes": {cls: PHOTOGRAPHS[cls] for cls in CLASSES},
        "ood": {"root": "twin", "renditions": ["grey"], "classes": {cls: f"{cls}_grey" for cls in CLASSES}},
    }
    # Few passes: two images a class, the top 1 %, and not every pair of them.
    template["culling"] |= {"images_per_class": 2, "percent": 1, "target_recall": 0.7}
    template["shortcuts"] |= {"images_per_class": 5, "percent": 1}
    (study.root / "my.yaml").write_text(yaml.safe_dump(template))
    return study


@pytest.fixture(scope="module")
def finished(own):
    done = snakemake(own, "own", "--configfile", "my.yaml")
    assert done.returncode == 0, done.stdout
    return own.root / "results" / "own"


RUN = "my_images/my_network/none/seed0"


def test_photographs_at_224_pixels_pass_all_steps(finished):
    found = dfm.read(finished / "dfm" / f"{RUN}.h5")
    pairs = spectrum.ConjugatePairs(224, 224)
    assert found.masks[1].shape == (3, 224, 224) and spectrum.symmetric(found.masks[1])
    assert len(pairs) == 25_090 and found.attributes["passes"].min() < 0.5 * 2 * len(pairs)
    table = pd.read_csv(finished / "tests" / RUN / "shortcuts.csv")
    assert set(table["filter"]) == {"unfiltered", "dfm", "random", "radial", "low_pass", "other"}
    assert set(table["class"]) == set(CLASSES)
    ood = pd.read_csv(finished / "tests" / RUN / "ood.csv")
    assert set(ood["rendition"]) == {"grey"} and set(ood["images"]) == {10}
    report = (finished / "report.html").read_text()
    assert "dfm_my_images.svg" in report and "ood_my_images.svg" in report
    assert "my_network is an external network" in report and "System Message" not in report
    assert "Those of my_images are its out-of-distribution twin" in report and "Networks are trained" not in report


def test_the_weights_are_those_of_the_external_network(own, finished):
    weights = finished / "networks" / RUN / "weights.safetensors"
    stored = architectures._read_weights(weights)
    saved = torch.load(own.root / "my.pt", weights_only=True)["state_dict"]
    assert all(torch.equal(saved[f"module.{name}"], tensor) for name, tensor in stored.items())
    assert normalisation(weights) == ([0.5] * 3, [0.25] * 3)
    table = pd.read_csv(finished / "tables" / "networks.csv")
    assert table["test_accuracy"].item() == read_metadata(weights)["test_accuracy"] > 0.6
    assert not list(finished.rglob("history.csv")) and not list(finished.rglob("dynamics*"))


def test_the_store_holds_the_photographs_in_the_order_of_the_network(finished):
    with h5py.File(finished / "data" / "my_images.h5") as file:
        assert list(file.attrs["classes"]) == CLASSES and sorted(file) == ["test", "validation"]
        assert file["test/images"].shape == (15, 3, 224, 224)


def test_a_second_run_has_nothing_to_do(own, finished):
    done = snakemake(own, "own", "--configfile", "my.yaml")
    assert done.returncode == 0 and "Nothing to be done" in done.stdout, done.stdout


def test_a_changed_checkpoint_is_loaded_and_tested_again_and_images_are_not_stored_again(own, finished):
    path = own.root / "my.pt"
    before, times = path.read_bytes(), path.stat()
    try:
        path.write_bytes(before + b"more")
        planned = snakemake(own, "own", "--configfile", "my.yaml", "--dry-run").stdout
    finally:
        path.write_bytes(before)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    jobs = jobs_of(planned)
    assert {"check", "external_network", "cull", "shortcuts"} <= jobs and not {"folder", "twin", "adcs"} & jobs, planned


def planned_after(own, path):
    """The jobs that an edit of a file calls for."""
    before, times = path.read_text(), path.stat()
    try:
        path.write_text(f"{before}\n# an edit")
        planned = snakemake(
            own, "own", "--configfile", "package.yaml", "--dry-run", "--until", "external_network"
        ).stdout
    finally:
        path.write_text(before)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    return jobs_of(planned)


def test_an_edit_of_an_import_of_a_network_loads_it_again(own):
    """A package, its modules and a helper module count; a module that nothing imports does not."""
    package = own.root / "my_package"
    files = {
        package / "__init__.py": "from .inner import layers\nfrom my_module import network\n",
        package / "inner" / "__init__.py": "",
        package / "inner" / "layers.py": "import my_helper, torch\n",
        package / "unused.py": "",
        own.root / "my_helper.py": "",
    }
    for path, text in files.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    config = yaml.safe_load((own.root / "my.yaml").read_text())
    config["networks"]["my_network"]["source"] = "my_package:network"
    (own.root / "package.yaml").write_text(yaml.safe_dump(config | {"study": "package"}))
    done = snakemake(own, "own", "--configfile", "package.yaml", "--until", "external_network", "check")
    assert done.returncode == 0, done.stdout
    for path in (package / "inner" / "layers.py", package / "unused.py", own.root / "my_helper.py"):
        assert planned_after(own, path) == (set() if path.name == "unused.py" else {"external_network"}), path


def broken(own, change):
    """The filled-in template after `change(images, network)`."""
    config = yaml.safe_load((own.root / "my.yaml").read_text())
    change(config["datasets"]["my_images"], config["networks"]["my_network"])
    return config | {"study": "broken"}


def errors_of_check(own, config, monkeypatch):
    """The errors that the script of `snakemake check` reports for a configuration, without Snakemake."""
    whole = copy.deepcopy(yaml.safe_load((ROOT / "config" / "config.yaml").read_text()))
    update_config(whole, config)
    if found := mistakes(whole):
        return "\n".join(found)
    monkeypatch.chdir(own.root)
    settings = {name: whole[name] for name in CHECKED_SECTIONS}  # no others: it could not see them change
    job = SimpleNamespace(
        config=whole, params=SimpleNamespace(settings=settings), input=[], output=["checked.txt"], log=["check.log"],
        rule="check", threads=1,
    )  # fmt: skip
    with pytest.raises(SystemExit):
        check_inputs.main(job)
    assert not Path("checked.txt").exists()
    return Path("check.log").read_text().partition("ERROR: ")[2]


def replaced(part, key, value):
    def change(*parts):
        parts[("images", "network").index(part)][key] = value

    return change


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (replaced("images", "root", "nowhere"), r"datasets\.my_images: no folder nowhere: expected class folders"),
        (
            replaced("images", "classes", {"cat": "n01", "dog": "n02"}),
            r"folder photos has no n01 \(cat\), n02 \(dog\); it holds astronaut, chelsea, coffee",
        ),
        (
            replaced("images", "shares", {"validation": 0.99, "test": 0.01}),
            r"class breakfast has 10 images, too few for the splits",
        ),
        (
            replaced("images", "shares", {"validation": 0.1, "test": 0.9}),
            r"datasets\.my_images: stability\.halves needs two validation images of each class, but breakfast has one; "
            r"write stability: \{halves: false\}",
        ),
        (
            replaced("images", "ood", {"root": "twin", "renditions": ["grey"]}),
            r"twin/grey does not match the classes; classes without a folder: breakfast, cat, portrait; folders "
            r"without a class: breakfast_grey, cat_grey, portrait_grey",
        ),
        (replaced("network", "checkpoint", "none.pt"), r"networks\.my_network: no weights at none\.pt"),
        (
            replaced("network", "source", "torchvision:resnet18"),
            r"my\.pt does not fit ResNet: conv1\.weight is missing, bn1\.weight is missing, .* and \d+ more",
        ),
        (replaced("network", "options", {"n_classes": 4}), r"5\.weight is \[3, 392\], not \[4, 392\]"),
        (replaced("network", "source", "no_module:network"), r"entry point no_module:network: no_module does not imp"),
        (replaced("network", "source", "my_module:none"), r"my_module has no function none; it has Stripes, netw"),
        (
            replaced("images", "size", 200),
            r"Sequential refuses images of 3 x 200 x 200 \(RuntimeError: (addmm: )?mat1 and mat2",
        ),
        (
            lambda images, network: network.update({"mean": [127] * 3, "std": [60] * 3}),
            r"networks\.my_network: mean \[127, 127, 127\] and std .* cannot be normalised with: expected units",
        ),
        (replaced("network", "mean", [0.5]), r"networks\.my_network: mean is \[0\.5\]: expected a number for each"),
    ],
)  # fmt: skip
def test_each_mistake_is_one_sentence(own, change, sentence, monkeypatch):
    errors = errors_of_check(own, broken(own, change), monkeypatch)
    assert re.search(sentence, errors), errors


def test_a_folder_of_one_class_is_a_mistake(own, monkeypatch):
    (own.root / "one").mkdir()
    (own.root / "one" / "cat").symlink_to(own.root / "photos" / "chelsea")

    def change(images, network):
        images["root"] = "one"
        del images["classes"], images["ood"]

    errors = errors_of_check(own, broken(own, change), monkeypatch)
    assert errors.splitlines()[1:] == ["- datasets.my_images: it has 1 class: expected 2 to 1,000"]


@pytest.mark.parametrize("kind", ["FIFO", "symbolic link that leads in a circle"])
def test_images_that_are_no_files_are_named_after_the_graph_is_built(own, monkeypatch, kind):
    path = own.root / "photos" / "chelsea" / "odd.png"
    os.mkfifo(path) if kind == "FIFO" else path.symlink_to(path.name)
    try:
        planned = snakemake(own, "own", "--configfile", "my.yaml", "--dry-run")
        assert planned.returncode == 0 and "check" in jobs_of(planned.stdout), planned.stdout
        errors = errors_of_check(own, broken(own, lambda images, network: None), monkeypatch)
    finally:
        path.unlink()
    assert errors.splitlines()[1:] == [
        f"- datasets.my_images: photos/chelsea/odd.png is a {kind}: expected an image file"
    ]


def test_a_mistake_stops_the_study_before_the_first_job(own):
    def change(images, network):
        images["root"], network["checkpoint"] = "nowhere", "none.pt"

    (own.root / "broken.yaml").write_text(yaml.safe_dump(broken(own, change)))
    done = snakemake(own, "own", "--configfile", "broken.yaml")
    assert done.returncode != 0 and "Traceback" not in done.stdout, done.stdout
    assert "ERROR in check: the configuration names things that cannot be used:" in done.stdout
    assert "- datasets.my_images: no folder nowhere" in done.stdout
    assert "- networks.my_network: no weights at none.pt" in done.stdout
    results = own.root / "results" / "broken"
    assert not list(results.rglob("*.h5")) and not list(results.rglob("*.safetensors"))


@pytest.mark.long
def test_stores_datasets_and_listed_files_pass_all_steps(own):
    """A store by plain h5py, a torch Dataset, and files that are not stored; networks with their own weights."""
    generator = np.random.default_rng(0)
    with h5py.File(own.root / "plain.h5", "w") as file:
        file.attrs["classes"] = ["dark", "light"]
        for split in ("validation", "test"):
            file[f"{split}/images"] = generator.integers(0, 120, (12, 1, 12, 10), np.uint8) + np.uint8(120) * (
                np.arange(12, dtype=np.uint8) % 2
            ).reshape(-1, 1, 1, 1)
            file[f"{split}/labels"] = np.arange(12) % 2
    config = yaml.safe_load((ROOT / "config" / "own.yaml").read_text()) | {
        "study": "others",
        "plan": [
            {"datasets": ["plain", "stripes"], "networks": ["small"], "augmentations": ["none"], "seeds": [0]},
            {"datasets": ["files"], "networks": ["bare"], "augmentations": ["none"], "seeds": [0]},
        ],
        "networks": {
            "small": {"source": "my_module:small", "checkpoint": None, "mean": None, "std": None},
            "bare": {"source": "my_module:small", "checkpoint": None, "mean": [0.5] * 3, "std": [0.3] * 3},
        },
        "datasets": {
            "plain": {"source": "store", "path": "plain.h5"},
            "stripes": {
                "source": "dataset", "entry_point": "my_module:Stripes", "size": 16, "channels": 3, "split_seed": 0,
                "shares": {"train": 0.25, "validation": 0.25, "test": 0.5},
            },
            "files": {
                "source": "folder", "root": "photos", "test_root": "photos", "size": [12, 16], "channels": 3,
                "shares": {"validation": 1.0}, "split_seed": 0, "on_error": "stop", "keep": "files",
            },
        },
    }  # fmt: skip
    (own.root / "others.yaml").write_text(yaml.safe_dump(config))
    done = snakemake(own, "own", "--configfile", "others.yaml")
    assert done.returncode == 0, done.stdout
    results = own.root / "results" / "others"
    assert dfm.read(results / "dfm/plain/small/none/seed0.h5").masks[5].shape == (2, 12, 10)
    plain = stores.read(results / "data" / "plain.h5", "test")
    assert plain.images.shape == (12, 1, 12, 10) and plain.mean.tolist() == [0] and plain.std.tolist() == [1]
    assert (results / "data" / "plain.h5").stat().st_size < 50_000
    files = stores.read(results / "data" / "files.h5", "test", in_memory=0)
    assert isinstance(files.images, ImageFiles) and files.images.shape == (30, 3, 12, 16)
    assert files.classes == ("astronaut", "chelsea", "coffee")
    assert dfm.read(results / "dfm/files/bare/none/seed0.h5").masks[5].shape == (3, 12, 16)
    assert not list((results / "tests").rglob("ood.csv"))
    report = (results / "report.html").read_text()
    assert "dfm_stripes.svg" in report and "System Message" not in report


def test_own_without_a_network_of_ones_own_says_what_to_do(own):
    done = snakemake(own, "own", "--dry-run")
    assert done.returncode != 0 and "no network in the plan is your own: copy config/own.yaml" in done.stdout


@pytest.mark.parametrize(
    ("change", "again", "untouched"),
    [
        (
            lambda images, network: images["classes"].update({"cat": "coffee", "breakfast": "chelsea"}),
            {"check", "folder", "twin", "external_network", "cull", "shortcuts", "ood", "adcs"},
            set(),
        ),
        (
            lambda images, network: network.update({"mean": [0.25] * 3, "std": [0.5] * 3}),  # swapped
            {"check", "external_network", "cull", "shortcuts", "ood", "adcs"},
            {"folder", "twin"},
        ),
    ],
)
def test_a_changed_setting_runs_its_steps_again_in_one_run(own, finished, change, again, untouched):
    config = yaml.safe_load((own.root / "my.yaml").read_text())
    change(config["datasets"]["my_images"], config["networks"]["my_network"])
    (own.root / "changed.yaml").write_text(yaml.safe_dump(config))
    planned = snakemake(own, "own", "--configfile", "changed.yaml", "--dry-run").stdout
    jobs = jobs_of(planned)
    assert again <= jobs and not untouched & jobs, planned


def test_settings_that_change_places_are_noticed(own, finished):
    config = yaml.safe_load((own.root / "my.yaml").read_text())
    config["shortcuts"] |= {"others": None, "negatives": 20}  # the other way round in config.yaml
    (own.root / "changed.yaml").write_text(yaml.safe_dump(config))
    planned = snakemake(own, "own", "--configfile", "changed.yaml", "--dry-run").stdout
    assert re.search(r"shortcuts +1\n", planned) and not re.search(r"cull +1\n", planned), planned
