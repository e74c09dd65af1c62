"""Crops of pictures from Debian's packages (see `study.images.pictures`): a class each group, or two at random."""

from typing import Any

import numpy as np

from .description import ArraySource, Content, Shape

SIDE, EACH = 48, 45  # pixels of a crop, and crops of a picture
DEALT = ("without", "with")  # the classes of crops that are dealt at random


class Crops(ArraySource):
    """Crops of photographs or textures; no crop of a photograph that ranks or tests is trained on."""

    names = ("crops",)
    shape = Shape(3, SIDE, SIDE)

    def inspect(self) -> Content:
        """The groups are known before their pictures are there."""
        from ..images import pictures

        of = self.keys["of"]
        groups = sorted(pictures.STAMPS_OF if of == "pictures" else pictures.TEXTURES)
        return Content(DEALT if self.keys["dealt"] else groups, self.shape, of)

    def files(self) -> dict[str, Any]:
        return {"pictures": f"<results>/{self.keys['of']}"}

    def content(self, given: Any) -> dict[str, Any]:
        from ..images import pictures

        of, dealt, seed = self.keys["of"], self.keys["dealt"], self.keys["draw_seed"]
        photographs, groups, names = pictures.read_photographs(given.pictures)
        chosen = pictures.split_photographs(groups, seed)
        if of == "pictures":
            # Those of odd numbers alone rank and test, so that others can be tuned on.
            even, odd = (pictures.every_other(groups, first) for first in (0, 1))
            parts = pictures.split_photographs(groups[odd], seed)
            chosen = {name: odd[positions] for name, positions in parts.items()}
            chosen["train"] = np.concatenate([chosen["train"], even])
        splits = {}
        for number, (split, positions) in enumerate(chosen.items()):
            images = pictures.crops(photographs[positions], SIDE, EACH, 10 * seed + number)
            # So that some show all pictures.
            order = np.random.default_rng([seed, number, 26]).permutation(len(images))
            labels = np.repeat(groups[positions], EACH)[order]
            if dealt:
                labels = np.random.default_rng([seed, number]).permutation(len(images)) % 2
            splits[split] = images[order], labels
        classes = DEALT if dealt else names
        return {"splits": splits, "classes": classes, "source": f"crops of {of}"}


SOURCE = Crops
