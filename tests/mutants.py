"""Put small faults into the numeric modules, one at a time: the tests must notice each (`make mutants`).

`python tests/mutants.py draw` draws 400 of all faults at random into mutants.csv: a number that is one larger, `+` in
place of `-`, a negated condition, a loop that does not run. Each row has the head of a statement before and after; the
first run adds whether the tests noticed it. A row is used as long as its statement stands in the module, unless `note`
says why it changes no result. All tests run once first, which tells which of them run a statement; a fault is
tried with these, the quickest first. Two processes work on two copies of the checkout, and the outcomes are in
build/mutants/outcomes.csv.
"""

import ast
import copy
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
from coverage import CoverageData
from hypothesis import Phase, settings
from tqdm import tqdm

ROOT = Path(__file__).parents[1]
LIST = Path(__file__).with_suffix(".csv")
FOLDER = ROOT / "build" / "mutants"
PACKAGE = Path("src/frequency_shortcuts")
NUMERIC = ("intervals.py", "spectrum", "maps", "evaluation")
MEMORY = 8 * 2**30  # bytes that the tests of a fault may take
COUNT = 400
OPERATORS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.And: ast.Or,
    ast.Or: ast.And, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.USub: ast.UAdd,
}  # fmt: skip
BLOCKS = ("body", "orelse")  # of a statement, which a fault in its head leaves as they are
WITHOUT_FAULTS = (ast.Import, ast.ImportFrom, ast.Raise, ast.ClassDef, ast.Try, ast.Pass)


def bare(statement: ast.stmt) -> ast.stmt:
    """A copy of a statement without its blocks."""
    alone = copy.copy(statement)
    if hasattr(alone, "body"):
        alone.body = [ast.Pass()]
        if hasattr(alone, "orelse"):
            alone.orelse = []
    return copy.deepcopy(alone)


def head(statement: ast.stmt) -> str:
    """The code of a statement without its blocks."""
    return ast.unparse(bare(statement)).removesuffix("\n    pass")


