"""The numbers in the sentences and tables of README and docs are those of the files in docs/data."""

import json
import re
from functools import cache

import numpy as np
import pandas as pd
import pytest

from bench import DATA, PAGES, gallery
from benchmarks.cure.judge import RESTORED
from benchmarks.leaks.judge import HARMFUL, HARMFUL_LOW, RECOGNISED
from conftest import ROOT
from frequency_shortcuts.analysis import summary
from frequency_shortcuts.analysis.advice import MATCHED, REFITTING, REMEDIES, SWAPPING
from frequency_shortcuts.exchange.verdict import CANNOT_TELL, FOLLOWS, NOTHING_FOUND
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


def warned(query):
    """Of how many rows of the benchmark of the test it warns, and how many there are."""
    verdicts = rows("leaks/tables/leaks", query)["verdict"]
    return verdicts.eq(FOLLOWS).sum(), len(verdicts)


HARM = "harm == 'harmful'"
IN_ALL = f"{HARM} and share == 1"
IN_HALF = f"{HARM} and share == 0.5"
IN_BOTH = f"{HARM} and others > 0"
ON_GRAIN = "suite in ['grain4', 'grain2']"
RECOGNISED_CLASS = f"border_own >= {RECOGNISED}"
INNOCENT = f"kind.isna() and suite != 'grain2' and set != 'clean' and {RECOGNISED_CLASS}"
CLEAN = f"set == 'clean' and {RECOGNISED_CLASS}"
ACCUSED = f"{INNOCENT} and verdict == '{FOLLOWS}'"


def said(verdict):
    """Of how many harmful artefacts the test says this."""
    return rows("leaks/tables/leaks", HARM)["verdict"].eq(verdict).sum()


def counts():
    """Networks, artefacts and harmful ones of the benchmark of the test."""
    table = read("leaks/tables/leaks")
    networks = table[["suite", "seed", "set"]].drop_duplicates()
    return len(networks), table["kind"].notna().sum(), len(rows("leaks/tables/leaks", HARM))


def by_recall(share):
    """How many harmful artefacts recall alone finds, by their share of the images."""
    aims = rows("leaks/tables/leaks_aims", f"aim == 'recall_{share}' and count > 0")
    return (aims["value"] * aims["count"]).sum()


def aim_of(name, images):
    """Value and count of a number of the benchmark of the test, and the value times the count."""
    row = rows("leaks/tables/leaks_aims", f"aim == '{name}' and images == '{images}'").iloc[0]
    return row["value"] * row["count"], row["count"]


def of_accused(which):
    """The least or the greatest part of the recall that an accused class loses by its border."""
    return getattr(rows("leaks/tables/leaks", ACCUSED)["border"], which)()


def most_lost():
    """The most recall that was lost by an artefact of which nothing was found."""
    return rows("leaks/tables/leaks", f"{HARM} and verdict == '{NOTHING_FOUND}'")["lost"].max()


def followed(is_):
    """Of how many networks on photographs, or not, the test warns in the default study, and how many there are."""
    table = rows("laptop/tables/exchanges", f"dataset {is_} 'fashion_mnist'")
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
        aims.loc["cause", "goal"],
        *counts[1],
        aims.loc["false", "high"],
    ]


def met(verdict):
    return (read("leaks/tables/leaks_aims")["met"].astype(str) == verdict).sum()


def harmful_cases():
    """Rows of the benchmark of cures, and whether plain training loses the recall of the artefact of each."""
    table = read("cure/tables/cure")
    plain = rows("cure/tables/cure", "training == 'none'")
    restored_anyway = plain.set_index(["suite", "case"])["restored"]
    harms = [not restored_anyway[key] for key in zip(table["suite"], table["case"], strict=True)]
    return table, np.array(harms)


def restored(training):
    """Of how many artefacts that harm a cure restores the recall, and of how many."""
    table, harms = harmful_cases()
    found = table["restored"][harms & (table["training"] == training)]
    return found.sum(), len(found)


def cost(training, suite):
    """The accuracy that a cure costs on a set."""
    table = rows("cure/tables/cure", f"training == '{training}' and suite == '{suite}'")
    return table["accuracy_loss"].max()


def right(name):
    """How often what refit says is right, and how often it says it."""
    row = rows("cure/tables/cure_aims", f"aim == '{name}'").iloc[0]
    return row["value"] * row["count"], row["count"]


def met_of_cures():
    """Aims of the benchmark of cures, and those that are met."""
    verdicts = read("cure/tables/cure_aims")["met"].astype(str)
    return verdicts.isin(["True", "False"]).sum(), (verdicts == "True").sum()


def matched():
    """Of how many artefacts making files alike restored the recall, of how many, and the most accuracy that it cost."""
    table = rows("cure/matched", "seeds == '605-609'")
    return (table["back_low"] >= RESTORED).sum(), len(table), table["accuracy_loss"].max()


SUITES = ("clothing", "grain4", "scenes")


