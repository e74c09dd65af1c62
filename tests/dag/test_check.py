"""What is found before the first job: mistakes in a configuration, and in what it names."""

import copy
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from snakemake.utils import update_config

from checkouts import PICTURES, ROOT, checkout

sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

import check_inputs
from study.configuration import mistakes
from study.dependencies import UNCHECKED

FOLDER = {
    key: value for key, value in PICTURES["datasets"]["pictures"].items() if key != "stylised"
}
FOLDER["shares"] = {"validation": 0.5, "test": 0.5}
OWN = {  # the study of a user who trains nothing, as of config/own.yaml
    "study": "own",
    "plan": [
        {
            "datasets": ["pictures"],
            "networks": ["my_network"],
            "augmentations": ["none"],
            "seeds": [0],
        }
    ],
    "datasets": {"pictures": FOLDER},
    "networks": PICTURES["networks"],
    "graded": {"sets": 0},
    "transfer": [],
}


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    return checkout(tmp_path_factory.mktemp("own"))


def test_snakemake_stops_before_anything_runs(own):
    (own.root / "wrong.yaml").write_text("culling: {method: fast, parts: 1}\n")
    done = own.snakemake("--cores", "1", extra=["wrong.yaml"])
    assert done.returncode != 0 and "- culling.method: 'fast' is not allowed" in done.stdout
    assert "Traceback" not in done.stdout
    assert not own.results.exists()


def test_own_without_a_network_of_ones_own_says_what_to_do(own):
    done = own.snakemake("own", "--dry-run", configs=["config/test.yaml"])
    assert (
        done.returncode != 0
        and "no network in the plan is your own: copy config/own.yaml" in done.stdout
    )


def test_all_mistakes_are_named_at_once_each_with_its_place(own, monkeypatch):
    """By the script of `snakemake check`, without Snakemake."""
    for name in ("one", "circle"):
        (own.root / name).mkdir()
        (own.root / name / "bands").symlink_to(own.root / "pictures" / "bands")
    (own.root / "circle" / "dots").mkdir()
    (own.root / "circle" / "dots" / "odd.png").symlink_to("odd.png")
    plain = {key: value for key, value in FOLDER.items() if key not in ("classes", "ood")}
    config, whole = (
        copy.deepcopy(OWN),
        yaml.safe_load((ROOT / "config" / "config.yaml").read_text()),
    )
    config["datasets"] |= {
        "single": plain | {"root": "one"},
        "circular": plain | {"root": "circle"},
        "twin": FOLDER | {"ood": {"root": "twin", "renditions": ["grey"]}},
    }
    config["plan"][0]["datasets"] = list(config["datasets"])
    config["networks"]["my_network"] |= {"mean": [127] * 3, "std": [60] * 3}
    update_config(whole, config)
    assert mistakes(whole) == []
    monkeypatch.chdir(own.root)
    settings = {
        name: part for name, part in whole.items() if name not in UNCHECKED
    }  # no others: it could not see them change
    job = SimpleNamespace(
        config=whole, params=SimpleNamespace(settings=settings), input=[], output=["checked.txt"], log=["check.log"],
        rule="check", threads=1, resources=SimpleNamespace(scheduled=0),
    )  # fmt: skip
    with pytest.raises(SystemExit):
        check_inputs.main(job)
    assert not Path("checked.txt").exists()
    errors = Path("check.log").read_text().partition("ERROR: ")[2]
    for sentence in (
        r"datasets\.single: it has 1 class",
        r"datasets\.circular: circle: files that do not exist: 1 \(dots/odd.png\); classes without",
        r"datasets\.twin: .*without a folder: spots, bands, checks",
        r"networks\.my_network: mean .* cannot be normalised with",
    ):
        assert re.search(sentence, errors), errors


def test_no_job_starts_before_the_check_even_if_others_go_on_after_an_error(own):
    """As under SLURM, where jobs are submitted at once and go on without those that failed."""
    config = copy.deepcopy(OWN)
    config["datasets"]["pictures"]["root"], config["networks"]["my_network"]["checkpoint"] = (
        "nowhere",
        "none.pt",
    )
    (own.root / "broken.yaml").write_text(yaml.safe_dump(config))
    options = ["--cores", "2", "--keep-going"]
    done = own.snakemake("own", *options, configs=["broken.yaml"])
    assert done.returncode != 0 and done.stdout.count("names things that cannot be used") == 1, (
        done.stdout
    )
    assert "- datasets.pictures: no folder nowhere" in done.stdout
    assert (
        "- networks.my_network: no weights at none.pt" in done.stdout
        and "Traceback" not in done.stdout
    )
    results = own.root / "results" / "own"
    assert not [path for end in ("h5", "safetensors", "svg") for path in results.rglob(f"*.{end}")]
