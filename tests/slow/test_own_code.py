"""Code of the user that crashes, never returns or exits: `check` and jobs answer in a sentence."""

import re
import sys
from types import SimpleNamespace

import pytest

from study import inputs, own_code
from study.job import job
from study.settings import Shape

MODULE = """
import ctypes, time
import torch
from torch import nn

class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(12, 3)

    def forward(self, images): return self.layer(images.flatten(1))

def working(): return Network()
def waiting():
    while True: time.sleep(0.01)

class Items:
    classes = ["a", "b"]
    def __init__(self, crashes=False): self.crashes = crashes
    def __len__(self): return 8
    def __getitem__(self, i):
        if self.crashes: ctypes.string_at(0)
        return torch.zeros(3, 2, 2), i % 2
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module in the working folder, which only child processes import."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "users_code.py").write_text(MODULE)
    yield "users_code"
    assert "users_code" not in sys.modules


def probe(function):
    settings = {"source": f"users_code:{function}", "checkpoint": None, "mean": None, "std": None}
    return inputs.probe_network(settings, 3, Shape(3, 2, 2))


def test_networks_are_tried_in_a_process_of_their_own(module, monkeypatch):
    assert probe("working") == "users_code:working"
    monkeypatch.setattr(own_code, "LIMIT_S", 10)
    with pytest.raises(ValueError, match=r"^entry point users_code:waiting crashes, .*more than 10 s"):
        probe("waiting")


def test_datasets_are_read_in_a_process_of_their_own(module):
    plan = SimpleNamespace(config={"culling": {"split": "test"}}, shape=lambda name: Shape(3, 2, 2))
    settings = {
        "entry_point": "users_code:Items", "size": 2, "channels": 3, "split_seed": 0,
        "shares": {"train": 0.5, "test": 0.5},
    }  # fmt: skip
    items = inputs.inspect_torch_dataset(plan, "own", settings)
    assert items.classes == ["a", "b"] and sorted(items.ranking) == [0, 0, 1, 1]
    assert items.per_class == {"train": 2, "test": 2}
    with pytest.raises(ValueError, match=r"^entry point users_code:Items crashes"):
        inputs.inspect_torch_dataset(plan, "own", settings | {"options": {"crashes": True}})


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (SystemExit(0), r"code that this step runs called exit\(0\): expected a network or data set that does not"),
        (KeyboardInterrupt(), "the step was interrupted"),
    ],
)
def test_a_job_whose_code_exits_fails(tmp_path, capsys, error, sentence):
    step = SimpleNamespace(log=[str(tmp_path / "step.log")], threads=1, config={"study": "test"}, rule="cull", input=[])
    with pytest.raises(SystemExit) as ended, job(step):
        raise error
    assert ended.value.code == 1
    assert re.fullmatch(rf"ERROR in cull: {sentence} \(log: \S+\)\n", capsys.readouterr().err)
