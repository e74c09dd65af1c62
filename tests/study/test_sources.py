"""The descriptions of the sources of images, which rules, schema, settings and the check ask."""

import subprocess
import sys

import yaml

from conftest import ROOT
from study.settings import KINDS
from study.sources.registry import BY_NAME, SOURCES


def test_each_source_describes_the_keys_of_its_names_and_has_a_rule_of_its_own():
    for source in SOURCES:
        described = yaml.safe_load(source.keys)
        assert list(described) == list(source.names) and source.kind in KINDS
        for part in described.values():
            assert part.keys() == {"description", "required", "properties"}
            assert set(part["required"]) <= set(part["properties"])
    assert len({source.rule for source in SOURCES}) == len(SOURCES) and len(BY_NAME) > len(SOURCES)


def test_snakemake_starts_without_the_packages_that_only_jobs_need():
    heavy = "{'torch', 'torchvision', 'scipy', 'pandas', 'h5py', 'PIL'}"
    code = f"import sys, study.configuration, study.states; print({heavy} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "workflow", text=True, capture_output=True)
    assert done.stdout == "set()\n", done.stderr
