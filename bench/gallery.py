"""`make gallery` renews what README and docs take from results: pictures, and the text between markers.

The laptop study is needed. What the docs say of `make methods` and `make cure` stays as it is where they have not run.
"""

from __future__ import annotations

import math
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from frequency_shortcuts.evaluation.truth import FOUND
from frequency_shortcuts.evaluation.verdicts import MOST_FPR, STRONG_TPR
from frequency_shortcuts.figures import canvas
from frequency_shortcuts.findings.headlines import VERDICTS
from frequency_shortcuts.storage.tables import read_table

from . import gallery_cure, gallery_findings, gallery_methods, opening
from .markdown import DOCS, README, ROOT, listed, paragraphs, points, renew, table

STUDY = ROOT / "results" / "laptop"
WIDTH = 1000  # pixels
OPENING = "opening"  # drawn here; the other pictures are figures of the study
FIGURES = [
    "rule_graph", "findings_all", "adcs_syn_2", "cards_fashion_mnist-resnet18_w8-none", "cross_fashion_mnist",
    "shortcuts_fashion_mnist",
]  # fmt: skip
BASELINE = "dataset == 'fashion_mnist' and network == 'resnet18_w8' and augmentation == 'none'"
RUN = ["dataset", "network", "augmentation", "seed"]
RANKINGS = {"dfm": "maps: AP", "dfm_size": "by size: AP", "adcs": "ADCS: AP", "random": "random rankings: AP"}
SYN = {"C1": "raised diagonals (C1 of Syn)", "C2": "raised axes (C2 of Syn)", "C3": "a band that is absent (C3 of Syn)"}
CHANCE = "above the upper end of the 95 % interval of random rankings"
STEPS = {
    "train": "training, with learning dynamics",
    "graded": "graded sets: drawing, training, dynamics",
    "adcs": "mean spectra and ADCS",
    "cull": "culling (screened)",
    "cull_halves": "culling of some networks on halves of the images",
    "find_maps": "maps by other methods",
    "bandstop": "band-stop tests",
    "shortcuts": "shortcut tests with controls, and tests of phases and amplitudes",
    "planted_use": "tests whether planted masks are used",
    "robustness": "filters, plane waves, corruptions",
    "ood": "out-of-distribution tests",
    "transfer": "transfer tests",
    "published": "tests of external maps",
}


def whole_times() -> pd.DataFrame:
    """The run times of the study. Raises ValueError if jobs were resumed: their times are of the last attempt only."""
    path = STUDY / "tables" / "runtimes.csv"
    measured = read_table(path)
    if resumed := int(measured["resumed"].ne(False).sum()):
        raise ValueError(f"{path}: {resumed} jobs were resumed, or have no log; run these again without a stop")
    return measured


def runtimes() -> str:
    """One row a step: jobs, median and total processor time, which other programs do not lengthen, greatest memory."""
    measured = whole_times().groupby("step", sort=False)
    rows = [
        [STEPS[step], len(jobs), f"{jobs['processor_s'].median():.0f}",
         f"{jobs['processor_s'].sum():.0f}",
         f"{jobs['memory_mib'].max():.0f}"]
        for step, jobs in measured
    ]  # fmt: skip
    return table(["step", "jobs", "median, s", "sum, s", "greatest memory, MiB"], rows)


def results() -> str:
    """One row a network: accuracy, and the verdicts of its classes by the headline."""
    keys = ["dataset", "network", "augmentation"]
    verdicts = read_table(STUDY / "tables" / "shortcuts.csv").query("headline").groupby(keys, sort=False)
    rows = []
    for key, part in read_table(STUDY / "tables" / "networks.csv").groupby(keys, sort=False):
        mine = verdicts.get_group(key)
        count, measure = mine["verdict"].value_counts(), mine["tpr_dfm"] - mine["fpr_dfm"]
        strong = mine["verdict"] == "strong"
        rows.append(
            [*key, len(part), f"{part['test_accuracy'].mean():.2f}", mine["fill"].iloc[0], f"{measure.mean():.2f}",
             f"{(measure - mine['margin']).mean():.2f}",
             *(count.get(verdict, 0) for verdict in VERDICTS), (~mine["verdict"].isin(VERDICTS)).sum(),
             mine.loc[strong, "low_frequency"].eq(True).sum()]
        )  # fmt: skip
    header = ["data set", "network", "augmentation", "seeds", "test accuracy", "fill", "map: TPR - FPR"]
    verdict = [*VERDICTS, "no verdict", "strong, low frequencies do as well"]
    return table([*header, "closest control: TPR - FPR", *verdict], rows)


