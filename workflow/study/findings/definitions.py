"""The claims: what is measured of each network, what it is compared with, and what the words mean.

They use no settings, so they are the same at every scale. `tables/provenance.csv` has the commit that last changed the
modules of `MODULES`. docs/method.md#claims has them in words.
"""

from dataclasses import dataclass

MODULES = (  # that define the claims
    "workflow/study/findings/definitions.py",
    "workflow/study/findings/numbers.py",
    "workflow/study/findings/matrices.py",
    "workflow/study/findings/controls.py",
    "workflow/study/findings/claims.py",
    "workflow/study/measures/reliance.py",
    "workflow/study/measures/phase.py",
    "src/frequency_shortcuts/intervals.py",
    "src/frequency_shortcuts/maps/adcs.py",
    "src/frequency_shortcuts/shortcuts/cross.py",
    "src/frequency_shortcuts/exchange/answers.py",
    "src/frequency_shortcuts/exchange/verdict.py",
    "src/frequency_shortcuts/exchange/border.py",
    "src/frequency_shortcuts/exchange/border_test.py",
    "src/frequency_shortcuts/exchange/test.py",
    "src/frequency_shortcuts/exchange/part.py",
    "src/frequency_shortcuts/exchange/fine.py",
    "src/frequency_shortcuts/exchange/field.py",
    "src/frequency_shortcuts/exchange/patch.py",
)
SEEN, NOT_SEEN, UNCLEAR = "seen", "not seen", "unclear"
NOT_SHOWN = "not shown"  # no class is better than its control
IN_THESE_CLASSES = (
    "in these classes"  # the interval over networks says seen, permutations of the classes do not
)
FEW_NETWORKS, NOT_MEASURED, NO_WORD = "too few networks", "not measured", ""
BETTER, WORSE, UNDECIDED = "better", "worse", "undecided"  # of a class, beside a control
COUNTS, BORDERLINE, FAILS = "counts", "borderline", "fails"  # of a class, as published

LEVEL = 0.05  # of p after Holm
FEWEST_DECIDED = 15  # networks of a row with a word
LEAST_TPR, MOST_FPR = 0.6, 0.1  # means over networks, of a class that counts as published
SURVIVES_FROM = 0.5  # TPR - FPR from which a class is recognised without two bands
REMAINS_FROM = -0.1  # of (f) and (g): the change that capacity or augmentation may bring
FEWEST_CLASSES = 3  # of photographs: with two, TPR - FPR says the same of both
BOUND_OF_RANKS = 0.18  # a quarter of the effect that `make findings` saw before these definitions
PERMUTATIONS = 9999  # of the classes, for (c)

PUBLISHED, LOWEST, OTHERS = "published", "lowest", "others"  # controls of claims by class
CONTROLS = (PUBLISHED, LOWEST, OTHERS)
PAPER, OURS = "paper", "ours"
# What the paper gives of ImageNet-10, with the top 5 % map of a class alone, by the table that has ours; of transfer,
# with the maps of ResNet18 that was trained with SIN. Not all have an FPR.
PUBLISHED_RATES = {
    "table_1": (
        "TPR 0.96, FPR 0.022 (zebra, ResNet18)",
        "TPR 0.94, FPR 0.013 (container ship, ResNet18)",
    ),
    "table_2": (
        "TPR 0.88, FPR 0.244 (siamese cat, SIN)",
        "TPR 0.78 (zebra, ResNet50)",
        "TPR 0.7, FPR 0.42 (container ship, VGG16)",
    ),
    "transfer": (
        "TPR 0.92, FPR 0.25 (container ship, ViT-B)",
        "TPR 0.82, FPR 0.22 (siamese cat, ViT-B)",
    ),
}
# Measures of one number.
CORRELATION, SHARE, DIFFERENCE = (
    "rank correlation",
    "share of networks",
    "difference",
)


@dataclass(frozen=True)
class Claim:
    """A claim and what its word follows from.

    says : the claim, in our words; of : the paper or ours
    published : the rates that the paper gives, if it has some
    measure : of the one number of each network, if it has one
    threshold : seen above it, not seen below it
    bound : if given, an interval between -bound and bound counts as not seen
    pooled : whether networks of all data sets count together
    word : if given, the word of the claim whatever its number is
    """

    says: str
    of: str = PAPER
    published: str = ""
    measure: str = ""
    threshold: float = 0.0
    bound: float | None = None
    pooled: bool = False
    word: str | None = None


CLAIMS = {
    "a": Claim(
        "What is more distinctive is learned earlier", measure=CORRELATION, bound=BOUND_OF_RANKS
    ),
    "a2": Claim(
        "At equal gain, low frequencies are learned first",
        measure=CORRELATION,
        bound=BOUND_OF_RANKS,
    ),
    "b": Claim(
        "A class is recognised when only two of four bands are left",
        measure=SHARE,
        threshold=0.5,
        pooled=True,
    ),
    "c": Claim(
        "Classes that stand out in their spectra are learned early",
        measure=CORRELATION,
        bound=BOUND_OF_RANKS,
    ),
    "d": Claim(
        "Some classes are recognised from few frequencies",
        published=PUBLISHED_RATES["table_1"][0],
    ),
    "e1": Claim("Shortcuts carry over to restyled images"),
    "e2": Claim(
        "Shortcuts carry over to another network",
        published=PUBLISHED_RATES["transfer"][0],
    ),
    "f": Claim(
        "Capacity does not remove shortcuts",
        published=PUBLISHED_RATES["table_2"][1],
        measure=DIFFERENCE,
        threshold=REMAINS_FROM,
    ),
    "g": Claim(
        "Augmentation does not remove shortcuts",
        published=PUBLISHED_RATES["table_2"][0],
        measure=DIFFERENCE,
        threshold=REMAINS_FROM,
    ),
    "t": Claim("Shortcuts are texture or shape", measure=SHARE, word=NO_WORD),
    "n": Claim("What a network uses, it does not need", of=OURS, measure=DIFFERENCE),
    "h": Claim(
        "Some networks follow something that is not the object",
        of=OURS,
        measure=SHARE,
        word=NO_WORD,
    ),
}
