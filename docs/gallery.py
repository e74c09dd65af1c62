"""Render what the README takes from the laptop study: pictures, and the tables between its markers."""

import re
from pathlib import Path

from frequency_shortcuts import canvas
from frequency_shortcuts.findings import EVERYWHERE
from frequency_shortcuts.storage import read_table

HERE = Path(__file__).parent
README = HERE.parent / "README.md"
STUDY = HERE.parent / "results" / "laptop"
WIDTH = 1000  # pixels
SHOWN = ["rule_graph", "findings_all", "adcs_syn_2", "cards_fashion_mnist-resnet18-none", "shortcuts_fashion_mnist"]
STEPS = {
    "train": "training, with learning dynamics",
    "adcs": "mean spectra and ADCS",
    "cull": "culling (screened)",
    "cull_halves": "culling on two halves of the images",
    "bandstop": "band-stop tests",
    "shortcuts": "shortcut tests with controls",
    "robustness": "filters, plane waves, corruptions",
    "ood": "out-of-distribution tests",
    "transfer": "transfer tests",
    "published": "tests of brought-in maps",
}


def table(header, rows):
    """Markdown, with the header's last columns to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def runtimes():
    """One row a step: jobs, median and total wall time, greatest memory."""
    measured = read_table(STUDY / "tables" / "runtimes.csv").groupby("step", sort=False)
    rows = [
        [STEPS[step], len(jobs), f"{jobs['wall_s'].median():.0f}", f"{jobs['wall_s'].sum():.0f}",
         f"{jobs['memory_mib'].max():.0f}"]
        for step, jobs in measured
    ]  # fmt: skip
    return table(["step", "jobs", "median, s", "sum, s", "greatest memory, MiB"], rows)


def findings():
    """One row a finding, on all data sets."""
    told = read_table(STUDY / "tables" / "findings.csv")
    told = told[told["dataset"] == EVERYWHERE]
    rows = [
        [f"({row['finding']}) {row['claim']}", row["verdict"],
         f"{row['value']:.2f} [{row['low']:.2f}, {row['high']:.2f}]" if row["cases"] else "none",
         f"{row['threshold']:g}", row["cases"]]
        for row in told.to_dict("records")
    ]  # fmt: skip
    return table(["finding", "verdict", "statistic [95 % interval]", "threshold", "cases"], rows)


def results():
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


def renew(text, name, content):
    """Put content between <!-- name --> and <!-- /name -->."""
    found = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    if not found.search(text):
        raise ValueError(f"there is no place marked {name}")
    return found.sub(lambda match: f"{match[1]}{content}\n{match[2]}", text)


def pictures(study, target):
    """The figures of a study that the README shows, reduced, in the folder `target`."""
    for name in SHOWN:
        (target / f"{name}.png").write_bytes(canvas.reduced(study / "figures" / f"{name}.png", WIDTH))


def main():
    """Pictures, then tables."""
    pictures(STUDY, HERE)
    text = README.read_text()
    for name, content in (("findings", findings()), ("runtimes", runtimes()), ("results", results())):
        text = renew(text, name, content)
    README.write_text(text)


if __name__ == "__main__":
    main()
