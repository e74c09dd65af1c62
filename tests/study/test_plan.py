"""The plan with its settings and outputs, on configurations that are small enough to be read off by eye."""

import copy

import pytest
import yaml
from snakemake.utils import update_config

from conftest import ROOT
from study import claims, figures, targets
from study.findings import numbers
from study.findings.matrices import MATRICES
from study.job import FOLDER
from study.plan import KINDS, Plan
from study.sources.description import Shape
from study.tests import TESTS


def shipped(name):
    """A configuration file."""
    return yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text())


CONFIG = shipped("config")
PLAN = [
    {"datasets": ["photos", "syn_1"], "networks": ["small"], "augmentations": ["augmix"], "seeds": [3, 1]},
    {"datasets": ["photos"], "networks": ["small", "large"], "augmentations": ["none", "augmix"], "seeds": [1]},
]
FIRST = {"datasets": ["photos"], "networks": ["small"], "augmentations": ["none"], "seeds": [1, 2]}


def updated(*changes):
    """A copy of the default study with changes, as Snakemake makes them."""
    config = copy.deepcopy(CONFIG)
    for change in changes:
        update_config(config, copy.deepcopy(change))
    return config


def plan(**changes):
    """The plan of two data sets and three networks, one of them external and not planned."""
    config = copy.deepcopy(CONFIG)
    config["plan"], config["transfer"] = copy.deepcopy(PLAN), []
    config["shortcuts"]["methods"], config["graded"]["sets"] = [], 0
    config["datasets"] |= {
        "photos": {"source": "folder", "root": "p", "size": [160, 224], "channels": 3, "shares": {"train": 1.0},
                   "classes": {"cat": "n02", "ant": "n01"}},
        "mine": {"source": "store", "path": "a.h5"},
        "leak": {"source": "artefact", "set": "photos", "kind": "jpeg", "level": 90, "class": "cat"},
    }  # fmt: skip
    form = {"architecture": "resnet18", "width": 8, "stem": "auto"}
    config["networks"] = {"small": form, "large": form, "theirs": {"source": "a:b", "mean": [0.5], "std": [0.1]}}
    update_config(config, changes)
    return Plan(config)


def names(runs):
    return ["/".join(map(str, run.values())) for run in runs]


def test_every_run_is_planned_once_in_order():
    assert names(plan().runs()) == [
        "photos/small/augmix/3", "photos/small/augmix/1", "syn_1/small/augmix/3", "syn_1/small/augmix/1",
        "photos/small/none/1", "photos/large/none/1", "photos/large/augmix/1",
    ]  # fmt: skip
    assert names(plan().runs(dataset="photos", network="large")) == ["photos/large/none/1", "photos/large/augmix/1"]
    assert plan().datasets() == ["photos", "syn_1"] and plan().datasets("synthetic") == ["syn_1"]
    smallest = ["photos/small/augmix/1", "syn_1/small/augmix/1", "photos/small/none/1", "photos/large/none/1"]
    assert names(plan().first_seed_runs()) == [*smallest, "photos/large/augmix/1"]


def test_networks_without_maps_are_trained_and_their_maps_neither_found_nor_tested():
    entry = {**PLAN[0], "datasets": ["syn_2", "syn_1"], "networks": ["large", "small"], "seeds": [3, 0], "maps": False}
    found, mapped = plan(plan=[*PLAN, entry]), names(plan().runs())
    added = ["syn_2/large/augmix/3", "syn_2/large/augmix/0", "syn_2/small/augmix/3", "syn_2/small/augmix/0"]
    added += ["syn_1/large/augmix/3", "syn_1/large/augmix/0", "syn_1/small/augmix/0"]  # seed 3 of the last has maps
    assert names(found.runs()) == [*mapped, *added] and names(found.mapped_runs()) == mapped
    assert found.mapped_datasets() == ["photos", "syn_1"] and names(found.mapped_runs("synthetic")) == mapped[2:4]
    for name, test in TESTS.items():
        assert set(names(test.runs(found))).isdisjoint(added) == (name not in ("bandstop", "networks"))
    files = targets.of_study(found)
    assert {*found.files(f"networks/{FOLDER}/weights.safetensors", found.runs())} <= {*files}
    others = [file for file in files if not any(part in file for part in ("/networks/", "bandstop"))]
    assert not any("syn_2/large" in file for file in others)
    assert sorted(file for file in files if "syn_2" in file and "/figures/" in file and file.endswith("svg")) == [
        f"results/laptop/figures/{kind}_syn_2.svg" for kind in ("adcs", "bandstop")
    ]
    assert found.searches() == plan().searches()
    for entries in ([PLAN[0], {**PLAN[0], "maps": False}], [{**PLAN[0], "maps": False}, PLAN[0]]):
        assert len(plan(plan=entries).mapped_runs()) == 4
    assert found.needed_splits("syn_2", trains=True).keys() == {"train", "validation", "test"}
    assert found.needed_splits("syn_2", trains=False) == {"test": "adcs.split"}


