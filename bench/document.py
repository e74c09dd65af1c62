"""docs/performance.md, from the files in results/bench."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from jinja2 import UndefinedError
from PIL import Image

from frequency_shortcuts.figures import canvas
from frequency_shortcuts.storage.tables import read_table

from .markdown import DOCS, TEMPLATES, table
from .measure_screening import overlap_figure

PICTURE = "bench_screening_curve"
NOT_MEASURED = "not measured"


def write(folder: Path) -> list[str]:
    """Renew docs/performance.md and its picture. Returns the sections that stay, as they have not been measured."""
    measured = {path.stem: read_table(path) for path in sorted(folder.glob("*.csv"))}
    path = DOCS / "performance.md"
    text, unchanged = page(measured, path.read_text() if path.exists() else "")
    path.write_text(text)
    if "screening" in measured:
        canvas.save(overlap_figure(measured["screening"]), folder / "screening")
        with Image.open(folder / "screening.png") as picture:
            reduced = picture.convert("RGB").quantize(128, dither=Image.Dither.NONE)
            reduced.save(DOCS / f"{PICTURE}.png", optimize=True)
    return unchanged


def page(measured: dict[str, pd.DataFrame], before: str = "") -> tuple[str, list[str]]:
    """The text of docs/performance.md, from the tables of all parts, and the sections that lack a table.

    These are as in the text `before`, or left out.
    """
    functions = {
        "markdown": markdown,
        "beside_cuda": beside_cuda,
        "by_network": by_network,
        "by_target": by_target,
        "aims": aims,
    }
    template, *_ = TEMPLATES.loader.get_source(TEMPLATES, "performance.md.jinja")
    old, sections, unchanged = _sections(before), [], []
    for heading, section in _sections(template).items():
        try:
            sections.append(TEMPLATES.from_string(section, functions).render(measured=measured))
        except UndefinedError:
            unchanged.append(heading)
            sections.append(old.get(heading, ""))
    return "\n".join(section.strip("\n") + "\n" for section in sections if section), unchanged


def _sections(text: str) -> dict[str, str]:
    """The sections of a page by their headings, in order."""
    parts = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    return {part.partition("\n")[0].lstrip("# "): part for part in parts if part}


def markdown(rows: pd.DataFrame, columns: dict[str, str]) -> str:
    """The chosen columns, as {name: "heading|format"}."""
    return table([text.partition("|")[0] for text in columns.values()], _cells(rows, columns))


def _cells(rows: pd.DataFrame, columns: dict[str, str]) -> Iterator[list[str]]:
    for _, row in rows.iterrows():
        forms = {name: text.partition("|")[2] for name, text in columns.items()}
        yield ["" if pd.isna(row[name]) else format(row[name], form) for name, form in forms.items()]


def beside_cuda(rows: pd.DataFrame, key: str, columns: dict[str, str]) -> str:
    """As `markdown`, a row for each `key` and device; a device that was not at hand says so."""
    cells = []
    for value in dict.fromkeys(rows[key]):
        for device in ("cpu", "cuda"):
            measured = list(_cells(rows[(rows[key] == value) & (rows["device"] == device)], columns))
            cells += [[value, device, *row] for row in measured or [[NOT_MEASURED] * len(columns)]]
    return table([key, "device", *[text.partition("|")[0] for text in columns.values()]], cells)


def by_network(curve: pd.DataFrame) -> pd.DataFrame:
    """A row for each device and network: the top 5 % map with a target recall of 0.98, mean over classes."""
    chosen = curve[(curve["percent"] == 5) & (curve["target_recall"] == 0.98)]
    return chosen.groupby(["device", "network"], sort=False).mean(numeric_only=True).reset_index()


def by_target(curve: pd.DataFrame) -> pd.DataFrame:
    """A row for each device, side and target recall: the top 5 % map, mean of the networks."""
    means = curve[curve["percent"] == 5].groupby(["device", "side", "network", "target_recall"])
    return (
        means[["overlap", "share_of_passes"]].mean().groupby(["device", "side", "target_recall"]).mean().reset_index()
    )


def aims(measured: dict[str, pd.DataFrame]) -> str:
    """What was aimed at, and what was measured on a CPU."""

    def on_cpu(name: str) -> pd.DataFrame:
        if name not in measured:
            raise UndefinedError(f"{name} has not been measured")
        return measured[name][measured[name]["device"] == "cpu"]

    published, training = on_cpu("against_published"), on_cpu("training")
    screened, targets = by_network(on_cpu("screening")), by_target(on_cpu("screening"))
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
        what = f"... an overlap of 0.98 takes (by a target recall of {reached['target_recall']:g})"
        rows.append([what, f"{aim:.3f}", f"{reached['share_of_passes']:.3f}"])
    rows.append(
        ["training, share of the time in the network", "0.9", f"{training['share_in_network'].min():.2f} or more"]
    )
    return table(["what", "aim", "measured"], rows)
