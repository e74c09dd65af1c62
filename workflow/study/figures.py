"""The names of the figures of a study, by their kinds: most are drawn once for each data set, with its name."""

from .job import WITH_TRUTH
from .plan import Plan, Run


def card(run: Run) -> str:
    """The name of the cards of a network."""
    return "{dataset}-{network}-{augmentation}".format(**run)


def names(plan: Plan) -> dict[str, list[str]]:
    """The names of the planned figures of each kind, in the order of the report."""
    photographs, mapped = plan.datasets("photographs"), plan.mapped_datasets()
    mapped_photographs = plan.mapped_datasets("photographs")
    trained = plan.trained_datasets()
    made = [name for name in plan.datasets(*WITH_TRUTH) if name in trained]
    benchmark = plan.config["harm"]["judge"] if plan.drawn_runs else ""
    phases = dict.fromkeys(run["dataset"] for run in plan.phase_runs())
    return {
        "samples": ["synthetic"] if plan.datasets(*WITH_TRUTH) else [],
        "dynamics": [name for name in photographs if name in trained] + (["synthetic"] if made else []),
        "graded": ["all"] if plan.graded_runs and plan.runs() else [],
        "bandstop": plan.datasets("synthetic"),
        "adcs": plan.datasets(),
        "dfm": mapped,
        "cards": [card(run) for run in plan.first_seed_runs()],
        "shortcut": (mapped_photographs or mapped)[:1],
        "reduced": mapped_photographs,
        "cross": mapped,
        "texture": [name for name in mapped_photographs if name in phases],
        "shortcuts": mapped,
        "sizes": mapped_photographs,
        "renditions": plan.ood_datasets(),
        "ood": plan.ood_datasets(),
        "transfer": list(dict.fromkeys(run["dataset"] for run in plan.transfer_targets())),
        "flips": mapped,
        "reliance": list(dict.fromkeys(run["dataset"] for run in plan.reliance_runs())),
        "truth": ["synthetic"] if plan.mapped_runs(*WITH_TRUTH) else [],
        "claims": ["all"] if plan.runs() else [],
        "methods": ["all"] if plan.scored_runs() else [],
        "leaks": ["all"] if benchmark == "test" else [],
        "cure": ["all"] if benchmark == "trainings" else [],
    }


def shown(plan: Plan, kind: str) -> list[str]:
    """The names of the figures of a kind that stand in the report: of photographs, where these are planned."""
    found = names(plan)[kind]
    if kind == "cards":
        return [card(run) for run in plan.first_kind_runs() if card(run) in found]
    photographs = plan.datasets("photographs")
    if kind in ("dfm", "cross", "shortcuts", "flips") and photographs:
        return [name for name in found if name in photographs]
    return found