def like_x_rays():
    """Of X-ray-like images: networks that are named, and recall without the trace by training."""
    table = read("xray")
    traced = table[table["trace"] != "none"]
    plain = traced[traced["training"] == "plain"]
    named = [(plain["verdict"] == FOLLOWS).sum(), len(plain), plain["recall_ill"].max()]
    recall = traced.groupby(["training", "trace"])["recall_ill"].mean()
    of_found = recall["Swap(result.parts)"].drop("resized")
    found = [of_found.min(), of_found.max(), recall["Swap(result.parts)", "resized"]]
    of_all = recall["Swap()"]
    clean = table[table["trace"] == "none"].groupby("training")["accuracy"].mean()
    refitted = traced[traced["training"] == "refit"]
    restored = (refitted["recall_ill"] >= RESTORED * refitted["recall_normal"]).sum()
    says_not = (refitted["verdict"] == "not restored").sum()
    all_parts = [of_all.min(), of_all.max(), clean["plain"] - clean["Swap()"]]
    return [*named, *found, *all_parts, restored, says_not]


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
    (README, "of {} of {} artefacts that harm, and says *nothing found* of {}. It finds {} of {} that are in all "
     "images of a class (recall alone {:.0f}), {} of {} in half of them, and {} of {} in 0.9 of a class and 0.1 of all "
     "others (recall alone {:.0f} and {:.0f}). Where another class has one, it accuses {} of {} recognised classes on "
     "clothing, and {} of {} on scenes and grain; in clean networks {} of {}. It missed {} of its {} aims.",
     lambda: [*warned(HARM), said(NOTHING_FOUND), *warned(IN_ALL), by_recall("whole"), *warned(IN_HALF),
              *warned(IN_BOTH), by_recall("half"), by_recall("both"), *warned(f"{INNOCENT} and suite == 'clothing'"),
              *warned(f"{INNOCENT} and suite != 'clothing'"), *warned(CLEAN), met("False"),
              met("True") + met("False")]),
    (README, "takes such traces away: of {1} that harm, on small images, it restored the recall in {0}.",
     lambda: restored("swap")),
    (README, "the recall of {} of {} artefacts that harm, for {:.2f} to {:.2f} of the accuracy; `fs.refit`, which "
     "takes seconds, of {}, and of {:.0f} networks that it called restored, {:.0f} was. Making files alike "
     "(`data --match`) restored {} of {} that are in files, for at most {:.2f}.",
     lambda: [*restored("swap"), *(of(cost("swap", suite) for suite in SUITES) for of in (min, max)),
              restored("refit")[0], *right("says_restored")[::-1], *matched()]),
    (README, "recall of {:.0f} networks falls by {:.2f} at test time, by {:.2f} after training anew. The lowest "
     "frequencies cost {:.2f}, random ones {:.2f}.",
     lambda: [*lost("maps", "seeds", "lost_at_test", "lost_after"), *lost("low_pass", "lost_at_test"),
              *lost("random", "lost_at_test")]),
    (README, "finds {} of {} planted sets of frequencies, class spectra alone (`adcs_significant`) {} of {}.",
     lambda: [*found_masks(), *found_masks("adcs_significant")]),
    (RESULTS, "it warns of {} of {}, and says *nothing found* of {}.",
     lambda: [*warned(HARM), said(NOTHING_FOUND)]),
    (RESULTS, "on images without it: at least {}, with a lower end of at least {}.", lambda: [HARMFUL, HARMFUL_LOW]),
    (RESULTS, "{} networks, {} artefacts, of which {} are harmful. The test warns of {} of these, and says *nothing "
     "found* of {} and *cannot tell* of {}. Of {} aims, {} are met.",
     lambda: [*counts(), said(FOLLOWS), said(NOTHING_FOUND), said(CANNOT_TELL), met("True") + met("False"),
              met("True")]),
    (RESULTS, "it warns of {} of {} recognised classes without an artefact, and of {} of {} harmful artefacts. Of "
     "clean networks it warns of {} of {} recognised classes.",
     lambda: [*warned(f"{INNOCENT} and {ON_GRAIN}"), *warned(f"{HARM} and {ON_GRAIN}"), *warned(CLEAN)]),
    (RESULTS, "the {} classes on clothing are of {:.0f} of {} networks. They are named by their border alone, which "
     "costs {:.2f} to {:.2f} of the recall;",
     lambda: [warned(ACCUSED)[1], *aim_of("alarmed", "clothing"), of_accused("min"), of_accused("max")]),
    (RESULTS, "it finds {} of {} harmful artefacts that are smooth, {} of {} fine ones and {} of {} local ones. Of "
     "sharpening it finds {} of {}, of tags {} of {}, of waves and hum {} of {}, likely",
     lambda: [number for query in ("part == 'field'", "part == 'fine'", "part == 'patch'", "kind == 'sharpened'",
                                   "kind == 'tag'", "kind in ['wave', 'hum']")
              for number in warned(f"{HARM} and {query}")]),
    (RESULTS, "up to {:.2f} of the recall was lost", lambda: [most_lost()]),
    (RESULTS, "where all have the artefact, it finds {:.0f} of {}, the test {}. It fails in half of the images ({:.0f} "
     "of {}, the test {}), and in nine tenths and a tenth ({:.0f} of {}, the test {}).",
     lambda: [number for share, query in (("whole", IN_ALL), ("half", IN_HALF), ("both", IN_BOTH))
              for number in (by_recall(share), *warned(query)[::-1])]),
    (RESULTS, "the cause is named of {:.0f} of {} fine artefacts ({:.2f} in all images of the class, {:.2f} in half of "
     "them; the aim was {:.2f} of all), and of {:.0f} of {} classes without one (upper end: {:.2f})", named),
    (RESULTS, "In the default study, {} of {} networks on photographs follow something, and {} of {} on sets whose "
     "shortcut was made.", lambda: [*followed("=="), *followed("!=")]),
    (RESULTS, "*restored*: at least {}", lambda: [RESTORED]),
    (RESULTS, "**Of {} artefacts, {} harm**: after plain training the share is below {}. Of these, `fs.Swap` restores "
     "{}, `fs.refit` {}.",
     lambda: [len(rows("cure/tables/cure", "training == 'none'")), restored("swap")[1], RESTORED,
              restored("swap")[0], restored("refit")[0]]),
    (RESULTS, "of {:.0f} networks that it calls restored, {:.0f} is; of {:.0f} that it calls not restored, {:.0f} are "
     "not.", lambda: [*right("says_restored")[::-1], *right("says_not")[::-1]]),
    (RESULTS, "`fs.Swap` takes {:.2f} (clothing), {:.2f} (grain4) and {:.2f} (scenes) of the accuracy of clean "
     "networks, `fs.refit` {:.2f} at most. Of {} aims, {} are met:",
     lambda: [*(cost("swap", suite) for suite in SUITES), max(cost("refit", suite) for suite in SUITES),
              *met_of_cures()]),
    ("docs/own_networks.md", "in the benchmark, {1:.0f} of {0:.0f} networks that it called restored",
     lambda: right("says_restored")[::-1]),
    (RESULTS, "they restored {} of {} artefacts in files, on clothing and grain, for at most {:.2f} of the accuracy",
     matched),
    (RESULTS, "the test names {} of {} networks whose ill images had one of six traces. Without it, these recognise at "
     "most {:.2f} of the ill. `fs.Swap` of the parts that were found brings back {:.2f} to {:.2f} for five traces, and "
     "{:.2f} for resizing; all parts {:.2f} to {:.2f}, and of a clean network they take {:.2f} of the accuracy. "
     "`fs.refit` restores {}, and says so of {}.", like_x_rays),
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
     lambda: [(verdicts := read("real/analysis/exchanges")["verdict"]).eq(FOLLOWS).sum(), len(verdicts)]),
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
    (shown,) = re.findall(r"```text\n(.*?)```", (ROOT / README).read_text(), re.DOTALL)
    printed = (DATA / "example" / "readme.txt").read_text().splitlines()
    assert {*shown.splitlines()} - {"..."} <= {*printed}
    verdicts = read("example/example")["verdict"].tolist()
    assert verdicts == [FOLLOWS, NOTHING_FOUND, NOTHING_FOUND, FOLLOWS, NOTHING_FOUND]


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


