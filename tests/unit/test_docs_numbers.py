"""The numbers in the sentences and tables of README and docs are those of the files in docs/data."""

import json
import re
from functools import cache

import numpy as np
import pandas as pd
import pytest

from bench import DATA, PAGES, gallery
from benchmarks.cure.judge import RESTORED
from benchmarks.leaks.judge import HARMFUL, HARMFUL_LOW
from conftest import ROOT
from frequency_shortcuts.analysis.advice import MATCHED, REMEDIES, SWAPPING
from frequency_shortcuts.exchange.verdict import FOLLOWS, NOTHING_FOUND
from frequency_shortcuts.storage.tables import RUN, read_table, write_table
from study.findings.definitions import LEAST_TPR, MOST_FPR
from study.measures.truth import FOUND as FOUND_MASK

README, RESULTS = "README.md", "docs/results.md"
NO_RESULT = r"[Vv]ersion 2\.0\.0|arXiv[ /\d.]+|org/abs/[\d.]+|Python 3\.\d+|95 % (interval|ends)|5 % of false alarms"
BY_HAND = r"the recall without the artefact stayed 0\.00|recall 0\.77 without it, 0\.03 with it|\(0\.94, 0\.70\)"


@cache
def read(path):
    return read_table(DATA / f"{path}.csv")


def rows(path, query):
    return read(path).query(query, engine="python")


def warned(query, version_2=False):
    """Rows of the benchmark of the test: of how many classes it warns, or version 2.0.0 did, and of how many."""
    table = rows("leaks/tables/leaks", query)
    verdicts = table["version_2"] if version_2 else table["verdict"]
    return verdicts.isin(VERSION_2 if version_2 else [FOLLOWS]).sum(), len(table)


VERSION_2 = ("follows", "needs", "follows and needs")  # verdicts of version 2.0.0 that warn
INNOCENT = "kind.isna() and (suite != 'grain2' or set == 'clean')"
WHOLE = "harm == 'harmful' and share == 1 and part == "
BOTH = "harm == 'harmful' and others > 0"
CALLED = f"called >= {HARMFUL} and called_low >= {HARMFUL_LOW}"
FEW_KINDS = (
    "harm == 'harmful' and share == 1 and kind in ['sharpened', 'tag'] and verdict != 'follows'"
)
OTHERS = "suite == 'crops' and set != 'clean' and kind.isna() and verdict != 'not recognised'"


def found_by_maps():
    """Of harmful artefacts in all images: those with an own-map advantage above 95 % of others, and by the test."""
    key = ["suite", "seed", "set", "class"]
    tables = [
        read(f"leaks/{name}").astype(dict.fromkeys(key, str)) for name in ("tables/leaks", "maps")
    ]
    joined = tables[0].merge(tables[1], on=key)
    harmful, others = (
        joined.query("harm == 'harmful' and share == 1"),
        joined[joined["kind"].isna()],
    )
    found = harmful["advantage_culling"] > others["advantage_culling"].quantile(0.95)
    return found.mean(), (harmful["verdict"] == FOLLOWS).mean()


def followed(is_):
    """Of how many networks on photographs, or not, the test warns in the default study, and how many there are."""
    table = rows("laptop/tables/flips", f"dataset {is_} 'fashion_mnist'")
    return len(table[table["verdict"] == FOLLOWS][RUN].drop_duplicates()), len(
        table[RUN].drop_duplicates()
    )


def named():
    """Causes that the images alone give: of all artefacts and by share, and of classes without one."""
    aims = read("leaks/tables/leaks_data_aims").set_index("aim")
    counts = [
        [aims["value"][aim] * aims["count"][aim], aims["count"][aim]] for aim in ("cause", "false")
    ]
    return [
        *counts[0],
        *aims["value"][["cause_all", "cause_half"]],
        *counts[1],
        aims.loc["false", "high"],
    ]


def met(verdict):
    return (read("leaks/tables/leaks_aims")["met"].astype(str) == verdict).sum()


def of_sets(query, count):
    found = rows("leaks/tables/leaks_sets", query)
    return found[count].sum(), found["networks"].sum()


