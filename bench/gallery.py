"""`make gallery` renews what README and docs/truth.md take from the laptop study: pictures, and marked text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from frequency_shortcuts.figures import canvas
from frequency_shortcuts.findings.definitions import EVERYWHERE
from frequency_shortcuts.storage.tables import read_table

from .markdown import DOCS, README, ROOT, renew, table

TRUTH = DOCS / "truth.md"
STUDY = ROOT / "results" / "laptop"
WIDTH = 1000  # pixels
SHOWN = ["rule_graph", "findings_all", "adcs_syn_2", "cards_fashion_mnist-resnet18-none", "shortcuts_fashion_mnist"]
BASELINE = "dataset == 'fashion_mnist' and network == 'resnet18' and augmentation == 'none'"
# A map has found what was planted from this average precision on; it has found some of it where it is above random
# rankings with the map's own radii.
FOUND = 0.8
RUN = ["dataset", "network", "augmentation", "seed"]
RANKINGS = {"dfm": "maps: AP", "dfm_size": "by size: AP", "adcs": "ADCS: AP", "radial": "random, same radii: AP"}
NAMES = ["data set", "class"]
STEPS = {
    "train": "training, with learning dynamics",
    "adcs": "mean spectra and ADCS",
    "cull": "culling (screened), of some networks also on halves of the images",
    "bandstop": "band-stop tests",
    "shortcuts": "shortcut tests with controls",
    "planted_use": "tests whether planted masks are used",
    "robustness": "filters, plane waves, corruptions",
    "ood": "out-of-distribution tests",
    "transfer": "transfer tests",
    "published": "tests of external maps",
}


def runtimes() -> str:
    """One row a step: jobs, median and total wall time, greatest memory."""
    measured = read_table(STUDY / "tables" / "runtimes.csv").groupby("step", sort=False)
    rows = [
        [STEPS[step], len(jobs), f"{jobs['wall_s'].median():.0f}", f"{jobs['wall_s'].sum():.0f}",
         f"{jobs['memory_mib'].max():.0f}"]
        for step, jobs in measured
    ]  # fmt: skip
    return table(["step", "jobs", "median, s", "sum, s", "greatest memory, MiB"], rows)


def findings() -> str:
    """One row a finding, on all data sets."""
    judged = read_table(STUDY / "tables" / "findings.csv")
    judged = judged[judged["dataset"] == EVERYWHERE]
    rows = [
        [f"({row['finding']}) {row['claim']}", row["verdict"],
         f"{row['value']:.2f} [{row['low']:.2f}, {row['high']:.2f}]" if row["cases"] else "none",
         f"{row['threshold']:g}", row["cases"]]
        for row in judged.to_dict("records")
    ]  # fmt: skip
    return table(["finding", "verdict", "statistic [95 % interval]", "threshold", "cases"], rows)


def results() -> str:
    """One row a network: accuracy, and the verdicts of its classes by the headline."""
    keys = ["dataset", "network", "augmentation"]
    verdicts = read_table(STUDY / "tables" / "shortcuts.csv").query("headline").groupby(keys, sort=False)
    rows = []
    for key, part in read_table(STUDY / "tables" / "networks.csv").groupby(keys, sort=False):
        mine = verdicts.get_group(key)
        count, measure = mine["verdict"].value_counts(), mine["tpr_dfm"] - mine["fpr_dfm"]
        robust = mine["robust"].dropna()
        rows.append(
            [*key, len(part), f"{part['test_accuracy'].mean():.2f}", mine["fill"].iloc[0], f"{measure.mean():.2f}",
             f"{(measure - mine['margin']).mean():.2f}",
             *(count.get(verdict, 0) for verdict in ("strong", "weak", "none")), mine["verdict"].isna().sum(),
             robust.astype(bool).sum() if len(robust) else ""]
        )  # fmt: skip
    header = ["data set", "network", "augmentation", "seeds", "test accuracy", "fill", "map: TPR - FPR"]
    return table([*header, "best control: TPR - FPR", "strong", "weak", "none", "no verdict", "robust"], rows)


def fills() -> str:
    """One row a class of the photographs: TPR - FPR of map and low-pass control under each fill, mean over seeds."""
    verdicts = read_table(STUDY / "tables" / "shortcuts.csv").query(f"{BASELINE} and part == 'keep'")
    seeds, rows = verdicts["seed"].nunique(), []
    for name, part in verdicts.groupby("class", sort=False):
        row = [name]
        for fill in dict.fromkeys(verdicts["fill"]):
            mine = part[part["fill"] == fill]
            rates = [(mine[f"tpr_{kind}"] - mine[f"fpr_{kind}"]).mean() for kind in ("dfm", "low_pass")]
            row += [f"{rates[0]:.2f} ({rates[1]:.2f})", (mine["verdict"] == "strong").sum()]
        robust = part.drop_duplicates("seed")["robust"]
        rows.append([*row, f"{(robust == True).sum()} of {seeds}"])  # noqa: E712
    header = [head for fill in dict.fromkeys(verdicts["fill"]) for head in (f"{fill}: map (low-pass)", "strong")]
    return f"{necessity()}\n\n{table(['class', *header, 'robust'], rows)}"


def necessity():
    """How many maps of the photographs are strong under each fill, kept and removed, in a sentence."""
    verdicts = read_table(STUDY / "tables" / "shortcuts.csv").query(BASELINE)
    parts = {"keep": "kept alone", "remove": "removed"}
    sentences = []
    for part, rows in verdicts.groupby("part", sort=False):
        strong = rows["verdict"].eq("strong").groupby(rows["fill"], sort=False).agg(["sum", "count"])
        counts = [f"{row['sum']} of {row['count']} with {fill}" for fill, row in strong.iterrows()]
        sentences.append(f"{parts[part]}, {', '.join(counts)}")
    kept = verdicts[verdicts["part"] == "keep"]
    rates = {kind: kept[f"tpr_{kind}"] - kept[f"fpr_{kind}"] for kind in ("dfm", "low_pass")}
    better = (rates["low_pass"] >= rates["dfm"]).sum()
    return (
        f"Strong maps (a class of a network and seed): {'; '.join(sentences)}. The low-pass mask does at least as well "
        f"as the map in {better} of {len(kept)} tests of maps that are kept."
    )


def planted(by: Sequence[str] = ("dataset", "class")) -> str:
    """One row a class with a planted mask: whether it is used, and what average precision maps have against it."""
    use, scores = (read_table(STUDY / "tables" / f"{name}.csv") for name in ("planted_use", "truth"))
    scores = scores.query("truth == 'own' and cut == 'percent'").drop_duplicates([*RUN, "class", "ranking"])
    means = scores.set_index(["ranking", *RUN, "class"])["average_precision"]
    rows = []
    for key, part in use.groupby(list(by), sort=False):
        mine = pd.MultiIndex.from_frame(part.loc[part["uses"], [*RUN, "class"]])
        rates = [f"{part[f'tpr_{name}'].mean():.2f}" for name in ("planted", "complement", "random")]
        precision = ["" if mine.empty else f"{means.loc[kind].loc[mine].mean():.2f}" for kind in RANKINGS]
        rows.append([*key, f"{part['uses'].sum()} of {len(part)}", *rates, *precision])
    header = ["used", "planted: TPR", "all others: TPR", "random: TPR"]
    return table([*NAMES[-len(by) :], *header, *RANKINGS.values()], rows)


def truth() -> str:
    """What the sets with a known truth say, in words: each number is read from a table."""
    use, scores = (read_table(STUDY / "tables" / f"{name}.csv") for name in ("planted_use", "truth"))
    scores = scores.query("truth == 'own' and cut == 'percent' and uses == True")
    scores = scores.drop_duplicates([*RUN, "class", "ranking"])
    unused = use[~use["uses"]]
    share = use["uses"].mean()
    text = f"{use['uses'].sum()} of {len(use)} planted masks (a class of a network) are used, {100 * share:.0f} %."
    if len(unused):
        named = [f"{row['class']} of {row['dataset']}, seed {row['seed']}" for row in unused.to_dict("records")]
        text += f" Not used, and so not scored: {'; '.join(named)}."
    per_class = scores.pivot_table(
        ["average_precision", "average_precision_high"], ["dataset", "class"], "ranking", "mean", sort=False
    )
    maps, sizes = (per_class["average_precision", ranking] for ranking in ("dfm", "dfm_size"))
    above = maps > per_class["average_precision_high", "radial"]
    by_size = sizes > per_class["average_precision_high", "radial_dfm_size"]
    kinds = {
        f"Found (average precision of the maps at least {FOUND})": maps >= FOUND,
        "Found in part (above 95 % of random rankings with the map's radii)": (maps < FOUND) & above & by_size,
        "Above these by the value of the increments but not by their size, so not counted as found (increments of "
        "about zero outrank negative ones)": (maps < FOUND) & above & ~by_size,
        "Not found (no better than these)": (maps < FOUND) & ~above,
    }
    lines = [text, ""]
    for kind, which in kinds.items():
        names = [f"{dataset} {name} ({maps[dataset, name]:.2f})" for dataset, name in maps.index[which]]
        lines.append(f"- {kind}: {', '.join(names) or 'none'}.")
    syn, names = maps.index.get_level_values(0).str.startswith("syn"), maps.index.get_level_values(1)
    spread = (syn & (names == "C1")) | (maps.index.get_level_values(0) == "plant_diffuse")
    groups = {
        "a cue on eight pairs (plant_present)": maps[maps.index.get_level_values(0) == "plant_present"],
        "lines (C2 of Syn_1 to Syn_4)": maps[syn & (names == "C2")],
        "a cue spread over some 90 pairs (C1 of Syn_1 to Syn_4, plant_diffuse)": maps[spread],
        "an absence (C3 of Syn_1 to Syn_4), by the size of the increments": sizes[syn & (names == "C3")],
    }
    means = [f"{what} {found.mean():.2f}" for what, found in groups.items() if len(found)]
    return "\n".join([*lines, "", f"Mean average precision by kind of cue: {'; '.join(means)}."])


def pictures(study: Path, target: Path) -> None:
    """The figures of a study that the README shows, reduced, in the folder `target`."""
    for name in SHOWN:
        (target / f"{name}.png").write_bytes(canvas.reduced(study / "figures" / f"{name}.png", WIDTH))


def main() -> None:
    """Pictures, then text."""
    pictures(STUDY, DOCS)
    text = README.read_text()
    for write in (truth, findings, fills, runtimes, results):
        text = renew(text, write.__name__, write())
    README.write_text(text)
    TRUTH.write_text(renew(TRUTH.read_text(), "truth", f"{truth()}\n\n{planted()}"))


if __name__ == "__main__":
    main()
