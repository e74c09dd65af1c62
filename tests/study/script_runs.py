"""Runs of the scripts of rules without Snakemake, also as child processes: a plain object stands in for its own."""

import importlib
import multiprocessing
import sys
import time
from pathlib import Path
from types import SimpleNamespace

from conftest import ROOT

sys.path.insert(0, str(ROOT / "workflow" / "scripts"))


class Files(list):
    """Input or output files, or wildcards, as text: each of them, and by name single ones and lists."""

    def __init__(self, **named):
        for name, given in named.items():
            texts = [str(path) for path in (given if isinstance(given, list) else [given])]
            self.extend(texts)
            self.__dict__[name] = texts if isinstance(given, list) else texts[0]

    def __getitem__(self, key):
        return self.__dict__[key] if isinstance(key, str) else super().__getitem__(key)

    def get(self, name, default=None):
        return self.__dict__.get(name, default)

    def items(self):
        return self.__dict__.items()


def run_script(name, folder, *, input, **parts):
    """Run a script; its log is in the folder.

    name : of a script of the study, or the path of one of a benchmark, without suffix; input : a namespace; parts :
    output, params and others
    """
    parts = {
        "config": {"study": "test", "checkpoint_minutes": 2, "device": "cpu"},
        "input": Files(**vars(input)),
    } | parts
    snakemake = SimpleNamespace(rule=name, log=[str(folder / "log")], threads=1, **parts)
    importlib.import_module(name.replace("/", ".")).main(snakemake)


class Child:
    """A function in a forked process, which has loaded PyTorch already; what it prints goes to a file."""

    def __init__(self, function, *arguments, messages: Path):
        self.messages = messages
        messages.touch()

        def run():
            sys.stdout = sys.stderr = messages.open("w", buffering=1)
            function(*arguments)

        self.process = multiprocessing.get_context("fork").Process(target=run)
        self.process.start()

    def text(self):
        return self.messages.read_text()

    def until(self, condition, seconds=300):
        """Wait for something that the child does."""
        end = time.monotonic() + seconds
        while not condition():
            assert self.process.is_alive(), self.text()
            assert time.monotonic() < end, "waited for too long"
            time.sleep(0.005)

    def ended(self, seconds=300):
        """Wait for its end; returns its exit code."""
        self.process.join(seconds)
        return self.process.exitcode
