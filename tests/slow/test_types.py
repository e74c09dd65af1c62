"""What a type checker and `help` tell users of the library."""

import subprocess
import sys

import frequency_shortcuts as fs

RIGHT = """
import numpy as np
import torch

import frequency_shortcuts as fs

network = torch.nn.Linear(2, 2)
images = np.zeros((4, 3, 8, 8), np.float32)
result = fs.analyse(network, images, [0, 0, 1, 1], mean=0.5, std=0.5, run=fs.Run(device="cpu"))
fs.analyse(network, torch.zeros(4, 3, 8, 8), torch.zeros(4), test=fs.Evaluation(images="others"))
fs.analyse(network, "pictures", transform=torch.nn.Identity()).save("results").joinpath("exchanges.csv")
fs.analyse(network, fs.Files("pictures", on_error="skip"), maps=True)
fs.analyse(network, ["a.png", "b.png"], ["cat", "dog"])
mended = fs.refit(network, "pictures", parts=result.parts)
print(mended.refitted.words, mended.refitted.table, fs.Swap(result.parts), fs.load("results").summary())
print(fs.differences("pictures").facts, fs.dfm.read_mask("maps.h5", 5), fs.spectrum.low_pass(8, 8, 2))
"""
WRONG = {
    "fs.analyse(network, 'pictures', quik=True)": 'Unexpected keyword argument "quik"',
    "fs.analyse(3, 'pictures')": "expected Module",
    "fs.analyse(network, 3.5)": 'Argument 2 to "analyse"',
    "fs.analyse(network, 'pictures', transform='resize')": 'Argument "transform"',
    "fs.analyse(network, 'pictures').exchangess": 'has no attribute "exchangess"',
    "fs.Swap(3)": 'Argument 1 to "Swap"',
    "fs.nonsense": 'Module has no attribute "nonsense"',
}


def mypy(tmp_path, text):
    """The lines that mypy --strict prints of a user's file."""
    (tmp_path / "users_file.py").write_text(text)
    command = [sys.executable, "-m", "mypy", "--strict", "users_file.py"]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True).stdout.splitlines()


def test_mypy_knows_what_users_call_and_finds_their_mistakes(tmp_path):
    assert mypy(tmp_path, RIGHT)[-1].startswith("Success"), mypy(tmp_path, RIGHT)
    head = "import torch\nimport frequency_shortcuts as fs\nnetwork = torch.nn.Linear(2, 2)"
    *found, _ = mypy(tmp_path, "\n".join([head, *WRONG]))
    errors = [line for line in found if ": error: " in line]
    assert len(errors) == len(WRONG)
    for line, expected in zip(errors, WRONG.values(), strict=True):
        assert expected in line


def test_a_star_and_completion_give_the_public_names_alone():
    names = {}
    exec("from frequency_shortcuts import *", names)
    assert names.keys() - {"__builtins__"} == {*fs.__all__} == {*dir(fs)}
    assert {"analyse", "Swap", "refit", "load", "dfm"} <= {*fs.__all__}


def test_help_begins_with_the_call_and_lists_the_functions():
    text = subprocess.run(
        [sys.executable, "-c", "import frequency_shortcuts as fs; help(fs)"],
        capture_output=True,
        text=True,
    ).stdout
    assert text.index("fs.analyse(network") < text.index("PACKAGE CONTENTS")
    for name in ("analyse", "differences", "load", "refit"):
        assert f"\n    {name}(" in text
