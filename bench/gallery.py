"""`make gallery` renews what README and docs take from results: pictures, and the text between markers.

The laptop study is needed. What the docs say of `make methods` and `make cure` stays as it is where they have not run.
"""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from frequency_shortcuts.evaluation.verdicts import STRONG
from frequency_shortcuts.figures import canvas
from frequency_shortcuts.findings.definitions import EVERYWHERE, HOLDS
from frequency_shortcuts.storage.tables import read_table

from . import gallery_cure, gallery_methods, opening
from .markdown import DOCS, README, ROOT, listed, paragraphs, points, renew, table

STUDY = ROOT / "results" / "laptop"
WIDTH = 1000  # pixels
OPENING = "opening"  # drawn here; the other pictures are figures of the study
FIGURES = [
    "rule_graph", "findings_all", "adcs_syn_2", "cards_fashion_mnist-resnet18-none", "cross_fashion_mnist",
    "shortcuts_fashion_mnist",
]  # fmt: skip
BASELINE = "dataset == 'fashion_mnist' and network == 'resnet18' and augmentation == 'none'"
# A map has found what was planted from this average precision on; it has found some of it where it is above random
# rankings with the map's own radii.
FOUND = 0.8
RUN = ["dataset", "network", "augmentation", "seed"]
RANKINGS = {"dfm": "maps: AP", "dfm_size": "by size: AP", "adcs": "ADCS: AP", "radial": "random, same radii: AP"}
STEPS = {
    "train": "training, with learning dynamics",
    "adcs": "mean spectra and ADCS",
    "cull": "culling (screened), of some networks also on halves of the images",
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
        strong = mine["verdict"] == "strong"
        rows.append(
            [*key, len(part), f"{part['test_accuracy'].mean():.2f}", mine["fill"].iloc[0], f"{measure.mean():.2f}",
             f"{(measure - mine['margin']).mean():.2f}",
             *(count.get(verdict, 0) for verdict in ("strong", "weak", "none")), mine["verdict"].isna().sum(),
             mine.loc[strong, "low_frequency"].eq(True).sum()]
        )  # fmt: skip
    header = ["data set", "network", "augmentation", "seeds", "test accuracy", "fill", "map: TPR - FPR"]
    verdict = ["strong", "weak", "none", "no verdict", "strong, low frequencies do as well"]
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
    means = _scores().set_index(["ranking", *RUN, "class"]).sort_index()
    rows = []
    for key, part in use.groupby(["dataset", "class"], sort=False):
        used = pd.MultiIndex.from_frame(part.loc[part["uses"], [*RUN, "class"]])
        rates = [f"{part[f'tpr_{name}'].mean():.2f}" for name in ("planted", "complement", "random")]
        precision = [
            "" if used.empty else f"{means.loc[kind, 'average_precision'].loc[used].mean():.2f}" for kind in RANKINGS
        ]
        count = f"{part['uses'].sum()} of {len(part)}"
        rows.append([*key, part["positions"].iloc[0], count, *rates, *precision])
    header = ["data set", "class", "planted positions", "used", "planted: TPR", "all others: TPR", "random: TPR"]
    return table([*header, *RANKINGS.values()], rows)


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


def _precisions() -> pd.DataFrame:
    """Average precision by data set and class, mean over seeds, and its upper end for the random rankings."""
    values = ["average_precision", "average_precision_high"]
    return _scores().pivot_table(values, ["dataset", "class"], "ranking", "mean", sort=False)


def by_cue() -> dict[str, str]:
    """Mean average precision of the maps by kind of cue; in brackets that of random maps with the same radii."""
    means = _precisions()["average_precision"]
    dataset, name = means.index.get_level_values(0), means.index.get_level_values(1)
    syn = dataset.str.startswith("syn")
    kinds = {
        "a cue on eight pairs (plant_present)": (dataset == "plant_present", "dfm", "radial"),
        "lines (C2 of Syn_1 to Syn_4)": (syn & (name == "C2"), "dfm", "radial"),
        "a cue spread over some 90 pairs (C1 of Syn_1 to Syn_4, plant_diffuse)": (
            (syn & (name == "C1")) | (dataset == "plant_diffuse"), "dfm", "radial"
        ),
        "an absence (C3 of Syn_1 to Syn_4, by the size of the increments)": (
            syn & (name == "C3"), "dfm_size", "radial_dfm_size"
        ),
    }  # fmt: skip
    return {
        kind: f"{means.loc[rows, ranking].mean():.2f} ({means.loc[rows, control].mean():.2f})"
        for kind, (rows, ranking, control) in kinds.items()
        if rows.any()
    }


def truth() -> str:
    """What the sets with a known truth say, in words: each number is read from a table."""
    use = read_table(STUDY / "tables" / "planted_use.csv")
    unused = use[~use["uses"]]
    text = f"{used(use)} ({100 * use['uses'].mean():.0f} %)."
    if len(unused):
        named = [f"{row['class']} of {row['dataset']}, seed {row['seed']}" for row in unused.to_dict("records")]
        text += f" Not used, and so not scored: {'; '.join(named)}."
    per_class = _precisions()
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
    means = "; ".join(f"{kind} {value}" for kind, value in by_cue().items())
    return paragraphs(*lines, "", f"Mean average precision (in brackets, of random maps with the same radii): {means}.")


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
        f"*Above:* a photograph of Fashion-MNIST and the map of its class, found by culling: {_percent():g} % of the "
        f"frequencies (ResNet18, seed {above['seed']}). From the map alone, with zeros at all other frequencies, the "
        f"network recognises {shares[0]} of the class {above['class']}; from control masks at the same radii, "
        f"{shares[1]}. It is the clearest case: of {len(tested)} maps of sets without a neutral class, "
        f"{tested['verdict'].eq('strong').sum()} are strong. *Below:* a set whose cue we planted (class "
        f"{below['class']} of `{below['dataset']}`, the median of its classes and seeds by average precision)."
    )


