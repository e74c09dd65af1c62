"""Runs of the scripts of rules without Snakemake: a plain object stands in for the one that Snakemake gives them."""

import importlib
import sys
from types import SimpleNamespace

from conftest import ROOT

sys.path.insert(0, str(ROOT / "workflow" / "scripts"))


class Outputs(list):
    """Output files, by number and by name."""

    def __init__(self, **named):
        super().__init__(map(str, named.values()))
        self.__dict__.update({name: str(path) for name, path in named.items()})


def run_script(name, folder, **parts):
    """Run the script of this name; its log is in the folder. parts: input, output and others of Snakemake's object."""
    parts = {"config": {"checkpoint_minutes": 2}} | parts
    snakemake = SimpleNamespace(rule=name, log=[str(folder / "log")], threads=1, **parts)
    importlib.import_module(name).main(snakemake)
