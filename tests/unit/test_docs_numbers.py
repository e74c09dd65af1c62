"""The numbers in the sentences and tables of README and docs are those of the files in docs/data."""

import json
import re
from functools import cache

import numpy as np
import pandas as pd
import pytest

from bench import DATA, PAGES, gallery
from conftest import ROOT
from frequency_shortcuts.analysis.advice import COST, CURED
from frequency_shortcuts.exchange.answers import FOLLOWS, NOTHING_FOUND
from frequency_shortcuts.storage.tables import RUN, read_table, write_table
from study.findings.definitions import FEWEST_DECIDED, LEVEL
from study.measures.cure import LIMITS
from study.measures.leaks import HARMFUL, HARMFUL_LOW, VERSION_2
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


INNOCENT = "kind.isna() and (suite != 'grain2' or set == 'clean')"
WHOLE = "harm == 'harmful' and share == 1 and part == "
OTHERS = "suite == 'crops' and set != 'clean' and kind.isna() and verdict != 'not recognised'"


def found_by_maps():
    """Of harmful artefacts in all images: those with an own-map advantage above 95 % of others, and by the test."""
    key = ["suite", "seed", "set", "class"]
    tables = [read(f"leaks/{name}").astype(dict.fromkeys(key, str)) for name in ("tables/leaks", "maps")]
    joined = tables[0].merge(tables[1], on=key)
    harmful, others = joined.query("harm == 'harmful' and share == 1"), joined[joined["kind"].isna()]
    found = harmful["advantage_culling"] > others["advantage_culling"].quantile(0.95)
    return found.mean(), (harmful["verdict"] == FOLLOWS).mean()


def followed(is_):
    """Of how many networks on photographs, or not, the test warns in the default study, and how many there are."""
    table = rows("laptop/tables/flips", f"dataset {is_} 'fashion_mnist'")
    return len(table[table["verdict"] == FOLLOWS][RUN].drop_duplicates()), len(table[RUN].drop_duplicates())


def named():
    """Causes that the images alone give: of all artefacts and by share, and of classes without one."""
    aims = read("leaks/tables/leaks_data_aims").set_index("aim")
    counts = [[aims["value"][aim] * aims["count"][aim], aims["count"][aim]] for aim in ("cause", "false")]
    return [*counts[0], *aims["value"][["cause_all", "cause_half"]], *counts[1]]


def met(verdict):
    return (read("leaks/tables/leaks_aims")["met"].astype(str) == verdict).sum()


def of_sets(query, count):
    found = rows("leaks/tables/leaks_sets", query)
    return found[count].sum(), found["networks"].sum()


def cured(training, query="index == index"):
    """How many artefacts a training cures, and of how many."""
    table = rows("cure/tables/cure", f"training == '{training}' and {query}")
    return table["cured"].sum(), len(table)


def restored(table):
    """Whether the recall is back, and few others are called the class: a cure, but for the accuracy."""
    return (table["back"] >= LIMITS["back"]) & (table["called"].round(6) <= LIMITS["called"])


def back_by_swap(query="index == index"):
    table = rows("cure/tables/cure", f"training == 'swap' and {query}")
    return restored(table).sum(), len(table)


def cost_of_swap(suite, ends=""):
    return rows("cure/tables/cure", f"training == 'swap' and suite == '{suite}'")[f"accuracy_loss{ends}"].iloc[0]


def like_x_rays():
    """Recall without the trace: most of plain training, least and most with Swap; accuracy, clean, of both."""
    table = rows("xray", "size == 64").groupby(["trace", "training"])[["recall_ill", "accuracy"]].mean()
    swap, plain = (table.xs(name, level="training") for name in ("Swap()", "plain"))
    recall = swap["recall_ill"].drop("none")
    clean = [of.loc["none", "accuracy"] for of in (swap, plain)]
    return plain["recall_ill"].drop("none").max(), recall.min(), recall.max(), *clean


def lost(removed, *names):
    row = rows("findings/tables/reliance", f"removed == '{removed}' and `class` == '(all)'").iloc[0]
    return [row[name] for name in names]


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


