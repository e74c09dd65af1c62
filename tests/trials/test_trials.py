"""Every bad input is answered with its sentence and exit code, and stands on the page of errors."""

import copy
import re

import pytest
import yaml
from trial import trials

from conftest import ROOT
from study.configuration import mistakes

CONFIG = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())


def cases(*names):
    return pytest.mark.parametrize(
        "trial", [pytest.param(trial, id=f"{kind}: {trial.what}") for kind in names for trial in trials(kind)]
    )


def matches(sentence, says):
    """Whether a sentence is as the table says, in which ... stands for what depends on the version of a library."""
    return re.fullmatch(re.escape(says).replace(re.escape("..."), ".*"), sentence)


@cases("configuration")
def test_a_configuration_is_answered_in_one_sentence(trial):
    config = copy.deepcopy(CONFIG)
    for key, value in trial.given["change"].items():
        *owners, last = key.split(".")
        part = config
        for name in owners:
            part = part[int(name) if name.isdigit() else name]
        part[last] = value
    (sentence,) = mistakes(config)
    assert matches(sentence, trial.says)
