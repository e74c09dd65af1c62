"""Crops of pictures from Debian's packages (see `study.images.pictures`): a class each group, or two at random."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from .description import Config, Content, Shape, Source

SIDE, EACH = 48, 45  # pixels of a crop, and crops of a picture
DEALT = ("without", "with")  # the classes of crops that are dealt at random


class Crops(Source):
    """Crops of photographs or textures; no crop of a photograph that ranks or tests is trained on."""

    names = ("crops",)

    def inspect(self, config: Config, name: str) -> Content:
        """The groups are known before their pictures are there."""
        from ..images import pictures

        settings = config["datasets"][name]
        groups = sorted(pictures.STAMPS_OF if settings["of"] == "pictures" else pictures.TEXTURES)
        return Content(DEALT if settings["dealt"] else groups, Shape(3, SIDE, SIDE), settings["of"])

    def files(self, config: Config, name: str) -> dict[str, Any]:
        return {"pictures": f"<results>/{config['datasets'][name]['of']}"}

    def build(
        self, path: str, settings: Mapping[str, Any], given: Any, workers: int, **about: Any
    ) -> None:
        from frequency_shortcuts.images import stores

        from ..images import pictures

        seed = settings["draw_seed"]
        photographs, groups, names = pictures.read_photographs(given.pictures)
        chosen = pictures.split_photographs(groups, seed)
        if (
            settings["of"] == "pictures"
        ):  # those of odd numbers alone rank and test, so that others can be tuned on
            even, odd = (pictures.every_other(groups, first) for first in (0, 1))
            chosen = {
                name: odd[positions]
                for name, positions in pictures.split_photographs(groups[odd], seed).items()
            }
            chosen["train"] = np.concatenate([chosen["train"], even])
        splits = {}
        for number, (split, positions) in enumerate(chosen.items()):
            images = pictures.crops(photographs[positions], SIDE, EACH, 10 * seed + number)
            # So that some show all pictures.
            order = np.random.default_rng([seed, number, 26]).permutation(len(images))
            labels = np.repeat(groups[positions], EACH)[order]
            if settings["dealt"]:
                labels = np.random.default_rng([seed, number]).permutation(len(images)) % 2
            splits[split] = images[order], labels
        classes = DEALT if settings["dealt"] else names
        stores.write(path, splits, classes=classes, source=f"crops of {settings['of']}", **about)


SOURCE = Crops()
