"""Jobs that are stopped or killed during a training or a culling, and resume."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from safetensors.numpy import load_file

from conftest import ROOT
from frequency_shortcuts.data import stores
from frequency_shortcuts.networks import architectures

sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from study.job import REPEAT_S, stopping

SCRIPTS = ROOT / "workflow" / "scripts"

# A job as Snakemake starts it, with as much of its object as the scripts read.
JOB = """
import importlib, json, sys
from types import SimpleNamespace

class Named(SimpleNamespace):
    def get(self, name, default):
        return getattr(self, name, default)

    def __iter__(self):
        return iter(value for value in vars(self).values() if isinstance(value, str))

class Outputs(list):
    pass

settings = json.loads(sys.argv[1])
settings["output"], named = Outputs(settings["output"].values()), settings["output"]
vars(settings["output"]).update(named)
for part in ("input", "params", "wildcards"):
    settings[part] = Named(**settings[part])
snakemake = SimpleNamespace(**settings)
importlib.import_module(settings["rule"]).main(snakemake)
"""
WILDCARDS = {"dataset": "d", "network": "n", "augmentation": "none", "seed": "0"}
RUN = Path("d/n/none/seed0")
N, SIZE = 240, 16


@pytest.fixture(autouse=True)
def _signals_are_obeyed():
    """A shell script in the background ignores SIGINT, and so do its child processes: restore the handler."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def store(path):
    generator = np.random.default_rng(0)
    labels = np.arange(N) % 3
    splits = {
        name: (generator.integers(0, 256, (N, 1, SIZE, SIZE), np.uint8), labels)
        for name in ("train", "validation", "test")
    }
    stores.write(path, splits, classes=("a", "b", "c"), source="", created_by="")


def settings_of(rule, folder, minutes):
    """The settings of a job of `rule`."""
    folder.mkdir(parents=True, exist_ok=True)
    base = folder.parents[len(RUN.parts)]
    train = {"weights": "weights.safetensors", "history": "history.csv", "dynamics": "dynamics.csv"}
    outputs = {"train": train, "cull": {"maps": "halves.h5"}}[rule]
    culling = {
        "images": {"split": "validation", "images_per_class": None, "seed": 0}, "subsets": ["half0", "half1"],
        "parts": 1, "percents": [5],
        "settings": {"method": "exact", "precision": "float32", "compiled": False, "memory_mib": 8},
    }  # fmt: skip
    training = {
        "architecture": {"architecture": "resnet18", "width": 4, "stem": "small"}, "recipe": {"batch_size": 16},
        "settings": {
            "stylised_share": 0.5, "epochs": 6, "images_per_class": None, "validation_per_class": None,
            "geometry": {"shift": 1, "flip": True, "crop_scale": [1.0, 1.0]},
            "dynamics": {"iterations": 40, "every": 10, "images_per_class": None, "cutoff": 4},
        },
    }  # fmt: skip
    return {
        "rule": rule, "threads": 1, "log": [str(folder / "job.log")], "wildcards": WILDCARDS,
        "config": {"checkpoint_minutes": minutes},
        "input": {"images": str(base / "d.h5"), "weights": str(base / "w.safetensors"), "maps": [], "code": []},
        "output": {key: str(folder / name) for key, name in outputs.items()},
        "params": {"device": "cpu", **(training if rule == "train" else culling)},
    }  # fmt: skip


def start(settings):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (SCRIPTS, SCRIPTS.parent, ROOT / "src")))}
    return subprocess.Popen(
        [sys.executable, "-c", JOB, json.dumps(settings)], env=environment, text=True, stderr=subprocess.PIPE
    )


def until(condition, job):
    """Wait for something that a job does."""
    end = time.monotonic() + 300
    while not condition():
        assert job.poll() is None, job.stderr.read()
        assert time.monotonic() < end
        time.sleep(0.005)


def finished(settings):
    job = start(settings)
    _, messages = job.communicate(timeout=300)
    assert job.returncode == 0, messages


def contents(folder):
    """Everything that a job wrote, except the attribute created_by."""
    stored = {}
    for path in sorted(folder.iterdir()):
        if path.suffix == ".h5":
            with h5py.File(path) as file:
                file.visititems(
                    lambda name, item: stored.update({name: item[:].tolist()} if hasattr(item, "shape") else {})
                )
                stored.update({name: np.asarray(value).tolist() for name, value in file.attrs.items()})
        elif path.suffix == ".safetensors":
            stored.update({name: value.tolist() for name, value in load_file(path).items()})
        elif path.suffix == ".csv":
            stored[path.name] = path.read_text()
    return {name: value for name, value in stored.items() if name != "created_by"}