def outcome() -> str:
    """What came out, in four points."""
    use, judged = (read_table(STUDY / "tables" / f"{name}.csv") for name in ("planted_use", "findings"))
    judged = judged[judged["dataset"] == EVERYWHERE]
    holds = [
        f"({row['finding']}) {row['claim']} (statistic {row['value']:.2f}, 95 % interval {row['low']:.2f} to "
        f"{row['high']:.2f}, threshold {row['threshold']:g})"
        for row in judged[judged["verdict"] == HOLDS].to_dict("records")
    ]
    return points(
        f"**Where the truth is known.** {used(use)}. On these, the maps' mean average precision (in brackets, of "
        f"random maps with the same radii) is {listed(f'{value} for {kind}' for kind, value in by_cue().items())}.",
        f"**The map alone.** On photographs (ResNet18, classes times seeds), the network recognises the class from "
        f"{_percent():g} % of the frequencies with a TPR of at least {STRONG}, and TPR - FPR is clearly above that of "
        f"every control: {strong_maps('keep')}.",
        f"**Without the map.** If the map is removed, the TPR falls to at most {1 - STRONG:.1f}, and TPR - FPR is "
        f"clearly below that without random masks of equal size: {strong_maps('remove')}.",
        f"**The findings of the paper.** {len(holds)} of {len(judged)} confirmed: {'; '.join(holds) or 'none'}.",
    )


def limits() -> str:
    """What did not come out."""
    judged = read_table(STUDY / "tables" / "findings.csv")
    judged = judged[judged["dataset"] == EVERYWHERE]
    maps = _precisions()["average_precision", "dfm"]
    lines = [
        f"{low_pass()}: there, the low frequencies explain as much.",
        f"For {(maps < FOUND).sum()} of the {len(maps)} classes whose planted mask is used, the map finds only part of "
        f"it or nothing (average precision below {FOUND}).",
    ]
    for verdict, part in judged[judged["verdict"] != HOLDS].groupby("verdict", sort=False):
        letters = listed(f"({letter})" for letter in part["finding"])
        lines.append(f"{len(part)} of the {len(judged)} findings of the paper {verdict}: {letters}.")
    return points(*lines)


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
    README: (caption, outcome, limits, cost),
    DOCS / "results.md": (truth, findings, fills, results, sizes, runtimes),
    DOCS / "truth.md": (planted, phases),
}


def main() -> None:
    """Pictures, then text."""
    pictures(STUDY, DOCS)
    draw_opening(STUDY, DOCS)
    pages = [*PAGES.items()]
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
