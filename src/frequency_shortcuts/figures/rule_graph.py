"""The picture of which rule of a workflow needs which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import networkx as nx
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from .canvas import COLOURS, style


def rule_graph(needs: Mapping[str, Sequence[str]]) -> Figure:
    """The rules of a workflow from top to bottom: name -> the rules it needs.

    An arrow that follows from longer ways is left out.
    """
    reduced = nx.transitive_reduction(nx.DiGraph({name: list(before) for name, before in needs.items()}).reverse())
    # Sorted, since Snakemake and networkx list rules and arrows in another order each time.
    graph = nx.DiGraph()
    graph.add_nodes_from(sorted(reduced.nodes))
    graph.add_edges_from(sorted(reduced.edges))
    layers = [sorted(layer) for layer in nx.topological_generations(graph)]
    place: dict[str, tuple[float, float]] = {}  # name -> place across and layer
    for layer, names in enumerate(layers):
        _place(place, layer, names)
    # A few sweeps that put each rule below the middle of what it needs keep the arrows short.
    for _ in range(4):
        for layer, names in enumerate(layers[1:], 1):
            middle = {name: float(np.mean([place[before][0] for before in graph.pred[name]])) for name in names}
            _place(place, layer, sorted(names, key=lambda name: middle[name]))
    with style():
        widest = max(map(len, layers))
        figure, axis = plt.subplots(figsize=(1.2 * widest + 0.4, 0.65 * len(layers) + 0.4))
        boxes = {
            name: axis.text(
                x, y, name.replace("_", " "), ha="center", va="center", fontsize=7, zorder=2,
                bbox={"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": COLOURS[-int(y) % len(COLOURS)]},
            ).get_bbox_patch()
            for name, (x, y) in place.items()
        }  # fmt: skip
        for before, name in graph.edges:
            ends = {"patchA": boxes[before], "patchB": boxes[name], "shrinkA": 0, "shrinkB": 1}
            line = {"arrowstyle": "-|>", "color": "0.5", "linewidth": 0.7}
            axis.annotate("", place[name], place[before], arrowprops=ends | line, zorder=1)
        axis.set_xlim(-widest / 2 - 0.2, widest / 2 + 0.2)
        axis.set_ylim(0.6 - len(layers), 0.4)
        axis.set_axis_off()
    return figure


def _place(place: dict[str, tuple[float, float]], layer: int, names: Sequence[str]) -> None:
    """Put the rules of one layer beside each other, centred."""
    place.update({name: (column - (len(names) - 1) / 2, -float(layer)) for column, name in enumerate(names)})
