"""Mutation testing: small faults are put into the numeric modules, one at a time, and the tests must notice each.

`make mutants` runs it, about an hour on one core. It works on a copy of the checkout in build/mutants, where the table
mutants.csv has a row for each mutant. A run that was stopped goes on from there, and tests mutants again whose rows
were removed. After a change of these modules, remove build/mutants. docs/mutants.md has the survivors.
"""

from __future__ import annotations

import ast
import os
import random
import re
import resource
import shutil
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest
from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import use_db
from cosmic_ray.work_item import MutationSpec
from hypothesis import Phase, settings
from tqdm import tqdm

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "build" / "mutants"
PACKAGE = Path("src/frequency_shortcuts")
COUNT, SEED = 400, 0
# Modules, or folders of modules -> their files of tests, the likeliest to notice first. The first that fits counts.
TESTS = {
    "spectrum/cells.py": "cells",
    "spectrum/controls.py": "controls",
    "spectrum/fills.py": "fills",
    "spectrum/masks.py": "masks spectrum stability",
    "spectrum/waves.py": "waves",
    "spectrum": "spectrum waves cells mixing",
    "maps/adcs.py": "adcs",
    "maps/dfm.py": "dfm",
    "maps/methods/culling/surrogate.py": "prediction culling_screening prediction_reference",
    "maps/methods/culling/audits.py": "culling_screening_audits culling_result",
    "maps/methods/culling/screening.py": "culling_screening culling_screening_audits culling_search",
    "maps/methods/culling/features.py": "culling_features culling_resuming culling_search",
    "maps/methods/culling/evaluator.py": "culling_evaluator culling_resuming culling_search",
    "maps/methods/culling/method.py": "culling_search culling_result method_scores methods",
    "maps/methods/culling/result.py": "culling_result dfm culling_search",
    "maps/methods/culling": "culling_search culling_result culling_resuming",
    "evaluation/shortcuts.py": "shortcuts",
    "evaluation/trials.py": "shortcuts controls",
    "evaluation/verdicts.py": "rates shortcuts",
}
# Every test notices a bit operation on floats, which is an error. `is` in place of `==` is a matter of style.
TRIVIAL = re.compile(r"Operator_(Add|Sub|Mul|Div|FloorDiv|Mod|Pow)_(Bit|LShift|RShift)|_(Is|IsNot)$")
COLUMNS = ["module", "line", "operator", "occurrence", "outcome", "seconds", "test", "before", "after"]
MEMORY = 8 * 2**30  # bytes that the tests of a mutant may take


def draw() -> list[tuple[MutationSpec, str, str]]:
    """COUNT mutants of all, at random, each with its part of `TESTS` and the code of its module with the mutant."""
    parts: dict[Path, str] = {}
    for part in TESTS:
        for path in [PACKAGE / part] if part.endswith(".py") else sorted((PACKAGE / part).glob("*.py")):
            parts.setdefault(path, part)
    with use_db(FOLDER / "all.sqlite") as database:
        init(list(parts), database, {})
        found = [item.mutations[0] for item in database.work_items]
    skipped = {path: list(annotations(path)) for path in parts}
    found = [
        one for one in found
        if not TRIVIAL.search(one.operator_name)
        and not any(first <= one.start_pos < last for first, last in skipped[one.module_path])
    ]  # fmt: skip
    found.sort(key=lambda one: (str(one.module_path), one.operator_name, one.occurrence))
    drawn = []
    for one in random.Random(SEED).sample(found, COUNT + 50):
        operator = get_operator(one.operator_name)(**one.operator_args)
        code = mutate_code(one.module_path.read_text(), operator, one.occurrence)
        try:
            compile(code, one.module_path, "exec")
            drawn.append((one, parts[one.module_path], code))
        except SyntaxError:  # Cosmic Ray takes the `*` of a signature for a multiplication
            continue
    print(f"{COUNT} of {len(found)} mutants")
    return drawn[:COUNT]


def annotations(path: Path) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """First position, and the end, of each annotation of a module: they are not executed."""
    for node in ast.walk(ast.parse(path.read_text())):
        for part in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if part is not None:
                yield (part.lineno, part.col_offset), (part.end_lineno, part.end_col_offset)


def run_tests(part: str, limit: float, which: str = "not slow") -> tuple[str, float, str]:
    """Survived, killed or timed out; the seconds of a core that the tests of a part took; and the test that failed.

    They run in a copy of this process, which has loaded the packages that take longest.
    """
    report = FOLDER / "output.txt"
    if not (child := os.fork()):
        resource.setrlimit(resource.RLIMIT_CPU, (round(limit), round(limit)))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        with open(report, "w") as output:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
        code = 1
        try:
            options = ["-x", "-q", "-m", which, "-p", "no:cacheprovider", "-p", "no:xdist", "--timeout=300"]
            code = pytest.main([*options, "--tb=line", *(f"tests/unit/test_{name}.py" for name in TESTS[part].split())])
        finally:
            os._exit(code)
    _, status, usage = os.wait4(child, 0)
    survived = status == 0 or os.waitstatus_to_exitcode(status) == pytest.ExitCode.NO_TESTS_COLLECTED
    outcome = "timed out" if os.WIFSIGNALED(status) else "survived" if survived else "killed"
    test = re.search(r"^(?:FAILED|ERROR) \S*?(test_\S+)", report.read_text(errors="replace"), re.MULTILINE)
    return outcome, round(usage.ru_utime + usage.ru_stime, 1), test[1] if test else ""


def main() -> None:
    copy, table = FOLDER / "checkout", FOLDER / "mutants.csv"
    ignored = shutil.ignore_patterns(".*", "build", "results", "shared", "__pycache__")
    shutil.copytree(ROOT, copy, ignore=ignored, dirs_exist_ok=True)  # also mends a module that a stop left mutated
    os.chdir(copy)
    sys.path.insert(0, str(copy / "src"))
    os.environ |= {"PYTHONPATH": str(copy / "src"), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    sys.dont_write_bytecode = True  # a module changes more often than the clock of the file system can tell
    for package in ("h5py", "matplotlib.pyplot", "scipy.stats", "torch"):
        import_module(package)
    settings.register_profile("mutants", phases=[Phase.explicit, Phase.generate])  # one failing example is enough
    settings.load_profile("mutants")
    rows = pd.read_csv(table).to_dict("records") if table.exists() else []
    done = {(row["module"], row["operator"], row["occurrence"]) for row in rows}
    mutants, limits = draw(), {}
    for part in TESTS:
        outcome, seconds, _ = run_tests(part, 600)
        if outcome != "survived":
            sys.exit(f"the tests of {part} fail without a mutant: {FOLDER / 'output.txt'}")
        limits[part] = 10 + 3 * seconds
    for one, part, code in tqdm(mutants, unit="mutant"):
        name, line = str(one.module_path.relative_to(PACKAGE)), one.start_pos[0]
        if (name, one.operator_name, one.occurrence) in done:
            continue
        original = one.module_path.read_text()
        one.module_path.write_text(code)
        found = run_tests(part, limits[part])
        if found[0] == "survived":
            found = run_tests(part, 4 * limits[part], "slow")
        one.module_path.write_text(original)
        lines = (text.splitlines()[line - 1].strip() for text in (original, code))
        rows.append(dict(zip(COLUMNS, (name, line, one.operator_name, one.occurrence, *found, *lines), strict=True)))
        pd.DataFrame(rows).to_csv(table, index=False)
    print(pd.DataFrame(rows)["outcome"].value_counts().to_string())


if __name__ == "__main__":
    main()
