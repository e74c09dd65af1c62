"""First-order estimates of the increment of every pair, from gradients at an image and at noisy copies of it.

It is also a method: the product of amplitude and gradient, by one forward and one backward pass of each image.
"""

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from frequency_shortcuts.images.source import index_batches
from frequency_shortcuts.networks.numerics import square_root, tf32
from frequency_shortcuts.spectrum.arrays import FloatArray
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

from .workspace import Workspace


def noisy_copies(n_pairs: int) -> int:
    """Noisy copies of each image: more of them for more pairs, since their share of the cost is then small."""
    return min(8, max(2, n_pairs // 500))


def with_noise(
    images: Tensor,
    pairs: ConjugatePairs,
    copies: int,
    seeds: Iterable[int],
) -> Tensor:
    """Each image [n, channels, H, W], followed by its noisy copies: [n (1 + copies), channels, H, W].

    The noise of an image is white, drawn with its seed, and as strong as the pair of median energy. It is drawn on the
    CPU, since other devices draw other numbers.
    """
    in_order = energies(images, pairs).sort(dim=1).values
    median = in_order[:, (len(pairs) - 1) // 2]
    level = square_root(median / images[0].numel()).to(images.dtype)
    generator = torch.Generator()
    noise = torch.zeros(len(images), 1 + copies, *images.shape[1:], dtype=images.dtype)
    for copies_of_image, seed in zip(noise, seeds, strict=True):
        copies_of_image[1:].normal_(generator=generator.manual_seed(seed))
    scaled = noise.to(images.device) * level[:, None, None, None, None]
    return (images[:, None] + scaled).flatten(end_dim=1)


def energies(images: Tensor, pairs: ConjugatePairs) -> Tensor:
    """Energy of each pair in each image, (size / HW) |X|^2 summed over the channels: float64 [n, pairs]."""
    coefficients = pairs.coefficients(images).double()
    return coefficients.square().sum(dim=(0, 2)) * share_of_pairs(pairs, images.device)


def input_gradient(
    network: Callable[[Tensor], Tensor],
    images: Tensor,
    objective: Callable[[Tensor], Tensor],
    shown: str = "",
) -> Tensor:
    """The gradient of an objective of each image with respect to the image, [n, channels, H, W].

    objective : logits [n, outputs] -> [n]
    shown : the images in words, if the objective of each has to be finite

    Raises ValueError if the network gives no gradient, and for an objective that is not finite.
    """
    with torch.inference_mode(False), torch.enable_grad():
        # Autograd does not accept a tensor of inference mode.
        seen = images.detach().clone().requires_grad_()
        logits = network(seen.clone())  # a network may work in place
        if not logits.requires_grad:
            raise ValueError(
                "the network gives no gradient, which this method needs: choose another method, such as exact culling"
            )
        values = objective(logits)
        if shown and not values.isfinite().all():
            raise ValueError(f"the network does not give finite logits for {shown}")
        with tf32(False, seen.device):
            (gradient,) = torch.autograd.grad(values.sum(), seen)
    return gradient


def first_order(
    network: Callable[[Tensor], Tensor],
    seen: Tensor,
    images: Tensor,
    label: int,
    pairs: ConjugatePairs,
    shown: str = "",
) -> tuple[Tensor, Tensor]:
    """Two first-order estimates for every pair of each image, from the gradient at `seen`, each float64 [n, pairs].

    X is the spectrum of an image and G that of the gradient of the loss. The first estimate is the change of the loss
    to first order when the pair is removed, -(size / HW) Re(X conj G), summed over the channels. The second is the
    upper bound of the first, the sum of (size / HW) |X| |G|. shown : as in `input_gradient`
    """

    def loss(logits: Tensor) -> Tensor:
        return logits.logsumexp(dim=1) - logits[:, label]

    gradient = input_gradient(network, seen, loss, shown)
    gradient = gradient.nan_to_num(0.0, 0.0, 0.0)  # only an estimate: without a gradient it is 0
    image = pairs.coefficients(images).double()
    slope = pairs.coefficients(gradient).double()
    share = share_of_pairs(pairs, images.device)
    change = -(image * slope).sum(dim=(0, 2))
    image_energy = image.square().sum(dim=0)
    slope_energy = slope.square().sum(dim=0)
    product = square_root(image_energy * slope_energy).sum(dim=1)
    return change * share, product * share


def share_of_pairs(pairs: ConjugatePairs, device: torch.device) -> Tensor:
    """The factor size / HW of each pair, by which its coefficient counts in an image: float64 [pairs]."""
    share = pairs.size / (pairs.height * pairs.width)
    return torch.as_tensor(share, device=device)


@dataclass(frozen=True)
class Settings:
    """A gradient has no settings."""


def passes(settings: Settings, n_images: int, pairs: ConjugatePairs) -> int:
    """A backward pass counts two."""
    return 3 * n_images


def scores(workspace: Workspace, settings: Settings) -> FloatArray:
    """Mean of |X| |G| over the images of each class, float64 [class, pairs].

    X is the spectrum of an image, and G that of the gradient of its loss.
    """
    means = []
    for c, n_images in enumerate(workspace.count.tolist()):
        compute = functools.partial(_mean_product, workspace, c)
        means.append(workspace.step(f"gradients of class {c}", compute, 3 * n_images))
    return np.stack(means)


def _mean_product(workspace: Workspace, c: int) -> FloatArray:
    """Mean of |X| |G| over the images of a class, float64 [pairs]."""
    source = workspace.source
    pairs = workspace.pairs
    of_class = np.flatnonzero(workspace.labels == c)
    total = torch.zeros(len(pairs), dtype=torch.float64, device=source.device)
    for batch in index_batches(of_class, workspace.backward_batch):
        images = source.take(batch)
        _, product = first_order(
            workspace.forward,
            images,
            images,
            c,
            pairs,
            f"the images of class {c}",
        )
        total += product.sum(dim=0)
    return total.cpu().numpy() / len(of_class)
