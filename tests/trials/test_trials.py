"""Every bad input is answered with its sentence and exit code, and stands on the page of errors."""

import copy
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest
import trial_inputs
import yaml
from click.testing import CliRunner
from snakemake.utils import update_config
from trial import kinds, page, trials

from conftest import ROOT
from frequency_shortcuts.command import main
from study import inputs
from study.configuration import mistakes
from study.datasets import complete

CONFIG = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())


def cases(*names):
    return pytest.mark.parametrize(
        "trial",
        [
            pytest.param(trial, id=f"{kind}: {trial.what}")
            for kind in names
            for trial in trials(kind)
        ],
    )


def matches(sentence, says):
    """Whether a sentence is as the table says, in which ... stands for what depends on the version of a library."""
    return re.fullmatch(re.escape(says).replace(re.escape("..."), ".*"), sentence)


@cases("configuration")
def test_a_configuration_is_answered_in_one_sentence(trial):
    config = copy.deepcopy(CONFIG)
    if template := trial.given.get("config"):
        update_config(config, yaml.safe_load((ROOT / "config" / f"{template}.yaml").read_text()))
    for key, value in trial.given["change"].items():
        *owners, last = key.split(".")
        part = config
        for name in owners:
            part = part[int(name) if name.isdigit() else name]
        part[last] = value
    (sentence,) = mistakes(config) or inputs.check(complete(config))[0]
    assert matches(sentence, trial.says)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    folder = tmp_path_factory.mktemp("good")
    trial_inputs.good(folder)
    return folder


@pytest.fixture
def here(good, tmp_path, monkeypatch):
    """A folder with good inputs, which is the working folder."""
    shutil.copytree(good, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "mine", raising=False)  # an entry point of another trial
    return tmp_path


def contents(folder):
    return {
        path: path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


@cases("calls")
def test_a_call_is_answered_in_one_sentence(trial, here):
    before = contents(here)
    with pytest.raises(Exception) as error:
        eval(trial.given["call"], vars(trial_inputs))
    assert matches(str(error.value), trial.says) and type(error.value).__name__ == trial.exit
    assert contents(here).items() >= before.items()


@cases(*(name for name in kinds() if name not in ("configuration", "calls")))
def test_the_command_answers_in_one_sentence(trial, here):
    trial_inputs.prepare(here, trial.given)
    before = contents(here)
    done = CliRunner().invoke(main, shlex.split(trial.given["run"]))
    assert isinstance(done.exception, SystemExit), done.exception
    sentence = " ".join(done.output.split()).partition("Error: ")[2].replace(str(here), "HERE")
    assert matches(sentence, trial.says) and done.exit_code == trial.exit, (
        sentence,
        done.exit_code,
    )
    assert not Path("executed").exists() and contents(here).items() >= before.items()


def test_the_page_of_errors_has_a_row_for_each():
    count = sum(len(trials(kind)) for kind in kinds())
    assert f"The table lists {count} bad inputs" in " ".join(page().split())
    assert count >= 80 and len(re.findall(r"^\| .* \| `.*` \|$", page(), re.MULTILINE)) == count
