"""How much work a study is, by one formula, and how long GPUs take for it, by an assumption.

    operations of a step of a run = images that the step shows to the network x operations of one forward pass

`images_shown` counts the images, from the configuration alone. An image of a training counts three times, because its
backward pass costs twice its forward pass. docs/running.md says how far the formula is from measured job times.
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
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from frequency_shortcuts.networks import architectures
from frequency_shortcuts.storage.tables import read_table
from workflow.study.plan import Plan, Run
from workflow.study.work import Folder, data_set, images_shown

from . import timing
from .markdown import DOCS, ROOT, renew, table, wrapped

PAGE, PARTS = DOCS / "running.md", ("rates", "paper", "imagenet1k")  # and the marks between which they stand
# TFLOP/s without sparsity, from NVIDIA's data sheets (nvidia.com/en-us/data-center/a100, h100: the column SXM)
PEAKS = {
    "A100": {"float32": 19.5, "tf32": 156.0, "bfloat16": 312.0},
    "H100": {"float32": 67.0, "tf32": 494.5, "bfloat16": 989.5},
}
# The share of these peaks that networks reach is an assumption. NVIDIA's own training of ResNet-50 by PyTorch reaches
# 0.57 of it in float32 (V100), 0.15 in TF32 and 0.19 in mixed precision (A100), by the images a second in
# github.com/NVIDIA/DeepLearningExamples (PyTorch/Classification/ConvNets/resnet50v1.5).
SHARES = {"float32": 0.5, "tf32": 0.15, "bfloat16": 0.2}
SEARCHES = ("cull", "find_maps")  # in `culling: precision`; training is in bfloat16, all other passes in float32
LAPTOP, RUNTIMES = ROOT / "config" / "config.yaml", DOCS / "data" / "laptop" / "tables" / "runtimes.csv"


def configuration(path: Path) -> dict[str, Any]:
    """A configuration merged over the default one, as Snakemake does."""
    config = yaml.safe_load(LAPTOP.read_text())
    update_config(config, yaml.safe_load(path.read_text()))
    return config


def form_of(plan: Plan, run: Run, folder: Folder) -> architectures.Architecture:
    """The network of a run. Raises ValueError for external networks."""
    entry, data = plan.config["networks"][run["network"]], data_set(plan, run["dataset"], folder)
    if "source" in entry:
        raise ValueError(f"network {run['network']}: the estimate counts networks that the study trains only")
    return architectures.Architecture(
        entry["architecture"], data.classes, data.channels, data.side, width=entry["width"], stem=entry["stem"]
    )


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
        form = form_of(plan, run, folder)
        shown = list(images_shown(plan, run, data_set(plan, run["dataset"], folder)).items())
        if run in plan.halved_runs():
            shown += [(rule, images / 2) for rule, images in shown if rule == "cull" for _ in range(2)]
        path = "{dataset}/{network}/{augmentation}/seed{seed}".format(**run)
        rows += [(rule, path, images, images * operations(form) / 1e15) for rule, images in shown]
    return pd.DataFrame(rows, columns=["rule", "run", "images", "pflop"])


def rate(rule: str, gpu: str, precision: str) -> float:
    """PFLOP an hour of a rule on a GPU, if `culling: precision` is this one."""
    used = precision if rule in SEARCHES else "bfloat16" if rule == "train" else "float32"
    return 3.6 * PEAKS[gpu][used] * SHARES[used]


def gpu_hours(steps: pd.DataFrame) -> pd.DataFrame:
    """The hours of each step by GPU and `culling: precision`; the row of a training is without its validation."""
    columns = [(gpu, precision) for gpu in PEAKS for precision in SHARES]
    return pd.DataFrame(
        {column: steps["pflop"] / [rate(rule, *column) for rule in steps["rule"]] for column in columns}
    )


def longest(steps: pd.DataFrame, parts: int) -> pd.DataFrame:
    """The hours of the longest job of each rule: trainings with their validation, parts of cullings."""
    hours = gpu_hours(steps)
    hours.loc[steps["rule"] == "cull"] /= parts
    rules = steps["rule"].replace("validate", "train")
    jobs = [rules, steps["run"], steps.groupby(["rule", "run"]).cumcount()]  # the third: halves of a culling
    return hours.groupby(jobs).sum().groupby(level=0).max()


def by_rule(config: dict[str, Any], steps: pd.DataFrame) -> str:
    """PFLOP and GPU hours of each rule, of all, and of the longest job, in Markdown; small rules share a row."""
    hours = gpu_hours(steps)
    small = hours.iloc[:, 0].groupby(steps["rule"]).transform("sum") < 0.01 * hours.iloc[:, 0].sum()
    shown = steps["rule"].mask(small, "the others")
    pflop, hours = (part.groupby(shown, sort=False).sum() for part in (steps["pflop"], hours))
    rows = [
        [rule, number(pflop[rule]), *map(rounded, hours.loc[rule])]
        for rule in sorted(pflop.index, key="the others".__eq__)
    ]
    rows.append(["all", number(pflop.sum()), *map(rounded, hours.sum())])
    jobs = longest(steps, config["culling"]["parts"])
    which = ", ".join(jobs.idxmax().unique())  # its rule may be another one in another column
    rows.append([f"longest job ({which})", "", *map(rounded, jobs.max())])
    return table(["rule", "PFLOP", *(f"{gpu}, {precision}" for gpu, precision in hours)], rows)


@cache
def activations(form: architectures.Architecture) -> int:
    """Bytes that the backward pass of a training in bfloat16 needs of each image. Nothing is computed."""
    stored: dict[int, Tensor] = {}

    def pack(tensor: Tensor) -> Tensor:
        return stored.setdefault(tensor.untyped_storage()._cdata, tensor)

    with torch.device("meta"):
        network = architectures.build(form)
        images = torch.empty(2, form.channels, form.size, form.size)
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor), sdpa_kernel(SDPBackend.MATH):
            network(images)
    weights = {parameter.untyped_storage()._cdata for parameter in network.parameters()}
    sizes = [tensor.untyped_storage().nbytes() for key, tensor in stored.items() if key not in weights]
    return sum(sizes) // 2 // len(images)


def number(value: float) -> str:
    """A number with three significant digits, or with all digits before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def rounded(hours: float) -> str:
    """Hours with two significant digits: their rates are assumed."""
    return f"{float(f'{hours:.2g}'):,g}"


