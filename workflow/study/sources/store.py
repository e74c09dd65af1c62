"""An image store that the user provides."""

from pathlib import Path
from typing import Any

from ..dependencies import file_state
from .description import Content, Shape, Source


class Store(Source):
    """An HDF5 file."""

    names = ("store",)
    shape = None  # only the file has it

    def state(self) -> str:
        """Its size and time, so that an older file counts as a change, too."""
        return repr(file_state(self.keys["path"]))

    def inspect(self) -> Content:
        """Raises ValueError for a file that is no store."""
        from frequency_shortcuts.images import stores

        with stores.open_store(self.keys["path"]) as (store, classes, splits):
            shape = Shape(*store[splits[0]]["images"].shape[1:])
            description = ", ".join(f"{len(store[split]['labels'])} {split}" for split in splits)
        return Content(classes, shape, description)

    def files(self) -> dict[str, Any]:
        """The file. If it is missing, the rule `check` gives a better error message than Snakemake."""
        path = self.keys["path"]
        return {"store": path if Path(path).is_file() else []}

    def build(self, path: str, given: Any, workers: int, **about: Any) -> None:
        """Write a small file with links to the splits of the store: nothing is copied."""
        from frequency_shortcuts.images import stores

        stores.link(path, given.store, **about)


SOURCE = Store