@pytest.mark.parametrize("seeds", ["first", "all", "none"])
def test_phases_are_tested_of_one_seed_of_each_network_or_of_all_or_none(seeds):
    found = plan(shortcuts={"phase_seeds": seeds})
    expected = {"first": found.first_seed_runs(), "all": found.mapped_runs(), "none": []}[seeds]
    assert found.phase_runs() == expected


def test_the_baseline_is_the_first_network_without_augmentation_where_that_is_planned():
    assert plan().baselines() == [["photos", "small", "none"]]
    others = [["photos", "small", "augmix"], ["photos", "large", "none"], ["photos", "large", "augmix"]]
    assert plan().non_baselines() == others
    for entries in ([PLAN[0]], [{**FIRST, "networks": ["large"], "maps": False}, PLAN[0]]):
        assert plan(plan=entries).baselines() == [["photos", "small", "augmix"]]


def test_external_networks_are_not_trained():
    found = plan(plan=[{**PLAN[1], "networks": ["small", "theirs"], "augmentations": ["none"]}])
    assert found.external_networks == ["theirs"] and found.trained_networks == ["small", "large"]
    assert names(found.trained_runs()) == ["photos/small/none/1"]
    assert found.common_normalisation("photos") is None  # that of the trained one is not known yet
    alone = plan(plan=[{**PLAN[1], "networks": ["theirs"], "augmentations": ["none"]}])
    assert alone.common_normalisation("photos") == {"mean": (0.5,), "std": (0.1,)}
    assert "dynamics" not in targets.tables(alone) and "dynamics_photos" not in targets.figures(alone)


@pytest.mark.parametrize(
    ("dataset", "kind", "truth", "shape"),
    [
        ("syn_1", "synthetic", True, Shape(3, 32, 32)),
        ("plant_absent", "planted", True, Shape(3, 32, 32)),
        ("fashion_mnist", "photographs", False, Shape(1, 32, 32)),
        ("waved", "photographs", True, Shape(1, 32, 32)),
        ("photos", "photographs", False, Shape(3, 160, 224)),
        ("leak", "photographs", False, Shape(3, 160, 224)),
        ("mine", "photographs", False, None),  # its store tells
    ],
)
def test_what_is_known_of_a_data_set(dataset, kind, truth, shape):
    found = plan()
    assert (found.kind_of(dataset), found.has_truth(dataset), found.shape(dataset)) == (kind, truth, shape)
    assert kind in KINDS


def test_renditions_are_those_of_the_twin_or_synthetic_ones():
    found = plan(datasets={"photos": {"ood": {"root": "t", "renditions": ["ink"]}}}, ood={"renditions": []})
    assert found.renditions("photos") == ["ink"] and found.renditions("syn_1") == []
    assert found.ood_datasets() == found.twin_datasets() == ["photos"]
    assert found.rendition_files("photos") == ["results/laptop/data/ood/photos/ink.h5"]
    tested = [(run["dataset"], run["network"]) for run in TESTS["ood"].runs(found)]
    assert tested == [("photos", "small")] * 3 + [("photos", "large")] * 2
    assert "ood" not in found.source("photos").settings(found, "photos")  # the twin has stores of its own


def test_a_data_set_needs_the_splits_that_the_steps_read():
    needed = plan(adcs={"split": "train"}, ood={"renditions": []}).needed_splits("photos", trains=False)
    assert needed == {"train": "adcs.split", "validation": "culling.split", "test": "shortcuts.split"}
    assert plan().needed_splits("photos", trains=True) == dict.fromkeys(("train", "validation", "test"), "training")


def test_a_method_takes_the_images_of_the_culling():
    found = plan(methods={"late": {"method": "hfss", "percent": 9}})
    searches = [found.search(f"maps/{name}") for name in ("hfss", "late")]
    assert all((search["split"], search["images_per_class"]) == ("validation", 60) for search in searches)
    assert [search["settings"] for search in searches] == [{}, {"percent": 9}]


def test_the_culling_of_the_study_is_a_search():
    own = plan(culling={"method": "exact", "patch": 2}).search("dfm")
    assert own["own"] and own["method"] == "culling"
    assert own["settings"] == {"search": "exact", "fill": "zeros", "patch": 2}
    assert not plan().search("maps/culling")["own"]
    assert set(plan(culling={"method": "screened"}).search("dfm")["settings"]) == {
        "search", "fill", "percent", "target_recall", "patience"
    }  # fmt: skip


