"""A few kills of the study (tests/kill_study.py); `make kills` makes more."""

import subprocess
import sys

import pandas as pd
import pytest

from conftest import ROOT


@pytest.mark.timeout(3600)  # two runs of the study, and a start for each kill
def test_results_after_kills_are_those_of_an_undisturbed_run(tmp_path):
    command = [sys.executable, ROOT / "tests" / "kill_study.py", "--folder", tmp_path, "--kills", "6"]
    done = subprocess.run([*command, "--limit-minutes", "20"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    kills = pd.read_csv(tmp_path / "kills.csv")
    # On a slow machine the time is over before the last one.
    assert len(kills) >= 4 and (kills["moment"] == "training").sum() >= 3 and kills["inside"].notna().any()
