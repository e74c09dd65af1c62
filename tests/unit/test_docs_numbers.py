"""The numbers in the sentences and tables of README and docs are those of the files in docs/data."""

import json
import re
from functools import cache

import numpy as np
import pandas as pd
import pytest

from bench import DATA, PAGES, gallery
from conftest import ROOT
from frequency_shortcuts.evaluation.flip_rates import FOUND, Thresholds
from frequency_shortcuts.evaluation.leaks import HARMFUL, HARMFUL_LOW
from frequency_shortcuts.evaluation.truth import FOUND as FOUND_MASK
from frequency_shortcuts.storage.tables import RUN, read_table, write_table

README, RESULTS = "README.md", "docs/results.md"
LARGEST_FLIP = 0.1  # the threshold of (h) under the definitions of docs/data/findings
NO_RESULT = r"arXiv[ /\d.]+|org/abs/[\d.]+|Python 3\.\d+|95 % (interval|ends)|5 % of false alarms"
BY_HAND = r"the recall without the artefact stayed 0\.00|recall 0\.77 without it, 0\.03 with it|\(0\.94, 0\.70\)"


@cache
def read(path):
    return read_table(DATA / f"{path}.csv")


def rows(path, query):
    return read(path).query(query, engine="python")


def ends(table):
    """The least and the largest value, and the ends of all intervals."""
    return table["value"].min(), table["value"].max(), table["low"].min(), table["high"].max()


def deciding(letter, query="networks > 0"):
    return rows("findings/tables/findings", f"role == 'decides' and finding == '{letter}' and {query}")


def value(letter, query="networks > 0"):
    """The value and the interval of one row that decides."""
    return deciding(letter, query)[["value", "low", "high"]].iloc[0].tolist()


def counts(letter, quantity, *verdicts):
    found = deciding(letter, f"quantity == '{quantity}'")["verdict"].value_counts()
    assert found.sum() == sum(found.get(verdict, 0) for verdict in verdicts)
    return [found.get(verdict, 0) for verdict in verdicts]


def followed_networks():
    """Of each kind, in how many networks the flip rate of some class is at least the threshold of (h)."""
    numbers = rows("findings/tables/finding_numbers", "finding == 'h' and quantity == 'flip rate'")
    largest = numbers.groupby(["networks_of", "seed"], sort=False)["value"].max().unstack()  # noqa: PD010
    reached = (largest >= LARGEST_FLIP).sum(axis=1)
    first = reached["resnet18_w8"], largest.shape[1], reached["resnet18_w4"]
    return LARGEST_FLIP, *first, reached["resnet18_w8, autoaugment"], reached["vgg16_bn_w8"]


def advantages_of_widths():
    of = "quantity == 'own-map advantage, zeros' and role == 'beside' and method == 'culling'"
    return [rows("findings/tables/findings", f"finding == 'f' and {of} and networks_of == '{name}'")["value"].item()
            for name in ("resnet18_w8", "resnet18_w4")]  # fmt: skip


def innocent():
    """The recognised classes of photographs without an artefact, where another class has one."""
    others = "set == 'groups' and kind != 'none' and name != 'mammals' and verdict != 'not recognised'"
    return rows("leaks/tables/leaks_sets_networks", others)


def warned(table):
    return table["verdict"].isin(FOUND)


def harmful(query="share > 0"):
    return rows("leaks/tables/leaks", f"harm == 'harmful' and kind != 'brightness' and {query}")


def shown(number):
    table = harmful()[warned(harmful())]
    return (table[f"{number}_low"] >= getattr(Thresholds(), number)).sum()


def met(verdict):
    return (read("leaks/tables/leaks_aims")["met"].astype(str) == verdict).sum()


def of_sets(query, count):
    found = rows("leaks/tables/leaks_sets", query)
    return found[count].sum(), found["networks"].sum()


def cured(training):
    table = rows("cure/tables/cure", f"training == '{training}'")
    return table["cured"].sum(), len(table), table["accuracy_loss"].iloc[0]


def lost(removed, *names):
    row = rows("experiments/tables/reliance", f"removed == '{removed}' and `class` == '(all)'").iloc[0]
    return [row[name] for name in names]


