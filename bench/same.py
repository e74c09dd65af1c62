"""`make same`: are the tables and weights of the default study and of the findings those that docs/data describes?"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pandas as pd
from safetensors.torch import load_file

from frequency_shortcuts.networks.fingerprint import weights_digest
from frequency_shortcuts.storage.tables import read_table, write_table

from .markdown import DOCS, ROOT

STUDIES = {"laptop": "study", "findings": "findings"}  # with their targets of make
FILE = "digests.csv"
LEFT_OUT = ("runtimes", "provenance")  # tables that differ from run to run
KINDS = {".csv": "tables", ".safetensors": "networks"}
# The rows of the provenance that say why numbers can differ.
REASONS = ("commit", "configuration", "devices of the networks", "threads of a job", "numerics", "platform")
REASONS += ("processor", "instructions of PyTorch", "libraries of PyTorch")


def digests(study: Path) -> dict[str, str]:
    """SHA-256 of each table's bytes and of each network's weights, by path in the folder of the study."""
    tables = (path for path in sorted(study.glob("tables/*.csv")) if path.stem not in LEFT_OUT)
    found = {str(path.relative_to(study)): hashlib.sha256(path.read_bytes()).hexdigest() for path in tables}
    weights = sorted(study.glob("networks/**/weights.safetensors"))
    return found | {str(path.relative_to(study)): weights_digest(load_file(path)) for path in weights}


def write(study: Path, target: Path) -> None:
    """Write the digests of a study to the folder `target`."""
    found = digests(study)
    write_table(pd.DataFrame({"path": list(found), "sha256": list(found.values())}), target / FILE)


def compare(study: Path, target: Path) -> tuple[list[str], bool]:
    """What is the same as in the folder `target`, in lines, and whether all of it is.

    Raises FileNotFoundError if the study has not run, or the folder has no digests.
    """
    if not (study / "tables" / "provenance.csv").exists():
        raise FileNotFoundError(f"{study} holds no finished study: run make {STUDIES[study.name]} first")
    if not (target / FILE).exists():
        raise FileNotFoundError(f"{target / FILE} is missing: make gallery writes it from a finished study")
    expected, found = read_table(target / FILE).set_index("path")["sha256"].to_dict(), digests(study)
    lines = []
    for suffix, kind in KINDS.items():
        names = [name for name in (expected | found) if name.endswith(suffix)]
        equal = [name for name in names if expected.get(name) == found.get(name)]
        lines.append(f"{len(equal)} of {len(names)} {kind} are the same.")
        for name in sorted({*names} - {*equal}):
            states = (expected, "only here"), (found, "missing here")
            lines.append(f"  {name}: {next((text for other, text in states if name not in other), 'differs')}")
    if expected == found:
        return lines, True
    there, here = (
        read_table(folder / "tables" / "provenance.csv").set_index("key")["value"].astype(str)
        for folder in (target, study)
    )
    facts = pd.concat([there, here], axis=1, keys=["there", "here"], sort=False).fillna("not recorded")
    facts = facts[
        (facts["there"] != facts["here"]) & (facts.index.isin(REASONS) | facts.index.str.match("version of |data set "))
    ]
    what = [f"  {key}: {row['there']} there, {row['here']} here" for key, row in facts.iterrows()]
    return [*lines, "", "What else differs:", *(what or ["  nothing that the provenance records"])], False


def main() -> None:
    """Print the comparisons; status 1 if something differs, or nothing could be compared."""
    equal = []
    for name in STUDIES:
        try:
            lines, same = compare(ROOT / "results" / name, DOCS / "data" / name)
            equal.append(same)
        except FileNotFoundError as error:
            lines = [str(error)]
        print("\n".join([f"{name}:", *lines, ""]))
    sys.exit(not (equal and all(equal)))


if __name__ == "__main__":
    main()
