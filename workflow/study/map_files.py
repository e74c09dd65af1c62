"""The files of maps that cullings give: of all images that rank the frequencies, or of both halves of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from frequency_shortcuts.maps import dfm, halves
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

if TYPE_CHECKING:
    from frequency_shortcuts.data.splits import Split
    from frequency_shortcuts.maps.methods.culling.result import Culling


def write_maps(snakemake: Any, cullings: Sequence[Culling], data: Split, created_by: str) -> None:
    """Write the output of a step that culls or merges: a DFM file of one culling, or the maps of both halves."""
    params, output = snakemake.params, snakemake.output[0]
    pairs = ConjugatePairs(*data.images.shape[-2:])
    about = {
        "classes": list(data.classes),
        "split": params.images["split"],
        "created_by": created_by,
    }
    if len(cullings) == 1:
        dfm.write(output, cullings[0], pairs, params.percents, **about)
    else:
        halves.write_halves(output, cullings, pairs, params.percents, seed=params.images["seed"], **about)