def readings(removed):
    found = rows("experiments/tables/reliance", f"removed == '{removed}' and `class` != '(all)'")["reading"]
    return (found == "avoidable").sum(), (found == "needed").sum()


def found_masks():
    query = "truth == 'own' and cut == 'percent' and uses == True and ranking == 'dfm'"
    scores = rows("laptop/tables/truth", query).drop_duplicates([*RUN, "class"])["average_precision"]
    return (scores >= FOUND_MASK).sum(), len(scores)


def precisions(method, *sets):
    scores = rows("benchmark/tables/methods", f"truth == 'own' and method == '{method}'")
    return scores.groupby("dataset")["average_precision"].mean()[[f"plant_{name}" for name in sets]]


def minutes(study, column="wall_s", jobs=2):
    table = read(f"{study}/tables/runtimes")
    assert table["resumed"].eq(False).all()
    return table[column].sum() / 60 / jobs


def of_real(quantity):
    table = rows("real/tables/findings", f"method == 'culling' and quantity == '{quantity}, zeros'")
    return table[["value", "low", "high"]].iloc[0].tolist()


def about(study, path):
    return json.loads((DATA / study / f"{path}.json").read_text())


AT_TEST, AFTER = ([f"{name}{end}" for end in ("", "_low", "_high")] for name in ("lost_at_test", "lost_after"))
# Page, sentence with a slot for each number, and the numbers.
SENTENCES = [
    (README, "Accuracy {:.2f}, recall of coats in PNG files {:.2f};",
     lambda: read("example/example").loc[0, ["accuracy", "other_recall"]]),
    (README, "in the training: {:.2f}, *not shown*. All take {} seconds on {} cores",
     lambda: [read("example/example")["other_recall"].iloc[-1], *about("example", "example").values()]),
    (README, "Allow {} minutes for `make study` on two cores (AMD EPYC: {:.0f} minutes of processor time)",
     lambda: [int(10 * np.ceil(minutes("laptop") / 10)), minutes("laptop", "processor_s", 1)]),
    (README, "In {} networks, the", lambda: [len(read("leaks/tables/leaks")[["seed", "set"]].drop_duplicates())]),
    (README, "of {} of {} harmful fine artefacts that are in all images of a class.",
     lambda: [warned(harmful("share == 1")).sum(), len(harmful("share == 1"))]),
    (README, "It warns of {} of {} classes of clean networks. Of {} aims, {} were missed.",
     lambda: [warned(clean := rows("leaks/tables/leaks", "set == 'clean'")).sum(), len(clean),
              met("True") + met("False"), met("False")]),
    (README, "it also warns of {} of {} recognised classes that have none.",
     lambda: [warned(innocent()).sum(), len(innocent())]),
    (README, "{} of {} such artefacts, and costs {:.3f} of the accuracy;", lambda: cured("swap_fine")),
    (README, "finds {} of {} planted sets of frequencies that networks use (average precision at least {})",
     lambda: [*found_masks(), FOUND_MASK]),
    (RESULTS, "of {} of {} recognised classes without an artefact, where another class has one. {} of the {} aims",
     lambda: [warned(innocent()).sum(), len(innocent()), met("False"), met("True") + met("False")]),
    (RESULTS, "a flip rate of at least {} in {} of {} networks (resnet18_w8), {} (resnet18_w4), {} (with autoaugment) "
     "and {} (vgg16_bn_w8)", followed_networks),
    (RESULTS, "lies within its bound**: {:.2f} ({:.2f} to {:.2f}), and up to {} counts as none.",
     lambda: [*value("d3", "verdict == 'better'"), 0.05]),
    (RESULTS, "has a bound of {:.2f}**, and the advantage itself is {:.2f} and {:.2f}. With a bound of a quarter of "
     "that it is undecided ({:.2f}, {:.2f} to {:.2f})",
     lambda: [0.1, *advantages_of_widths(), *value("f")]),
    (RESULTS, "four kinds of networks)? | {:.2f} to {:.2f} ({:.2f} to {:.2f}) | below {} in {} kinds (safely in 2), "
     "open in {} |",
     lambda: [*ends(deciding("h", "quantity == 'flip rate'")), LARGEST_FLIP,
              *counts("h", "flip rate", "holds", "open")]),
    (RESULTS, "fine spectrum of the class? | {:.2f} to {:.2f} ({:.2f} to {:.2f}) | open in {}, above {} in",
     lambda: [*ends(deciding("h", "quantity == 'need'")), counts("h", "need", "open", "does not hold")[0],
              LARGEST_FLIP]),
    (RESULTS, "the lowest frequencies? | {:.2f} to {:.2f} ({:.2f} to {:.2f}) | undecided in {} comparisons |",
     lambda: [*ends(deciding("d2")), (deciding("d2")["verdict"] == "undecided").sum()]),
    (RESULTS, "on other images, culling? | {:.2f} to {:.2f} ({:.2f} to {:.2f}) | worse |",
     lambda: ends(deciding("d3", "method == 'culling' and verdict == 'worse'"))),
    (RESULTS, "the same, mixture? | {:.2f} to {:.2f} ({:.2f} to {:.2f}) |",
     lambda: ends(deciding("d3", "method == 'mixture'"))),
    (RESULTS, "average map of another class? | {:.2f} to {:.2f} ({:.2f} to {:.2f}) | better |",
     lambda: ends(deciding("d", "verdict == 'holds'"))),
    (RESULTS, "of the maps at test time? | {:.2f} ({:.2f} to {:.2f}) |", lambda: lost("maps", *AT_TEST)),
    (RESULTS, "after training anew without them? | {:.2f} ({:.2f} to {:.2f}) |", lambda: lost("maps", *AFTER)),
    (RESULTS, "to texture images ({:.2f}) and to another network ({:.2f}), not clearly to inverted images and sketches "
     "({:.2f} each)",
     lambda: [value("e1", "quantity.str.contains('texture')")[0], value("e2")[0],
              value("e1", "quantity.str.contains('sketch')")[0]]),
    (RESULTS, "harmful if one is at least {}, with a lower end of at least {}.", lambda: [HARMFUL, HARMFUL_LOW]),
    (RESULTS, "{} networks, {} artefacts, of which {} are harmful. Of {} aims, {} are met;",
     lambda: [len((table := read("leaks/tables/leaks"))[["seed", "set"]].drop_duplicates()),
              table["kind"].notna().sum(), (table["harm"] == "harmful").sum(), met("True") + met("False"),
              met("True")]),
    (RESULTS, "also need an end of {:.2f} and {:.2f}.", lambda: read("leaks/tables/leaks_aims")["end"].dropna()),
    (RESULTS, "{} of its artefacts are harmful, and the test warns of {}.",
     lambda: [((table := rows("leaks/tables/leaks", "kind == 'brightness'"))["harm"] == "harmful").sum(),
              warned(table).sum()]),
    (RESULTS, "flip shows {}, sham {}, part {} and need {}.", lambda: map(shown, ("flip", "sham", "part", "need"))),
    (RESULTS, "it warns of {} of those in all images.",
     lambda: [harmful("share == 1")["verdict_clean_filter"].isin(FOUND).sum()]),
    (RESULTS, "the test warns of {} of {} networks (of those",
     lambda: of_sets("suite == 'photographs' and kind == 'none'", "warned")),
    (RESULTS, "that class follows in {} of {},",
     lambda: of_sets("suite == 'photographs' and kind != 'none'", "with_follows")),
    (RESULTS, "Shirt alone: {} of {} networks.", lambda: of_sets("set == 'alike'", "warned")),
    (RESULTS, "are woven follows in {} of {},", lambda: of_sets("set == 'texture'", "with_follows")),
    (RESULTS, "and gravel in {} of {},", lambda: of_sets("set == 'textures'", "with_follows")),
    (RESULTS, "named least often ({} of {})",
     lambda: [(table := rows("leaks/tables/leaks_data", "kind == 'sharpened'"))["cause"].notna().sum(), len(table)]),
    (RESULTS, "{} of {} networks follows or needs the fine spectrum of a class (C2 of Syn_4). In {} of {} tests",
     lambda: [len((table := read("laptop/tables/flips"))[warned(table)][RUN].drop_duplicates()),
              len(table[RUN].drop_duplicates()), (table["verdict"] == "not shown").sum(), len(table)]),
    (RESULTS, "`swap_fine` cures {} of {} artefacts, and costs {:.3f} of the accuracy", lambda: cured("swap_fine")),
    (RESULTS, "`low_pass` cures {} of {} ({:.3f})", lambda: cured("low_pass")),
    (RESULTS, "`saved_alike` {} of {} ({:.3f})", lambda: cured("saved_alike")),
    (RESULTS, "AFA cured {} of {} ({:.3f})", lambda: cured("afa")),
    (RESULTS, "DFM-X {} of {} ({:.3f})", lambda: cured("dfmx")),
    (RESULTS, "Of 10 classes, {} could have avoided these frequencies and {} need them; of as many of the lowest ones, "
     "{} and {}.", lambda: [*readings("maps"), *readings("low_pass")]),
    (RESULTS, "the lowest ones cost {:.2f} at test time and {:.2f} after training anew, random ones {:.2f} and {:.2f}; "
     "another seed alone costs {:.2f}.",
     lambda: [loss for removed in ("low_pass", "random") for loss in lost(removed, "lost_at_test", "lost_after")]
     + lost("nothing", "lost_after")),
    (RESULTS, "The networks use {} of {} planted masks, and the published method finds {} (average precision at "
     "least {})",
     lambda: [(use := read("laptop/tables/planted_use"))["uses"].sum(), len(use), found_masks()[0], FOUND_MASK]),
    (RESULTS, "average map of another class ({:.2f}, 95 % interval over images {:.2f} to {:.2f}), and than as many of "
     "the lowest frequencies ({:.2f}, {:.2f} to {:.2f})",
     lambda: [*of_real("own-map advantage"), *of_real("own map minus lowest frequencies")]),
    ("docs/limits.md", "the test warned of {} of {} recognised classes that have none. The flip alone warned of {}:",
     lambda: [warned(innocent()).sum(), len(innocent()), (innocent()["flip_low"] >= Thresholds().flip).sum()]),
    ("docs/methods.md", "the best, `rise` with swap, has {:.2f}, {:.2f} and {:.2f}",
     lambda: precisions("rise_swap", "present", "redundant", "absent")),
    ("docs/methods.md", "in phases ({:.2f}; `learned` {:.2f}) and cues spread over 90 pairs ({:.2f})",
     lambda: [*precisions("mixture", "phase"), *precisions("learned", "phase"), *precisions("mixture", "diffuse")]),
    ("CHANGELOG.md", "recognise {:.2f} of cartoons, {:.2f} of silhouettes, {:.2f} of blurred, {:.2f} of noisy and "
     "{:.2f} of `texture` images, {:.2f} of sketches and {:.2f} of inverted ones",
     lambda: read("renditions").groupby("rendition")["accuracy"].mean()[
         ["cartoon", "silhouette", "blurred", "noisy", "texture", "sketch", "inverted"]]),
    ("docs/method.md", "*Found*: the average precision is at least {}.", lambda: [FOUND_MASK]),
    ("docs/methods.md", "precision is at least {}.", lambda: [FOUND_MASK]),
    ("workflow/study/tests/methods.py", "a truth is *found* from {} (dashed)", lambda: [FOUND_MASK]),
    ("docs/running.md", "its jobs took {:.0f} minutes, and {:.0f} of processor time",
     lambda: [minutes("findings"), minutes("findings", "processor_s", 1)]),
]  # fmt: skip


