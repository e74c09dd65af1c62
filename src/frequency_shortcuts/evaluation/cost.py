"""What a shortcut test costs, before it runs. (A plan of many tests imports this without PyTorch.)"""

from __future__ import annotations

from collections.abc import Sequence


def count_passes(
    n_classes: int,
    n_images: int,
    *,
    parts: Sequence[str],
    fills: Sequence[str],
    controls: int,
    radial: int | None = None,
    others: int | None = None,
    negatives: int | None = None,
    one_sample: bool = False,
    false_positives: bool = True,
) -> float:
    """Forward passes of filtered images that a shortcut test takes, without running it.

    n_images : of all classes, as many of each; the other parameters are those of `shortcuts.collect`

    A map is shown to the images of its class, to the negatives of the class, and likewise for each class that it is
    tried on. Random and low-pass masks serve all classes at once, as if all maps had the same size. With `swap` it is
    a little less, since images whose donor is of the class are no negatives.

    >>> count_passes(1000, 20_000, parts=["keep"], fills=["zeros"], controls=5, others=20, negatives=1000)
    23120000.0
    """
    own, limit = n_images / n_classes, n_images if negatives is None else min(negatives, n_images)
    tried_on = 1 + min(others or n_classes, n_classes - 1)

    def shown(classes: int) -> float:
        """Images of so many classes, and negatives of these: with one sample, those of other classes."""
        if one_sample:
            return own * classes + limit * (1 - classes / n_classes)
        return min(n_images, classes * min(n_images, own + limit))

    of_control = shown(1) if false_positives else own
    draws = controls if radial is None else radial
    passes = {
        "keep": n_classes * (shown(tried_on) + draws * of_control) + (controls + 1) * n_images,
        "remove": n_classes * shown(1) + controls * n_images,
    }
    return float(len(fills) * sum(passes[part] for part in parts))
