"""The types of what users give: images, labels, transforms and sources. `fs.analyse` says what each means."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from torch.utils.data import DataLoader, Dataset

from frequency_shortcuts.storage.files import AnyPath

from .folders import Files
from .preprocessing import Preprocessing
from .splits import Split


class AnyArray(Protocol):
    """A NumPy array, a PyTorch tensor or an HDF5 dataset."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of images [n, channels, H, W], of labels [n]."""

    def __getitem__(self, key: Any, /) -> Any:
        """Rows of it."""


GivenImages = (
    AnyArray | Dataset[Any] | DataLoader[Any] | Split | Files | AnyPath | Sequence[AnyPath]
)
GivenLabels = AnyArray | Sequence[int | str | None] | AnyPath
GivenTransform = Callable[[Any], Any] | Preprocessing
GivenSource = AnyArray | Sequence[str] | Callable[[str], str] | AnyPath
