"""The steps that a change re-runs, by dry runs: no job runs, and `--touch` accepts empty files as results."""

import os
import re

import pytest
import yaml

from conftest import checkout

# Values of one type, so that two of them can change places.
SETTINGS = {
    "truth": {"draws": 20, "seed": 30},
    "stability": {"draws": 20, "seed": 30},
    "shortcuts": {"images_per_class": 10, "seed": 20},
    "robustness": {"images_per_class": 3, "band_width": 4, "seed": 5},
    "culling": {"images_per_class": 3, "parts": 2},
}


@pytest.fixture(scope="module")
def touched(tmp_path_factory):
    """A study whose files all exist and are recorded as results of its jobs."""
    study = checkout(tmp_path_factory.mktemp("touched"))
    (study.root / "settings.yaml").write_text(yaml.safe_dump(SETTINGS))
    for row in study.snakemake("--summary", extra=["settings.yaml"]).stdout.splitlines():
        name = row.split("\t")[0]
        if name.startswith("results/"):
            path = study.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.mkdir() if path.parent.name == "raw" else path.touch()
    done = study.snakemake("--touch", "--forceall", "--cores", "1", extra=["settings.yaml"])
    assert done.returncode == 0, done.stdout
    return study


def again(study, changes):
    """The rules that notice that some settings changed; not those that only follow them."""
    (study.root / "changes.yaml").write_text(yaml.safe_dump(changes))
    planned = study.snakemake("--dry-run", extra=["settings.yaml", "changes.yaml"])
    assert planned.returncode == 0, planned.stdout
    found = re.search(r"^Rules with provenance triggered jobs: (.*)$", planned.stdout, re.MULTILINE)
    assert found or "Nothing to be done" in planned.stdout, planned.stdout
    return set(found[1].split()) if found else set()


def test_nothing_re_runs_without_a_change(touched):
    assert again(touched, {}) == set()


@pytest.mark.parametrize(
    ("pairs", "rules"),
    [
        (
            {"truth": ("draws", "seed"), "stability": ("draws", "seed"), "robustness": ("images_per_class", "seed")},
            {"truth", "cull", "robustness"},
        ),
        (
            {
                "culling": ("images_per_class", "parts"),
                "shortcuts": ("images_per_class", "seed"),
                "robustness": ("band_width", "seed"),
            },
            {"cull", "planted_use", "robustness"},
        ),
    ],
)
def test_two_settings_that_change_places_are_noticed(touched, pairs, rules):
    changes = {name: {a: SETTINGS[name][b], b: SETTINGS[name][a]} for name, (a, b) in pairs.items()}
    assert rules <= again(touched, changes)


def test_a_change_of_a_split_and_of_the_rules_is_checked_and_drawn_and_stores_no_images_again(touched):
    rules = again(touched, {"robustness": {"split": "validation", "corruptions": []}})
    assert rules == {"check", "rule_graph_figure", "robustness"}


def test_an_edit_of_one_notebook_draws_its_figures_again_and_no_others(touched):
    path = touched.root / "workflow" / "notebooks" / "adcs.ipynb"
    before = path.read_bytes()
    try:
        path.write_bytes(before.replace(b"# ADCS of every class", b"# Edited"))
        lines = touched.snakemake("--summary", extra=["settings.yaml"]).stdout.splitlines()
    finally:
        path.write_bytes(before)
    due = {name for name, *_, plan in (line.split("\t") for line in lines if ".svg" in line) if plan != "no update"}
    assert due and all("/figures/adcs_" in name for name in due)


def test_the_check_runs_again_when_published_maps_change_and_nothing_else_waits_for_it(touched):
    path = touched.root / "theirs.pkl"
    times = path.stat()
    try:
        path.write_bytes(path.read_bytes() + b"more")
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # older than what it made
        rules = again(touched, {})
    finally:
        path.write_bytes(path.read_bytes()[: -len(b"more")])
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert rules == {"check"}


def test_no_job_starts_before_the_check_even_if_others_go_on_after_an_error(tmp_path):
    """As under SLURM, where jobs are submitted at once and go on without those that failed."""
    study = checkout(tmp_path)
    network = {"source": "torchvision:resnet18", "checkpoint": "none.pt", "mean": None, "std": None}
    plan = [{"datasets": ["syn_2"], "networks": ["mine"], "augmentations": ["none"], "seeds": [0]}]
    wrong = {"plan": plan, "networks": {"mine": network}, "transfer": [], "published": []}
    (study.root / "wrong.yaml").write_text(yaml.safe_dump(wrong))
    done = study.snakemake("all", "--cores", "2", "--keep-going", extra=["wrong.yaml"])
    assert done.returncode != 0 and "no weights at none.pt" in done.stdout, done.stdout
    assert done.stdout.count("ERROR in check: ") == 1 and "Traceback" not in done.stdout
    assert not list(study.results.rglob("*.h5")) and not list(study.results.rglob("*.svg"))