def test_networks_are_trained_anew_only_where_the_plan_says_so_and_with_maps():
    found = plan(plan=[*PLAN, {**FIRST, "reliance": True}, {**FIRST, "seeds": [4], "reliance": True, "maps": False}])
    assert names(found.reliance_runs()) == ["photos/small/none/1", "photos/small/none/2"]
    files = [f"results/laptop/tests/photos/small/none/seed{seed}/reliance.csv" for seed in (1, 2)]
    assert set(files) <= set(targets.of_study(found)) and "reliance" in targets.tables(found)
    drawn = {f"results/laptop/{file}" for file in ("tables/reliance.csv", "figures/reliance_photos.svg")}
    assert drawn <= set(targets.of_study(found)) and not drawn & set(targets.of_study(plan()))
    assert plan().reliance_runs() == [] and "reliance" not in targets.tables(plan())


def test_each_claim_has_the_table_and_the_figure_that_the_plan_gives():
    entry = {**FIRST, "reliance": True}
    waved, theirs = {**entry, "datasets": ["waved"]}, {**entry, "networks": ["theirs"]}
    found = plan(plan=[waved, *PLAN, entry, theirs], graded={"sets": 2}, ood={"renditions": []})
    names = ["graded", "bandstop", "dynamics", "own_map_advantage", "phase", "flips", "reliance"]
    tables = {name: [f"results/laptop/tables/{name}.csv"] for name in (*names, "cross_matrix")}
    folders = [f"results/laptop/tests/{run}/small/none" for run in ("waved", "photos")]
    tables["reliance"] = [f"{folder}/seed{seed}/reliance.csv" for folder in folders for seed in (1, 2)]
    assert claims.sources(found) == tables
    assert claims.files(found, *numbers.NUMBERS) == [f"results/laptop/claims/{name}.csv" for name in names]
    assert claims.files(found, *MATRICES) == ["results/laptop/claims/cross_matrix.csv"]
    drawn = claims.figures(found)
    assert (drawn["a"], drawn["b"], drawn["n"]) == ("graded_all", "bandstop_syn_1", "reliance_photos")
    assert set(drawn.values()) <= set(targets.figures(found)) and "e1" not in drawn
    study = numbers.Study(**claims.study(found))
    assert study.photographs == ["photos"] and study.control_bands == {"syn_1": 1}
    assert study.first == {"waved": ["small", "none"], "photos": ["small", "none"], "syn_1": ["small", "augmix"]}
    assert study.forms == {"small": ["resnet18", 8], "large": ["resnet18", 8]}


def test_figures_and_claims_are_of_the_same_first_kind_of_networks():
    unmapped = {**PLAN[1], "networks": ["large"], "maps": False}
    bands = {**PLAN[0], "datasets": ["syn_2"], "augmentations": ["augmix", "none"], "maps": False}
    found = plan(plan=[unmapped, PLAN[0], {**PLAN[1], "networks": ["small"]}, bands])
    first = claims.study(found)["first"]
    assert first == {"photos": ["small", "none"], "syn_1": ["small", "augmix"], "syn_2": ["small", "none"]}


def test_a_transfer_that_is_planned_twice_is_tested_once():
    assert len(plan(transfer=[*TRIED, *TRIED]).transfers()) == 1


def test_what_is_not_planned_has_no_table_and_no_figure():
    found = plan(plan=[PLAN[1]], shortcuts={"fills": ["swap"]}, ood={"renditions": []})
    tables, drawn = targets.tables(found), targets.figures(found)
    assert {"bandstop", "ood", "transfer", "planted_use", "truth", "table_1"}.isdisjoint(tables)
    assert not any(name.startswith(("bandstop", "ood", "truth", "samples")) for name in drawn)
    assert "shortcut_photos" in drawn


def test_the_maps_of_other_methods_are_found_for_the_first_kind_of_networks_of_each_data_set():
    entries = [{**PLAN[0], "maps": False}, {**PLAN[1], "methods": ["mine", "energy"]}]
    methods = {"mine": {"method": "hfss"}}
    found = plan(plan=entries, methods=methods, shortcuts={"methods": ["mine", "random"]})
    (run, *_), files = found.mapped_runs(augmentation="none"), targets.of_study(found)
    assert found.tested_maps(run) == [
        f"results/laptop/{folder}/photos/small/none/seed1.h5" for folder in ("dfm", "maps/mine", "maps/random")
    ]
    assert found.first_kind_runs() == [run] and names([run]) == ["photos/small/none/1"]
    others = [other for other in found.mapped_runs() if other != run]
    searched = [name for name in found.searches() if "/maps/" in name]
    assert all(len(found.tested_maps(other)) == 1 and found.tested_methods(other) == [] for other in others)
    assert searched == [f"find_maps/maps/{name}/photos/small/none/seed1" for name in ("mine", "random")]
    assert names(plan().first_kind_runs()) == ["syn_1/small/augmix/3", "syn_1/small/augmix/1", "photos/small/none/1"]
    assert {path for one in found.mapped_runs() for path in found.tested_maps(one)} <= set(files)
    assert not any("maps/random/photos/small/augmix/seed3" in path for path in files)


