"""An image store that the user provides."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..dependencies import file_state
from .description import Config, Content, Shape, Source


class Store(Source):
    """An HDF5 file."""

    names = ("store",)

    def state(self, config: Config, name: str) -> str:
        """Its size and time, so that an older file counts as a change, too."""
        return repr(file_state(config["datasets"][name]["path"]))

    def inspect(self, config: Config, name: str) -> Content:
        """Raises ValueError for a file that is no store, or lacks a split."""
        from frequency_shortcuts.images import stores

        from .. import runs

        path = config["datasets"][name]["path"]
        with stores.open_store(path) as (store, classes, splits):
            shape = Shape(*store[splits[0]]["images"].shape[1:])
            description = ", ".join(f"{len(store[split]['labels'])} {split}" for split in splits)
        planned = runs.table(config)
        trains = planned["trained"][planned["dataset"] == name].any()
        needed = runs.needed_splits(config, planned, name, trains)
        if lacking := sorted(needed.keys() - set(splits)):
            raise ValueError(f"{path} has no {' and no '.join(lacking)} split, which is needed")
        return Content(classes, shape, description)

    def files(self, config: Config, name: str) -> dict[str, Any]:
        """The file. If it is missing, the rule `check` gives a better error message than Snakemake."""
        path: str = config["datasets"][name]["path"]
        return {"store": path if Path(path).is_file() else []}

    def build(
        self, path: str, settings: Mapping[str, Any], given: Any, workers: int, **about: Any
    ) -> None:
        """Write a small file with links to the splits of the store: nothing is copied."""
        from frequency_shortcuts.images import stores

        stores.link(path, given.store, **about)


SOURCE = Store()
