"""The runs of a study, its settings and outputs, on configurations that are small enough to be read off by eye."""

import pytest
from configurations import CONFIG, PLAN, figures, small

from conftest import ROOT
from study import datasets, outputs, runs, settings
from study.findings.matrices import MATRICES
from study.findings.numbers import NUMBERS
from study.job import NETWORK
from study.sources import source_of

FIRST = {"datasets": ["photos"], "networks": ["small"], "augmentations": ["none"], "seeds": [1, 2]}
RELIANT = {**FIRST, "reliance": True}
TO_LARGE = {"dataset": "photos", "maps_of": "small/none", "tested_on": "large/none"}
TO_SMALL = {"dataset": "photos", "maps_of": "large/none", "tested_on": "small/none"}


def table(**changes):
    """The runs of the small configuration with changes."""
    return runs.table(small(**changes))


def names(found, where):
    """The runs for which a condition holds."""
    chosen = found.query(where)
    return list(chosen["dataset"] + "/" + chosen["run"])


def kinds(found, name):
    """The kinds of networks in a table of the paper."""
    return found.query(outputs.TABLES[name])[NETWORK].drop_duplicates().values.tolist()


def tables(config):
    """Names of all tables of a complete configuration."""
    return outputs.tables(config, runs.table(config))


def test_every_run_is_planned_once_in_order():
    found = table()
    planned = names(found, "planned")
    assert planned[:2] == ["photos/small/augmix/seed3", "photos/small/augmix/seed1"]
    assert planned[2:4] == ["syn_1/small/augmix/seed3", "syn_1/small/augmix/seed1"]
    assert planned[4:] == [
        "photos/small/none/seed1",
        "photos/large/none/seed1",
        "photos/large/augmix/seed1",
    ]
    assert names(found, "first_seed") == [planned[1], *planned[3:]]
    assert names(found, "kind == 'synthetic'") == names(found, "bandstop") == planned[2:4]


def test_networks_without_maps_are_trained_and_their_maps_neither_found_nor_tested():
    entry = {
        **PLAN[0],
        "datasets": ["syn_2", "syn_1"],
        "networks": ["large", "small"],
        "seeds": [3, 0],
        "maps": False,
    }
    config = small(plan=[*PLAN, entry])
    before, found = table(), runs.table(config)
    added = found[len(before) :]
    of_large = ["large/augmix/seed3", "large/augmix/seed0"]
    assert added.query("dataset == 'syn_2'")["run"].tolist() == [
        *of_large,
        "small/augmix/seed3",
        "small/augmix/seed0",
    ]
    assert added.query("dataset == 'syn_1'")["run"].tolist() == [
        *of_large,
        "small/augmix/seed0",
    ]  # seed 3 has maps
    assert added[["planned", "trained", "bandstop"]].all(axis=None)
    without = [
        "maps",
        "planted_use",
        "phase",
        "sizes",
        "ood",
        "reliance",
        "scored",
        "transfer",
        "first_seed",
    ]
    assert not added[without].any(axis=None)
    assert not added["tested_methods"].any()
    assert found[: len(before)].equals(before)
    assert [kind for kind, drawn in outputs.figures(found).items() if "syn_2" in drawn] == [
        "bandstop",
        "adcs",
    ]
    assert runs.needed_splits(config, found, "syn_2", trains=True).keys() == {
        "train",
        "validation",
        "test",
    }
    assert runs.needed_splits(config, found, "syn_2", trains=False) == {"test": "adcs.split"}


def test_a_run_of_two_entries_has_maps_if_one_of_them_says_so():
    without = {**PLAN[0], "maps": False}
    for entries in ([PLAN[0], without], [without, PLAN[0]]):
        assert table(plan=entries)["maps"].tolist() == [True] * 4


def test_a_plan_without_a_run_has_no_output():
    config = small(plan=[])
    assert runs.table(config).empty
    assert tables(config) == figures(config) == []


def test_each_graded_set_has_one_run_with_its_seed_that_is_only_trained():
    config = small(graded={"sets": 2, "first_seed": 7})
    found = runs.table(config)
    assert names(found, "graded") == names(found, "not planned")
    assert names(found, "graded") == ["graded_7/small/none/seed7", "graded_8/small/none/seed8"]
    graded = found[found["graded"]]
    steps = graded.select_dtypes(bool)
    assert set(steps.columns[steps.all()]) == {"graded", "trained"}
    assert set(steps.columns[steps.any()]) == {"graded", "trained"}
    assert not graded["methods"].any()
    assert config["datasets"]["graded_8"]["cue_seed"] == 8
    assert settings.recipe(config, "graded_8", "small")["epochs"] == 5  # of 80 iterations each
    trained = settings.training(config, "graded_8")
    assert trained["images_per_class"] is None
    assert trained["dynamics"]["iterations"] == 400


