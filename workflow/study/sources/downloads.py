"""Published sets of photographs, whose files the rule `fetched_files` fetches."""

import tempfile
from collections.abc import Iterator, Mapping
from typing import Any

from study.images.downloads import DOWNLOADS

from ..annotations import Plan
from .description import Content, Shape, Source

NUMBERED = 4900  # training images of each class that `test_images` may take: all but the sealed ones


class Downloads(Source):
    """The sets of `DOWNLOADS`."""

    names = tuple(DOWNLOADS)
    rule = "fetched"
    message = "Storing the photographs of {wildcards.dataset}"
    keys = """
fashion_mnist:
  description: >-
    Fashion-MNIST, 60,000 training and 10,000 test images of 28 x 28 pixels. 500 of the training images of each class
    are [sealed](../docs/method.md#claims): no split holds them.
  required: [folder, validation_share, split_seed]
  properties:
    test_images:
      description: >-
        Published test images that the study uses: `all` (the default), or one half, 5,000 in the order of the file.
        `[first, last]`: in their place the training images with these numbers in each class, as
        [docs/method.md](../docs/method.md#claims) counts them; they are in no other split.
      title: "all, first_half, second_half, or [first, last]"
      anyOf: [{enum: [all, first_half, second_half]}, {$ref: "#/$defs/judging"}]
    folder:
      description: >-
        Folder with the four IDX files. `null` tries Debian's `/usr/share/datasets/fashion-mnist`,
        torchvision's download and Debian's package, in this order.
      $ref: "#/$defs/path_or_null"
    validation_share: {$ref: "#/$defs/share", description: Share of the training images kept for validation.}
    split_seed: {$ref: "#/$defs/seed", description: Seed of that split.}
cifar10:
  description: >-
    CIFAR-10, 50,000 training and 10,000 test images of 32 x 32 pixels. torchvision reads the files, which are
    pickles, only if they have the published MD5 sums.
  required: [folder, validation_share, split_seed]
  properties:
    test_images:
      description: >-
        Published test images that the study uses: `all` (the default), or one half, 5,000 in the order of the file.
      enum: [all, first_half, second_half]
    folder:
      description: >-
        Folder with `cifar-10-python.tar.gz` or with the seven files in it (`data_batch_1` to `data_batch_5`,
        `test_batch`, `batches.meta`), there or in `cifar-10-batches-py`. `null` downloads the archive (163
        MiB) from where torchvision does.
      $ref: "#/$defs/path_or_null"
    validation_share: {$ref: "#/$defs/share", description: Share of the training images kept for validation.}
    split_seed: {$ref: "#/$defs/seed", description: Seed of that split.}
"""

    def mistakes(self, plan: Plan) -> Iterator[str]:
        """Numbers of test images that no training image has."""
        for name in plan.from_source(*self.names):
            numbers = plan.dataset(name).get("test_images", "")
            if not isinstance(numbers, str) and not numbers[0] <= numbers[1] <= NUMBERED:
                yield (
                    f"datasets.{name}.test_images: {numbers} is not allowed, expected the first and the last of the "
                    f"numbers 1 to {NUMBERED:,} of a class"
                )

    def shape(self, plan: Plan, name: str) -> Shape:
        """Shape of the images."""
        return Shape(*DOWNLOADS[plan.dataset(name)["source"]].shape)

    def inspect(self, plan: Plan, name: str) -> Content:
        """Raises NotFound if the folder that the user names does not hold the published files."""
        settings = plan.dataset(name)
        published = DOWNLOADS[settings["source"]]
        if settings["folder"]:
            with tempfile.TemporaryDirectory() as scratch:
                published.fetch(scratch, settings["folder"])
        return Content(published.classes, self.shape(plan, name), published.title)

    def inputs(self, plan: Plan) -> dict[str, Any]:
        """The fetched files."""
        return {"files": f"{plan.results}/data/raw/{{dataset}}"}

    def settings(self, plan: Plan, name: str) -> dict[str, Any]:
        """All but the folder, which changes no image."""
        return {key: value for key, value in super().settings(plan, name).items() if key != "folder"}

    def build(self, path: str, settings: Mapping[str, Any], given: Any, workers: int, **about: Any) -> None:
        """Store all three splits."""
        from frequency_shortcuts.images import stores

        published = DOWNLOADS[settings["source"]]
        parts = {"validation_share": settings["validation_share"], "seed": settings["split_seed"]}
        splits = published.splits(given.files, **parts, test_images=settings.get("test_images", "all"))
        stores.write(path, splits, classes=published.classes, source=published.description, **about)


SOURCE = Downloads()
