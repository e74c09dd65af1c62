"""The claims: what is measured of each network, what it is compared with, and what the words mean.

They use no settings, so they are the same at every scale. `tables/provenance.csv` has the commit that last changed the
modules of `MODULES`.
"""

from dataclasses import dataclass, replace

MODULES = (  # that define the claims
    *(f"workflow/study/findings/{name}.py" for name in ("definitions", "numbers", "claims")),
    *(f"src/frequency_shortcuts/exchange/{name}.py" for name in ("answers", "test", "part", "fine", "field", "patch")),
    *(f"src/frequency_shortcuts/{name}.py" for name in ("shortcuts/cross", "intervals")),
    "workflow/study/measures/reliance.py",
)  # fmt: skip
SEEN, NOT_SEEN, UNCLEAR, NOT_MEASURED = "seen", "not seen", "unclear", "not measured"
LEVEL = 0.05  # of p after Holm
FEWEST_DECIDED = 15  # networks of a decided row
SURVIVES_FROM = 0.5  # TPR - FPR from which a class survives the removal of two bands
FEWEST_CLASSES = 3  # of photographs: with two, TPR - FPR says the same of both
BOUND, BOUND_OF_RANKS = 0.04, 0.18  # a quarter of the effects that `make findings` saw before these definitions
PAPER, OURS = "paper", "ours"
# What the paper gives of ImageNet-10, with the top 5 % map of a class alone, by the table that has ours; of transfer,
# with the maps of ResNet18 that was trained with SIN. Not all have an FPR.
PUBLISHED = {
    "table_1": ("TPR 0.96, FPR 0.022 (zebra, ResNet18)", "TPR 0.94, FPR 0.013 (container ship, ResNet18)"),
    "table_2": (
        "TPR 0.88, FPR 0.244 (siamese cat, SIN)", "TPR 0.78 (zebra, ResNet50)",
        "TPR 0.7, FPR 0.42 (container ship, VGG16)",
    ),
    "transfer": ("TPR 0.92, FPR 0.25 (container ship, ViT-B)", "TPR 0.82, FPR 0.22 (siamese cat, ViT-B)"),
}  # fmt: skip
DIFFERENCE, CORRELATION, SHARE = "difference", "correlation", "share"  # measures


@dataclass(frozen=True)
class Claim:
    """A claim and what its word follows from.

    letter : its name; of : the paper or ours; says : what it says, in our words
    table : of a study, that gives the numbers; number : what is measured of each network
    published : the number that the paper gives, if it has one
    measure : a difference of rates or a rank correlation, whose mean over the networks counts, or the share of networks
        of which the number is true
    threshold : the claim is seen above it, and not seen below it
    bound : if given, an interval between -bound and bound counts as not seen; of a share that is above its threshold,
        it counts nothing
    pooled : whether networks of all data sets count together
    """

    says: str
    table: str
    number: str
    published: str = ""
    measure: str = DIFFERENCE
    threshold: float = 0.0
    bound: float | None = BOUND
    pooled: bool = False
    letter: str = ""
    of: str = ""


_CLAIMS = {
    PAPER: {
        "a": Claim(
            "What is more distinctive is learned earlier", "graded",
            "rank correlation over the classes of a graded set, without the plain one, of gain with earliness",
            measure=CORRELATION, bound=BOUND_OF_RANKS,
        ),
        "b": Claim(
            "Classes survive the removal of two of four bands", "bandstop",
            f"whether C2 has a TPR - FPR of at least {SURVIVES_FROM} with the bands of an image of C0 in place of the "
            "worst of the three pairs of bands that leave the control band",
            measure=SHARE, threshold=0.5, bound=None, pooled=True,
        ),
        "c": Claim(
            "Classes that stand out in their spectra are learned early", "dynamics",
            "rank correlation over the classes of distinctiveness with earliness",
            measure=CORRELATION, bound=BOUND_OF_RANKS,
        ),
        "d": Claim(
            "Some classes are recognised from few frequencies", "own_map_advantage", "own-map advantage",
            PUBLISHED["table_1"][0],
        ),
        "e1": Claim(
            "Shortcuts carry over to another distribution", "ood_advantage",
            "own-map advantage, mean over the renditions",
        ),
        "e2": Claim(
            "Shortcuts carry over to another network", "transfer_advantage",
            "own-map advantage with the maps of another architecture, mean of the directions within a seed",
            PUBLISHED["transfer"][0],
        ),
        "f": Claim(
            "Capacity does not remove shortcuts", "own_map_advantage",
            "own-map advantage of the widest networks of an architecture", PUBLISHED["table_2"][1],
        ),
        "g": Claim(
            "Augmentation does not remove shortcuts", "own_map_advantage",
            "own-map advantage of networks that are trained with an augmentation", PUBLISHED["table_2"][0],
        ),
    },
    OURS: {
        "d2": Claim(
            "The own map beats the lowest frequencies", "own_map_advantage",
            "mean over the classes of TPR - FPR from the own map minus that from as many of the lowest frequencies",
        ),
        "d3": Claim(
            "The own map beats the best other map", "own_map_advantage",
            "mean over the classes of TPR - FPR from the own map minus that from the map of another class that does "
            "best on one half of the images; compared on the other half, both ways",
        ),
        "n": Claim(
            "What a network uses, it does not need", "reliance",
            "mean over the classes of the recall lost at test time minus that lost after training anew, both without "
            "the frequencies of the maps", bound=None,
        ),
        "h": Claim(
            "Some networks follow something that is not the object", "flips",
            "whether some class is followed by any part (fine, field, patch) in the exchange test",
            measure=SHARE, bound=0.2,
        ),
    },
}  # fmt: skip
CLAIMS = {
    letter: replace(claim, letter=letter, of=of) for of, claims in _CLAIMS.items() for letter, claim in claims.items()
}