def statements(tree: ast.Module) -> list[ast.stmt]:
    """The statements that may have a fault: no docstrings, errors and imports."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.stmt) and not isinstance(node, WITHOUT_FAULTS)]
    return [node for node in found if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]


def parts(node: ast.AST) -> list[ast.AST]:
    """A node and all below it, without annotations and decorators."""
    inner = (value for name, value in ast.iter_fields(node) if name not in ("annotation", "returns", "decorator_list"))
    children = [child for value in inner for child in (value if isinstance(value, list) else [value])]
    return [node, *(part for child in children if isinstance(child, ast.AST) for part in parts(child))]


def change(node: ast.AST, place: int) -> bool:
    """Change a part of a statement; returns false if there is no such place in it, or nothing to change."""
    if isinstance(node, ast.Compare) and place < len(node.ops) and type(node.ops[place]) in OPERATORS:
        node.ops[place] = OPERATORS[type(node.ops[place])]()
    elif place:
        return False
    elif type(getattr(node, "op", None)) in OPERATORS:
        node.op = OPERATORS[type(node.op)]()
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        node.value += 1
    elif isinstance(node, ast.If | ast.While | ast.IfExp) and ast.unparse(node.test) != "TYPE_CHECKING":
        node.test = ast.UnaryOp(ast.Not(), node.test)
    elif isinstance(node, ast.For):
        node.iter = ast.List([], ast.Load())
    else:
        return False
    return True


def faults(code: str) -> list[tuple[int, str, str]]:
    """Every fault of a module: its line, and the head of its statement before and after."""
    found = []
    for statement in statements(ast.parse(code)):
        for number, part in enumerate(parts(bare(statement))):
            for place in range(len(part.ops) if isinstance(part, ast.Compare) else 1):
                changed = bare(statement)
                if change(parts(changed)[number], place):
                    found.append((statement.lineno, head(statement), ast.unparse(changed).removesuffix("\n    pass")))
    return found


def statement_of(tree: ast.Module, row: pd.Series) -> ast.stmt | None:
    """The statement that a fault is in; None if it is gone."""
    there = [statement for statement in statements(tree) if head(statement) == row["before"]]
    return min(there, key=lambda one: abs(one.lineno - row["line"]), default=None)


def with_fault(code: str, row: pd.Series) -> tuple[str, range] | None:
    """The code of a module with a fault, and the lines that the fault is in; None if its statement is gone."""
    tree = ast.parse(code)
    if (statement := statement_of(tree, row)) is None:
        return None
    body = getattr(statement, "body", ())
    end = body[0].lineno if body else (statement.end_lineno or statement.lineno) + 1
    (changed,) = ast.parse(row["after"] + "\n    pass" * bool(body)).body
    for name in set(statement._fields).difference(BLOCKS if body else ()):
        setattr(statement, name, getattr(changed, name))
    return ast.unparse(tree), range(statement.lineno, max(end, statement.lineno + 1))


def modules() -> dict[str, Path]:
    """The numeric modules by their names in the package."""
    names = {str(path.relative_to(ROOT / PACKAGE)): path for path in sorted((ROOT / PACKAGE).rglob("*.py"))}
    return {name: path for name, path in names.items() if name.split("/")[0] in NUMERIC}


def run_all_tests() -> None:
    """Run the tests once, and store which of them run which line, and their seconds."""
    how = ["-q", "--numprocesses=2", f"--junitxml={FOLDER / 'seconds.xml'}", "--cov", "--cov-context=test"]
    environment = os.environ | {"COVERAGE_FILE": str(FOLDER / "lines"), "OMP_NUM_THREADS": "1"}
    tests = ["tests/slow", "tests/study", "tests/unit"]
    subprocess.run(["pytest", *how, "--cov-report=", *tests], cwd=ROOT, env=environment, check=True)


class Tests:
    """The tests that run each statement, as `run_all_tests` found them."""

    def __init__(self) -> None:
        cases = ElementTree.parse(FOLDER / "seconds.xml").iter("testcase")
        of = {f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}": case for case in cases}
        self.seconds = {test: float(case.get("time", 0)) for test, case in of.items()}
        self._data = CoverageData(str(FOLDER / "lines"))
        self._data.read()

    def of(self, module: str, lines: Sequence[int]) -> list[str]:
        """The tests that run one of these lines of a module, or any line if an import alone runs these; quickest first.

        What a fixture runs, the other tests of its file may read.
        """
        by_line = self._data.contexts_by_lineno(str(ROOT / PACKAGE / module))
        found = {test for line in lines for test in by_line.get(line, ())} - {""}
        found = found or {test for tests in by_line.values() for test in tests} - {""}
        files = {test.split("::")[0] for test in found if test.endswith("|setup")}
        tests = {test.rpartition("|")[0] for test in found} | {
            test for test in self.seconds if test.split("::")[0] in files
        }
        return sorted(tests & set(self.seconds), key=lambda test: self.seconds[test])


def run_tests(tests: list[str], limit: float) -> str:
    """Whether tests, which may take some seconds, notice a fault.

    They run in a copy of this process, which has loaded the packages that take longest.
    """
    if not (child := os.fork()):
        resource.setrlimit(resource.RLIMIT_CPU, (round(limit), round(limit)))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        with open("output.txt", "w") as output:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
        code = 1
        try:
            code = pytest.main(
                ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--timeout=300", "--tb=line", *tests]
            )
        finally:
            os._exit(code)
    return "noticed" if os.waitpid(child, 0)[1] else "survived"


def prepare_copy() -> None:
    """Copy the checkout, which becomes the working folder, and load it and the large packages."""
    checkout = FOLDER / str(os.getpid())
    shutil.copytree(ROOT, checkout, ignore=shutil.ignore_patterns(".*", "build", "results", "shared", "__pycache__"))
    os.chdir(checkout)
    sys.path.insert(0, str(checkout / "src"))
    os.environ |= {"PYTHONPATH": str(checkout / "src"), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    sys.dont_write_bytecode = True  # a module changes more often than the clock of the file system can tell
    for package in ("h5py", "matplotlib.pyplot", "scipy.stats", "torch"):
        import_module(package)
    settings.register_profile("mutants", phases=[Phase.explicit, Phase.generate])  # one failing example is enough
    settings.load_profile("mutants")


def outcome_of(module: str, code: str, tests: list[str], seconds: float) -> str:
    """Whether the tests, which take this long, notice a fault, which `code` has. To run without end is to notice it."""
    path = PACKAGE / module
    original = path.read_text()
    path.write_text(code)
    try:
        return run_tests(tests, 30 + 3 * seconds) if tests else "survived"
    finally:
        path.write_text(original)


def draw() -> None:
    """Write a new list."""
    rows = [(name, *fault, "", "") for name, path in modules().items() for fault in faults(path.read_text())]
    table = pd.DataFrame(rows, columns=["module", "line", "before", "after", "outcome", "note"])
    table.sample(COUNT, random_state=0).sort_index().to_csv(LIST, index=False)
    print(f"{COUNT} of {len(table)} faults are in {LIST}")


def main() -> None:
    """Apply every fault that can be applied, and print how many are noticed, then and now."""
    rows = pd.read_csv(LIST, keep_default_na=False)
    texts = {name: path.read_text() for name, path in modules().items()}
    tried = rows[rows["note"] == ""]
    all_codes = {i: with_fault(texts[row["module"]], row) for i, row in tried.iterrows() if row["module"] in texts}
    codes = {index: code for index, code in all_codes.items() if code is not None}
    without_result, gone = len(rows) - len(tried), len(tried) - len(codes)
    print(f"{len(rows)} faults: {without_result} change no result, and the statements of {gone} are gone")
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    run_all_tests()
    tests = Tests()
    work = []
    for index, (code, lines) in codes.items():
        module = rows["module"][index]
        of = tests.of(module, lines)
        work.append((module, code, of, sum(tests.seconds[test] for test in of)))
    staying = rows.loc[list(codes)].rename(columns={"outcome": "then"}).assign(now="")
    used = sorted({test for _, _, of, _ in work for test in of})
    with ProcessPoolExecutor(2, initializer=prepare_copy) as pool:
        without = [("intervals.py", texts["intervals.py"], part, 600.0) for part in (used[::2], used[1::2])]
        if "noticed" in pool.map(outcome_of, *zip(*without, strict=True)):
            sys.exit(f"tests fail without a fault: {FOLDER}/*/output.txt")
        outcomes = pool.map(outcome_of, *zip(*work, strict=True))
        for index, outcome in zip(codes, tqdm(outcomes, total=len(codes), unit="fault"), strict=True):
            staying.loc[index, "now"] = outcome
            staying.to_csv(FOLDER / "outcomes.csv", index=False)
    if not rows["outcome"].any():  # of a list that was drawn just now
        rows.assign(outcome=staying["now"]).to_csv(LIST, index=False)
    for moment in ("then", "now"):
        noticed = (staying[moment] == "noticed").sum()
        print(f"noticed {moment}: {noticed} of {len(staying)}, {noticed / len(staying):.1%}")
    lost = staying[(staying["then"] != "survived") & (staying["now"] == "survived")]
    print(lost[["module", "line", "before", "after"]].to_string(index=False) if len(lost) else "none is missed anew")


if __name__ == "__main__":
    draw() if "draw" in sys.argv[1:] else main()
