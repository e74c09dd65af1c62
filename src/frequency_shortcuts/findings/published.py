"""The rates that the paper gives, of networks that see the top 5 % map of a class of ImageNet-10 alone."""

from __future__ import annotations

from typing import NamedTuple


class Published(NamedTuple):
    """Of a class, from a network as the paper names it; not all have an FPR."""

    name: str
    network: str
    tpr: float
    fpr: float | None = None

    def __str__(self) -> str:
        rates = f"TPR {self.tpr}" + ("" if self.fpr is None else f", FPR {self.fpr}")
        return f"{rates} ({self.name}, {self.network})"


PUBLISHED = {  # by the table that has ours; of transfer, with the maps of ResNet18 that was trained with SIN
    "table_1": (Published("zebra", "ResNet18", 0.96, 0.022), Published("container ship", "ResNet18", 0.94, 0.013)),
    "table_2": (
        Published("siamese cat", "SIN", 0.88, 0.244),
        Published("zebra", "ResNet50", 0.78),
        Published("container ship", "VGG16", 0.7, 0.42),
    ),
    "transfer": (Published("container ship", "ViT-B", 0.92, 0.25), Published("siamese cat", "ViT-B", 0.82, 0.22)),
}