def text_of(page):
    return " ".join((ROOT / page).read_text().split())


@pytest.mark.parametrize(
    ("page", "sentence", "numbers"), SENTENCES, ids=[sentence[:40] for _, sentence, _ in SENTENCES]
)
def test_a_sentence_has_the_numbers_of_the_files(page, sentence, numbers):
    assert sentence.format(*numbers()) in text_of(page)


@pytest.mark.parametrize("page", [README, RESULTS])
def test_no_other_sentence_of_readme_and_results_has_a_number_of_a_result(page):
    text = re.sub(r"<!-- (\w+) -->.*?<!-- /\1 -->|```.*?```", "", (ROOT / page).read_text(), flags=re.DOTALL)
    text = " ".join(text.split())
    for sentence in (sentence for of, sentence, _ in SENTENCES if of == page):
        text = re.sub(re.sub(r"\\\{.*?\\\}", r"-?[\\d.]+", re.escape(sentence)), "", text)
    text = re.sub(f"{NO_RESULT}|{BY_HAND}", "", text)
    assert re.findall(r".{30}\b\d*\.\d+\b|.{30}\b\d+ of \d+\b|.{30}\b\d+ %", text) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_table_is_the_one_of_the_files(page):
    assert gallery.renewed(text := page.read_text()) == text, "run `make gallery`"


