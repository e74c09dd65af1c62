"""`make same`: are tables, weights, maps and scores of the studies that ran those that docs/data describes?

A digest is of one column of a table in the rows of one key (data set, seed, method ...), of the weights of a network,
or of one array of a map file. So what is gone or new does not hide whether the rest is equal. Of studies that take
long, `python -m bench.three_seeds` trains three seeds.
"""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import h5py
import pandas as pd
from safetensors.torch import load_file

from frequency_shortcuts.networks.weights import weights_digest
from frequency_shortcuts.storage.tables import RUN, write_table

from . import DATA, ROOT

FILE, SEEDS = "digests.csv", "seeds.csv"  # of what a study made, and of what `three_seeds` did
PROVENANCE = Path("tables", "provenance.csv")
KEY = ["file", "rows", "column"]
LEFT_OUT = ("runtimes", "provenance")  # tables that differ from run to run
DIFFERENT = ("wall_s", "seconds")  # columns that do
ROWS = (
    *RUN,
    "method",
    "ranking",
    "truth",
    "claim",
    "variant",
    "removed",
    "case",
    "training",
    "set",
    "suite",
    "aim",
)
ARRAYS = ("loss_increment", "rank", "evaluated", "score", "mask")
DIGITS = 16


def of_table(table: pd.DataFrame) -> Iterator[tuple[str, str, str]]:
    """Key of rows, column and digest of each column in the rows of each key, from a table of text."""
    table = table.drop(columns=[name for name in DIFFERENT if name in table])
    keys = [name for name in ROWS if name in table]
    for key, rows in table.groupby(keys, sort=False) if keys else [((), table)]:
        for column in rows.columns.difference(keys, sort=False):
            yield (
                "/".join(key),
                str(column),
                hashlib.sha256("\n".join(rows[column]).encode()).hexdigest(),
            )


def as_text(path: Path) -> pd.DataFrame:
    """A CSV as it is written, so that the digits of numbers do not depend on what other rows hold."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def of_arrays(path: Path) -> Iterator[tuple[str, str, str]]:
    """Name and digest of each score and mask of a map file."""
    with h5py.File(path) as file:
        names: list[str] = []
        file.visit(names.append)
        for name in names:
            if name.split("/")[0] in ARRAYS and isinstance(file[name], h5py.Dataset):
                values = file[name][()]
                kind = f"{values.dtype} {values.shape}"
                yield "", name, hashlib.sha256(kind.encode() + values.tobytes()).hexdigest()


def digests(study: Path) -> pd.DataFrame:
    """The digests of the tables, weights and maps below a folder, and of a table of its name; see `KEY`, `sha256`."""
    found: list[tuple[str, str, str, str]] = []
    for path in sorted(study.glob("**/*")):
        name = str(path.relative_to(study))
        if name.startswith("."):  # copies that wait for a failed step
            continue
        of_study = (
            path.parent.name in ("tables", "analysis")
            or name == f"{study.name}.csv"
            or path.name == "harm.csv"
        )
        if path.suffix == ".csv" and of_study and path.stem not in LEFT_OUT:
            found += [(name, *column) for column in of_table(as_text(path))]
        elif path.name == "weights.safetensors":
            found.append((name, "", "", weights_digest(load_file(path))))
        elif path.suffix == ".h5" and name.split("/")[0] in ("dfm", "maps"):
            found += [(name, *array) for array in of_arrays(path)]
    return pd.DataFrame(
        [(*key, digest[:DIGITS]) for *key, digest in found], columns=[*KEY, "sha256"]
    )


def write(study: Path, target: Path) -> None:
    """Write the digests of a study to the folder `target`; measurements of speed have none."""
    if len(found := digests(study)):
        write_table(found, target / FILE)


def compare(found: pd.DataFrame, expected: pd.DataFrame) -> tuple[list[str], bool]:
    """What of the expected digests is the same, in lines, and whether all of it is; what is new does not count."""
    both = expected.merge(found, on=KEY, how="outer", suffixes=("", "_here"), indicator=True)
    state = (
        both["_merge"]
        .map({"left_only": "missing here", "right_only": "only here", "both": "same"})
        .astype(str)
    )
    state[(state == "same") & (both["sha256"] != both["sha256_here"])] = "differs"
    lines = [f"{(state == 'same').sum()} of {len(expected)} digests are the same."]
    for (file, word), rows in both[state != "same"].groupby(["file", state], sort=False):
        columns = ", ".join(dict.fromkeys(filter(None, rows["column"])))
        lines.append(f"  {file}: {len(rows)} {word}{f' ({columns})' if columns else ''}")
    return lines, bool(state.isin(["same", "only here"]).all())


def main() -> None:
    """Print the comparisons; status 1 if something differs, or nothing could be compared."""
    equal = []
    for file in sorted(DATA.glob(f"*/{FILE}")) + sorted(DATA.glob(f"*/{SEEDS}")):
        target, name = file.parent, file.parent.name
        study = ROOT / "results" / (name if file.name == FILE else f"three_seeds_{name}")
        if not study.exists():
            print(f"{study.name}: has not run here\n")
            continue
        found = digests(study) if file.name == FILE else as_text(study / FILE)
        lines, same = compare(found, as_text(file))
        equal.append(same)
        if not same and all((folder / PROVENANCE).exists() for folder in (study, target)):
            lines.append(
                f"Versions and settings: {target / PROVENANCE} there, {study / PROVENANCE} here"
            )
        print("\n".join([f"{study.name}:", *lines, ""]))
    sys.exit(not (equal and all(equal)))


if __name__ == "__main__":
    main()
