"""A network whose last layer is fitted anew, so that it does not follow a part of images: the face of it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import cast

import numpy.typing as npt
from torch import nn

from frequency_shortcuts.exchange.refit import RefittedModule, fit_last_layer, judge
from frequency_shortcuts.exchange.swap import NamedParts, places_of_parts
from frequency_shortcuts.images.given import GivenImages, GivenLabels, GivenTransform
from frequency_shortcuts.images.labelled import prepared_by
from frequency_shortcuts.networks.external import check_network
from frequency_shortcuts.networks.numerics import keep_freed_memory
from frequency_shortcuts.networks.predictions import device_of

from .analyse import counts_of, given_classes, given_options
from .chosen_images import choose_images, read_images
from .classes import Outputs
from .options import Evaluation, Run
from .subject import match_network

log = logging.getLogger(__name__)


def refit(  # noqa: PLR0913  # all that names what is read
    network: nn.Module,
    images: GivenImages,
    labels: GivenLabels | None = None,
    *,
    parts: NamedParts,
    mean: npt.ArrayLike | None = None,
    std: npt.ArrayLike | None = None,
    transform: GivenTransform | None = None,
    classes: Sequence[str] | None = None,
    outputs: Outputs | None = None,
    test: Evaluation | None = None,
    run: Run | None = None,
) -> RefittedModule:
    """A copy of a network whose last linear layer is fitted anew on images whose parts are exchanged.

    Features stay as they are. Half of the images fit, at most 200 of each class: each as it is, and five times with the
    named parts of others, of all classes alike. The other half judge: a class is restored if the test no longer names
    it, and if its recall with parts of other classes is at least 0.7 of the median of the classes that were not named.
    The copy says so in `refitted`: a table with a row a class, `restored`, and `words`, which are logged. If the
    features hold too little of the object, this does not help: then train anew with `fs.Swap`.

    Parameters
    ----------
    network : as of `fs.analyse`, with logits that are the output of one last `nn.Linear`. It does not change
    images, labels, mean, std, transform : as of `fs.analyse`
    parts : what is exchanged, as of `fs.Swap`: names, or a mapping from names to places, such as `result.parts`
    classes, outputs : as of `fs.analyse`. Outputs that are of no class do not change
    test : other images to judge with, see `Evaluation`
    run : seed, device, progress, see `Run`

    Raises ValueError, in one sentence, for a network without such a layer, and for what `fs.analyse` and `fs.Swap`
    refuse.

    >>> mended = fs.refit(network, images, labels, parts=result.parts)
    >>> mended.refitted.table
    """
    network = check_network(network)
    named = places_of_parts(parts)
    test = given_options("test", test, Evaluation)
    given_names = given_classes(classes, outputs, test)
    run = given_options("run", run, Run)
    keep_freed_memory()
    counts = counts_of(test)
    labelled = read_images(images, labels, prepared_by(transform, mean, std), test, run, counts)
    chosen = choose_images(labelled, test, counts, run.seed, given_names.names)
    subject = match_network(network, chosen, given_names, run)
    for remark in subject.remarks():
        log.warning("%s", remark)
    subject.measure(run.progress)  # raises an error where outputs seem to be of other classes
    given, ranking = subject.classifier, subject.ranking
    fitted = fit_last_layer(given, ranking, named, seed=run.seed, progress=run.progress)
    refitted = judge(
        given, fitted, ranking, subject.test, named, seed=run.seed, progress=run.progress
    )
    log.log(logging.WARNING if refitted.restored is False else logging.INFO, "%s", refitted.words)
    copied = cast(RefittedModule, fitted.network.to(device_of(network)))
    copied.refitted = refitted
    return copied