def test_phases_are_tested_of_one_seed_of_each_network_or_of_all_or_none():
    found = {seeds: table(shortcuts={"phase_seeds": seeds}) for seeds in ("first", "all", "none")}
    assert names(found["first"], "phase") == names(table(), "first_seed")
    assert names(found["all"], "phase") == names(table(), "maps")
    assert not found["none"]["phase"].any()


def test_the_baseline_is_the_first_network_without_augmentation_where_that_is_planned():
    found = table()
    assert kinds(found, "table_1") == [["photos", "small", "none"]]
    assert kinds(found, "table_2") == [
        ["photos", "small", "augmix"],
        ["photos", "large", "none"],
        ["photos", "large", "augmix"],
    ]
    for entries in ([PLAN[0]], [{**FIRST, "networks": ["large"], "maps": False}, PLAN[0]]):
        assert kinds(table(plan=entries), "table_1") == [["photos", "small", "augmix"]]


def test_the_first_kind_of_networks_has_maps_where_some_have():
    unmapped = {**PLAN[1], "networks": ["large"], "maps": False}
    bands = {**PLAN[0], "datasets": ["syn_2"], "augmentations": ["augmix", "none"], "maps": False}
    found = table(plan=[unmapped, PLAN[0], {**PLAN[1], "networks": ["small"]}, bands])
    first = {"photos": ["small", "none"], "syn_1": ["small", "augmix"], "syn_2": ["small", "none"]}
    assert runs.first_kinds(found) == first
    of_first = found[found["first_kind"]]
    assert {name: kind for name, *kind in of_first[NETWORK].values.tolist()} == first


def test_external_networks_are_not_trained():
    entry = {**PLAN[1], "augmentations": ["none"]}
    found = table(plan=[{**entry, "networks": ["small", "theirs"]}])
    assert names(found, "trained") == ["photos/small/none/seed1"]
    assert names(found, "external") == ["photos/theirs/none/seed1"]
    alone = small(plan=[{**entry, "networks": ["theirs"]}])
    assert "dynamics" not in tables(alone)
    assert "dynamics_photos" not in figures(alone)


def test_images_are_normalised_for_external_networks_that_agree():
    config = small(networks={"other": {"source": "a:b", "mean": [0.4], "std": [0.1]}})
    assert datasets.normalisation_of(config, {"theirs"}) == {"mean": (0.5,), "std": (0.1,)}
    assert datasets.normalisation_of(config, {"theirs", "other"}) is None
    assert (
        datasets.normalisation_of(config, {"theirs", "small"}) is None
    )  # that of the trained one is not known yet


@pytest.mark.parametrize(
    ("dataset", "kind", "truth"),
    [
        ("syn_1", "synthetic", True),
        ("plant_absent", "planted", True),
        ("fashion_mnist", "photographs", False),
        ("waved", "photographs", True),
        ("photos", "photographs", False),
        ("leak", "photographs", False),
        ("mine", "photographs", False),
    ],
)
def test_what_is_known_of_a_data_set(dataset, kind, truth):
    config = small()
    assert datasets.kind_of(config, dataset) == kind
    assert datasets.has_truth(config, dataset) == truth


def test_renditions_are_those_of_the_twin_or_synthetic_ones():
    config = small(
        datasets={"photos": {"ood": {"root": "t", "renditions": ["ink"]}}}, ood={"renditions": []}
    )
    found = runs.table(config)
    assert datasets.renditions(config, "photos") == ["ink"]
    assert datasets.renditions(config, "syn_1") == []
    assert names(found, "ood") == names(found, "dataset == 'photos'")
    assert "ood" not in source_of(config, "photos").settings()  # the twin has stores of its own


def test_networks_with_ood_false_are_not_tested_on_renditions():
    without = {**PLAN[1], "ood": False}
    found = table(plan=[without, {**FIRST, "networks": ["large"], "seeds": [1]}])
    assert names(found, "ood") == ["photos/large/none/seed1"]
    config = small(plan=[without])
    found = runs.table(config)
    assert "ood" not in tables(config)
    assert "test" in runs.needed_splits(config, found, "photos", trains=True)
    assert (
        "ood.renditions" not in runs.needed_splits(config, found, "photos", trains=False).values()
    )


