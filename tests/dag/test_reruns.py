"""The steps that a change re-runs, by dry runs: no job runs, and `--touch` accepts empty files as results."""

import os
import re

import pytest
import yaml

from checkouts import checkout

# Values of one type, so that two of them can change places.
SETTINGS = {
    "truth": {"draws": 20, "seed": 30},
    "stability": {"draws": 20, "seed": 30},
    "shortcuts": {"images_per_class": 10, "seed": 20},
    "robustness": {"images_per_class": 3, "band_width": 4, "seed": 5},
}
SWAPPED = {"truth": ("draws", "seed"), "shortcuts": ("images_per_class", "seed"), "robustness": ("band_width", "seed")}


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
    triggered = re.search(r"^Rules with provenance triggered jobs: (.*)$", planned.stdout, re.MULTILINE)
    assert triggered or "Nothing to be done" in planned.stdout, planned.stdout
    return set(triggered[1].split()) if triggered else set()


def again_after(study, edits):
    """The same for files with other contents, which are older than what was made from them."""
    before = {study.root / name: ((study.root / name).read_bytes(), (study.root / name).stat()) for name in edits}
    try:
        for (path, (content, status)), edit in zip(before.items(), edits.values(), strict=True):
            path.write_bytes(edit(content))
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        return again(study, {})
    finally:
        for path, (content, status) in before.items():
            path.write_bytes(content)
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def more(content):
    return content + b"\n# edited\n"


def test_nothing_re_runs_after_an_edit_of_a_module_that_nothing_imports(touched):
    assert again_after(touched, {"my_package/unused.py": more}) == set()


def test_an_edit_re_runs_what_imports_the_module_and_draws_the_figures_of_the_notebook(touched):
    rules = again_after(
        touched,
        {
            "my_helper.py": more,  # imported by a module that the module of a network imports
            "src/frequency_shortcuts/evaluation/truth.py": more,
            "workflow/notebooks/adcs.ipynb": lambda content: content.replace(b"# ADCS of every class", b"# Edited"),
        },
    )
    assert rules == {"external_network", "truth", "figure_adcs"}


def test_checkpoints_and_published_maps_with_other_contents_are_noticed(touched):
    rules = again_after(touched, {"my_network.pt": more, "theirs.pkl": more})
    assert rules == {"check", "external_network", "published"}


def test_two_settings_that_change_places_are_noticed_and_nothing_else_re_runs(touched):
    changes = {name: {a: SETTINGS[name][b], b: SETTINGS[name][a]} for name, (a, b) in SWAPPED.items()}
    assert again(touched, changes) == {"truth", "shortcuts", "planted_use", "robustness"}


def test_a_change_of_a_split_and_of_the_rules_is_checked_and_drawn_and_stores_no_images_again(touched):
    rules = again(touched, {"robustness": {"split": "validation", "corruptions": []}})
    assert rules == {"check", "rule_graph_figure", "robustness"}


def test_other_classes_and_another_normalisation_re_run_their_steps(touched):
    changes = {
        "datasets": {"pictures": {"classes": {"spots": "bands", "bands": "dots"}}},
        "networks": {"my_network": {"mean": [0.25] * 3, "std": [0.5] * 3}},  # swapped
    }
    rules = again(touched, changes)
    assert {"check", "folder", "twin", "external_network"} <= rules
    assert not {"train", "cull", "synthesize", "fetched"} & rules