def missed():
    """Harmful artefacts of which nothing was found, and all harmful ones."""
    verdicts = rows("leaks/tables/leaks", "harm == 'harmful'")["verdict"]
    return (verdicts == NOTHING_FOUND).sum(), len(verdicts)


def by_recall(*shares):
    """Artefacts that recall alone finds, how many there are, and how many the test finds."""
    aims = read("leaks/tables/leaks_aims").query("images == 'all sets'").set_index("aim")
    for share in shares:
        recall, test = aims.loc[f"recall_{share}"], aims.loc[share]
        yield from (
            recall["value"] * recall["count"],
            recall["count"],
            test["value"] * test["count"],
        )


NOW, BEFORE = "605-609", "600-604"


def restored(training, query="index == index", seeds=NOW, end="_low"):
    """Of how many artefacts a training restored the recall, by an end of the interval, and of how many."""
    table = rows("cure/judgings", f"training == '{training}' and seeds == '{seeds}' and {query}")
    return (table[f"back{end}"] >= RESTORED).sum(), len(table)


def counts_of_swap(seeds=NOW):
    """Artefacts with restored recall, all; those that it was not tuned on; and by the value."""
    value = restored("swap", seeds=seeds, end="")
    return [*restored("swap", seeds=seeds), *restored("swap", "not tuned", seeds), *value]


def cost(training, suite, ends="", seeds=NOW):
    """The accuracy that a training costs on a set, at most."""
    query = f"training == '{training}' and suite == '{suite}' and seeds == '{seeds}'"
    return rows("cure/judgings", query)[f"accuracy_loss{ends}"].max()


def cost_of_matched(seeds=NOW):
    return max(cost("matched", suite, seeds=seeds) for suite in ("clothing", "grain4"))


def clean_crops():
    """Least and greatest accuracy of clean networks on crops, in the benchmark of the trainings."""
    accuracy = rows(
        "cure/tables/cure_networks", "suite == 'crops' and case == 'clean' and training == 'none'"
    )
    return accuracy["accuracy"].min(), accuracy["accuracy"].max()


def accuracy_of_crops():
    """Mean accuracy of clean networks on crops, in the benchmark of the test."""
    networks = rows("leaks/tables/leaks", "suite == 'crops' and set == 'clean'")
    return networks["accuracy"].mean()


def like_x_rays():
    """Recall without the trace: most of plain training, least and most with Swap; accuracy, clean, of both."""
    table = (
        rows("xray", "size == 64").groupby(["trace", "training"])[["recall_ill", "accuracy"]].mean()
    )
    swap, plain = (table.xs(name, level="training") for name in ("Swap()", "plain"))
    recall = swap["recall_ill"].drop("none")
    clean = [of.loc["none", "accuracy"] for of in (swap, plain)]
    return plain["recall_ill"].drop("none").max(), recall.min(), recall.max(), *clean


def lost(removed, *names):
    row = rows("findings/tables/reliance", f"removed == '{removed}' and `class` == '(all)'").iloc[0]
    return [row[name] for name in names]


def of_classes(claim, control, name):
    return rows("findings/tables/claims", f"claim == '{claim}' and control == '{control}'").iloc[0][
        name
    ]


def better_and_worse(claim):
    return [
        of_classes(claim, control, name)
        for control in ("lowest", "others")
        for name in ("better", "worse")
    ]


def better_than_both(claim):
    lowest, others = (
        of_classes(claim, control, "better_classes").split(", ") for control in ("lowest", "others")
    )
    return [name for name in lowest if name in others]


def found_masks(ranking="dfm"):
    query = f"uses == True and ranking == '{ranking}'"
    scores = rows("laptop/tables/truth", query).drop_duplicates([*RUN, "class"])[
        "average_precision"
    ]
    return (scores >= FOUND_MASK).sum(), len(scores)


def minutes(study, column="wall_s", jobs=2):
    table = read(f"{study}/tables/runtimes")
    assert table["resumed"].eq(False).all()
    return table[column].sum() / 60 / jobs


def of_real(claim):
    return (
        rows("real/tables/claims", f"claim == '{claim}'")[["value", "low", "high"]].iloc[0].tolist()
    )


