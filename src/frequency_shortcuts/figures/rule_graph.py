"""The picture of which wing of a workflow needs which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import networkx as nx
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from .canvas import PAGE, style

POINTS = 11  # of the print, which stays readable at half the size
_DOWN = 0.85  # from a row to the next, in inches
_BOX = {"boxstyle": "round,pad=0.3", "facecolor": "#e8f1f8", "edgecolor": "#0173b2"}


def rule_graph(needs: Mapping[str, Sequence[str]], labels: Mapping[str, str] | None = None) -> Figure:
    """The groups of a workflow's rules from left to right: name -> the groups that it needs, which form no circle.

    The longest chain stands in the first row; each other group has a row of its own below. An arrow that follows from
    longer ways is left out.

    labels : name -> what stands in its box, where that is not the name
    """
    reduced = nx.transitive_reduction(nx.DiGraph({name: list(before) for name, before in needs.items()}).reverse())
    # Sorted, since Snakemake and networkx list rules and arrows in another order each time.
    graph = nx.DiGraph()
    graph.add_nodes_from(sorted(reduced.nodes))
    graph.add_edges_from(sorted(reduced.edges))
    place = _places(graph)
    columns, rows = (1 + max(which) for which in zip(*place.values(), strict=True))
    with style(POINTS):
        figure, axis = plt.subplots(figsize=(PAGE, 0.25 + _DOWN * rows))
        boxes = {
            name: axis.text(
                x, -y, (labels or {}).get(name, name), ha="center", va="center", zorder=2, linespacing=1.4, bbox=_BOX
            ).get_bbox_patch()
            for name, (x, y) in place.items()
        }
        for before, name in graph.edges:
            (left, above), (right, below) = place[before], place[name]
            # Between rows it first goes down and then to the right, or first to the right and then up: past all boxes.
            angles = (90, 0) if above < below else (0, 90)
            bend = "arc3" if above == below else "angle,angleA={},angleB={}".format(*angles)
            ends = {"patchA": boxes[before], "patchB": boxes[name], "shrinkA": 0, "shrinkB": 1}
            line = {"arrowstyle": "-|>", "color": "0.35", "linewidth": 1.3, "mutation_scale": 12}
            axis.annotate("", (right, -below), (left, -above), arrowprops={**line, **ends, "connectionstyle": bend})
        axis.set(xlim=(-0.5, columns - 0.5), ylim=(0.5 - rows, 0.5))
        axis.set_axis_off()
    return figure


def _places(graph: nx.DiGraph[str]) -> dict[str, tuple[int, int]]:
    """Column and row of every group."""
    column = {name: i for i, names in enumerate(nx.topological_generations(graph)) for name in names}
    chain = set(nx.dag_longest_path(graph))
    others = [name for name in graph.nodes if name not in chain]
    return {name: (column[name], 1 + others.index(name) if name in others else 0) for name in graph.nodes}
