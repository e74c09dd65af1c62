"""The table and the figure of trainings that avoid shortcuts, on tables that are small enough to be read by eye."""

import itertools

import numpy as np
import pandas as pd
import pytest
from drawn_tables import check_page
from scipy import stats

from frequency_shortcuts.evaluation.cure import COLUMNS, cure_table, cures, mean_interval
from frequency_shortcuts.figures import cure as drawings

CLASSES, SEEDS = [f"c{i}" for i in range(10)], (0, 1, 2)
STRONG_CLASSES = {"none": 8, "dfmx": 1, "afa": 7}  # classes with a strong shortcut, the first ones
ACCURACY = {"none": 0.90, "dfmx": 0.895, "afa": 0.91}


def study(strong=STRONG_CLASSES, accuracy=ACCURACY, seeds=SEEDS, network="small"):
    """The four tables of a study of these augmentations."""
    about = {"dataset": "zoo", "network": network}
    verdicts, networks, ood, corruptions = [], [], [], []
    for (name, n_strong), seed in itertools.product(strong.items(), seeds):
        run = {**about, "augmentation": name, "seed": seed}
        networks.append({**run, "test_accuracy": accuracy[name] + 0.001 * seed})
        for c, of_class in enumerate(CLASSES):
            row = {**run, "class": of_class}
            verdict = "strong" if c < n_strong else "weak" if c < 9 else np.nan
            for fill in ("zeros", "swap"):
                verdicts.append({
                    **row, "part": "keep", "fill": fill, "neutral": False, "headline": fill == "zeros",
                    "verdict": verdict if fill == "zeros" else "none", "tpr_dfm": 0.5 + 0.01 * c, "fpr_dfm": 0.1,
                })  # fmt: skip
                for rendition, recall in (("ink", 0.4), ("oil", 0.6)):
                    ood.append({**row, "rendition": rendition, "fill": fill, "filter": "unfiltered", "tpr": recall})
                    ood.append({**row, "rendition": rendition, "fill": fill, "filter": "dfm", "tpr": 0.0})
            for strength in range(3):
                kind = "noise" if strength else "none"
                corruptions.append({**row, "corruption": kind, "strength": strength, "tpr": 1 - 0.2 * strength})
    return [pd.DataFrame(rows) for rows in (networks, verdicts, ood, corruptions)]


@pytest.fixture(scope="module")
def table():
    return cure_table(*study())


def test_values_are_means_over_seeds_and_classes(table):
    assert list(table) == COLUMNS and len(table) == 3 * 7
    values = table.set_index(["augmentation", "measure"])["value"]
    assert values["none", "strong_shortcuts"] == 0.8 and values["dfmx", "strong_shortcuts"] == pytest.approx(0.1)
    assert values["afa", "map_tpr_fpr"] == pytest.approx(0.445)
    assert values["none", "test_accuracy"] == pytest.approx(0.901)
    assert values["afa", "ood_accuracy"] == pytest.approx(0.5)
    assert values["afa", "ood_accuracy_ink"] == pytest.approx(0.4)
    assert values["dfmx", "corrupted_recall"] == pytest.approx(0.7)  # without the images as they are
    assert (table["seeds"] == 3).all()
    assert (table["classes"] == np.where(table["measure"] == "test_accuracy", 1, 10)).all()


def test_a_training_cures_if_clearly_fewer_classes_are_strong_and_accuracy_stays(table):
    verdict = table.groupby("augmentation")["cures"].agg(lambda found: set(found.dropna()))
    assert verdict["dfmx"] == {True} and verdict["afa"] == {False} and verdict["none"] == set()
    afa = table.set_index(["augmentation", "measure"]).loc[("afa", "strong_shortcuts")]
    assert afa["difference"] == pytest.approx(-0.1) and afa["difference_high"] > 0  # one class, in all seeds
    costly = cure_table(*study(accuracy=ACCURACY | {"dfmx": 0.88}))
    assert not costly.loc[costly["augmentation"] == "dfmx", "cures"].any()


def test_the_rule_of_a_cure_is_the_written_one():
    assert cures({"difference_high": -0.01}, {"difference": -0.01})
    assert not cures({"difference_high": 0.0}, {"difference": 0.1})
    assert not cures({"difference_high": -0.5}, {"difference": -0.0101})
    assert not cures({"difference_high": np.nan}, {"difference": 0.1})


def test_intervals_join_the_spread_over_seeds_and_over_classes():
    """The slow way: the mean of each seed and class by a loop, and Welch and Satterthwaite's degrees of freedom."""
    values = np.random.default_rng(0).normal(size=(3, 5))
    by_seed, by_class = [values[i].mean() for i in range(3)], [values[:, j].mean() for j in range(5)]
    parts = [(np.var(by_seed, ddof=1) / 3, 2), (np.var(by_class, ddof=1) / 5, 4)]
    variance = sum(part for part, _ in parts)
    freedom = variance**2 / sum(part**2 / degrees for part, degrees in parts)
    half = stats.t.ppf(0.975, freedom) * np.sqrt(variance)
    np.testing.assert_allclose(mean_interval(values), (values.mean(), values.mean() - half, values.mean() + half))
    one = mean_interval(values[:, :1])  # one class: the seeds alone, by Student's t
    expected = stats.t.interval(0.95, 2, values[:, 0].mean(), stats.sem(values[:, 0]))
    np.testing.assert_allclose(one[1:], expected)
    assert np.isnan(mean_interval(values[:1, :1])[1:]).all()
    assert mean_interval(np.zeros((3, 5))) == (0, 0, 0)


def test_differences_are_of_the_seeds_that_both_have():
    tables = study()
    networks = tables[0]
    tables[0] = networks[(networks["augmentation"] != "afa") | (networks["seed"] != 0)]
    rows = cure_table(*tables).set_index(["augmentation", "measure"])
    assert rows.loc[("afa", "test_accuracy"), "seeds"] == 2
    assert rows.loc[("afa", "test_accuracy"), "difference"] == pytest.approx(0.01)  # 0.0105 with other seeds


def test_a_neutral_class_and_a_table_that_is_missing_do_not_count():
    networks, verdicts, *_ = study()
    neutral = verdicts["class"] == "c0"
    rows = cure_table(networks, verdicts.assign(neutral=neutral))
    assert set(rows["measure"]) == {"strong_shortcuts", "map_tpr_fpr", "test_accuracy"}
    assert set(rows.loc[rows["measure"] == "map_tpr_fpr", "classes"]) == {9}


def test_without_the_network_without_augmentation_there_is_an_error():
    tables = [table[table["augmentation"] != "none"] for table in study()]
    with pytest.raises(ValueError, match="small on zoo was not trained with augmentation none: there is no comparison"):
        cure_table(*tables)


@pytest.mark.usefixtures("closed_figures")
def test_the_figure_shows_every_augmentation_and_measure(table):
    others = table[table["augmentation"] != "afa"].assign(network="large")
    figure = drawings.cure(pd.concat([table, others]))
    expected = {*table["augmentation"], "small", "large", "test\naccuracy", "renditions,\naccuracy", "differs from it"}
    assert expected <= check_page(figure)
    bold = {label.get_text() for label in figure.axes[0].get_yticklabels() if label.get_fontweight() == "bold"}
    assert bold == {"dfmx"}