def test_every_table_has_one_place():
    marked = [name for page in PAGES for name in gallery.marks(page.read_text())]
    assert sorted(name for name in marked if name in gallery.TABLES) == sorted(gallery.TABLES)


def test_the_readme_shows_what_the_example_printed():
    (printed,) = re.findall(r"```text\n(.*?)```", (ROOT / README).read_text(), re.DOTALL)
    first, *summary, last = printed.splitlines()
    row = read("example/example").iloc[0]
    assert [float(first), float(last)] == [row["accuracy"], row["other_recall"]]
    stored = (DATA / "example" / "jpeg" / "summary.txt").read_text()
    assert all(part in stored for part in "\n".join(summary).split("\n...\n"))


# What README and docs take from results: files in docs/data, and tables between markers


FILE = pd.DataFrame(
    {"class": ["b", "a", "b"], "seed": [0, 1, 2], "value": [0.25, np.nan, 0.5], "met": [True, None, False]}
)


def test_a_table_has_the_chosen_columns_and_rows_with_empty_and_readable_cells(tmp_path):
    write_table(FILE, tmp_path / "made.csv")
    columns = {"class": "of class", "value": "value, %|.1%", "met": "met"}
    assert gallery.Table("made", columns, "seed != 2").text(tmp_path).splitlines() == [
        "| of class | value, % | met |", "| --- | ---: | ---: |", "| b | 25.0% | yes |", "| a |  |  |",
    ]  # fmt: skip
    means = gallery.Table("made", {"class": "class", "value": "mean|.3f"}, by=["class"])
    assert means.text(tmp_path).splitlines()[2:] == ["| b | 0.375 |", "| a |  |"]
    wide = gallery.Table("made", {"class": "", "value 2": "2"}, by=["class", "seed"], across="seed")
    assert wide.text(tmp_path).splitlines()[2:] == ["| b | 0.5 |"]


