"""The rates of every class with every map, of each network that a claim is about: from the cross matrices of a study.

A row has TPR, FPR and their difference, `value`, of one class with the map of one class, or with as many of the lowest
frequencies (`study_tables.LOWEST_NAME`). Rows with the same claim, `variant`, data set and `networks_of` are of
networks of one kind. The matrices of the claim itself have no `variant`.
"""

from collections.abc import Iterator

import pandas as pd

from frequency_shortcuts.storage.tables import RUN

from .definitions import FEWEST_CLASSES
from .numbers import CURES, END, OF_NETWORKS, Row, Study, groups, kind_of, maps_and_fill

RATES = ["tpr", "fpr", "value"]
CELL = ["class", "map"]
COLUMNS = [*OF_NETWORKS, "seed", *CELL, *RATES]


def cross_matrix(table: pd.DataFrame, study: Study) -> Iterator[pd.DataFrame]:
    """Claims (d), (f) and (g): networks of the first kind, of each width, and with augmentations."""
    sizes = study.widths or list(study.forms)
    for run, cells in _of_photographs(table, study, *RUN, "method", "fill"):
        variant = maps_and_fill(run)
        if study.is_first(run):
            yield _rows("d", variant, run, cells)
        if variant:
            continue
        network, augmentation = study.first[run["dataset"]]
        if run["augmentation"] == augmentation and run["network"] in sizes and len(sizes) > 1:
            yield _rows("f", "", run, cells)
        if run["network"] == network and run["augmentation"] not in ("none", augmentation, *CURES):
            yield _rows("g", "", run, cells)


def ood_cross_matrix(table: pd.DataFrame, study: Study) -> Iterator[pd.DataFrame]:
    """Claim (e1): the mean over the renditions, and each rendition."""
    for run, cells in _of_photographs(table, study, *RUN, "method", "fill"):
        if not study.is_first(run):
            continue
        variant = maps_and_fill(run)
        yield _rows("e1", variant, run, _means(cells))
        if not variant:
            for rendition, of_rendition in cells.groupby("rendition", sort=False):
                yield _rows("e1", rendition, run, of_rendition)


def transfer_cross_matrix(table: pd.DataFrame, study: Study) -> Iterator[pd.DataFrame]:
    """Claim (e2): maps of another architecture, the mean of the planned directions within a seed.

    Where a direction is missing, so is the mean. Pairs of one architecture are no other network.
    """
    table = _with_pairs(table, study)
    directions = table.groupby(["dataset", "networks_of"])["direction"].nunique()
    for run, cells in _of_photographs(
        table, study, "dataset", "networks_of", "seed", "method", "fill"
    ):
        if cells["direction"].nunique() == directions[run["dataset"], run["networks_of"]]:
            run |= {"network": run["networks_of"], "augmentation": "none"}
            yield _rows("e2", maps_and_fill(run), run, _means(cells))


def _with_pairs(table: pd.DataFrame, study: Study) -> pd.DataFrame:
    """The rows of two architectures, with the seed, the `direction` and the two networks (`networks_of`)."""
    source, target = (table[end].str.extract(END) for end in ("maps_of", "tested_on"))
    first, second = (end.apply(kind_of, axis=1) for end in (source, target))
    forms = {network: form[0] for network, form in study.forms.items()}
    differ = source["network"].replace(forms) != target["network"].replace(forms)
    pairs = zip(first, second, strict=True)
    table = table.assign(
        seed=source["seed"].astype(int),
        direction=first + " on " + second,
        networks_of=[" and ".join(sorted(pair)) for pair in pairs],
    )
    return table[differ]


def _of_photographs(
    table: pd.DataFrame, study: Study, *keys: str
) -> Iterator[tuple[Row, pd.DataFrame]]:
    """The values of these columns and the cells that have them, of photographs with enough classes."""
    for run, cells in groups(study.of_photographs(table), *keys):
        if cells["class"].nunique() >= FEWEST_CLASSES:
            yield run, cells.rename(columns={"measure": "value"})


def _means(cells: pd.DataFrame) -> pd.DataFrame:
    return cells.groupby(CELL, sort=False)[RATES].mean().reset_index()


def _rows(claim: str, variant: str, run: Row, cells: pd.DataFrame) -> pd.DataFrame:
    """The cells of one network with the columns `COLUMNS`."""
    about = {key: run[key] for key in ("dataset", "network", "augmentation", "seed")}
    networks_of = run.get("networks_of") or kind_of(run)
    return cells[[*CELL, *RATES]].assign(
        claim=claim, variant=variant, networks_of=networks_of, **about
    )[COLUMNS]


_MEASURES = cross_matrix, ood_cross_matrix, transfer_cross_matrix
MATRICES = {measure.__name__: measure for measure in _MEASURES}


def matrices(name: str, table: pd.DataFrame, study: Study) -> pd.DataFrame:
    """The cells that a table of `MATRICES` gives, of all networks that claims are about, with `COLUMNS`."""
    found = list(MATRICES[name](table, study))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=COLUMNS)
