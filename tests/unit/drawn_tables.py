"""Small tables with scores at random, for the tests of figures."""

import itertools

import numpy as np
import pandas as pd

CLASSES = ("ant", "bee")
KINDS = (("resnet18", "none"), ("vgg16", "augmix"))
KEYS = ["dataset", "network", "augmentation"]


def table(**columns):
    """Every combination of network and the columns' values, with scores at random."""
    names = ("network", "augmentation", *columns)
    rows = [(*kind, *values) for kind, *values in itertools.product(KINDS, *columns.values())]
    return pd.DataFrame(rows, columns=names), np.random.default_rng(0)


def cross_matrix(classes=CLASSES, seeds=(0, 1), kinds=KINDS, fills=("zeros", "swap"), headline="zeros", near=None):
    """Every class with every map in every network: `tables/cross_matrix.csv`. The own map is the best of most classes.

    near : if given, a class has only the maps of its `near` next classes beside its own
    """
    generator, n = np.random.default_rng(0), len(classes)
    rows = []
    for kind, seed, fill in itertools.product(kinds, seeds, fills):
        for c, m in itertools.product(range(n), repeat=2):
            if near is None or (m - c) % n <= near:
                tpr = generator.uniform(0.4, 1) if c == m else generator.uniform(0, 0.5)
                rows.append(("zoo", *kind, seed, fill, fill == headline, classes[c], classes[m], tpr))
    frame = pd.DataFrame(rows, columns=[*KEYS, "seed", "fill", "headline", "class", "map", "tpr"])
    frame["fpr"] = generator.uniform(0, 0.2, len(frame))
    return frame.assign(measure=frame["tpr"] - frame["fpr"])


def own_map_advantage(matrix):
    """`tables/own_map_advantage.csv` of a cross matrix, with half widths of 0.02."""
    own = matrix["class"] == matrix["map"]
    keys = [*KEYS, "seed", "fill", "headline"]
    found = pd.DataFrame(
        {
            "classes": matrix[own].groupby(keys, sort=False).size(),
            "own": matrix[own].groupby(keys, sort=False)["measure"].mean(),
            "others": matrix[~own].groupby(keys, sort=False)["measure"].mean(),
        }
    )
    found["advantage"] = found["own"] - found["others"]
    return found.assign(advantage_low=found["advantage"] - 0.02, advantage_high=found["advantage"] + 0.02).reset_index()


def verdicts(classes=CLASSES, seeds=(0, 1), kinds=KINDS, parts=("keep", "remove"), fills=("zeros", "swap"), neutral=""):
    """`tables/shortcuts.csv` of these networks, with rates at random. The first class, the third ... are strong."""
    generator = np.random.default_rng(0)
    names = ["dfm", "random", "radial", "low_pass", "other"]
    headline = "swap" if neutral and "swap" in fills else fills[0]
    rows = []
    for (network, augmentation), seed, (place, name), part, fill in itertools.product(
        kinds, seeds, enumerate(classes), parts, fills
    ):
        if fill == "swap" and name == neutral:
            continue
        tpr, fpr = generator.uniform(0, 0.5, 5), generator.uniform(0, 0.1, 5)
        tpr[0] = generator.uniform(0.8, 1) if place % 2 == 0 else tpr[0]
        own, other = tpr[0] - fpr[0], generator.uniform(0, 0.5)
        margins = {"random": tpr[1] - fpr[1], "radial": tpr[2] - fpr[2], "other": other}
        best = max(margins, key=margins.get)
        margin, low = own - margins[best], own - (tpr[3] - fpr[3])
        rows.append(
            {
                "dataset": "zoo", "network": network, "augmentation": augmentation, "seed": seed, "class": name,
                "part": part, "fill": fill, "neutral": name == neutral, "images": 50, "negatives": 100,
                "tpr_unfiltered": generator.uniform(0.6, 1), "fpr_unfiltered": 0.02,
                **{f"tpr_{kind}": value for kind, value in zip(names, tpr, strict=True)},
                **{f"fpr_{kind}": value for kind, value in zip(names, fpr, strict=True)},
                **{f"{rate}_dfm_{end}": np.clip(value[0] + reach, 0, 1)
                   for rate, value in (("tpr", tpr), ("fpr", fpr)) for end, reach in (("low", -0.1), ("high", 0.1))},
                "overlap_radial": 0.1, "measure": own, "largest_other": other,
                "largest_other_class": classes[(place + 1) % len(classes)],
                "margin": margin, "margin_low": margin - 0.1, "margin_high": margin + 0.1, "best_control": best,
                "closest_class": classes[(place + 1) % len(classes)] if best == "other" else np.nan,
                "low_pass_margin": low, "low_pass_margin_low": low - 0.1, "low_pass_margin_high": low + 0.1,
                "low_frequency": low < 0.1, "smallest_effect": 0.15,
                "verdict": ("strong" if place % 2 == 0 else "weak") if margin > 0.1 else "none",
                "headline": part == "keep" and fill == headline,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def over_seeds(rows):
    """`tables/shortcuts_over_seeds.csv` of such verdicts, with half widths of 0.05."""
    keys = [*KEYS, "class", "part", "fill"]
    groups = rows.groupby(keys, sort=False)
    rates = [name for name in rows if name.startswith(("tpr_", "fpr_")) and not name.endswith(("_low", "_high"))]
    means = groups[[*rates, "margin", "measure", "largest_other"]].mean().add_suffix("_mean")
    spread = groups[[*rates, "margin"]].std().add_suffix("_sd")
    seeds = groups["seed"].nunique()
    out = pd.concat([means, spread], axis=1).assign(
        seeds=seeds,
        strong_seeds=groups["verdict"].agg(lambda verdict: int((verdict == "strong").sum())),
        headline=groups["headline"].any(),
        measure_low=means["measure_mean"] - 0.05,
        measure_high=means["measure_mean"] + 0.05,
        interval=np.where(seeds >= 5, "networks", "these networks"),
    )
    return out.reset_index()
