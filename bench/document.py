"""docs/performance.md, docs/many_jobs.md and the README's short table, from the files in results/bench."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from jinja2 import Environment, StrictUndefined
from PIL import Image

from frequency_shortcuts.storage.tables import read_table

from .markdown import README, renew, table

TEMPLATE = Path(__file__).parent / "performance.md.jinja"
PLAN = Path(__file__).parent / "many_jobs.md.jinja"
FIGURES = ("scaling", "screening_curve")
NOT_MEASURED = "not measured"


def write(folder: Path) -> None:
    """Renew docs/performance.md and the README's table."""
    measured = {path.stem: read_table(path) for path in sorted(folder.glob("*.csv"))}
    page = rendered(TEMPLATE, measured=measured)
    docs = README.parent / "docs"
    (docs / "performance.md").write_text(page)
    for figure in FIGURES:
        with Image.open(folder / f"{figure}.png") as picture:
            picture.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(
                docs / f"bench_{figure}.png", optimize=True
            )
    README.write_text(renew(README.read_text(), "performance", short(measured)))


def write_plan(folder: Path) -> None:
    """Renew docs/many_jobs.md."""
    (README.parent / "docs" / "many_jobs.md").write_text(rendered(PLAN, plan=read_table(folder / "plan.csv")))


def rendered(template: Path, **values: object) -> str:
    """A page from its template."""
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.globals.update(markdown=markdown, beside_cuda=beside_cuda, by_target=by_target)
    return environment.from_string(template.read_text()).render(**values)


def markdown(rows: pd.DataFrame, columns: dict[str, str]) -> str:
    """The chosen columns, as {name: "heading|format"}."""
    told = {name: text.partition("|")[::2] for name, text in columns.items()}
    cells = [
        ["" if pd.isna(row[name]) else format(row[name], form) for name, (_, form) in told.items()]
        for _, row in rows.iterrows()
    ]
    return table([heading for heading, _ in told.values()], cells)


def beside_cuda(rows: pd.DataFrame, key: str, columns: dict[str, str]) -> str:
    """As `markdown`, a row for each `key` and device; a device that was not at hand says so."""
    told = {name: text.partition("|")[::2] for name, text in columns.items()}
    cells = []
    for value in dict.fromkeys(rows[key]):
        for device in ("cpu", "cuda"):
            found = rows[(rows[key] == value) & (rows["device"] == device)]
            if found.empty:
                cells.append([value, device, *[NOT_MEASURED] * len(told)])
            for _, row in found.iterrows():
                parts = ["" if pd.isna(row[name]) else format(row[name], form) for name, (_, form) in told.items()]
                cells.append([value, device, *parts])
    return table([key, "device", *[heading for heading, _ in told.values()]], cells)


def by_target(curve: pd.DataFrame) -> pd.DataFrame:
    """Overlap and share of passes of the top 5 % map: a row a device, side and target recall, the networks' mean."""
    means = curve[curve["percent"] == 5].groupby(["device", "side", "network", "target_recall"])
    return (
        means[["overlap", "share_of_passes"]].mean().groupby(["device", "side", "target_recall"]).mean().reset_index()
    )


def short(measured: dict[str, pd.DataFrame]) -> str:
    """The README's table: what was aimed at, and what was measured on a CPU."""

    def on_cpu(name: str) -> pd.DataFrame:
        return measured[name][measured[name]["device"] == "cpu"]

    published, screened, training = on_cpu("against_published"), on_cpu("screening"), on_cpu("training")
    targets = by_target(on_cpu("screening_curve"))
    spectra = on_cpu("spectra").groupby("task")["times_rfft2"].agg(["min", "max"])
    rows = [
        [f"exact culling over the bare forward pass, {row['case']}", "1.0", f"{row['ratio']:.2f}"]
        for _, row in on_cpu("forward").iterrows()
    ]
    for method, aim in (("exact", "10"), ("screened", "60")):
        times = published[published["method"] == method]["ratio"].iloc[0]
        rows.append([f"{method} culling, times as fast as the published procedure", aim, f"{times:.0f}"])
    for side, aim in ((32, 1 / 6), (64, 1 / 8)):
        part = screened[screened["side"] == side][["overlap", "share_of_passes"]].mean()
        reached = targets[(targets["side"] == side) & (targets["overlap"] >= 0.98)].iloc[0]
        rows.append([f"screened at {side} x {side}, overlap with the exact top 5 %", "0.98", f"{part['overlap']:.3f}"])
        rows.append(["... for this share of the forward passes", "", f"{part['share_of_passes']:.3f}"])
        told = f"... an overlap of 0.98 takes (by a target recall of {reached['target_recall']:g})"
        rows.append([told, f"{aim:.3f}", f"{reached['share_of_passes']:.3f}"])
    for task, told, aim in (
        ("float", "ADCS of images in memory", "1.3"),
        ("uint8", "ADCS of images in memory, as bytes", "1.3"),
        ("rfft2 of uint8", "... making floats of these and the FFT alone", ""),
        ("read", "reading of a store", ""),
        ("store", "ADCS from a store", ""),
    ):
        low, high = spectra.loc[task]
        rows.append([f"{told}, times the bare real FFT", aim, f"{low:.2f} to {high:.2f}"])
    stores = on_cpu("stores").set_index("task")["times_reference"]
    for task, told in (
        ("folder to store", "JPEG files made into a store, times ImageFolder and DataLoader"),
        ("store at random", "... and then read from it in random order"),
    ):
        rows.append([told, "", f"{stores[task]:.2f}"])
    rows.append(
        ["training, share of the time in the network", "0.9", f"{training['share_in_network'].min():.2f} or more"]
    )
    return table(["what", "aim", "measured"], rows)