def fills() -> str:
    """One row a class of the photographs: TPR - FPR of map and low-pass control under each fill, mean over seeds."""
    verdicts = read_table(STUDY / "tables" / "shortcuts.csv").query(f"{BASELINE} and part == 'keep'")
    rows = []
    for name, part in verdicts.groupby("class", sort=False):
        row = [name]
        for fill in dict.fromkeys(verdicts["fill"]):
            mine = part[part["fill"] == fill]
            rates = [(mine[f"tpr_{kind}"] - mine[f"fpr_{kind}"]).mean() for kind in ("dfm", "low_pass")]
            row += [f"{rates[0]:.2f} ({rates[1]:.2f})", (mine["verdict"] == "strong").sum()]
        rows.append(row)
    header = [head for fill in dict.fromkeys(verdicts["fill"]) for head in (f"{fill}: map (low-pass)", "strong")]
    text = paragraphs(
        f"Strong maps (a class of a network and seed): kept alone, {strong_maps('keep')}; removed, "
        f"{strong_maps('remove')}. {low_pass()} that are kept."
    )
    return f"{text}\n\n{table(['class', *header], rows)}"


def strong_maps(part: str) -> str:
    """How many maps of the photographs are strong under each fill, of the tests that keep or remove them."""
    verdicts = read_table(STUDY / "tables" / "shortcuts.csv").query(f"{BASELINE} and part == '{part}'")
    strong = verdicts["verdict"].eq("strong").groupby(verdicts["fill"], sort=False).agg(["sum", "count"])
    return listed(f"{row['sum']} of {row['count']} with {fill}" for fill, row in strong.iterrows())


def low_pass() -> str:
    """In how many tests the low-pass mask does at least as well as the map, in a sentence."""
    kept = read_table(STUDY / "tables" / "shortcuts.csv").query(f"{BASELINE} and part == 'keep'")
    rates = {kind: kept[f"tpr_{kind}"] - kept[f"fpr_{kind}"] for kind in ("dfm", "low_pass")}
    better = (rates["low_pass"] >= rates["dfm"]).sum()
    return f"The low-pass mask of equal size does at least as well as the map in {better} of {len(kept)} tests of maps"


def planted() -> str:
    """One row a class with a planted mask: whether it is used, and what average precision maps have against it."""
    use = read_table(STUDY / "tables" / "planted_use.csv")
    scored = _by_class().groupby(["dataset", "class"])
    means, counts = scored[list(RANKINGS)].mean(), scored[["found", "above"]].sum()
    rows = []
    for key, part in use.groupby(["dataset", "class"], sort=False):
        rates = [f"{part[f'tpr_{name}'].mean():.2f}" for name in ("planted", "complement", "random")]
        there = key in means.index
        precision = [f"{value:.2f}" for value in means.loc[key]] if there else [""] * len(RANKINGS)
        count = f"{part['uses'].sum()} of {len(part)}"
        rows.append([*key, part["positions"].iloc[0], count, *rates, *precision, *(counts.loc[key] if there else "  ")])
    header = ["data set", "class", "planted positions", "used", "planted: TPR", "all others: TPR", "random: TPR"]
    return table([*header, *RANKINGS.values(), "found", "above chance"], rows)


