"""Put the faults of mutants.csv into the numeric modules, one at a time: the tests must notice each (`make mutants`).

The list is frozen: Cosmic Ray drew 400 faults of 4,746 (a number that is one larger, `+` in place of `-`, a negated
condition, a loop that does not run) in the code of commit c29fe18 (2026-11-27). Each row has the statement before and
after, and whether the tests of commit c983f4d noticed the fault; `note` says why the others change no result. A row is
used as long as its statement stands in the module, also with other names of variables, or in another module. The work
is done on a copy of the checkout in build/mutants, and the outcomes are in build/mutants/outcomes.csv.
"""

import io
import keyword
import os
import re
import resource
import shutil
import sys
import tokenize
from importlib import import_module
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest
from hypothesis import Phase, settings
from tqdm import tqdm

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "build" / "mutants"
PACKAGE = Path("src/frequency_shortcuts")
# Modules, or folders of modules -> their files in tests/unit and tests/slow, the likeliest to notice first. The first
# that fits counts.
TESTS = {
    "spectrum/cells.py": "spectrum",
    "spectrum/controls.py": "controls",
    "spectrum/fills.py": "controls",
    "spectrum/masks.py": "spectrum stability",
    "spectrum/waves.py": "mixing",
    "spectrum": "spectrum mixing",
    "maps/adcs.py": "adcs",
    "maps/dfm.py": "dfm",
    "maps/methods/culling/surrogate.py": "prediction culling_screening",
    "maps/methods/culling/audits.py": "culling_audits culling",
    "maps/methods/culling/screening.py": "culling_screening culling_audits culling",
    "maps/methods/culling/features.py": "culling_evaluator culling",
    "maps/methods/culling/evaluator.py": "culling_evaluator culling",
    "maps/methods/culling/method.py": "culling method_scores methods",
    "maps/methods/culling": "culling dfm",
    "maps/methods": "method* engine culling*",
    "evaluation/verdicts.py": "verdicts shortcuts",
    "evaluation": "shortcuts hits verdicts recall comparison controls",
}
MEMORY = 8 * 2**30  # bytes that the tests of a fault may take
LAYOUT = (tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
LAST_COMMAS = {(",", bracket) for bracket in ")]}"}
FEWEST_TOKENS = 8  # of a statement that is looked for in other modules: `return rows` stands in many
# Share of the names in a statement that did not change: in a long one, its structure says which one it is.
FEWEST_NAMES, FEWEST_OF_LONG, LONG = 0.5, 0.25, 20


class Statement(NamedTuple):
    """A statement without its block: its lines, counted from 1, and its tokens without the layout."""

    first: int
    last: int
    tokens: tuple[str, ...]


class Fault(NamedTuple):
    """Where a row of the list can be applied: a module, the statement there, and the code in its place."""

    module: str
    statement: Statement
    after: str


def statements(code: str) -> list[Statement]:
    """The statements of a module, or of one line of code. A comma before a closing bracket does not count."""
    complete, tokens = [], []
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.NEWLINE:
            texts = [item.string for item in tokens]
            kept = [text for text, following in zip_longest(texts, texts[1:]) if (text, following) not in LAST_COMMAS]
            complete.append(Statement(tokens[0].start[0], tokens[-1].end[0], tuple(kept)))
            tokens = []
        elif token.type not in LAYOUT:
            tokens.append(token)
    return complete


def renamed(before: tuple[str, ...], now: tuple[str, ...]) -> dict[str, str] | None:
    """The names in `before` with those in `now`; None if more than some names differ."""
    if len(before) != len(now):
        return None
    names: dict[str, str] = {}
    for old, new in zip(before, now, strict=True):
        if names.setdefault(old, new) != new or (old != new and not (is_name(old) and is_name(new))):
            return None
    same = [names[old] == old for old in names if is_name(old)]
    least = FEWEST_NAMES if len(before) < LONG else FEWEST_OF_LONG
    is_one_to_one = len(set(names.values())) == len(names)
    return names if is_one_to_one and sum(same) >= least * len(same) else None


def is_name(token: str) -> bool:
    """Whether a token is a name and no keyword."""
    return token.isidentifier() and not keyword.iskeyword(token)


def place(row: pd.Series, modules: dict[str, list[Statement]]) -> Fault | None:
    """Where the statement of a row stands now; None if it is gone."""
    (before,) = statements(row["before"] + "\n")
    own = row["module"]
    others = [name for name in modules if name != own] if len(before.tokens) >= FEWEST_TOKENS else []
    for module in [own, *others] if own in modules else others:
        matches = []
        for statement in modules[module]:
            names = renamed(before.tokens, statement.tokens)
            changes = sum(old != new for old, new in (names or {}).items())
            if names is not None and (module == own or not changes):
                matches.append((changes, abs(statement.first - row["line"]), statement, names))
        if matches:
            *_, statement, names = min(matches, key=lambda match: match[:2])
            after = re.sub(r"\b[^\W\d]\w*\b", lambda word, names=names: names.get(word[0], word[0]), row["after"])
            return Fault(module, statement, after)
    return None


def with_fault(code: str, fault: Fault) -> str:
    """The code of a module with a fault."""
    lines = code.splitlines(keepends=True)
    first = lines[fault.statement.first - 1]
    indent = first[: len(first) - len(first.lstrip())]
    lines[fault.statement.first - 1 : fault.statement.last] = [f"{indent}{fault.after}\n"] if fault.after else []
    return "".join(lines)


def tests_of(module: str) -> str:
    """The key of `TESTS` for a module; empty if it has none."""
    return next((part for part in TESTS if module == part or module.startswith(f"{part}/")), "")


def files_of(part: str, folder: str) -> list[str]:
    """The files of tests of a part in a folder."""
    paths = [path for name in TESTS[part].split() for path in sorted(Path(folder).glob(f"test_{name}.py"))]
    return list(dict.fromkeys(map(str, paths)))


def run_tests(files: list[str], limit: float) -> tuple[str, float]:
    """Noticed or survived, and the seconds of a core that the tests took.

    They run in a copy of this process, which has loaded the packages that take longest.
    """
    if not (child := os.fork()):
        resource.setrlimit(resource.RLIMIT_CPU, (round(limit), round(limit)))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        with open(FOLDER / "output.txt", "w") as output:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
        code = 1
        try:
            code = pytest.main(
                ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--timeout=300", "--tb=line", *files]
            )
        finally:
            os._exit(code)
    _, status, usage = os.wait4(child, 0)
    return "noticed" if status else "survived", usage.ru_utime + usage.ru_stime


def prepared_copy() -> Path:
    """Copy the checkout and load it and the large packages; returns the folder of the copy."""
    copy = FOLDER / "checkout"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "build", "results", "shared", "__pycache__"))
    os.chdir(copy)
    sys.path.insert(0, str(copy / "src"))
    os.environ |= {"PYTHONPATH": str(copy / "src"), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    sys.dont_write_bytecode = True  # a module changes more often than the clock of the file system can tell
    for package in ("h5py", "matplotlib.pyplot", "scipy.stats", "torch"):
        import_module(package)
    settings.register_profile("mutants", phases=[Phase.explicit, Phase.generate])  # one failing example is enough
    settings.load_profile("mutants")
    return copy


def seconds_without_faults(parts: set[str]) -> dict[str, dict[str, float]]:
    """The seconds of a core that the fast and the slow tests of each part take; they must pass."""
    seconds: dict[str, dict[str, float]] = {}
    for part in sorted(parts):
        for folder in ("tests/unit", "tests/slow"):
            if files := files_of(part, folder):
                outcome, taken = run_tests(files, 900)
                if outcome == "noticed":
                    sys.exit(f"the tests of {part} fail without a fault: {FOLDER / 'output.txt'}")
                seconds.setdefault(part, {})[folder] = taken
        if part not in seconds:
            sys.exit(f"{part} has no files of tests: correct TESTS in tests/mutants.py")
    return seconds


def outcome_of(fault: Fault, seconds: dict[str, float]) -> str:
    """Whether the tests notice a fault; those that never end count as noticed."""
    path = PACKAGE / fault.module
    original = path.read_text()
    path.write_text(with_fault(original, fault))
    try:
        for folder, usual in seconds.items():
            if run_tests(files_of(tests_of(fault.module), folder), 10 + 3 * usual)[0] == "noticed":
                return "noticed"
    finally:
        path.write_text(original)
    return "survived"


def main() -> None:
    """Apply every fault that can be applied, and print how many are noticed, then and now."""
    rows = pd.read_csv(Path(__file__).with_suffix(".csv"), keep_default_na=False)
    prepared_copy()
    modules = {
        name: statements(path.read_text())
        for path in sorted(PACKAGE.rglob("*.py"))
        if tests_of(name := str(path.relative_to(PACKAGE)))
    }
    faults = {index: fault for index, row in rows.iterrows() if (fault := place(row, modules)) is not None}
    print(f"{len(rows)} faults; the statements of {len(rows) - len(faults)} are gone")
    seconds = seconds_without_faults({tests_of(fault.module) for fault in faults.values()})
    staying = rows.loc[list(faults)].rename(columns={"outcome": "then"}).assign(now="")
    for index, fault in tqdm(faults.items(), unit="fault"):
        staying.loc[index, "now"] = outcome_of(fault, seconds[tests_of(fault.module)])
        staying.to_csv(FOLDER / "outcomes.csv", index=False)
    for moment in ("then", "now"):
        noticed = (staying[moment] == "noticed").sum()
        print(f"noticed {moment}: {noticed} of {len(staying)}, {noticed / len(staying):.1%}")
    lost = staying[(staying["then"] == "noticed") & (staying["now"] == "survived")]
    print(lost[["module", "line", "before", "after"]].to_string(index=False) if len(lost) else "none is missed anew")


if __name__ == "__main__":
    main()
