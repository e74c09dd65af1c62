"""The findings of the published study as hypotheses: what is measured of each network, and what decides.

These definitions were made after results of the seeds 0 to 2 had been seen. They are judged on seeds from 200 on, and
on test images that no study before used. They use no settings, so they are the same at every scale.
"""

from __future__ import annotations

from dataclasses import dataclass

HOLDS, DOES_NOT_HOLD, OPEN, NO_DATA = "holds", "does not hold", "open", "no data"
VERDICTS = (HOLDS, DOES_NOT_HOLD, OPEN, NO_DATA)
SURVIVES_FROM = 0.5  # TPR - FPR from which a class survives the removal of two bands
LEVEL = 0.05  # of p after Holm
FEWEST_CLASSES = 3  # of a set without a neutral class: with two, TPR - FPR says the same of both

ADVANTAGE = "own-map advantage"


@dataclass(frozen=True)
class Finding:
    """A finding and its test: it holds if the number is above the threshold, over the networks of one kind.

    claim, question : the same in words, of the paper, and of this study
    number : what is measured of each network
    counted : whether the number is yes or no, so that networks are counted; else they have a mean
    unit : what a number is of
    decided_by : the mean, or the share of networks, that is compared with the threshold
    needs : the lines of a configuration that give its data
    """

    letter: str
    claim: str
    question: str
    number: str
    decided_by: str
    needs: str
    threshold: float = 0.0
    counted: bool = False
    unit: str = "network"


FINDINGS = {
    finding.letter: finding
    for finding in (
        Finding(
            letter="a",
            claim="What is more distinctive is learned earlier",
            question="Is a class learned earlier if its cue is stronger?",
            number="rank correlation over the classes of a graded set, without the plain one, of the gain of a class's "
            "pairs with its earliness, the mean F1 over the first iterations",
            decided_by="mean over the graded sets, one network each",
            needs="graded: {sets: 12}",
            unit="set",
        ),
        Finding(
            letter="b",
            claim="Classes survive the removal of two of four bands",
            question="Is class C2 of the synthetic sets still recognised without two of the four bands of frequencies?",
            number=f"whether class C2 is recognised (TPR - FPR at least {SURVIVES_FROM}) without the worst of the "
            "three pairs of bands that leave the control band",
            decided_by="share of the networks on Syn_1 to Syn_4",
            needs="plan: [{datasets: [syn_1, syn_2, syn_3, syn_4], networks: [resnet18_w8], augmentations: [none], "
            "seeds: [200, 201, 202]}]",
            threshold=0.5,
            counted=True,
        ),
        Finding(
            letter="c",
            claim="Classes that stand out in their spectra are learned early",
            question="Are classes learned earlier if their spectra stand out more from those of the others?",
            number="rank correlation over the classes, without a neutral one, of distinctiveness with earliness, the "
            "mean F1 over the first iterations",
            decided_by="mean over the networks on photographs",
            needs="plan: [{datasets: [fashion_mnist], networks: [resnet18_w8], augmentations: [none], "
            "seeds: [200, 201, 202, 203, 204]}]",
        ),
        Finding(
            letter="d",
            claim="Some classes are recognised from a few percent of the frequencies",
            question="Is a class recognised better from a few percent of the frequencies, its own map, than from "
            "maps of others?",
            number="own-map advantage with zeros",
            decided_by="mean over the networks on photographs",
            needs="plan: [{datasets: [fashion_mnist], ...}] and shortcuts: {fills: [zeros, swap]}",
        ),
        Finding(
            letter="e1",
            claim="Shortcuts carry over to images of another distribution",
            question="Does the advantage of the own map carry over to images of another distribution?",
            number="own-map advantage with zeros, mean over the renditions",
            decided_by="mean over the networks on photographs",
            needs="ood: {renditions: [sketch, inverted, texture], fills: [zeros, swap]}",
        ),
        Finding(
            letter="e2",
            claim="Shortcuts carry over to another network",
            question="Does the advantage of the own map carry over to another network?",
            number="own-map advantage with zeros and the maps of the other network, mean of the planned directions",
            decided_by="mean over the seeds on photographs",
            needs="transfer: [{dataset: fashion_mnist, maps_of: resnet18_w8/none, tested_on: vgg16_bn_w8/none}]",
            unit="pair",
        ),
        Finding(
            letter="f",
            claim="Capacity does not remove shortcuts",
            question="Does the widest network of an architecture still recognise classes better from their own maps?",
            number="own-map advantage with zeros of the widest networks of an architecture",
            decided_by="mean over the networks on photographs",
            needs="plan: [{datasets: [fashion_mnist], networks: [resnet18_w4, resnet18_w8], ...}]",
        ),
        Finding(
            letter="g",
            claim="Augmentation does not remove shortcuts",
            question="Do networks that are trained with augmentation still recognise classes better from their own "
            "maps?",
            number="own-map advantage with zeros of the networks that are trained with an augmentation",
            decided_by="mean over the networks on photographs",
            needs="plan: [{datasets: [fashion_mnist], augmentations: [none, autoaugment], ...}]",
        ),
    )
}