def phases() -> str:
    """One row a data set: where the shortcuts sit, in classes with a strong shortcut in the swap test."""
    judged = read_table(STUDY / "tables" / "phase.csv").dropna(subset="verdict")
    kinds = ["amplitude", "phase", "either", "both", "undecided"]
    rows = [
        [name, *((mine["verdict"] == kind).sum() for kind in kinds)]
        for name, mine in judged.groupby("dataset", sort=False)
    ]
    return table(["data set", *kinds], rows)


def _scores() -> pd.DataFrame:
    """The scores of the maps of all sizes, once for each network, class and ranking, where the planted mask is used."""
    scores = read_table(STUDY / "tables" / "truth.csv")
    scores = scores.query("truth == 'own' and cut == 'percent' and uses == True")
    return scores.drop_duplicates([*RUN, "class", "ranking"])


def _by_class() -> pd.DataFrame:
    """A row for each network and class whose planted mask is used: average precisions, `found`, `above` chance, `cue`.

    A map is above chance if it is so by the value of the increments and by their size. Increments of about zero outrank
    negative ones, so that a ranking by value alone seems to contain frequencies at which the class has no energy.
    """
    values = ["average_precision", "average_precision_high"]
    wide = _scores().pivot_table(values, [*RUN, "class"], "ranking", sort=False)
    rows, high = wide["average_precision"].copy(), wide["average_precision_high", "random"]
    rows["above"] = (rows["dfm"] > high) & (rows["dfm_size"] > high)
    rows["found"] = rows["dfm"] >= FOUND
    rows = rows.reset_index()
    return rows.assign(cue=[cue(dataset, name) for dataset, name in zip(rows["dataset"], rows["class"], strict=True)])


def cue(dataset: str, name: str) -> str:
    """What was planted for a class, in words; sets that differ only in their number count as one."""
    return SYN[name] if dataset.startswith("syn_") else re.sub(r"_?\d+$", "", dataset.removeprefix("plant_"))


def truth() -> str:
    """What the sets with a known truth say: which masks are used, then a row for each kind of cue."""
    use = read_table(STUDY / "tables" / "planted_use.csv")
    unused = use[~use["uses"]]
    text = f"{used(use)}."
    if len(unused):
        named = [f"{row['class']} of {row['dataset']}, seed {row['seed']}" for row in unused.to_dict("records")]
        text += f" Not used, and so not scored: {'; '.join(named)}."
    means = ["dfm", "dfm_size", "random"]
    lines = [
        [kind, len(rows), rows["found"].sum(), rows["above"].sum(), *(f"{rows[name].mean():.2f}" for name in means)]
        for kind, rows in _by_class().groupby("cue", sort=False)
    ]
    header = ["cue", "classes of networks", f"found (AP at least {FOUND})", "above chance"]
    return f"{paragraphs(text)}\n\n{table([*header, *(RANKINGS[name] for name in means)], lines)}"


def used(use: pd.DataFrame) -> str:
    """How many planted masks are used, from the table of their use."""
    return f"The networks use {use['uses'].sum()} of {len(use)} planted masks"


def sizes() -> str:
    """How many classes have more planted positions than a map can hold, in a sentence."""
    use = read_table(STUDY / "tables" / "planted_use.csv").drop_duplicates(["dataset", "class"])
    scores = read_table(STUDY / "tables" / "truth.csv").query("ranking == 'dfm' and cut == 'percent'")
    size = scores.loc[scores["percent"] == _percent(), "positions"].max()
    return paragraphs(
        f"A map of {_percent():g} % holds at most {size} positions. The planted masks hold {use['positions'].min()} to "
        f"{use['positions'].max()}, and {(use['positions'] > size).sum()} of {len(use)} are larger than the map."
    )


