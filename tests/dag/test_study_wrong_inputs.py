"""Each kind of step refuses a wrong input in one sentence, and what it made before stays."""

import csv
import hashlib
import os
import re
import shutil
import subprocess
from collections import defaultdict

import pytest

from checkouts import Study

REFUSED = (
    r"ERROR in {rule}: (\S+) (?:is not what its step|and \d more are not what their steps) wrote: (rm [^,]+), then the "
    r"same command, or rm [^,]+\.json, to accept it"
)


@pytest.fixture(scope="module")
def copied(study, tmp_path_factory):
    """A copy of the finished study."""
    return Study(shutil.copytree(study.root, tmp_path_factory.mktemp("copied") / "study"))


def contents(study):
    """SHA-256 of each file of the study but the logs."""
    files = (path for path in study.results.rglob("*") if path.is_file() and study.results / "logs" not in path.parents)
    return {path.relative_to(study.root): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def spoil(path):
    """Flip a bit in the middle of a file, or of one in a folder, and keep its time; returns what undoes it."""
    path = max(path.rglob("*.gz")) if path.is_dir() else path
    status, whole = path.stat(), path.read_bytes()

    def put(content):
        path.write_bytes(content)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    put(whole[: len(whole) // 2] + bytes([whole[len(whole) // 2] ^ 1]) + whole[len(whole) // 2 + 1 :])
    return lambda: put(whole)


def steps_in_levels(study):
    """A job of each rule that reads what another one wrote: rule, an output and these inputs, in levels.

    No step in a level follows from another one there.
    """
    lines = study.snakemake("--detailed-summary").stdout.splitlines()
    rows = csv.DictReader([line for line in lines if line.count("\t") == 7], delimiter="\t")
    jobs = {row["output_file"]: (row["rule"], row["input-file(s)"].split(",")) for row in rows}
    inputs = {output: [path for path in given if path in jobs] for output, (_, given) in jobs.items()}
    before = {}  # output -> all that it follows from

    def follows_from(output):
        if output not in before:
            before[output] = set(inputs[output]).union(*map(follows_from, inputs[output]))
        return before[output]

    level_of, levels = {}, defaultdict(list)
    for output in sorted(jobs, key=lambda output: len(follows_from(output))):
        rule = jobs[output][0]
        there = all((study.root / path).exists() for path in jobs[output][1])  # not temporary ones
        if inputs[output] and there and rule not in {of for some in levels.values() for of, *_ in some}:
            # All outputs of the rules before count, since the others of a job have the same level.
            level = 1 + max((level_of.get(jobs[path][0], 0) for path in before[output]), default=0)
            level_of[rule] = level
            levels[level].append((rule, output, inputs[output]))
    return [levels[level] for level in sorted(levels)]


def test_the_command_in_the_sentence_makes_the_file_again(copied):
    table, spectra = copied.results / "tables" / "truth.csv", copied.results / "adcs" / "plant_present.h5"
    expected = table.read_bytes(), hashlib.sha256(spectra.read_bytes()).hexdigest()
    spoil(spectra)
    target = str(table.relative_to(copied.root)), "--cores", "1", "--rerun-triggers", "mtime"
    refused = copied.snakemake(*target, "--force")
    named = re.search(REFUSED.format(rule="truth_tables"), refused.stdout)
    assert refused.returncode != 0 and named[1] == str(spectra.relative_to(copied.root)), refused.stdout
    assert "Traceback" not in refused.stdout and table.read_bytes() == expected[0]
    subprocess.run(named[2], shell=True, cwd=copied.root, check=True)
    done = copied.snakemake(*target)
    assert done.returncode == 0, done.stdout
    assert (table.read_bytes(), hashlib.sha256(spectra.read_bytes()).hexdigest()) == expected
    assert "Nothing to be done" in copied.snakemake(*target).stdout


def test_each_rule_refuses_a_flipped_bit_and_loses_nothing(copied):
    before, refused = contents(copied), set()
    for steps in steps_in_levels(copied):
        spoiled = {given[len(output) % len(given)] for _, output, given in steps}
        undo = [spoil(copied.root / path) for path in spoiled]
        targets, rules = ([step[i] for step in steps] for i in (1, 0))
        done = copied.snakemake(
            *targets, "--force", "--keep-going", "--cores", "2", "--resources", "gpu=1", "--allowed-rules", *rules
        )
        for rule, _, given in steps:
            named = re.search(REFUSED.format(rule=rule), done.stdout)
            assert named and named[1] in spoiled.intersection(given), done.stdout
            refused.add(rule)
        for restore in undo:
            restore()
        assert "Traceback" not in done.stdout and contents(copied) == before
    assert len(refused) >= 37
    planned = copied.snakemake("--dry-run").stdout
    assert "Nothing to be done" not in planned  # what was refused runs again