def test_a_data_set_needs_the_splits_that_the_steps_read():
    config = small(adcs={"split": "train"}, ood={"renditions": []})
    needed = runs.needed_splits(config, runs.table(config), "photos", trains=False)
    assert needed == {
        "train": "adcs.split",
        "validation": "culling.split",
        "test": "shortcuts.split",
    }
    config = small(shortcuts={"split": "validation"}, adcs={"split": "validation"})
    assert (
        runs.needed_splits(config, runs.table(config), "photos", trains=False)["test"]
        == "ood.renditions"
    )
    needed = runs.needed_splits(config, runs.table(config), "photos", trains=True)
    assert needed == dict.fromkeys(("train", "validation", "test"), "training")


def test_the_maps_of_a_network_are_found_in_no_more_parts_than_there_are_classes():
    for parts, of_four_classes in ((2, 2), (9, 4)):
        config = small(culling={"parts": parts})
        assert datasets.parts_of_culling(config, "plant_present") == of_four_classes
        assert (
            datasets.parts_of_culling(config, "photos") == parts
        )  # their classes are not known yet


def test_a_method_takes_the_images_of_the_culling():
    config = small(methods={"late": {"method": "hfss", "percent": 9}})
    plain, late = (settings.search(config, f"maps/{name}") for name in ("hfss", "late"))
    assert plain == {**late, "settings": {}}
    assert late["settings"] == {"percent": 9}
    assert (late["split"], late["images_per_class"]) == ("validation", 60)


def test_the_culling_of_the_study_is_a_search():
    own = settings.search(small(culling={"method": "exact", "patch": 2}), "dfm")
    assert own["own"]
    assert own["method"] == "culling"
    assert own["settings"] == {"search": "exact", "fill": "zeros", "patch": 2}
    assert not settings.search(small(), "maps/culling")["own"]
    screened = settings.search(small(culling={"method": "screened"}), "dfm")["settings"]
    assert set(screened) == {"search", "fill", "percent", "target_recall", "patience"}


def test_networks_are_trained_anew_only_where_the_plan_says_so_and_with_maps():
    unmapped, theirs = {**RELIANT, "seeds": [4], "maps": False}, {**RELIANT, "networks": ["theirs"]}
    config = small(plan=[*PLAN, RELIANT, unmapped, theirs])
    assert names(runs.table(config), "reliance") == [
        "photos/small/none/seed1",
        "photos/small/none/seed2",
    ]
    assert "reliance" in tables(config)
    assert "reliance_photos" in figures(config)
    assert not table()["reliance"].any()
    assert "reliance" not in tables(small())
    assert "reliance_photos" not in figures(small())


def test_each_claim_has_the_table_and_the_figure_that_the_plan_gives():
    waved, theirs = {**RELIANT, "datasets": ["waved"]}, {**RELIANT, "networks": ["theirs"]}
    config = small(plan=[waved, *PLAN, RELIANT, theirs], graded={"sets": 2}, ood={"renditions": []})
    found = runs.table(config)
    measured = set(tables(config)) & {*NUMBERS, *MATRICES}
    numbers = {
        "graded",
        "bandstop",
        "dynamics",
        "own_map_advantage",
        "phase",
        "exchanges",
        "reliance",
    }
    assert measured == numbers | {"cross_matrix"}
    assert outputs.judged_photographs(config, found) == ["photos"]
    drawn = outputs.figures_of_claims(config, found)
    assert (drawn["a"], drawn["b"], drawn["n"]) == (
        "graded_all",
        "bandstop_syn_1",
        "reliance_photos",
    )
    assert "e1" not in drawn
    assert set(drawn.values()) <= set(figures(config))
    first = {"waved": ["small", "none"], "photos": ["small", "none"], "syn_1": ["small", "augmix"]}
    assert runs.first_kinds(found) == first


def test_a_transfer_that_is_planned_twice_is_tested_once():
    config = small(transfer=[TO_LARGE, TO_LARGE])
    (pair,) = runs.transfers(config, runs.table(config)).to_dict("records")
    assert pair == {
        "dataset": "photos",
        "maps_of": "small/none/seed1",
        "tested_on": "large/none/seed1",
        "tested_methods": [],
    }