def caption() -> str:
    """What the picture at the top shows."""
    tested = read_table(STUDY / "tables" / "shortcuts.csv").query("part == 'keep' and fill == 'zeros'")
    tested = tested[tested["headline"]]
    above, below = opening.strongest(STUDY), opening.typical(STUDY, _percent())
    shares = [f"{100 * above[f'tpr_{kind}']:.0f} %" for kind in ("dfm", "radial")]
    return paragraphs(
        f"*Above:* a photograph of Fashion-MNIST and the map of its class: {_percent():g} % of the frequencies "
        f"({above['network']}, seed {above['seed']}). From the map alone, with zeros at all other frequencies, the "
        f"network recognises {shares[0]} of the class {above['class']}; from control masks at the same radii, "
        f"{shares[1]}. It is the clearest case: of {len(tested)} maps of photographs, "
        f"{tested['verdict'].eq('strong').sum()} are strong. *Below:* a set whose cue we planted (class "
        f"{below['class']} of `{below['dataset']}`, the median of its classes and seeds by average precision). "
        "Shown are the first images with typical predictions."
    )


def limits() -> str:
    """What else the tests say, and what limits it."""
    use, rows = read_table(STUDY / "tables" / "planted_use.csv"), _by_class()
    between = (rows["above"] & ~rows["found"]).sum()
    return points(
        f"**Strong maps.** Kept alone, maps of photographs are strong in {strong_maps('keep')}: TPR at least "
        f"{STRONG_TPR}, FPR at most {MOST_FPR}, and above each other class's map and the mean of random masks. "
        f"{low_pass()}.",
        f"**Where the truth is known.** {used(use)}. Of these, {rows['found'].sum()} are found (average precision at "
        f"least {FOUND}), and {between} more are above chance ({CHANCE}).",
    )


def cost() -> str:
    """Time and disk of the study, in a sentence."""
    minutes = whole_times()["processor_s"].sum() / 60
    facts = read_table(STUDY / "tables" / "provenance.csv").set_index("key")["value"]
    disk = sum(path.stat().st_size for path in STUDY.rglob("*") if path.is_file()) / 2**30
    return paragraphs(
        f"Allow {10 * math.ceil(minutes / 10)} minutes and {disk:.1f} GB of disk. The measured steps took "
        f"{minutes:.0f} minutes of processor time ({facts['processor']}, {facts['processor cores']} cores, "
        f"Python {facts['version of python']}, PyTorch {facts['version of torch']}, "
        f"networks on: {facts['devices of the networks']}). "
        "Two jobs run side by side; their start and the figures come on top."
    )


def _percent() -> float:
    """The size of the maps that are tested."""
    return opening.tested_percent(STUDY)


def pictures(study: Path, target: Path, names: Sequence[str] = FIGURES) -> None:
    """The figures of a study that README and docs show, reduced, in the folder `target`."""
    for name in names:
        (target / f"{name}.png").write_bytes(canvas.reduced(study / "figures" / f"{name}.png", WIDTH))


def draw_opening(study: Path, target: Path) -> None:
    """The picture at the top of the README, in the folder `target`."""
    with tempfile.TemporaryDirectory() as folder:
        canvas.save(opening.opening(study), Path(folder) / OPENING)
        shutil.copyfile(Path(folder) / f"{OPENING}.png", target / f"{OPENING}.png")  # few colours would tint the greys


# What stands between the markers of each page.
PAGES: dict[Path, Sequence[Callable[[], str]]] = {
    README: (caption, limits, cost),
    DOCS / "results.md": (truth, fills, results, sizes, runtimes),
    DOCS / "truth.md": (planted, phases),
}


def main() -> None:
    """Pictures, then text."""
    pictures(STUDY, DOCS)
    draw_opening(STUDY, DOCS)
    pages = [*PAGES.items(), *gallery_findings.PAGES.items()]
    for part, target in ((gallery_methods, "methods"), (gallery_cure, "cure")):
        if (part.STUDY / "tables").exists():
            pictures(part.STUDY, DOCS, part.PICTURES)
            pages += part.PAGES.items()
        else:
            print(f"`make {target}` has not run here: what the docs say of its results stays as it is.")
    for page, parts in pages:
        text = page.read_text()
        for part in parts:
            text = renew(text, part.__name__, part())
        page.write_text(text)


if __name__ == "__main__":
    main()