def test_methods_are_scored_where_the_truth_is_known():
    found = plan(plan=[{**PLAN[0], "methods": ["energy"]}, PLAN[1]])
    made = ["tables/methods.csv", "figures/methods_all.svg", "figures/methods_all.png"]
    assert names(found.scored_runs()) == ["syn_1/small/augmix/3", "syn_1/small/augmix/1"]
    assert len(found.map_files()) == 4 and targets.of_methods(found) == [
        *found.map_files(), *(f"results/laptop/{file}" for file in ("checked.txt", *made))
    ]  # fmt: skip
    assert set(targets.of_methods(found)) <= set(targets.of_study(found))
    assert targets.of_methods(plan()) == ["results/laptop/checked.txt"] and "methods" not in targets.tables(plan())


def test_maps_of_other_methods_are_tested_with_the_maps_of_other_classes_alone():
    found = plan(shortcuts={"methods": ["hfss"], "fills": ["swap", "zeros"]}, ood={"fills": ["swap"]})
    of_method = found.advantage_settings(fills=["swap"])
    assert (of_method["parts"], of_method["fills"]) == (["keep"], ["swap"])
    assert (of_method["controls"], of_method["radial"]) == (0, 0)
    of_renditions = found.rendition_settings()
    assert (of_renditions["parts"], of_renditions["fills"]) == (["keep"], ["swap"])
    for settings in (of_renditions, found.shortcut_settings()):
        assert settings["negatives"] == of_method["negatives"]  # FPR is of the same images
    methods = [found.tested_methods(run) for run in found.mapped_runs()]
    assert methods == [["hfss"] if run in found.first_kind_runs() else [] for run in found.mapped_runs()]
    back = {"dataset": "photos", "maps_of": "large/none", "tested_on": "small/none"}
    both = plan(shortcuts={"methods": ["hfss"]}, transfer=[*TRIED, back])
    assert [both.tested_methods(run) for run in both.transfer_sources()] == [["hfss"], []]
    assert [run["network"] for run in both.transfer_targets()] == ["large", "small"]


def test_networks_with_ood_false_are_not_tested_on_renditions():
    entries = [{**PLAN[1], "ood": False}, {**PLAN[1], "networks": ["large"], "augmentations": ["none"]}]
    found = plan(plan=entries)
    assert names(found.ood_runs()) == ["photos/large/none/1"] == names(TESTS["ood"].runs(found))
    none = plan(plan=[{**PLAN[1], "ood": False}])
    assert none.ood_datasets() == [] and "ood" not in targets.tables(none)
    assert "test" in none.needed_splits("photos", True)
    assert "ood.renditions" not in none.needed_splits("photos", False).values()


SWAPPED = {"datasets": ["photos"], "networks": ["small"], "augmentations": ["swap"], "seeds": [1]}
NEEDED = {**SWAPPED, "augmentations": ["none"], "reliance": True}
WAVED = {**SWAPPED, "datasets": ["waved"], "augmentations": ["none"]}
TRIED = [{"dataset": "photos", "maps_of": "small/none", "tested_on": "large/none"}]
PLANNED = [*({**entry, "methods": ["hfss", "random"]} for entry in PLAN), SWAPPED, NEEDED, WAVED]
WHOLE = plan(plan=PLANNED, transfer=TRIED, shortcuts={"methods": ["hfss"]}, graded={"sets": 2})


def test_a_plan_has_figures_of_every_kind_that_it_can_have():
    names = figures.names(WHOLE)
    assert [kind for kind, found in names.items() if not found] == ["leaks", "cure"]
    assert (names["bandstop"], names["dynamics"]) == (["syn_1"], ["photos", "waved", "synthetic"])
    assert names["cards"][0] == "photos-small-augmix"
    assert {path.stem for path in (ROOT / "workflow" / "notebooks").glob("*.ipynb")} == {*names, "paper_tables"}
    assert figures.shown(WHOLE, "dfm") == ["photos", "waved"]
    assert figures.shown(plan(plan=[{**PLAN[0], "datasets": ["syn_1"]}]), "dfm") == ["syn_1"]
