"""Tables 1 to 3 of the published study, against values looked up one by one."""

import numpy as np
from test_paper_tables import CLASSES, RUN, RUNS, ood, published, verdicts  # noqa: F401 (fixtures)

from frequency_shortcuts.findings import paper_tables


def test_a_row_by_rendition_holds_every_test_of_a_class(verdicts, ood):
    table = paper_tables.by_rendition(ood, verdicts)
    assert len(table) == 3 * len(CLASSES) * 6
    assert list(table.columns[6:]) == [
        f"tpr_{images}_{kind}" for images in ("original", "toy", "art") for kind in ("mean", "sd")
    ]
    assert list(table["class"].iloc[::6]) == CLASSES * 3 and list(table["filter"]) == [*paper_tables.FILTERS] * 9
    for _, row in table.iterrows():
        for images in ("original", "toy", "art"):
            seeds = []
            for run in RUNS:
                if run[:3] == (row["dataset"], row["network"], row["augmentation"]):
                    selected = published(verdicts if images == "original" else ood[ood["rendition"] == images])
                    selected = selected[(selected[RUN] == list(run)).all(axis=1) & (selected["class"] == row["class"])]
                    if images != "original":
                        selected = selected[selected["filter"] == row["filter"]]
                    seeds += list(selected[f"tpr_{row['filter']}" if images == "original" else "tpr"])
            expected = np.mean(seeds) if seeds else np.nan
            assert np.isclose(row[f"tpr_{images}_mean"], expected, equal_nan=True)
            spread = np.std(seeds, ddof=1) if len(seeds) > 1 else np.nan
            assert np.isclose(row[f"tpr_{images}_sd"], spread, equal_nan=True)