def test_a_page_gets_the_tables_whose_files_are_there(tmp_path, monkeypatch):
    tables = {name: gallery.Table(name, {"seed": "seed"}) for name in ("here", "gone")}
    monkeypatch.setattr(gallery, "TABLES", tables)
    write_table(FILE, tmp_path / "here.csv")
    page = "<!-- here -->\nold\n<!-- /here -->\nText.\n<!-- gone -->\nold\n<!-- /gone -->\n<!-- other -->\n"
    assert gallery.renewed(page, tmp_path) == page.replace("old", "| seed |\n| --- |\n| 0 |\n| 1 |\n| 2 |", 1)


def test_a_missing_marker_is_an_error():
    assert gallery.renew("a <!-- x -->\nold<!-- /x --> b", "x", "new") == "a <!-- x -->\nnew\n<!-- /x --> b"
    with pytest.raises(ValueError, match="no place marked y"):
        gallery.renew("a <!-- x -->\n<!-- /x --> b", "y", "new")


def test_a_study_replaces_its_stored_files_and_pictures(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(gallery, "STUDIES", {"made": ("it", ["tables/*.csv"], []), "other": ("that", ["x"], [])})
    for name in ("ROOT", "DATA"):
        monkeypatch.setattr(gallery, name, tmp_path / name)
    monkeypatch.setattr(gallery, "PAGES", [tmp_path / "page.md"])
    (tmp_path / "page.md").write_text("Text.\n")
    made = tmp_path / "ROOT" / "results" / "made" / "tables"
    made.mkdir(parents=True)
    (tmp_path / "DATA" / "made").mkdir(parents=True)
    (tmp_path / "DATA" / "made" / "old.csv").touch()
    write_table(FILE, made / "new.csv")
    gallery.main()
    assert "`make that` has not run here" in capsys.readouterr().out
    stored = {path.name: len(read_table(path)) for path in (tmp_path / "DATA").rglob("tables/*.csv")}
    assert stored == {"new.csv": 3}