AT_TEST, AFTER = (
    [f"{name}{end}" for end in ("", "_low", "_high")] for name in ("lost_at_test", "lost_after")
)
# Page, sentence with a slot for each number, and the numbers.
SENTENCES = [
    (README, "Accuracy {:.2f}, recall of coats in PNG files {:.2f}: *follows*. All as PNG: {:.2f} and {:.2f}, *nothing "
     "found*. JPEG with `fs.Swap`: {:.2f} and {:.2f}, *nothing found*. Coats with a "
     "tag: {:.2f} without it, *follows*; with `fs.Swap` {:.2f}. All take {} seconds on {} cores.",
     lambda: [*(of := read("example/example").set_index("network")).loc["jpeg", ["accuracy", "other_recall"]],
              *of.loc["clean", ["accuracy", "recall"]], *of.loc["cured", ["accuracy", "other_recall"]],
              *of.loc[["tagged", "tag_cured"], "other_recall"],
              *json.loads((DATA / "example" / "example.json").read_text()).values()]),
    (README, "Allow {} minutes on two cores (AMD EPYC: {:.0f} minutes of processor time)",
     lambda: [int(5 * np.ceil(1.25 * minutes("laptop") / 5)), minutes("laptop", "processor_s", 1)]),
    (README, "a TPR of at least {} and an FPR of at most {} from", lambda: [LEAST_TPR, MOST_FPR]),
    (README, "worse than those of other classes: {:.2f} ({:.2f} to {:.2f}).", lambda: of_real("d")),
    (README, "of {} of {} harmful fine artefacts that are in all images of a class, of {} of {} smooth and {} of {} "
     "local ones; of {} of {} in 0.9 of a class and 0.1 of all others ({} of the {} whose harm it can see); of {} "
     "of {} recognised classes of clean networks. In crops of 24 cut-out photographs (clean accuracy {:.2f}), it warns "
     "of {} of {} recognised classes that have none. It missed {} of its {} aims.",
     lambda: [*warned(WHOLE + "'fine'"), *warned(WHOLE + "'field'"), *warned(WHOLE + "'patch'"), *warned(BOTH),
              *warned(f"{BOTH} and {CALLED}"), *warned("set == 'clean' and verdict != 'not recognised'"),
              accuracy_of_crops(), *warned(OTHERS), met("False"), met("True") + met("False")]),
    (README, "takes such traces away: of {} on two sets of small images, it restored the recall in {}.",
     lambda: restored("swap")[::-1]),
    (README, "the recall of {} of {} artefacts ({} of {} that it was not tuned on), for {:.2f} and {:.2f} of the "
     "accuracy; making files alike (`data --match`) {} of {}, for at most {:.2f}.",
     lambda: [*counts_of_swap()[:4], cost("swap", "clothing"), cost("swap", "grain4"), *restored("matched"),
              cost_of_matched()]),
    (README, "recall of {:.0f} networks falls by {:.2f} at test time, by {:.2f} after training anew. The lowest "
     "frequencies cost {:.2f}, random ones {:.2f}.",
     lambda: [*lost("maps", "seeds", "lost_at_test", "lost_after"), *lost("low_pass", "lost_at_test"),
              *lost("random", "lost_at_test")]),
    (README, "finds {} of {} planted sets of frequencies, class spectra alone (`adcs_significant`) {} of {}.",
     lambda: [*found_masks(), *found_masks("adcs_significant")]),
    (RESULTS, "of {} of {} recognised classes without an artefact, where another class has one "
     "([the neighbour](limits.md#what-the-exchange-test-cannot-see)). Version 2.0.0 warns of {}.",
     lambda: [*warned(OTHERS), warned(OTHERS, True)[0]]),
    (RESULTS, "it finds {} of {} harmful artefacts and warns of {} of {} innocent recognised classes on clothing, "
     "{} of {} and {} of {} on scenes, {} of {} and {} of {} on grain",
     lambda: rows("leaks/candidates", "rule == 'border_or_part'").set_index("set").loc[
         ["clothing", "scenes", "grain4"], ["found", "harmful", "warned", "innocent"]].to_numpy().ravel()),
    (RESULTS, "of which clean networks reach an accuracy of {:.2f};", lambda: [accuracy_of_crops()]),
    (RESULTS, "on images without it: at least {}, with a lower end of at least {}.", lambda: [HARMFUL, HARMFUL_LOW]),
    (RESULTS, "{} networks, {} artefacts, of which {} are harmful; of {} of these, the verdict is *nothing found*. Of "
     "{} aims, {} are met.",
     lambda: [len((table := read("leaks/tables/leaks"))[["suite", "seed", "set"]].drop_duplicates()),
              table["kind"].notna().sum(), *missed()[::-1], met("True") + met("False"),
              met("True")]),
    (RESULTS, "version 2.0.0 warns of {} of {} classes without an artefact (now {}), and of {} of {} harmful fine "
     "artefacts in all images (now {}):",
     lambda: [number for query in (INNOCENT, WHOLE + "'fine'")
              for number in (*warned(query, True), warned(query)[0])]),
    (RESULTS, "a power that is {:.1f} lower is not ruled out.",
     lambda: -rows("leaks/tables/leaks_aims", "aim == 'as_many' and images == 'all sets'")["low"]),
    (RESULTS, "at 5 % of false alarms, the own-map advantage finds {:.2f} of the harmful artefacts in all images "
     "(clothing, 13 seeds, culling; [maps.csv](data/leaks/maps.csv)), the test {:.2f}.", found_by_maps),
    (RESULTS, "it finds {:.0f} of {}, the test {:.0f}. It fails in half of the images ({:.0f} of {}, the test {:.0f}), "
     "and in nine tenths and a tenth ({:.0f} of {}, the test {:.0f}).", lambda: by_recall("whole", "half", "both")),
    (RESULTS, "it warns of {} of {}, and of {} of {} on clothing. Only {} of the {} have others called the class, "
     "which the test counts: it finds {} of {}.",
     lambda: [*warned(BOTH), *warned(f"{BOTH} and suite == 'clothing'"), warned(f"{BOTH} and {CALLED}")[1],
              warned(BOTH)[1], *warned(f"{BOTH} and {CALLED}")]),
    (RESULTS, "So do {} of the {} that it misses of sharpening (it finds {} of {}) and tags ({} of {}).",
     lambda: [warned(f"{FEW_KINDS} and not ({CALLED})")[1], warned(FEW_KINDS)[1],
              *warned("kind == 'sharpened' and harm == 'harmful' and share == 1"),
              *warned("kind == 'tag' and harm == 'harmful' and share == 1")]),
    (RESULTS, "the test warns of {} of {} networks without an artefact and of {} of {} with one;",
     lambda: [*of_sets("suite == 'photographs' and kind == 'none'", "warned"),
              *of_sets("suite == 'photographs' and kind != 'none'", "warned")]),
    (RESULTS, "of two classes that are alike of {} of {}; of a texture in half of the images, and of real textures, "
     "which a network rightly follows, of {} of {}.",
     lambda: [*of_sets("set == 'alike'", "warned"), *of_sets("set in ['texture', 'textures']", "warned")]),
    (RESULTS, "the cause is named of {:.0f} of {} fine artefacts ({:.2f} in all images of the class, {:.2f} in half of "
     "them), and of {:.0f} of {} classes without one (upper end, over networks: {:.2f})", named),
    (RESULTS, "In the default study, {} of {} networks on photographs follow something, and {} of {} on sets whose "
     "shortcut was made.", lambda: [*followed("=="), *followed("!=")]),
    (RESULTS, "restored the recall of {} of {} artefacts ({} of {} on which no setting was chosen; by the value alone, "
     "{} of {}), for {:.2f} ({:.2f} to {:.2f}) and {:.2f} ({:.2f} to {:.2f}) of the accuracy; `matched`, other images "
     "made alike, {} of {}, for at most {:.2f}.",
     lambda: [*counts_of_swap(),
              *(cost("swap", of, end) for of in ("clothing", "grain4") for end in ("", "_low", "_high")),
              *restored("matched"), cost_of_matched()]),
    (RESULTS, "the same counts, for {:.2f} and {:.2f}, and {:.2f} ([judgings",
     lambda: [*(cost("swap", of, seeds=BEFORE) for of in ("clothing", "grain4")), cost_of_matched(BEFORE)]),
    (RESULTS, "Random JPEG, size and noise restored {} of {}.", lambda: restored("processed")),
    (RESULTS, "of three classes, clean networks reach {:.2f} to {:.2f}.", clean_crops),
    (RESULTS, "left a recall of at most {:.2f}, `fs.Swap` {:.2f} to {:.2f}, and an accuracy on clean images of {:.2f} "
     "in place of {:.2f}.", like_x_rays),
    (RESULTS, "As published, with their own map {:.0f} classes are recognised ({} are borderline), with the lowest "
     "frequencies {:.0f}.",
     lambda: [of_classes("d", "published", "better"),
              len(of_classes("d", "published", "borderline_classes").split(", ")),
              of_classes("d", "published", "lowest")]),
    (RESULTS, "of {:.0f} classes, {:.0f} are recognised better from their own map than from as many of the lowest "
     "frequencies, and {:.0f} worse; {:.0f} better than from the map of every other class, and {:.0f} worse. Both hold "
     "for {} and {}.",
     lambda: [of_classes("d", "lowest", "classes"), *better_and_worse("d"), *better_than_both("d")]),
    (RESULTS, "On another network, {:.0f} class beats the lowest frequencies, and {:.0f} every other map.",
     lambda: [of_classes("e2", control, "better") for control in ("lowest", "others")]),
    ("docs/methods.md", "for {:.0f} of {:.0f} classes, and better for {:.0f} ([d, mixture, lowest]",
     lambda: list(rows("findings/tables/claim_variants",
                       "claim == 'd' and variant == 'mixture' and control == 'lowest'")
                  .iloc[0][["worse", "classes", "better"]])),
    (RESULTS, "Claim (n) is of {:.0f} networks", lambda: lost("maps", "seeds")),
    (RESULTS, "recall falls by {:.2f} ({:.2f} to {:.2f}). Trained anew without them, the networks lose {:.2f} ({:.2f} "
     "to {:.2f}); another seed costs {:.2f}.",
     lambda: lost("maps", *AT_TEST, *AFTER) + lost("nothing", "lost_after")),
    (RESULTS, "the lowest frequencies cost {:.2f} and {:.2f}, random ones {:.2f} and {:.2f}.",
     lambda: [loss for removed in ("low_pass", "random") for loss in lost(removed, "lost_at_test", "lost_after")]),
    (RESULTS, "(method.md#data-sets-whose-truth-is-known) {} of {} planted masks, and the published method finds {} "
     "(average precision at least {}), the class spectra alone (`adcs_significant`) {} of {}.",
     lambda: [(use := read("laptop/tables/planted_use"))["uses"].sum(), len(use), found_masks()[0], FOUND_MASK,
              *found_masks("adcs_significant")]),
    (RESULTS, "The exchange test warns of {} of {} classes.",
     lambda: [(verdicts := read("real/analysis/flips")["verdict"]).eq(FOLLOWS).sum(), len(verdicts)]),
    (RESULTS, "average map of another class ({:.2f}, 95 % interval over images {:.2f} to {:.2f}), and than as many of "
     "the lowest frequencies ({:.2f}, {:.2f} to {:.2f})",
     lambda: [*of_real("d"), *of_real("d2")]),
    ("docs/method.md", "*Found*: the average precision is at least {}.", lambda: [FOUND_MASK]),
    ("docs/methods.md", "precision is at least {}.", lambda: [FOUND_MASK]),
    ("benchmarks/methods/figure.ipynb", "its average precision is at least {} (dashed)", lambda: [FOUND_MASK]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("page", "sentence", "numbers"), SENTENCES, ids=[sentence[:40] for _, sentence, _ in SENTENCES]
)
def test_a_sentence_has_the_numbers_of_the_files(page, sentence, numbers):
    assert sentence.format(*numbers()) in " ".join((ROOT / page).read_text().split())


@pytest.mark.parametrize("page", [README, RESULTS])
def test_no_other_sentence_of_readme_and_results_has_a_number_of_a_result(page):
    text = re.sub(
        r"<!-- (\w+) -->.*?<!-- /\1 -->|```.*?```", "", (ROOT / page).read_text(), flags=re.DOTALL
    )
    text = " ".join(text.split())
    for sentence in (sentence for of, sentence, _ in SENTENCES if of == page):
        text = re.sub(re.sub(r"\\\{.*?\\\}", r"-?[\\d.]+", re.escape(sentence)), "", text)
    text = re.sub(f"{NO_RESULT}|{BY_HAND}", "", text)
    assert re.findall(r".{30}\b\d*\.\d+\b|.{30}\b\d+ of \d+\b|.{30}\b\d+ %", text) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_table_is_the_one_of_the_files(page):
    assert gallery.renewed(text := page.read_text()) == text, "run `make gallery`"


def test_every_table_has_one_place():
    marked = [name for page in PAGES for name in re.findall(r"<!-- (\w+) -->", page.read_text())]
    assert sorted(name for name in marked if name in gallery.TABLES) == sorted(gallery.TABLES)


def test_the_readme_shows_what_the_example_printed():
    (printed,) = re.findall(r"```text\n(.*?)```", (ROOT / README).read_text(), re.DOTALL)
    first, *summary, last = printed.splitlines()
    row, *others = read("example/example").itertuples()
    verdicts = [one.verdict for one in (row, *others)]
    assert verdicts == [FOLLOWS, NOTHING_FOUND, NOTHING_FOUND, FOLLOWS, NOTHING_FOUND]
    assert [float(first), float(last)] == [row.accuracy, row.other_recall]
    assert summary[-1] == "..."
    assert "\n".join(summary[:-1]) in (DATA / "example" / "jpeg" / "summary.txt").read_text()


FILE = pd.DataFrame(
    {
        "class": ["b", "a", "b"],
        "seed": [0, 1, 2],
        "value": [0.25, np.nan, 0.5],
        "met": [True, None, False],
    }
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
    assert gallery.renewed(page, tmp_path) == page.replace(
        "old", "| seed |\n| --- |\n| 0 |\n| 1 |\n| 2 |", 1
    )


def test_a_study_replaces_its_stored_files_and_pictures(tmp_path, monkeypatch, capsys):
    taken = {"files": ["tables/*.csv"], "pictures": []}
    monkeypatch.setattr(gallery, "STUDIES", {"made": taken, "other": taken})
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
    assert "results/other is not here" in capsys.readouterr().out
    stored = {
        path.name: len(read_table(path)) for path in (tmp_path / "DATA").rglob("tables/*.csv")
    }
    assert stored == {"new.csv": 3}


def test_advice_counts_the_restored_recalls_of_the_table():
    kinds, parts = (
        {"clothing": "flat", "grain4": "grain"},
        {"fine": "fine", "smooth": "field", "local": "patch"},
    )
    table = rows("cure/tables/cure", "training not in ['none', 'processed']")
    table = table.assign(kind=table["suite"].map(kinds), part=table["family"].map(parts), one=1)
    table["restored"] = table["back_low"] >= RESTORED
    counted = table.groupby(["kind", "part", "training"])[["restored", "one"]].sum()
    costs = table.groupby(["kind", "training"])["accuracy_loss"].max().round(2).abs()
    trainings = {MATCHED: "matched", SWAPPING: "swap"}
    assert len(REMEDIES) == len(counted)
    for row in REMEDIES.assign(training=REMEDIES["remedy"].map(trainings)).itertuples():
        counts = counted.loc[(row.images, row.part, row.training)].tolist()
        assert [row.restored, row.artefacts] == counts
        assert row.cost == costs[row.images, row.training]


def test_the_last_judging_is_that_of_the_tables():
    both = ["suite", "case", "training", "back", "back_low", "accuracy_loss"]
    last = rows("cure/judgings", f"seeds == '{NOW}'")[both].reset_index(drop=True)
    pd.testing.assert_frame_equal(
        last, rows("cure/tables/cure", "training != 'none'")[both].reset_index(drop=True)
    )