def of_real(claim):
    return rows("real/tables/claims", f"claim == '{claim}'")[["value", "low", "high"]].iloc[0].tolist()


AT_TEST, AFTER = ([f"{name}{end}" for end in ("", "_low", "_high")] for name in ("lost_at_test", "lost_after"))
# Page, sentence with a slot for each number, and the numbers.
SENTENCES = [
    (README, "Accuracy {:.2f}, recall of coats in PNG files {:.2f};",
     lambda: read("example/example").loc[0, ["accuracy", "other_recall"]]),
    (README, "in the training: {:.2f}, *nothing found*. Coats with a tag: {:.2f} without it, *follows*; with "
     "`fs.Swap` {:.2f}, *nothing found*. All take {} seconds on {} cores",
     lambda: [*read("example/example")["other_recall"].iloc[2:],
              *json.loads((DATA / "example" / "example.json").read_text()).values()]),
    (README, "Allow {} minutes on two cores (AMD EPYC: {:.0f} minutes of processor time)",
     lambda: [int(5 * np.ceil(1.25 * minutes("laptop") / 5)), minutes("laptop", "processor_s", 1)]),
    (README, "in {:.0f} minutes", lambda: [5 * np.ceil(minutes("findings") / 5)]),
    (README, "of {} of {} harmful fine artefacts that are in all images of a class, of {} of {} smooth and {} of {} "
     "local ones, and of {} of {} clean classes; of {} of {} that are in 0.9 of a class and 0.1 of all others. In "
     "crops of photographs with an artefact in one class, it also warns of {} of {} recognised classes that have none. "
     "It missed {} of its {} aims.",
     lambda: [*warned(WHOLE + "'fine'"), *warned(WHOLE + "'field'"), *warned(WHOLE + "'patch'"),
              *warned("set == 'clean'"), *warned("harm == 'harmful' and others > 0"), *warned(OTHERS), met("False"),
              met("True") + met("False")]),
    (README, "takes such traces away: of {} on three sets of small images, it restored the recall in {}.",
     lambda: back_by_swap()[::-1]),
    (README, "(docs/results.md#cures) {} of {} leaks of JPEG and resizing. `fs.Swap` costs {:.2f} of the accuracy on "
     "grainy images, above a limit of {}: so it cures {} of {}, where",
     lambda: [*cured("matched"), cost_of_swap("grain4"), LIMITS["accuracy_loss"],
              *cured("swap")]),
    (README, "recall of {:.0f} networks falls by {:.2f} at test time, and by {:.2f} after training anew",
     lambda: lost("maps", "seeds", "lost_at_test", "lost_after")),
    (README, "finds {} of {} planted sets of frequencies that networks use (average precision at least {})",
     lambda: [*found_masks(), FOUND_MASK]),
    (RESULTS, "if it has {} networks and its p is below {} after", lambda: [FEWEST_DECIDED, LEVEL]),
    (RESULTS, "of {} of {} recognised classes without an artefact, where another class has one ",
     lambda: warned(OTHERS)),
    (RESULTS, "on images without it: at least {}, with a lower end of at least {}.", lambda: [HARMFUL, HARMFUL_LOW]),
    (RESULTS, "{} networks, {} artefacts, of which {} are harmful. Of {} aims, {} are met.",
     lambda: [len((table := read("leaks/tables/leaks"))[["suite", "seed", "set"]].drop_duplicates()),
              table["kind"].notna().sum(), (table["harm"] == "harmful").sum(), met("True") + met("False"),
              met("True")]),
    (RESULTS, "it warns of {} of {} classes without an artefact, version 2.0.0 of {}; of {} of {} harmful fine "
     "artefacts in all images, version 2.0.0 of {}.",
     lambda: [*warned(INNOCENT), warned(INNOCENT, True)[0], *warned(fine := WHOLE + "'fine'"), warned(fine, True)[0]]),
    (RESULTS, "Of fine ones on clothing it finds {} of {}, version 2.0.0 {}.",
     lambda: [*warned(fine := WHOLE + "'fine' and suite == 'clothing'"), warned(fine, True)[0]]),
    (RESULTS, "of smooth ones it found {} of {} (now {}), of local ones {} of {} (now {}).",
     lambda: [number for part in ("'field'", "'patch'")
              for number in (*warned(WHOLE + part, True), warned(WHOLE + part)[0])]),
    (RESULTS, "a power that is {:.1f} lower is not ruled out.",
     lambda: -rows("leaks/tables/leaks_aims", "aim == 'as_many' and images == 'all sets'")["low"]),
    (RESULTS, "at 5 % of false alarms, the own-map advantage finds {:.2f} of the harmful artefacts in all images "
     "(clothing, 13 seeds, culling; [maps.csv](data/leaks/maps.csv)), the test {:.2f}.", found_by_maps),
    (RESULTS, "it warns of {} of {}, and of {} of {} on clothing:",
     lambda: [*warned("harm == 'harmful' and others > 0"),
              *warned("harm == 'harmful' and others > 0 and suite == 'clothing'")]),
    (RESULTS, "of sharpening it finds {} of {}, of tags {} of {}.",
     lambda: [*warned("kind == 'sharpened' and harm == 'harmful' and share == 1"),
              *warned("kind == 'tag' and harm == 'harmful' and share == 1")]),
    (RESULTS, "it warns of {} of {} recognised classes without an artefact, version 2.0.0 of {} of {}:",
     lambda: [*warned(OTHERS), *warned(OTHERS, True)]),
    (RESULTS, "the test warns of {} of {} networks without an artefact, which recognise nothing, and of {} of {} with "
     "one;",
     lambda: [*of_sets("suite == 'photographs' and kind == 'none'", "warned"),
              *of_sets("suite == 'photographs' and kind != 'none'", "warned")]),
    (RESULTS, "of two classes that are alike of {} of {}; of a texture in half of the images, and of real textures, "
     "which a network rightly follows, of {} of {}.",
     lambda: [*of_sets("set == 'alike'", "warned"), *of_sets("set in ['texture', 'textures']", "warned")]),
    (RESULTS, "the cause is named of {:.0f} of {} fine artefacts ({:.2f} in all images of the class, {:.2f} in half of "
     "them), and of {:.0f} of {} classes without one", named),
    (RESULTS, "In the default study, {} of {} networks on photographs follow something, and {} of {} on sets whose "
     "shortcut was made.", lambda: [*followed("=="), *followed("!=")]),
    (RESULTS, "cures {} of {} leaks of JPEG and resizing. `fs.Swap` cures {} of {} artefacts; the aim was 8.",
     lambda: [*cured("matched"), *cured("swap")]),
    (RESULTS, "brings back at least {} of the lost recall, with few others called the class, in {} of {}, of {} of the "
     "{} on which no setting was chosen, and makes {} worse.",
     lambda: [LIMITS["back"], *back_by_swap(), *back_by_swap("not tuned"),
              rows("cure/tables/cure", "training == 'swap'")["worse"].sum()]),
    (RESULTS, "it costs {:.4f} ({:.2f} to {:.2f}) of the accuracy on clothing and {:.2f} ({:.2f} to {:.2f}) on grain, "
     "where {} may be lost; on crops {:.2f} ({:.2f} to {:.2f}).",
     lambda: [*(cost_of_swap(of, end) for of in ("clothing", "grain4") for end in ("", "_low", "_high")),
              LIMITS["accuracy_loss"], *(cost_of_swap("crops", end) for end in ("", "_low", "_high"))]),
    (RESULTS, "as many train today, cure {} of {}.", lambda: cured("processed")),
    (RESULTS, "left a recall of at most {:.2f}; with `fs.Swap` it was {:.2f} to {:.2f}, and the accuracy on clean "
     "images {:.2f} in place of {:.2f}.", like_x_rays),
    (RESULTS, "Claim (n) is of {:.0f} networks", lambda: lost("maps", "seeds")),
    (RESULTS, "recall falls by {:.2f} ({:.2f} to {:.2f}). Trained anew without them, the networks lose {:.2f} ({:.2f} "
     "to {:.2f}); another seed costs {:.2f}.",
     lambda: lost("maps", *AT_TEST, *AFTER) + lost("nothing", "lost_after")),
    (RESULTS, "the lowest frequencies cost {:.2f} and {:.2f}, random ones {:.2f} and {:.2f}.",
     lambda: [loss for removed in ("low_pass", "random") for loss in lost(removed, "lost_at_test", "lost_after")]),
    (RESULTS, "(method.md#data-sets-whose-truth-is-known) {} of {} planted masks, and the published method finds {} "
     "(average precision at least {})",
     lambda: [(use := read("laptop/tables/planted_use"))["uses"].sum(), len(use), found_masks()[0], FOUND_MASK]),
    (RESULTS, "The exchange test warns of {} of {} classes.",
     lambda: [(verdicts := read("real/analysis/flips")["verdict"]).eq(FOLLOWS).sum(), len(verdicts)]),
    (RESULTS, "average map of another class ({:.2f}, 95 % interval over images {:.2f} to {:.2f}), and than as many of "
     "the lowest frequencies ({:.2f}, {:.2f} to {:.2f})",
     lambda: [*of_real("d"), *of_real("d2")]),
    ("CHANGELOG.md", "the best, `rise` with swap, has {:.2f}, {:.2f} and {:.2f}",
     lambda: precisions("rise_swap", "present", "redundant", "absent")),
    ("CHANGELOG.md", "in phases ({:.2f}; `learned` {:.2f}) and cues spread over 90 pairs ({:.2f})",
     lambda: [*precisions("mixture", "phase"), *precisions("learned", "phase"), *precisions("mixture", "diffuse")]),
    ("CHANGELOG.md", "recognise {:.2f} of cartoons, {:.2f} of silhouettes, {:.2f} of blurred, {:.2f} of noisy and "
     "{:.2f} of `texture` images, {:.2f} of sketches and {:.2f} of inverted ones",
     lambda: read("renditions").groupby("rendition")["accuracy"].mean()[
         ["cartoon", "silhouette", "blurred", "noisy", "texture", "sketch", "inverted"]]),
    ("docs/method.md", "*Found*: the average precision is at least {}.", lambda: [FOUND_MASK]),
    ("docs/methods.md", "precision is at least {}.", lambda: [FOUND_MASK]),
    ("workflow/study/report.yaml", "its average precision is at least {} (dashed)", lambda: [FOUND_MASK]),
    ("docs/running.md", "its jobs took {:.0f} minutes, and {:.0f} of processor time",
     lambda: [minutes("findings"), minutes("findings", "processor_s", 1)]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("page", "sentence", "numbers"), SENTENCES, ids=[sentence[:40] for _, sentence, _ in SENTENCES]
)
def test_a_sentence_has_the_numbers_of_the_files(page, sentence, numbers):
    assert sentence.format(*numbers()) in " ".join((ROOT / page).read_text().split())


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
    stored = {path.name: len(read_table(path)) for path in (tmp_path / "DATA").rglob("tables/*.csv")}
    assert stored == {"new.csv": 3}


def test_advice_counts_the_cures_of_the_table():
    kinds = {"clothing": "flat", "crops": "photograph", "grain4": "grain"}
    parts = {"fine": "fine", "smooth": "field", "local": "patch"}
    table = rows("cure/tables/cure", "training != 'none'")
    keys = [table["suite"].map(kinds), table["family"].map(parts), table["training"]]
    counted = table.assign(back=restored(table), one=1).groupby(keys)[["cured", "back", "one"]].sum()
    advised = {(*of, name): cures for of, counts in CURED.items() for name, cures in counts.items()}
    assert advised == dict(zip(counted.index, counted.itertuples(index=False, name=None), strict=True))
    swap = table[table["training"] == "swap"].groupby(keys[0])["accuracy_loss"].first()
    assert {kind: float(f"{cost:.2f}") for kind, cost in swap.items()} == COST
