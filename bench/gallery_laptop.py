"""The numbers and tables that README and docs take from the default study; pages/laptop.md.jinja has the sentences."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from frequency_shortcuts.evaluation.truth import FOUND
from frequency_shortcuts.findings import sentences
from frequency_shortcuts.findings.headlines import VERDICTS, flip_answer
from frequency_shortcuts.storage.tables import NETWORK, RUN, read_table

from .markdown import listed, table

BASELINE = "dataset == 'fashion_mnist' and network == 'resnet18_w8' and augmentation == 'none'"
RANKINGS = {"dfm": "maps: AP", "dfm_size": "by size: AP", "random": "random rankings: AP"}
SYN = {"C1": "raised diagonals (C1 of Syn)", "C2": "raised axes (C2 of Syn)", "C3": "a band that is absent (C3 of Syn)"}


def read(study: Path, name: str) -> pd.DataFrame:
    """A table of the study."""
    return read_table(study / "tables" / f"{name}.csv")


def whole_times(study: Path) -> pd.DataFrame:
    """The run times of the study. Raises ValueError if jobs were resumed: their times are of the last attempt only."""
    measured = read(study, "runtimes")
    if resumed := int(measured["resumed"].ne(False).sum()):
        raise ValueError(f"{study}: {resumed} jobs were resumed, or have no log; run these again without a stop")
    return measured


def results(study: Path) -> str:
    """One row a network: accuracy, and the verdicts of its classes by the headline."""
    verdicts = read(study, "shortcuts").query("headline").groupby(NETWORK, sort=False)
    rows = []
    for key, networks in read(study, "networks").groupby(NETWORK, sort=False):
        tests = verdicts.get_group(key)
        count, measure = tests["verdict"].value_counts(), tests["tpr_dfm"] - tests["fpr_dfm"]
        strong = tests["verdict"] == "strong"
        rows.append(
            [*key, len(networks), f"{networks['test_accuracy'].mean():.2f}", tests["fill"].iloc[0],
             f"{measure.mean():.2f}", f"{(measure - tests['margin']).mean():.2f}",
             *(count.get(verdict, 0) for verdict in VERDICTS), (~tests["verdict"].isin(VERDICTS)).sum(),
             tests.loc[strong, "low_frequency"].eq(True).sum()]
        )  # fmt: skip
    header = ["data set", "network", "augmentation", "seeds", "test accuracy", "fill", "map: TPR - FPR"]
    verdict = [*VERDICTS, "no verdict", "strong, low frequencies do as well"]
    return table([*header, "closest control: TPR - FPR", *verdict], rows)


def flips(study: Path) -> str:
    """In how many networks a class is followed or needed, and which."""
    return flip_answer(read(study, "flips"), most=12)


def strong_maps(study: Path, part: str) -> str:
    """How many maps of the photographs are strong under each fill, of the tests that keep or remove them."""
    verdicts = read(study, "shortcuts").query(f"{BASELINE} and part == '{part}'")
    strong = verdicts["verdict"].eq("strong").groupby(verdicts["fill"], sort=False).agg(["sum", "count"])
    return listed(f"{row['sum']} of {row['count']} with {fill}" for fill, row in strong.iterrows())


def specific(study: Path) -> tuple[int, int]:
    """How many maps of photographs are strong, kept with zeros elsewhere, over all kinds of networks, and of how many.

    These are enough for their class, and above the map of each other class and random masks.
    """
    verdicts = read(study, "shortcuts").query("headline and fill == 'zeros'")["verdict"]
    return int(verdicts.eq("strong").sum()), len(verdicts)


def low_pass(study: Path) -> tuple[int, int]:
    """In how many tests the low-pass mask does at least as well as the map, of how many."""
    kept = read(study, "shortcuts").query(f"{BASELINE} and part == 'keep'")
    rates = {kind: kept[f"tpr_{kind}"] - kept[f"fpr_{kind}"] for kind in ("dfm", "low_pass")}
    return int((rates["low_pass"] >= rates["dfm"]).sum()), len(kept)


def by_class(study: Path) -> pd.DataFrame:
    """A row for each network and class whose planted mask is used: average precisions, `found`, `above` chance, `cue`.

    A map is above chance if it is so by the value of the increments and by their size. Increments of about zero outrank
    negative ones, so that a ranking by value alone seems to contain frequencies at which the class has no energy.
    """
    scores = read(study, "truth").query("truth == 'own' and cut == 'percent' and uses == True")
    scores = scores.drop_duplicates([*RUN, "class", "ranking"])  # the same for maps of all sizes
    values = ["average_precision", "average_precision_high"]
    wide = scores.pivot_table(values, [*RUN, "class"], "ranking", sort=False)
    rows, high = wide["average_precision"].copy(), wide["average_precision_high", "random"]
    rows["above"] = (rows["dfm"] > high) & (rows["dfm_size"] > high)
    rows["found"] = rows["dfm"] >= FOUND
    rows = rows.reset_index()
    return rows.assign(cue=[cue(dataset, name) for dataset, name in zip(rows["dataset"], rows["class"], strict=True)])


def cue(dataset: str, name: str) -> str:
    """What was planted for a class, in words; sets that differ only in their number count as one."""
    return SYN[name] if dataset.startswith("syn_") else re.sub(r"_?\d+$", "", dataset.removeprefix("plant_"))


def truth(study: Path) -> str:
    """One row a kind of cue: in how many classes of networks it is found, or above chance."""
    lines = [
        [kind, len(rows), rows["found"].sum(), rows["above"].sum(), *(f"{rows[name].mean():.2f}" for name in RANKINGS)]
        for kind, rows in by_class(study).groupby("cue", sort=False)
    ]
    header = ["cue", "classes of networks", f"found (AP at least {FOUND})", "above chance"]
    return table([*header, *RANKINGS.values()], lines)


def planted_masks(study: Path) -> dict[str, Any]:
    """How many planted masks there are, how many networks use, the unused ones, and what maps find of the used ones."""
    use, rows = read(study, "planted_use"), by_class(study)
    return {
        "count": len(use),
        "used": use["uses"].sum(),
        "unused": use[~use["uses"]].to_dict("records"),
        "found": rows["found"].sum(),
    }


def sizes(study: Path) -> dict[str, Any]:
    """The size of the tested maps in percent and their most positions, and the positions of each planted mask."""
    percent = yaml.safe_load((study / "config.yaml").read_text())["shortcuts"]["percent"]
    scores = read(study, "truth").query("ranking == 'dfm' and cut == 'percent'")
    return {
        "percent": percent,
        "of_maps": scores.loc[scores["percent"] == percent, "positions"].max(),
        "planted": read(study, "planted_use").drop_duplicates(["dataset", "class"])["positions"],
    }


def cost(study: Path) -> dict[str, Any]:
    """Minutes of processor time, rounded up to tens as well, and the facts of the provenance."""
    minutes = whole_times(study)["processor_s"].sum() / 60
    facts = read(study, "provenance").set_index("key")["value"].to_dict()
    return {"minutes": minutes, "allow": 10 * math.ceil(minutes / 10), "facts": facts}


def findings(study: Path) -> dict[str, Any]:
    """The question and answer of each finding by its letter, and a table with the numbers."""
    rows = read(study, "findings").to_dict("records")
    decides = [row for row in rows if row["role"] == "decides"]
    return {
        "sentences": {row["finding"]: sentences.short(row) for row in decides},
        "table": table_of_findings(decides, rows),
    }


def outcome(study: Path) -> list[str]:
    """What the README says came out: a sentence for each of `sentences.TOPICS`."""
    rows = read(study, "findings").to_dict("records")
    by_letter = {row["finding"]: row for row in rows if row["role"] == "decides"}
    return [sentences.plain([by_letter[letter] for letter in letters]) for letters in sentences.TOPICS]


def table_of_findings(decides: Sequence[dict[str, Any]], rows: Sequence[dict[str, Any]]) -> str:
    """What decides, and beside it the same number with the maps of other methods, from all `rows` of the table."""
    methods = list(dict.fromkeys(row["method"] for row in rows if isinstance(row["method"], str) and row["method"]))
    header = ["finding", "number", "networks of", "n", "value", "95 % interval", "p", "p (Holm)", "verdict"]
    lines = []
    for row in decides:
        others = {other["method"]: other for other in sentences.rows_of_methods(row, rows)}
        lines.append(
            [f"({row['finding']})", row["quantity"], shown(row["networks_of"]), shown(row["networks"], ".0f"),
             shown(row["value"], ".2f"), ends(row), shown(row["p"], ".2g"), shown(row["p_holm"], ".2g"), row["verdict"],
             *(f"{others[name]['value']:.2f} ({ends(others[name])})" if name in others else "" for name in methods)]
        )  # fmt: skip
    return table([*header, *(f"with maps of {name}" for name in methods)], lines)


def ends(row: dict[str, Any]) -> str:
    """The interval of a row; empty where it has none."""
    return f"{row['low']:.2f} to {row['high']:.2f}" if pd.notna(row["low"]) else ""


def shown(value: object, form: str = "") -> str:
    """A cell of a table; empty where it is missing."""
    return "" if pd.isna(value) else format(value, form)
