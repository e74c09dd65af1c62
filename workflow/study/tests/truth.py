"""Maps and ADCS of all sets with a known truth, scored against the planted truth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..categories import Result
from ..description import IMAGES, MAPS, WEIGHTS, Figure, NetworkTest, Table, table
from ..job import RUN, WITH_TRUTH

if TYPE_CHECKING:
    import pandas as pd

    from ..plan import Plan, Run


def join(given: Mapping[str, Any], settings: Mapping[str, Any], plan: Plan) -> dict[str, pd.DataFrame]:
    """One row per run, class, truth, ranking and size; without scores if the network does not use the planted mask."""
    import pandas as pd

    from frequency_shortcuts.evaluation import truth
    from frequency_shortcuts.findings.study_tables import of_run
    from frequency_shortcuts.maps import dfm
    from frequency_shortcuts.storage.hdf5 import read_hdf5

    tables = []
    for run, maps, store, spectra in zip(_runs(plan), given["dfm"], given["stores"], given["spectra"], strict=True):
        with read_hdf5(store) as file:
            truths = truth.planted(file)
        with read_hdf5(spectra) as file:
            adcs, significant = file["adcs"][:], file["adcs_significant"][:]
        frequency_maps = dfm.read(maps)
        table = truth.score(
            frequency_maps.rank, adcs, frequency_maps.masks, truths,
            increments=frequency_maps.score, significant=significant, **settings,
        )  # fmt: skip
        tables.append(of_run(table, run, frequency_maps.attributes["classes"]))
    use = given["use"][[*RUN, "class", "uses"]]
    table = pd.concat(tables).merge(use, on=[*RUN, "class"], how="left", validate="many_to_one")
    return {"truth": truth.only_where_used(table)}


def _runs(plan: Plan) -> list[Run]:
    return plan.mapped_runs(*WITH_TRUTH)


def _files(plan: Plan, path: str) -> list[str]:
    return [f"{plan.results}/{path.format(**run)}" for run in _runs(plan)]


TEST = NetworkTest(
    message="Scoring maps and ADCS against the planted truth",
    runs=_runs,
    tables={
        "truth": Table(
            Result("maps scored against what was planted", "beyond"),
            "Maps and ADCS of the synthetic and planted sets scored against the planted truth, for every class and "
            "network: precision and recall at every size of map, and average precision over the whole ranking. *own* "
            "is what was planted for the class itself, *any* wherever classes were made to differ. Rankings: the loss "
            "increments (dfm), ADCS by its absolute value, by more (high) and by less energy (low), and controls: {{ "
            "config.truth.draws }} random draws, uniform and within rings, with their 95 % intervals, and the maps of "
            "the other classes.",
            "synthetic and planted sets, scored against what was planted; classes whose planted mask the network does "
            "not use (`uses`) have rows without scores: one row a run, class, truth, ranking and size. `truth`: `own` "
            "(planted for the class itself; C0 has nothing, and no scores) or `any` (wherever classes were made to "
            "differ); of sets in which either of two cues is enough, also `half_0`, `half_1` and `better_half`, the "
            "better of the two by average precision, chosen for each ranking and for each random draw, so that its "
            "controls hold what the better of two gives by chance. `ranking`: `dfm`; `dfm_size` (by the absolute value "
            "of the loss increments); `adcs` (by its absolute value), `adcs_high`, `adcs_low` (by more, by less "
            "energy), `adcs_significant` (by the absolute value of that ADCS), which are the same for every run; "
            "controls `random` (uniform), `radial` (dealt anew within rings of one cycle per image), `other` (mean "
            "over the maps of the other classes), the latter two also of each other ranking (`radial_adcs`, ...). "
            "`positions`: the size to which every ranking is cut. Where `cut` is `percent`, it is that of the map of "
            "`percent`; where `cut` is `truth`, it is that of the class's own truth (of the larger half for "
            "`better_half`), and `percent` is 100 times its share of the spectrum. `prevalence` of the truth; "
            "`precision`, `recall`, and `average_precision`, which is over the whole ranking and so the same for every "
            "size. Ties are taken in random order. Random kinds are means over draws, with `_low` and `_high`, between "
            "which 95 % of the draws lie",
        )
    },
    join=join,
    join_inputs=lambda plan: {
        "dfm": _files(plan, MAPS),
        "stores": _files(plan, IMAGES),
        "spectra": _files(plan, "adcs/{dataset}.h5"),
        "weights": _files(plan, WEIGHTS),
        "use": f"{plan.results}/tables/planted_use.csv",
    },
    join_settings=lambda plan: plan.section("truth"),
    rule="truth",
    figures={
        "truth": Figure(
            Result("maps against the planted truth", "beyond"),
            lambda plan: ["synthetic"] if _runs(plan) else [],
            table("truth"),
            lambda plan, name: {},
            caption="Average precision of the maps and of ADCS against the planted truth of the synthetic and "
            "planted sets, over the whole ranking; ties are taken in random order. Only networks that use the "
            "planted mask of a class are scored there (table: is the planted mask used?). Dots are the maps of each "
            "network (mean and standard deviation over seeds), open dots the same increments ranked by their size; "
            "black marks are ADCS from the {{ config.adcs.split }} images: by its absolute value, by more and by "
            "less energy than the other classes. The left column counts what was planted for the class itself (in "
            "Syn_1 to Syn_4: C1 its diagonals, C2 its axes, C3 the control band that it lacks; C0 has nothing), the "
            "right one every frequency that is planted for any class. Grey: the 95 % interval of {{ "
            "config.truth.draws }} random rankings, above which a map is above chance; coloured bars: the same for "
            "the map shuffled within rings of one cycle per image; triangles: mean over the maps of the other "
            "classes. In Syn_1 to Syn_4, C3 has no energy in the band that it lacks. Removing the band hardly "
            "changes C3's loss, so that increments there are about zero. They outrank all negative increments, which "
            "looks as if the map held the band. In the ranking by absolute value they do not.",
        )
    },
    order=11,
)
