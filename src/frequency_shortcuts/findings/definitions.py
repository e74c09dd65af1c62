"""The findings of the published study as hypotheses: the definition of each, and the rule for a verdict.

All definitions were fixed before any result. They use no settings, so they are the same at every scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from frequency_shortcuts.evaluation.verdicts import STRONG

HOLDS, DOES_NOT_HOLD, UNDECIDED = "holds", "does not hold", "cannot be decided from these data"
RECOGNISED = 0.5  # TPR - FPR from which a class counts as recognised in the band-stop test
EVERYWHERE = "all"  # the name in `dataset` of a row about all data sets


@dataclass(frozen=True)
class Finding:
    """A finding and its test: it holds if the statistic is above the threshold.

    kind : `mean`, over the networks of a data set and then over data sets, or `largest`, over all cases, for a finding
        about some classes. The intervals of the cases are simultaneous for `largest`: with 95 % confidence every case
        is inside its interval, so that a large number of cases does not produce a finding by chance
    needs : what a study must contain for it; the message if it does not
    """

    letter: str
    claim: str
    statistic: str
    kind: Literal["mean", "largest"]
    threshold: float
    effect: str
    needs: str


_OF_MAP = "Cohen's h of the map's TPR and the best control's"
_STRENGTH = (
    f"TPR from a class's map minus {STRONG}, or, where that is greater, minus the TPR at which TPR - FPR would be that "
    "of its best control; under the fill where it is least"
)
FINDINGS = {
    finding.letter: finding
    for finding in (
        Finding(
            letter="a",
            claim="What is learned first is what is most distinctive, low or high",
            statistic="rank correlation over classes (Spearman), mean over networks, of two differences of low and "
            "high frequencies: F1 during the first iterations on low-passed minus high-passed images; mean |ADCS| "
            "below minus above the cutoff",
            kind="mean",
            threshold=0.0,
            effect="Spearman's rho",
            needs="learning dynamics of at least three classes",
        ),
        Finding(
            letter="b",
            claim="Classes survive the removal of bands",
            statistic="largest TPR - FPR of a class with two bands removed, of those with at least "
            f"{RECOGNISED} before",
            kind="largest",
            threshold=RECOGNISED,
            effect="Cohen's h of TPR and FPR",
            needs="a class that is recognised in a band-stop test",
        ),
        Finding(
            letter="c",
            claim="Classes that are learned early stand out in ADCS",
            statistic="rank correlation over classes (Spearman), mean over networks, of F1 during the first iterations "
            "with mean |ADCS|",
            kind="mean",
            threshold=0.0,
            effect="Spearman's rho",
            needs="learning dynamics of at least three classes",
        ),
        Finding(
            letter="d",
            claim="Some classes are recognised from a few percent of the frequencies",
            statistic=f"largest {_STRENGTH}",
            kind="largest",
            threshold=0.0,
            effect=_OF_MAP,
            needs="a shortcut test",
        ),
        Finding(
            letter="e1",
            claim="Shortcuts transfer to images of another distribution",
            statistic="TPR from the map in a rendition minus that of the best kind of control, under the fill where it "
            "is least, mean over renditions and classes with a strong shortcut",
            kind="mean",
            threshold=0.0,
            effect=_OF_MAP,
            needs="a class with a strong shortcut, and out-of-distribution images",
        ),
        Finding(
            letter="e2",
            claim="Shortcuts transfer to another network",
            statistic="TPR - FPR from another network's map minus that of the best kind of control, under the fill "
            "where it is least, mean over the classes with a strong shortcut in that other network",
            kind="mean",
            threshold=0.0,
            effect=_OF_MAP,
            needs="a class with a strong shortcut, and a planned transfer",
        ),
        Finding(
            letter="f",
            claim="Capacity does not necessarily remove shortcuts",
            statistic=f"in the network with most parameters, of classes with a strong shortcut in that with fewest: "
            f"largest {_STRENGTH}",
            kind="largest",
            threshold=0.0,
            effect=_OF_MAP,
            needs="two networks of different size on one data set, and a class with a strong shortcut in the smallest",
        ),
        Finding(
            letter="g",
            claim="Augmentation does not necessarily remove shortcuts",
            statistic=f"with an augmentation, of classes with a strong shortcut without any: largest {_STRENGTH}",
            kind="largest",
            threshold=0.0,
            effect=_OF_MAP,
            needs="a network trained with and without an augmentation, and a class with a strong shortcut without",
        ),
    )
}


def verdict(low: float, high: float, threshold: float) -> str:
    """`holds` if the whole interval is above the threshold, `does not hold` if none of it is, else undecided.

    If there is no case, the interval is missing (NaN), and the finding is undecided.
    """
    if low > threshold:
        return HOLDS
    return DOES_NOT_HOLD if high <= threshold else UNDECIDED