def error(steps: pd.DataFrame, runtimes: pd.DataFrame) -> str:
    """The formula beside measured processor times (`tables/runtimes.csv`): all steps at one rate, in Markdown.

    Steps with a resumed job, whose time is that of its last attempt, are left out.
    """
    runtimes = runtimes[~runtimes["resumed"].eq(True).groupby(runtimes["step"]).transform("any")]
    rules = runtimes["step"].where(~runtimes["step"].str.startswith("cull"), "cull")
    times = runtimes.groupby(rules, sort=False)["processor_s"].sum()
    pflop = steps["pflop"].groupby(steps["rule"].replace("validate", "train"), sort=False).sum()
    both = pflop.to_frame().join(times, how="inner")
    both.loc["sum"] = both.sum()
    rate = both.loc["sum", "pflop"] / both.loc["sum", "processor_s"]
    rows = [
        [
            rule,
            *(
                f"{value:.0f}"
                for value in (1e6 * row["pflop"] / row["processor_s"], row["processor_s"], row["pflop"] / rate)
            ),
        ]
        for rule, row in both.iterrows()
    ]
    return table(["rule", "GFLOP/s", "measured, s", "by the formula, s"], rows)


def rates(config: dict[str, Any]) -> str:
    """The rates behind the hours, and the training that keeps most for its backward pass, in sentences."""
    peaks = [f"{gpu} {', '.join(f'{peak:g}' for peak in by_precision.values())}" for gpu, by_precision in PEAKS.items()]
    plan = Plan(config)
    kept: dict[tuple[str, int], float] = {}
    for run in plan.trained_runs():
        batch = plan.recipe(plan.kind_of(run["dataset"]), run["network"])["batch_size"]
        gigabytes = batch * activations(form_of(plan, run, Folder())) / 1e9
        kept[run["network"], batch] = max(gigabytes, kept.get((run["network"], batch), 0.0))
    network, batch = max(kept, key=lambda key: kept[key])
    return wrapped(
        f"Peak rates in TFLOP/s ({', '.join(SHARES)}): {'; '.join(peaks)}. Assumed shares: "
        f"{', '.join(map(str, SHARES.values()))}. The largest activations that a training keeps are those of {network} "
        f"with batches of {batch}: {kept[network, batch]:.0f} GB in bfloat16."
    )


def section(name: str) -> str:
    """What stands between the marks of one of the `PARTS`."""
    config = configuration(ROOT / "config" / f"{'paper' if name == 'rates' else name}.yaml")
    return rates(config) if name == "rates" else by_rule(config, work(config, Folder()))


def renew_page() -> None:
    """Write the `PARTS` into the page, and the error of the formula where the laptop study is there."""
    text = PAGE.read_text()
    for name in PARTS:
        text = renew(text, name, section(name))
    if RUNTIMES.exists():
        text = renew(text, "error", error(work(configuration(LAPTOP), Folder()), read_table(RUNTIMES)))
    PAGE.write_text(text)


def main() -> None:
    """Print the work of a configuration and the error of the formula, or write the tables of the page."""
    parser = argparse.ArgumentParser(prog="python -m bench.estimate", description=__doc__.partition("\n")[0])
    parser.add_argument("--config", type=Path, default=ROOT / "config" / "paper.yaml", help="merged over the default")
    parser.add_argument("--page", action="store_true", help="write the tables of docs/running.md instead")
    parser.add_argument("--runtimes", type=Path, help="tables/runtimes.csv of this configuration: print the error")
    for name, what in {"classes": "classes", "train": "images of a class in root", "test": "... in test_root"}.items():
        parser.add_argument(f"--{name}", type=int, default=getattr(Folder, name), help=f"{what} (%(default)s)")
    options = parser.parse_args()
    if options.page:
        return renew_page()
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
