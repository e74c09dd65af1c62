"""How much work a study is, by one formula.

    operations of a step of a run = images that the step shows to the network x operations of one forward pass

`images_shown` counts the images, from the configuration alone. An image of a training counts three times, because its
backward pass costs twice its forward pass. docs/paper_scale.md says how far the formula is from measured job times.
"""

from __future__ import annotations

import argparse
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import torch
import yaml
from snakemake.utils import update_config

from frequency_shortcuts.networks import architectures
from frequency_shortcuts.storage.tables import read_table
from workflow.study.plan import Plan
from workflow.study.work import Folder, data_set, images_shown

from . import timing
from .markdown import DOCS, ROOT, renew, table

PAGES = {"paper_scale.md": "paper", "cluster_plan.md": "imagenet1k"}  # page of docs: configuration
LAPTOP, RUNTIMES = ROOT / "config" / "config.yaml", ROOT / "results" / "laptop" / "tables" / "runtimes.csv"


def configuration(path: Path) -> dict[str, Any]:
    """A configuration merged over the default one, as Snakemake does."""
    config = yaml.safe_load(LAPTOP.read_text())
    update_config(config, yaml.safe_load(path.read_text()))
    return config


@cache
def operations(form: architectures.Architecture) -> float:
    """Floating-point operations of one forward pass of one image; a multiply-add is two. Nothing is computed."""
    with torch.device("meta"):
        network, image = architectures.build(form).eval(), torch.empty(1, form.channels, form.size, form.size)
    return timing.flop(network, image)


def work(config: dict[str, Any], folder: Folder) -> pd.DataFrame:
    """A row for each step of each run, and each half of a culling: `rule`, `run`, `images`, `pflop`.

    Raises ValueError for external networks.
    """
    plan = Plan(config)
    rows: list[tuple[str, str, float, float]] = []
    for run in plan.runs():
        entry, data = config["networks"][run["network"]], data_set(plan, run["dataset"], folder)
        if "source" in entry:
            raise ValueError(f"network {run['network']}: the estimate counts networks that the study trains only")
        form = architectures.Architecture(
            entry["architecture"], data.classes, data.channels, data.side, width=entry["width"], stem=entry["stem"]
        )
        shown = list(images_shown(plan, run, data).items())
        if run in plan.halved_runs():
            shown += [(rule, images / 2) for rule, images in shown if rule == "cull" for _ in range(2)]
        path = "{dataset}/{network}/{augmentation}/seed{seed}".format(**run)
        rows += [(rule, path, images, images * operations(form) / 1e15) for rule, images in shown]
    return pd.DataFrame(rows, columns=["rule", "run", "images", "pflop"])


def by_rule(config: dict[str, Any], steps: pd.DataFrame) -> str:
    """A row for each rule that shows images to a network, and their sum, in Markdown."""
    sums = steps.groupby("rule", sort=False)[["images", "pflop"]].sum()
    sums["greatest"] = steps.groupby("rule")["pflop"].max()
    sums.loc["cull", "greatest"] /= config["culling"]["parts"]
    sums.loc["sum"] = [sums["images"].sum(), sums["pflop"].sum(), sums["greatest"].max()]
    rows = [[rule, *map(number, (row["images"] / 1e6, row["pflop"], row["greatest"]))] for rule, row in sums.iterrows()]
    return table(["rule", "images shown, millions", "PFLOP", "greatest job, PFLOP"], rows)


def number(value: float) -> str:
    """A number with three significant digits, or with all digits before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def error(steps: pd.DataFrame, runtimes: pd.DataFrame) -> str:
    """The formula beside measured job times (`tables/runtimes.csv`): all steps at one rate, in Markdown.

    Steps with a resumed job, whose time is that of its last attempt, are left out.
    """
    runtimes = runtimes[~runtimes["resumed"].eq(True).groupby(runtimes["step"]).transform("any")]
    rules = runtimes["step"].where(~runtimes["step"].str.startswith("cull"), "cull")
    times = runtimes.groupby(rules, sort=False)["wall_s"].sum()
    both = steps.groupby("rule", sort=False)["pflop"].sum().to_frame().join(times, how="inner")
    both.loc["sum"] = both.sum()
    rate = both.loc["sum", "pflop"] / both.loc["sum", "wall_s"]
    rows = [
        [rule, f"{1e6 * row['pflop'] / row['wall_s']:.0f}", f"{row['wall_s']:.0f}", f"{row['pflop'] / rate:.0f}",
         f"{row['pflop'] / rate / row['wall_s']:.2f}"]
        for rule, row in both.iterrows()
    ]  # fmt: skip
    return table(["rule", "GFLOP/s", "measured, s", "by the formula, s", "formula / measured"], rows)


def renew_pages() -> None:
    """Write the work of `PAGES` into docs, and the error of the formula where the laptop study is there."""
    for page, name in PAGES.items():
        config = configuration(ROOT / "config" / f"{name}.yaml")
        text = renew((DOCS / page).read_text(), "work", by_rule(config, work(config, Folder())))
        if page == "paper_scale.md" and RUNTIMES.exists():
            text = renew(text, "error", error(work(configuration(LAPTOP), Folder()), read_table(RUNTIMES)))
        (DOCS / page).write_text(text)


def main() -> None:
    """Print the work of a configuration and the error of the formula."""
    parser = argparse.ArgumentParser(prog="python -m bench.estimate", description=__doc__.partition("\n")[0])
    parser.add_argument("--config", type=Path, default=ROOT / "config" / "paper.yaml", help="merged over the default")
    parser.add_argument("--runtimes", type=Path, help="tables/runtimes.csv of this configuration: print the error")
    for name, what in {"classes": "classes", "train": "images of a class in root", "test": "... in test_root"}.items():
        parser.add_argument(f"--{name}", type=int, default=getattr(Folder, name), help=f"{what} (%(default)s)")
    options = parser.parse_args()
    try:
        config = configuration(options.config)
        steps = work(config, Folder(options.classes, options.train, options.test))
        print(by_rule(config, steps))
        if options.runtimes:
            print(f"\n{error(steps, read_table(options.runtimes))}")
    except (OSError, ValueError) as problem:
        parser.error(str(problem))


if __name__ == "__main__":
    main()
