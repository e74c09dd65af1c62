"""The cause of two classes as one."""

from collections.abc import Mapping, Sequence

from frequency_shortcuts.images.artefacts import CAUSES, LOST, RAISED

EITHER_OF_TWO = (
    "Of two classes, either may be the one that was processed: "
    "if one is blurred, the other looks sharpened."
)
# Causes: of two classes, what one has lost is raised in the other.
MIRRORED = {LOST: RAISED, RAISED: LOST}


def cause_of_pair(causes: Mapping[int, str], classes: Sequence[str]) -> str:
    """The causes of both of two classes as one, in words: what sets one apart can be in the other."""
    both = dict(causes)
    for k, name in causes.items():
        if name in MIRRORED:
            both.setdefault(1 - k, MIRRORED[name])
    return ", or ".join(f"{classes[k]}: {CAUSES[name]}" for k, name in both.items())
