"""The steps that a change re-runs, by dry runs: no job runs, and `--touch` accepts empty files as results."""

import os
import re

import pytest
import yaml

from checkouts import checkout

# Values of one type, so that two of them can change places.
SETTINGS = {
    "synthesis": {"diagonal_gain": 2.0, "axis_gain": 3.0},
    "truth": {"draws": 12, "seed": 15},
}
SWAPPED = {
    "synthesis": {"diagonal_gain": 3.0, "axis_gain": 2.0},
    "truth": {"draws": 15, "seed": 12},
    "networks": {"my_network": {"mean": [0.25] * 3, "std": [0.5] * 3}},
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


def planned(study, changes, *targets):
    """What a dry run after changes of settings prints."""
    (study.root / "changes.yaml").write_text(yaml.safe_dump(changes, sort_keys=False))
    done = study.snakemake("--dry-run", *targets, extra=["settings.yaml", "changes.yaml"])
    assert done.returncode == 0, done.stdout
    return done.stdout


def noticed(study, changes):
    """The rules that notice that settings or files changed; not those that only follow them."""
    pattern = r"^    (params have changed.*|updated input files):\n +(.*)$"
    reasons = re.findall(pattern, planned(study, changes), re.MULTILINE)
    return {rule for _, rules in reasons for rule in rules.split(", ")}


@pytest.fixture
def edited(touched):
    """A function that appends a text to files, which are older than what was made from them unless `newer`."""
    before = {}

    def edit(*names, text="\n", newer=False):
        for path in (touched.root / name for name in names):
            before[path] = path.read_bytes(), path.stat()
            with open(path, "a") as file:
                file.write(text)
            if not newer:
                os.utime(path, ns=(before[path][1].st_atime_ns, before[path][1].st_mtime_ns))

    yield edit
    for path, (content, status) in before.items():
        path.write_bytes(content)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_an_edit_re_runs_what_uses_the_file_and_draws_the_figures_of_the_notebook(touched, edited):
    # Nothing imports the first. The second is imported by a module that the module of a network imports.
    edited("my_package/unused.py", "my_helper.py", "workflow/notebooks/samples.ipynb", newer=True)
    assert noticed(touched, {}) == {"check", "external_network", "figure_samples"}


def test_code_counts_and_no_comment_and_no_time(touched, edited):
    """As in a fresh clone with kept results, whose scripts are newer than these."""
    names = [
        str(path.relative_to(touched.root))
        for path in (touched.root / "workflow" / "scripts").glob("*.py")
    ]
    edited(*names, "src/frequency_shortcuts/images/dicom.py", text="# a comment\n", newer=True)
    assert noticed(touched, {}) == set()
    drawing = "workflow/study/drawing/exchange.py"
    edited(
        "workflow/study/sources/synthetic.py",
        "workflow/scripts/measure_ood.py",
        drawing,
        text="ADDED = 1\n",
    )
    assert noticed(touched, {}) == {"images", "ood"}


@pytest.mark.parametrize(
    ("deleted", "rules"),
    [
        ("figures", {"figure_adcs", "report"}),
        ("tables", {"truth_tables", "cover", "report"}),
        ("networks", {"train", "find_maps", "report"}),
        ("data/syn_2.h5", {"images", "report"}),
    ],
)
def test_what_was_deleted_is_made_again_without_naming_it(touched, deleted, rules):
    path, aside = touched.results / deleted, touched.root / "aside"
    path.rename(aside)
    text = planned(touched, {})
    aside.rename(path)
    assert rules <= set(re.findall(r"^(\w+) +\d+$", text.rpartition("Job stats:")[2], re.MULTILINE))
    assert "Reason: Missing output files" in text
    assert "Nothing to be done" in planned(touched, {})


def test_other_contents_of_a_checkpoint_a_split_and_the_rules_are_noticed_and_store_no_images_again(
    touched, edited
):
    edited("my_network.pt")
    rules = noticed(touched, {"adcs": {"split": "validation"}})
    assert rules == {"check", "external_network", "adcs"}


def test_settings_that_change_places_are_noticed(touched):
    rules = noticed(touched, SWAPPED)
    assert {"images", "truth_tables", "external_network"} <= rules
    assert not {"twin", "train", "shortcuts"} & rules


def test_other_numerics_make_all_results_again_and_fetch_no_files(touched):
    """From the images on, which all other steps follow."""
    rules = noticed(touched, {"numerics": "fast"})
    assert "images" in rules and "fetched_files" not in rules


def test_other_classes_store_the_images_of_a_folder_again(touched):
    rules = noticed(
        touched, {"datasets": {"pictures": {"classes": {"spots": "bands", "bands": "dots"}}}}
    )
    assert rules == {"check", "images"}


def test_another_rendition_makes_its_own_tables_and_few_figures_again(touched):
    figures = [
        f"results/test/figures/{path.name}" for path in (touched.results / "figures").glob("*.svg")
    ]
    text = planned(touched, {"ood": {"renditions": ["inverted"]}}, *figures)
    rules = set(re.findall(r"^(\w+) +\d+$", text.rpartition("Job stats:")[2], re.MULTILINE)) - {
        "total"
    }
    of_claims = {"measure_claims", "judge_claims", "figure_claims"}
    assert rules == of_claims | {"ood", "ood_tables", "figure_ood", "figure_renditions"}


def test_other_sizes_of_maps_find_no_maps_again(touched):
    rules = noticed(touched, {"dfm": {"percents": [1, 5, 7]}})
    assert "sizes" in rules and not rules & {"find_maps", "find_part"}


def test_another_device_checks_the_inputs_again_and_computes_nothing(touched):
    text = planned(touched, {"device": "cpu"})
    jobs = re.findall(r"^(\w+) +\d+$", text.rpartition("Job stats:")[2], re.MULTILINE)
    assert {*jobs} - {"all", "total"} <= {"check", "provenance", "show_table", "report"}
    assert "check" in jobs