@pytest.fixture(scope="module")
def wholes(tmp_path_factory):
    """The folder of images and weights, and what uninterrupted jobs wrote."""
    base = tmp_path_factory.mktemp("stopping")
    store(base / "d.h5")
    architecture = architectures.Architecture("resnet18", n_classes=3, channels=1, size=SIZE, width=4, stem="small")
    network = architectures.build(architecture, 0)
    architectures.save(base / "w.safetensors", network.state_dict(), architecture, WILDCARDS)
    whole = {}
    for rule in ("train", "cull"):
        finished(settings_of(rule, base / rule / RUN, 100))
        whole[rule] = contents(base / rule / RUN)
        assert whole[rule]
    return base, whole


STATES = {
    "train": ["state.pt"],
    "cull": ["halves.h5.half0.state", "halves.h5.half1.state"],
}


def in_the_middle(rule, folder):
    """Whether a job has stored some of its work."""
    first = folder / STATES[rule][0]
    least_bytes = {"train": 1, "cull": 3000}[rule]
    return first.exists() and first.stat().st_size > least_bytes


@pytest.mark.parametrize(("rule", "number"), [("train", signal.SIGTERM), ("cull", signal.SIGINT)])
def test_a_job_stops_at_once_after_a_signal_and_resumes_later(wholes, rule, number):
    base, whole = wholes
    folder = base / f"{rule}_{number}" / RUN
    settings = settings_of(rule, folder, 1e-4)
    job = start(settings)
    until(lambda: in_the_middle(rule, folder), job)
    job.send_signal(number)
    signalled = time.monotonic()
    job.send_signal(number)  # as a parent process forwards it
    _, messages = job.communicate(timeout=20)
    assert time.monotonic() - signalled < 10
    assert job.returncode == 1
    sentence = messages.strip().splitlines()[-1]
    assert sentence.startswith(f"ERROR in {rule}: stopped at ") and "from which the next run resumes" in sentence
    assert "Traceback" not in messages
    left = {path.name for path in folder.iterdir()} - {"job.log"}
    assert left <= set(STATES[rule]) and STATES[rule][0] in left
    finished(settings)
    assert contents(folder) == whole[rule]
    assert {path.name for path in folder.iterdir()} - {"job.log"} == {Path(p).name for p in settings["output"].values()}
    log = (folder / "job.log").read_text()
    assert "another" not in log and (rule != "train" or "resumed at iteration" in log)


def test_a_killed_job_resumes(wholes):
    base, whole = wholes
    folder = base / "killed" / RUN
    settings = settings_of("cull", folder, 1e-4)
    job = start(settings)
    until(lambda: in_the_middle("cull", folder), job)
    job.kill()
    job.communicate()
    assert not any(Path(path).exists() for path in settings["output"].values())
    finished(settings)
    assert contents(folder) == whole["cull"]


def test_a_second_job_on_the_same_output_is_an_error(wholes):
    base, whole = wholes
    folder = base / "twice" / RUN
    settings = settings_of("cull", folder, 1e-4)
    job = start(settings)
    until(lambda: in_the_middle("cull", folder), job)
    job.send_signal(signal.SIGSTOP)  # alive, and not at its end before the other starts
    second = start({**settings, "log": [str(folder / "second.log")]})
    _, messages = second.communicate(timeout=60)
    job.send_signal(signal.SIGCONT)
    _, first = job.communicate(timeout=300)
    assert second.returncode == 1 and "another job, perhaps of an earlier run, is still at work on it" in messages
    assert job.returncode == 0, first
    assert contents(folder) == whole["cull"]


def test_signal_handlers_are_restored_after_the_block():
    handlers = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    with stopping() as stop:
        assert not stop()
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == handlers
    with pytest.raises(ZeroDivisionError), stopping() as stop:
        signal.raise_signal(signal.SIGTERM)
        assert stop() and stop()
        raise ZeroDivisionError  # Stopped, say: then the signal was obeyed
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == handlers


def test_a_signal_that_is_ignored_stays_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stopping() as stop:
            signal.raise_signal(signal.SIGINT)
            assert not stop()
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_signal_that_the_block_did_not_handle_takes_effect_after_it():
    passed = []
    with pytest.raises(KeyboardInterrupt):
        with stopping():
            signal.raise_signal(signal.SIGINT)
            passed.append(1)
        passed.append(2)
    assert passed == [1]


def test_a_second_signal_of_a_kind_ends_the_process_at_once(monkeypatch):
    now = SimpleNamespace(monotonic=lambda: now.time, time=0.0)
    monkeypatch.setattr("study.job.time", now)
    with pytest.raises(KeyboardInterrupt), stopping() as stop:
        signal.raise_signal(signal.SIGTERM)
        now.time = REPEAT_S / 2
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        now.time = 4 * REPEAT_S / 3  # the second of SIGTERM, and within the first of SIGINT
        assert stop()
        signal.raise_signal(signal.SIGINT)
        now.time = 2 * REPEAT_S
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("it went on")
