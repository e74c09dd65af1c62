"""The tables of a study: those of its tests (see `network_tests`), and all others."""

from __future__ import annotations

from frequency_shortcuts.spectrum.fills import ZEROS

from .categories import Result
from .description import Table
from .network_tests import TESTS
from .plan import Plan, Run


def _graded_seeds(plan: Plan) -> list[Run]:
    return [{"seed": seed} for seed in plan.graded_seeds()]


OTHERS = {
    "networks": Table(
        Result("networks and their accuracy", "run"),
        "Every network: its number of parameters, its best epoch by validation loss, losses and accuracies there, and "
        "its accuracy on all test images.",
        planned=Plan.runs,
    ),
    "dynamics": Table(planned=Plan.trained_runs),
    "graded": Table(Result("gain and earliness in the graded sets", "dynamics"), planned=_graded_seeds),
    "graded_dynamics": Table(planned=_graded_seeds),
    "table_1": Table(
        Result("TPR and FPR of the baseline (table 1)", "shortcuts"),
        "Table 1 of the paper for the baseline (the first network planned for a set of photographs, without "
        "augmentation): true and false positive rate of every class on unfiltered images and on images of which only "
        "{{ maps }} is kept, with zeros elsewhere, as published. {{ judged[0] | upper ~ judged[1:] }}; mean ± "
        "standard deviation over seeds.",
        planned=lambda plan: plan.baselines() and ZEROS.name in _fills(plan),
    ),
    "table_2": Table(
        Result("larger networks and augmentations (table 2)", "shortcuts"),
        "Table 2 of the paper: the same as table 1 for every other network and augmentation on photographs. Rates on "
        "{{ judged }}, unfiltered and with only {{ maps }} kept, with zeros elsewhere; mean ± standard deviation over "
        "seeds.",
        planned=lambda plan: plan.non_baselines() and ZEROS.name in _fills(plan),
    ),
    "table_3": Table(
        Result("TPR by class and rendition (table 3)", "ood"),
        "Table 3 of the paper: true positive rate of every class on the test images (*original*; {{ judged }}) and in "
        "every rendition (a column each), unfiltered, with only {{ maps }} kept, and with {{ controls }}, with zeros "
        "elsewhere, as published. Mean ± standard deviation over seeds and draws.",
        planned=lambda plan: (
            plan.ood_datasets() and ZEROS.name in _fills(plan) and ZEROS.name in plan.config["ood"]["fills"]
        ),
    ),
    "findings": Table(
        Result("the paper's findings, tested", "findings"),
        "The findings, tested: the mean over the networks of one kind (or the share of ``hits`` of ``networks``), with "
        "the 95 % interval, p at the ``threshold``, p of equivalence within the ``bound``, both after Holm, and the "
        "verdict. Of (h), the row is of the class with the largest mean (``detail``). Rows of fewer than 15 "
        "networks are *described*. ``role`` says which rows decide; the others stand beside them and have no verdict. "
        "``method`` says whose maps. ``interval``: over networks, from five of them on, or over the images of these "
        "networks. A finding without data says which lines of the configuration would give them. ``definitions``: the "
        "commit that last changed what is measured and compared. The number of each network is in "
        "``tables/finding_numbers.csv``.",
    ),
    "finding_numbers": Table(),
    "runtimes": Table(
        Result("run times and memory", "run"),
        "Wall time and greatest memory of every heavy job, as Snakemake measured them, and the processor time that the "
        "job itself measured, on the machine that ran the study. Times of a ``resumed`` job are those of its last "
        "attempt.",
    ),
    "provenance": Table(
        Result("versions, commit, device, seeds", "run"),
        "The provenance of the study: versions, commit, digest of the configuration, machine and device, seeds, and "
        "the data sets. Written when the results last changed.",
    ),
}
OF_TESTS = {name: table for test in TESTS.values() for name, table in test.tables.items()}
TABLES = {**OTHERS, **OF_TESTS}
SHOWN = {name: table.result for name, table in TABLES.items() if table.result}  # those in the report


def _fills(plan: Plan) -> list[str]:
    """The fills of the tables of the paper, which hold rows of zeros, as published."""
    fills: list[str] = plan.config["shortcuts"]["fills"]
    return fills
