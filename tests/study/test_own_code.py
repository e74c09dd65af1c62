"""Code of the user that exits, is interrupted, crashes or never returns: `check` and jobs answer in a sentence."""

import contextlib
import importlib
import re
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from study import inputs, own_code
from study.job import job
from study.settings import Shape

ACTS = """
import ctypes, os, sys, time

class Odd(BaseException):
    pass

def work(number): print("hello"); return {"found": number}
def refuse(): raise ValueError("a sentence")
def fail(): raise KeyError("x")
def say_nothing(): raise ValueError
def leave(): sys.exit(0)
def say(): sys.exit("no way")
def end(): os._exit(0)
def interrupt(): raise KeyboardInterrupt
def surprise(): raise Odd("x")
def crash(): ctypes.string_at(0)
def ask(): return input()
def give(): return lambda: None
def leave_a_child():
    if os.fork() == 0:
        open("child", "w").write(str(os.getpid()))
        time.sleep(1000)
    while not os.path.exists("child"): time.sleep(0.01)
def wait():
    leave_a_child()
    while True: time.sleep(0.01)
"""


@pytest.fixture
def acts(tmp_path, monkeypatch):
    """A module in the working folder with functions that do all kinds of things."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "acts.py").write_text(ACTS)
    yield importlib.import_module("acts")
    sys.modules.pop("acts")


def test_the_result_comes_back_whatever_the_code_prints(acts, tmp_path):
    assert own_code.call(acts.work, 3, what="the code") == {"found": 3}
    assert own_code.call(acts.leave_a_child, what="the code") is None
    ends(tmp_path)


def test_files_of_the_working_folder_hide_no_module(acts, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path[1:], sys.path[0]])
    for name in ("study", "pickle"):
        (tmp_path / f"{name}.py").write_text("raise ImportError")
    assert own_code.call(acts.work, 3, what="the code") == {"found": 3}


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        ("refuse", "a sentence"),
        ("fail", "the code fails (KeyError: 'x')"),
        ("say_nothing", "the code fails (ValueError)"),
        ("leave", "the code fails (SystemExit: 0)"),
        ("say", "the code fails (SystemExit: no way)"),
        ("end", "the code ends the program: expected a function that returns"),
        ("interrupt", "the code fails (KeyboardInterrupt)"),
        ("surprise", "the code fails (Odd: x)"),
        ("crash", "the code crashes the interpreter (SIGSEGV): expected a function that returns"),
        ("ask", "the code fails (EOFError: EOF when reading a line)"),
        ("give", "the code fails (AttributeError: Can't pickle local object 'give.<locals>.<lambda>')"),
    ],
)
def test_what_the_code_does_instead_is_one_sentence(acts, act, sentence):
    with pytest.raises(ValueError) as raised:
        own_code.call(getattr(acts, act), what="the code")
    assert str(raised.value) == sentence


def ends(folder):
    """The process whose number the code wrote ends soon."""
    state = Path("/proc", (folder / "child").read_text(), "stat")
    end = time.monotonic() + 20
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        while ") Z" not in state.read_text():
            assert time.monotonic() < end


@pytest.mark.slow
def test_code_that_never_answers_is_ended_with_all_that_it_started(acts, tmp_path, monkeypatch):
    monkeypatch.setattr(own_code, "LIMIT_S", 5)
    with pytest.raises(ValueError, match=r"^the code gives no answer within 5 s: expected one in less$"):
        own_code.call(acts.wait, what="the code")
    ends(tmp_path)


MODULE = """
import torch
from torch import nn
from acts import *

class Network(nn.Module):
    def __init__(self, act):
        super().__init__()
        self.act, self.layer = act, nn.Linear(12, 3)

    def forward(self, images):
        self.act()
        return self.layer(images.flatten(1))

def working(): return Network(lambda: work(1))
def crashing(): return Network(crash)
def leaving(): return Network(leave)

class Items:
    classes = ["a", "b"]
    def __init__(self, act="refuse"): self.act = act
    def __len__(self): return 8
    def __getitem__(self, i):
        if self.act != "refuse": globals()[self.act]()
        return torch.zeros(3, 2, 2), i % 2

class Text(Items):
    classes = "ab"
"""


@pytest.fixture
def module(acts, tmp_path):
    (tmp_path / "mine.py").write_text(MODULE)
    yield "mine"
    assert "mine" not in sys.modules


def probe(function):
    settings = {"source": f"mine:{function}", "checkpoint": None, "mean": None, "std": None}
    return inputs.probe_network(settings, 3, Shape(3, 2, 2))


@pytest.mark.slow
def test_networks_are_tried_in_a_process_of_their_own(module):
    assert probe("working") == "mine:working"
    for function, sentence in {
        "interrupt": r"entry point mine:interrupt fails \(KeyboardInterrupt\)",
        "leaving": r"Network refuses images of 3 x 2 x 2 \(SystemExit: 0\)",
        "crashing": r"entry point mine:crashing crashes the interpreter \(SIGSEGV\): expected",
    }.items():
        with pytest.raises(ValueError, match=f"^{sentence}"):
            probe(function)


@pytest.mark.slow
def test_datasets_are_read_in_a_process_of_their_own(module):
    plan = SimpleNamespace(config={"culling": {"split": "test"}}, shape=lambda name: Shape(3, 2, 2))
    settings = {
        "entry_point": "mine:Items", "size": 2, "channels": 3, "split_seed": 0, "shares": {"train": 0.5, "test": 0.5},
    }  # fmt: skip
    found = inputs.inspect_torch_dataset(plan, "own", settings)
    assert (found.classes, sorted(found.ranking), found.per_class) == (
        ["a", "b"],
        [0, 0, 1, 1],
        {"train": 2, "test": 2},
    )
    for change, sentence in [
        ({"options": {"act": "leave"}}, r"dataset mine:Items: item 0 fails \(SystemExit: 0\)"),
        ({"options": {"act": "crash"}}, r"entry point mine:Items crashes the interpreter \(SIGSEGV\): expected"),
        ({"options": {"act": "interrupt"}}, r"entry point mine:Items fails \(KeyboardInterrupt\)"),
        ({"entry_point": "mine:Text"}, r"dataset mine:Text: its classes are the text 'ab': expected a list of names"),
    ]:
        with pytest.raises(ValueError, match=f"^{sentence}"):
            inputs.inspect_torch_dataset(plan, "own", settings | change)


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        ("leave", r"code that this step runs called exit\(0\): expected a network or data set that does not"),
        ("say", r"code that this step runs called exit\('no way'\): expected a network or data set that does not"),
        ("interrupt", "the step was interrupted"),
    ],
)
def test_a_job_whose_code_exits_fails(acts, tmp_path, capsys, act, sentence):
    step = SimpleNamespace(log=[str(tmp_path / "step.log")], threads=1, config={"study": "test"}, rule="cull", input=[])
    with pytest.raises(SystemExit) as ended, job(step):
        getattr(acts, act)()
    assert ended.value.code == 1
    assert re.fullmatch(rf"ERROR in cull: {sentence} \(log: \S+\)\n", capsys.readouterr().err)
