"""Hits, and what follows from them by counting: rates and the cross matrix, against loops over images."""

import numpy as np
from hypothesis import given
from made_up_hits import random_hits
from test_hits import designs, few, slow_advantage, slow_matrix, slow_rate

from frequency_shortcuts import shortcuts
from frequency_shortcuts.evaluation import cross


@few
@given(designs)
def test_rates_are_those_of_a_loop_over_the_images(design):
    hits = random_hits(**design)
    table = shortcuts.rates(hits)
    masks = hits.trials.set_index(["part", "class", "filter", "draw"])["mask"]
    for row in table.to_dict("records"):
        mask = None if row["filter"] == "unfiltered" else masks[row["part"], row["class"], row["filter"], row["draw"]]
        measured = hits.false_positives or row["filter"] in ("unfiltered", "dfm", "other")
        tpr = slow_rate(hits, row["fill"], mask, row["class"], own=True)
        fpr = slow_rate(hits, row["fill"], mask, row["class"], own=False) if measured else None
        assert row["tpr"] == tpr and (np.isnan(row["fpr"]) if fpr is None else row["fpr"] == fpr)
        assert (row["negatives"] == 0) == (fpr is None) and row["neutral"] == (row["class"] == hits.neutral)
    tested = [c for c in range(hits.n_classes) if c != hits.neutral]
    assert sorted(set(table.loc[table["fill"] == "swap", "class"])) == tested
    assert len(table) == sum(len(hits.trials[hits.trials["class"].isin(of)]) + 2 * len(of)
                             for of in (range(hits.n_classes), tested))  # fmt: skip


@few
@given(designs.filter(lambda design: design["n_classes"] > 2))
def test_the_cross_matrix_and_the_advantage_are_those_of_loops(design):
    """Tolerance 1e-12. A neutral class has no row and no column. Maps have an FPR even if controls have none."""
    hits = random_hits(**design)
    table, advantage = cross.cross_matrix(hits), cross.own_map_advantage(hits, draws=20).set_index("fill")
    for fill in hits.named:
        expected = slow_matrix(hits, fill)
        found = table[table["fill"] == fill].set_index(["class", "map"])
        assert set(found.index) == set(expected) and found["fpr"].notna().all()
        np.testing.assert_allclose(found["measure"], [expected[key] for key in found.index], rtol=0, atol=1e-12)
        own, others = slow_advantage(expected)
        row = advantage.loc[fill]
        np.testing.assert_allclose(
            row[["own", "others", "advantage"]].astype(float), [own, others, own - others], rtol=0, atol=1e-12
        )
        assert row["advantage_low"] <= own - others <= row["advantage_high"]
        assert row["classes"] == hits.n_classes - (hits.neutral is not None)
        assert row["headline"] == (fill == ("zeros" if hits.neutral is None else "swap"))