def test_the_summary_says_how_often_nothing_is_found_of_what_harms():
    assert [said(NOTHING_FOUND), counts()[2]] == [summary.MISSED, summary.HARMFUL]


def test_advice_counts_the_restored_recalls_of_the_tables():
    kinds = {"clothing": "flat", "grain4": "grain", "scenes": "photograph"}
    parts = {"fine": "fine", "smooth": "field", "local": "patch"}
    remedies = {"swap": SWAPPING, "refit": REFITTING, "matched": MATCHED}
    table, harms = harmful_cases()
    table = table[harms & (table["training"] != "none")]
    alike = rows("cure/matched", "seeds == '605-609'")
    alike = alike.assign(training="matched", restored=alike["back_low"] >= RESTORED)
    counted = pd.concat([table, alike]).assign(one=1)
    counted = counted.assign(
        images=counted["suite"].map(kinds),
        part=counted["family"].map(parts),
        remedy=counted["training"].map(remedies),
    )
    keys = ["images", "part", "remedy"]
    sums = counted.groupby(keys)[["restored", "one"]].sum().astype(int)
    costs = counted.groupby(["images", "remedy"])["accuracy_loss"].max()
    stated = REMEDIES.set_index(keys)
    assert sorted(sums.index) == sorted(stated.index)
    for key, row in stated.iterrows():
        assert [row["restored"], row["artefacts"]] == sums.loc[key].tolist()
        assert row["cost"] == round(costs[key[0], key[2]], 2)
