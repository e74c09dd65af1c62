"""Tables 1 to 3 of the published study (Wang et al. 2023), built from the tables of this study."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from frequency_shortcuts.spectrum.fills import ZEROS
from frequency_shortcuts.storage.tables import NETWORK

FILTERS = ("unfiltered", "dfm", "random", "radial", "low_pass", "other")


def as_published(tests: pd.DataFrame) -> pd.DataFrame:
    """The rows of the published kind of test: the frequencies of the map are kept, and the others are zero.

    tests: any table with the columns `part` and `fill`. The result is empty if `zeros` was not tested.

    >>> as_published(verdicts)["fill"].unique()
    array(['zeros'], dtype=object)
    """
    return tests[(tests["part"] == "keep") & (tests["fill"] == ZEROS.name)]


def rates_over_seeds(over_seeds: pd.DataFrame, chosen: Iterable[Sequence[str]]) -> pd.DataFrame:
    """Tables 1 and 2: TPR and FPR of every class, unfiltered and from its map, for the chosen networks in this order.

    over_seeds: a table of `verdicts.over_seeds`; its rows `as_published` are used. chosen: (data set, network,
    augmentation), each as named there. Columns: these three, `class`, `seeds`, `strong_seeds` (seeds in which the
    shortcut is strong), and tpr and fpr as `_unfiltered` and `_dfm`, each with `_mean` and `_sd` over seeds. Raises
    ValueError for a network that the table lacks.
    """
    columns = [
        f"{rate}_{images}_{kind}"
        for rate in ("tpr", "fpr")
        for images in ("unfiltered", "dfm")
        for kind in ("mean", "sd")
    ]
    over_seeds = as_published(over_seeds)
    parts = []
    for key in map(list, chosen):
        part = over_seeds[(over_seeds[NETWORK] == key).all(axis=1)]
        if part.empty:
            raise ValueError(f"there are no shortcut tests of {', '.join(key)} with the fill zeros")
        parts.append(part[[*NETWORK, "class", "seeds", "strong_seeds", *columns]])
    return pd.concat(parts, ignore_index=True)


def by_rendition(ood: pd.DataFrame, verdicts: pd.DataFrame) -> pd.DataFrame:
    """Table 3: TPR of every class out of distribution, one column per rendition, one row per class and filter.

    ood: columns `dataset`, `network`, `augmentation`, `seed`, `rendition`, `class`, `part`, `fill`, `filter` and `tpr`,
    one row each (mean over the draws of a control). verdicts: a table of `verdicts.verdicts` of the same runs, for the
    test images. The rows `as_published` of both are used. Columns: data set, network, augmentation, `class`, `filter`
    (as in `FILTERS`), `seeds`, and `tpr_{images}_mean` and `_sd` over seeds, where images are `original` and then each
    rendition.
    """
    ood, verdicts = as_published(ood), as_published(verdicts)
    keys = [*NETWORK, "class", "filter"]
    tested = [kind for kind in FILTERS if f"tpr_{kind}" in verdicts]
    original = verdicts.melt(
        [*NETWORK, "seed", "class"], [f"tpr_{kind}" for kind in tested], var_name="filter", value_name="tpr"
    )
    original["filter"] = original["filter"].str.removeprefix("tpr_")
    runs = ood[[*NETWORK, "seed"]].drop_duplicates()
    long = pd.concat([original.merge(runs, on=[*NETWORK, "seed"]).assign(rendition="original"), ood])
    spread = long.groupby([*keys, "rendition"], sort=False)["tpr"].agg(["mean", "std"])
    wide = spread.unstack("rendition")  # noqa: PD010 (of two columns at once)
    order = list(long["rendition"].drop_duplicates())
    table = pd.DataFrame(
        {
            f"tpr_{images}_{name}": wide[kind, images]
            for images in order
            for kind, name in (("mean", "mean"), ("std", "sd"))
        }
    )
    table.insert(0, "seeds", long.groupby(keys, sort=False)["seed"].nunique())
    # Restore the order of networks and classes in the tests: unstacking sorts them.
    place = {key: i for i, key in enumerate(verdicts[[*NETWORK, "class"]].drop_duplicates().itertuples(False, None))}
    ranked = sorted(table.index, key=lambda key: (place[key[:-1]], FILTERS.index(key[-1])))
    return table.loc[ranked].reset_index()