def test_what_is_not_planned_has_no_table_and_no_figure():
    config = small(plan=[PLAN[1]], shortcuts={"fills": ["swap"]}, ood={"renditions": []})
    assert {"bandstop", "ood", "transfer", "planted_use", "truth", "table_1"}.isdisjoint(
        tables(config)
    )
    drawn = figures(config)
    assert not any(name.startswith(("bandstop", "ood", "truth", "samples")) for name in drawn)
    assert "shortcut_photos" in drawn


def test_the_maps_of_other_methods_are_found_for_the_first_kind_of_networks_of_each_data_set():
    entries = [{**PLAN[0], "maps": False}, {**PLAN[1], "methods": ["mine", "adcs"]}]
    methods = {"mine": {"method": "hfss"}}
    found = table(plan=entries, methods=methods, shortcuts={"methods": ["mine", "random"]})
    of_first = found["run"].eq("small/none/seed1")
    assert found[of_first]["tested_methods"].tolist() == [["mine", "random"]]
    assert not found[~of_first]["tested_methods"].any()
    everywhere = ["photos/small/none/seed1", "syn_1/small/augmix/seed1", "syn_1/small/augmix/seed3"]
    assert sorted(names(table(), "maps & first_kind")) == everywhere


def test_methods_are_scored_where_the_truth_is_known():
    found = table(
        plan=[
            {**PLAN[0], "methods": ["adcs"]},
            {**PLAN[0], "methods": ["hfss", "adcs"]},
            PLAN[1],
        ]
    )
    assert names(found, "scored") == ["syn_1/small/augmix/seed3", "syn_1/small/augmix/seed1"]
    assert found["methods"].tolist() == [["adcs", "hfss"]] * 4 + [[]] * 3
    assert not table()["scored"].any()


def test_maps_of_other_methods_are_tested_with_the_maps_of_other_classes_alone():
    config = small(shortcuts={"fills": ["swap", "zeros"]}, ood={"fills": ["swap"]})
    of_method = settings.advantage_trials(config, fills=["swap"])
    assert (of_method["parts"], of_method["fills"]) == (["keep"], ["swap"])
    assert (of_method["controls"], of_method["radial"]) == (0, 0)
    of_renditions = settings.rendition_trials(config)
    assert (of_renditions["parts"], of_renditions["fills"]) == (["keep"], ["swap"])
    assert of_renditions["radial"] == CONFIG["shortcuts"]["controls"]
    for other in (of_renditions, settings.trials(config)):
        assert other["negatives"] == of_method["negatives"]  # FPR is of the same images


def test_a_transfer_tests_the_maps_of_all_methods_that_its_source_has():
    config = small(shortcuts={"methods": ["hfss"]}, transfer=[TO_LARGE, TO_SMALL])
    found = runs.table(config)
    pairs = runs.transfers(config, found)
    assert pairs["tested_methods"].tolist() == [["hfss"], []]
    assert pairs["tested_on"].tolist() == ["large/none/seed1", "small/none/seed1"]
    assert sorted(names(found, "transfer")) == [
        "photos/large/none/seed1",
        "photos/small/none/seed1",
    ]


def test_zeros_are_the_fill_that_decides_where_they_are_tested():
    assert settings.deciding(["swap", "zeros"]) == ["zeros"]
    assert settings.deciding(["swap", "other"]) == ["swap"]


def test_a_plan_has_figures_of_every_kind_that_it_can_have():
    swapped = {**FIRST, "augmentations": ["swap"], "seeds": [1]}
    plan = [*PLAN, swapped, {**RELIANT, "seeds": [1]}, {**FIRST, "datasets": ["waved"]}]
    found = table(plan=plan, transfer=[TO_LARGE], graded={"sets": 2})
    drawn = outputs.figures(found)
    assert all(drawn.values())
    assert drawn["bandstop"] == ["syn_1"]
    assert drawn["dynamics"] == ["photos", "waved", "synthetic"]
    assert drawn["cards"][0] == "photos-small-augmix"
    assert {path.stem for path in (ROOT / "workflow" / "notebooks").glob("*.ipynb")} == {
        *drawn,
        "paper_tables",
    }
    shown = {kind: outputs.shown(found, kind, of_kind) for kind, of_kind in drawn.items()}
    assert shown["dfm"] == ["photos", "waved"]
    assert shown["cards"] == ["syn_1-small-augmix", "photos-small-none", "waved-small-none"]
    assert shown["adcs"] == drawn["adcs"] == ["photos", "syn_1", "waved"]
    alone = table(plan=[{**PLAN[0], "datasets": ["syn_1"]}])
    assert outputs.shown(alone, "dfm", ["syn_1"]) == ["syn_1"]
