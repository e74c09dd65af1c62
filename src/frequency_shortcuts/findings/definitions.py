"""The findings as hypotheses: what is measured of each network, what it is compared with, and what decides.

The definitions were made before the networks of the seeds 500 to 519 were trained, which judge them on images that no
study used before. They use no settings, so they are the same at every scale. `tables/findings.csv` has the commit that
last changed this module, or those that it names in `MODULES`.
"""

from __future__ import annotations

from dataclasses import dataclass

from frequency_shortcuts.storage.tables import CULLING

MODULES = (  # that define the findings
    *(f"findings/{name}.py" for name in ("definitions", "evidence", "numbers", "significance", "judge")),
    "evaluation/cross.py", "evaluation/flip_rates.py", "intervals.py",
)  # fmt: skip
HOLDS, DOES_NOT_HOLD, OPEN = "holds", "does not hold", "open"  # verdicts at a threshold
BETTER, WORSE, AS_WELL, UNDECIDED = "better", "worse", "as well", "undecided"  # with a bound, as `intervals.compared`
DESCRIBED, NO_DATA = "described", "no data"  # numbers without a verdict, and none
VERDICTS = (HOLDS, DOES_NOT_HOLD, OPEN, BETTER, WORSE, AS_WELL, UNDECIDED, DESCRIBED, NO_DATA)
LEVEL = 0.05  # of p after Holm
FEWEST_JUDGED = 15  # networks of a row with a verdict: with five, two runs seldom agree
FEWEST_ORDERED = 27  # classes whose order decides (c): so many show a rank correlation of 0.6
SURVIVES_FROM = 0.5  # TPR - FPR from which a class survives the removal of two bands
FEWEST_CLASSES = 3  # of a set without a neutral class: with two, TPR - FPR says the same of both

MEAN, SHARE, ORDER, LARGEST = "mean", "share", "order", "largest"  # tests, see `Finding`
CORRELATION, DIFFERENCE, RATE = "correlation", "difference", "rate"  # measures, beside SHARE
ADVANTAGE = "own-map advantage"
MIXTURE = "mixture"


@dataclass(frozen=True)
class Finding:
    """A finding and its test.

    claim : in words, of the paper or of this study
    number : what is measured of each network
    needs : the lines of a configuration that give its data
    test : of the number of each network: their `mean`; the `share` of networks of which it is true; the `order` of the
        classes, whose values are means over networks; or the `largest` mean over networks among the classes
    measure : what the number is: a correlation, share, difference of TPR - FPR, or rate
    threshold : the finding holds above it; with `largest`, below it
    bound : if given, differences between -bound and bound count as none
    methods : of which methods the maps decide, where it is about maps
    """

    letter: str
    claim: str
    number: str
    needs: str
    test: str = MEAN
    measure: str = DIFFERENCE
    threshold: float = 0.0
    bound: float | None = None
    methods: tuple[str, ...] = ()


_PHOTOGRAPHS = "plan: [{datasets: [fashion_mnist], networks: [resnet18_w8], augmentations: [none], seeds: [500, ...]}]"
_FILLS = f"{_PHOTOGRAPHS} and shortcuts: {{fills: [zeros, swap]}}"
_BOTH = (CULLING, MIXTURE)
FINDINGS = {
    finding.letter: finding
    for finding in (
        Finding(
            letter="a",
            claim="What is more distinctive is learned earlier",
            number="rank correlation over the classes of a graded set, without the plain one, of the gain of a class's "
            "pairs with its earliness, the mean F1 over the first iterations",
            needs="graded: {sets: 20}",
            measure=CORRELATION,
        ),
        Finding(
            letter="b",
            claim="Classes survive the removal of two of four bands",
            number=f"whether class C2 is recognised (TPR - FPR at least {SURVIVES_FROM}) without the worst of the "
            "three pairs of bands that leave the control band",
            needs="plan: [{datasets: [syn_1, syn_2, syn_3, syn_4], networks: [resnet18_w8], augmentations: [none], "
            "seeds: [500, 501, 502, 503, 504]}]",
            test=SHARE,
            measure=SHARE,
            threshold=0.5,
        ),
        Finding(
            letter="c",
            claim="Classes that stand out in their spectra are learned early",
            number="earliness of each class but a neutral one, its mean F1 over the first iterations; the rank "
            "correlation over classes of its mean over the networks with distinctiveness, by permutation of the "
            "classes",
            needs=_PHOTOGRAPHS,
            test=ORDER,
            measure=CORRELATION,
        ),
        Finding(
            letter="d",
            claim="Some classes are recognised from a few percent of the frequencies",
            number="own-map advantage",
            needs=_FILLS,
            methods=_BOTH,
        ),
        Finding(
            letter="d2",
            claim="A map does better than the lowest frequencies",
            number="mean over the classes of TPR - FPR from the own map minus that from as many of the lowest "
            "frequencies",
            needs=_FILLS,
            bound=0.05,
            methods=_BOTH,
        ),
        Finding(
            letter="d3",
            claim="A map does better than a good map of another class",
            number="mean over the classes of TPR - FPR from the own map minus that from the map of another class that "
            "does best on one half of the images; compared on the other half, both ways",
            needs=_FILLS,
            bound=0.05,
            methods=_BOTH,
        ),
        Finding(
            letter="e1",
            claim="Shortcuts carry over to images of another distribution",
            number="own-map advantage with zeros in each rendition",
            needs="ood: {renditions: [sketch, inverted, texture], fills: [zeros, swap]}",
            methods=(CULLING,),
        ),
        Finding(
            letter="e2",
            claim="Shortcuts carry over to another network",
            number="own-map advantage with zeros and the maps of another architecture, mean of the planned directions",
            needs="transfer: [{dataset: fashion_mnist, maps_of: resnet18_w8/none, tested_on: vgg16_bn_w8/none}]",
            methods=(CULLING,),
        ),
        Finding(
            letter="f",
            claim="Capacity does not remove shortcuts",
            number="own-map advantage with zeros of the widest networks of an architecture minus that of the "
            "narrowest, seed by seed",
            needs="plan: [{datasets: [fashion_mnist], networks: [resnet18_w4, resnet18_w8], ...}]",
            bound=0.1,
            methods=(CULLING,),
        ),
        Finding(
            letter="g",
            claim="Augmentation does not remove shortcuts",
            number="own-map advantage with zeros of networks that are trained with an augmentation minus that of "
            "networks without, seed by seed",
            needs="plan: [{datasets: [fashion_mnist], augmentations: [none, autoaugment], ...}]",
            bound=0.1,
            methods=(CULLING,),
        ),
        Finding(
            letter="h",
            claim="Networks on ordinary photographs are free of fine shortcuts",
            number="flip rate, and need, of each class in the counterfactual test; a missing need is left out",
            needs=_PHOTOGRAPHS,
            test=LARGEST,
            measure=RATE,
            threshold=0.1,
        ),
    )
}
