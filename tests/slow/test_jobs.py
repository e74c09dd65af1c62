"""Jobs that are stopped or killed and resume."""

import importlib
import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from safetensors.numpy import load_file
from script_runs import Child, Files
from small_stores import content, labelled, write

from frequency_shortcuts.networks import architectures

pytestmark = pytest.mark.usefixtures("obeyed_signals")
WILDCARDS = {"dataset": "d", "run": "n/none/seed0"}
RUN = Path("d/n/none/seed0")
N, SIZE = 60, 16


def settings_of(rule, folder, minutes):
    """The settings of a job of `rule`."""
    folder.mkdir(parents=True, exist_ok=True)
    base = folder.parents[len(RUN.parts)]
    train = {"weights": "weights.safetensors", "history": "history.csv", "dynamics": "dynamics.csv"}
    outputs = {"train": train, "find_maps": {"maps": "maps.h5"}}[rule]
    search = {
        "own": True, "method": "culling", "split": "validation",
        "settings": {"search": "exact"}, "limits": {"batch": 8}, "images_per_class": None,
    }  # fmt: skip
    training = {
        "architecture": {"architecture": "resnet18", "width": 4, "stem": "small"}, "recipe": {"batch_size": 16},
        "settings": {
            "epochs": 4, "images_per_class": None, "validation_per_class": None, "augmentation": {"shift": 1},
            "dynamics": {"iterations": 10, "every": 5, "images_per_class": None, "cutoff": 4},
        },
    }  # fmt: skip
    given = {
        "images": str(base / "d.h5"),
        "weights": str(base / "networks" / RUN / "w.safetensors"),
        "maps": [],
    }
    return SimpleNamespace(
        rule=rule, threads=1, log=[str(folder / "job.log")], wildcards=Files(**WILDCARDS),
        config={"study": "test", "checkpoint_minutes": minutes, "device": "cpu"}, input=Files(**given),
        output=Files(**{key: folder / name for key, name in outputs.items()}),
        params=SimpleNamespace(
            code=[], **(training if rule == "train" else {"search": search, "part": [0, 1]})
        ),
    )  # fmt: skip


def start(settings, messages="messages"):
    """A job as Snakemake starts it, with as much of its object as the scripts read."""
    script = importlib.import_module(settings.rule)
    return Child(script.main, settings, messages=Path(settings.log[0]).with_name(messages))


def finished(settings):
    job = start(settings)
    assert job.ended() == 0, job.text()


def contents(folder):
    """Everything that a job wrote, except the attribute created_by."""
    stored = {}
    for path in sorted(folder.iterdir()):
        if path.suffix == ".h5":
            stored |= content(path)
        elif path.suffix == ".safetensors":
            stored |= load_file(path)
        elif path.suffix == ".csv":
            stored[path.name] = path.read_text()
    return {name: value for name, value in stored.items() if name != "created_by"}


@pytest.fixture(scope="module")
def wholes(tmp_path_factory):
    """The folder of images and weights, and what uninterrupted jobs wrote."""
    base = tmp_path_factory.mktemp("stopping")
    splits = {
        name: labelled(N, seed, 1, SIZE, SIZE)
        for seed, name in enumerate(("train", "validation", "test"))
    }
    write(base / "d.h5", splits)
    architecture = architectures.Architecture(
        "resnet18", n_classes=2, channels=1, size=SIZE, width=4, stem="small"
    )
    network = architectures.build(architecture, 0)
    weights = base / "networks" / RUN / "w.safetensors"
    weights.parent.mkdir(parents=True)
    architectures.save(weights, network.state_dict(), architecture, WILDCARDS)
    whole = {}
    for rule in ("train", "find_maps"):
        finished(settings_of(rule, base / rule / RUN, 100))
        whole[rule] = contents(base / rule / RUN)
        assert whole[rule]
    return base, whole


STATES = {"train": "state.pt", "find_maps": "maps.h5.state"}


def files_of(folder):
    """The names of the results and states of a job."""
    return {
        path.name
        for path in folder.iterdir()
        if not path.name.endswith(".log") and "messages" not in path.name
    }


def in_the_middle(rule, folder):
    """Whether a job has stored some of its work."""
    state = folder / STATES[rule]
    least_bytes = {"train": 1, "find_maps": 3000}[rule]
    return state.exists() and state.stat().st_size > least_bytes


@pytest.mark.parametrize(
    ("rule", "number"), [("train", signal.SIGTERM), ("find_maps", signal.SIGINT)]
)
def test_a_job_stops_at_once_after_a_signal_and_resumes_later(wholes, rule, number):
    base, whole = wholes
    folder = base / f"{rule}_{number}" / RUN
    settings = settings_of(rule, folder, 1e-4)
    job = start(settings)
    job.until(lambda: in_the_middle(rule, folder))
    os.kill(job.process.pid, number)
    signalled = time.monotonic()
    os.kill(job.process.pid, number)  # as a parent process forwards it
    assert job.ended(20) == 1 and time.monotonic() - signalled < 10
    sentence = job.text().strip().splitlines()[-1]
    assert (
        sentence.startswith(f"ERROR in {rule}: stopped at ")
        and "from which the next run resumes" in sentence
    )
    assert "Traceback" not in job.text()
    assert files_of(folder) == {STATES[rule]}
    finished(settings)
    np.testing.assert_equal(contents(folder), whole[rule])
    assert files_of(folder) == {Path(path).name for path in settings.output}
    log = (folder / "job.log").read_text()
    assert "another" not in log and (rule != "train" or "resumed at iteration" in log)


def test_a_second_job_on_the_same_output_is_an_error_and_a_killed_job_resumes(wholes):
    base, whole = wholes
    folder = base / "twice" / RUN
    settings = settings_of("find_maps", folder, 1e-4)
    job = start(settings)
    job.until(lambda: in_the_middle("find_maps", folder))
    os.kill(job.process.pid, signal.SIGSTOP)  # alive, and not at its end before the other starts
    second = start(
        SimpleNamespace(**{**vars(settings), "log": [str(folder / "second.log")]}),
        "messages_of_second",
    )
    assert second.ended(60) == 1
    assert "another job, perhaps of an earlier run, is still at work on it" in second.text()
    job.process.kill()
    job.process.join()
    assert not any(Path(path).exists() for path in settings.output)
    finished(settings)
    np.testing.assert_equal(contents(folder), whole["find_maps"])
