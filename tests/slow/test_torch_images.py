"""The images of Datasets and DataLoaders: pairs and dicts, read batch by batch, and only those that are chosen."""

import numpy as np
import pytest
from test_torch_images import IMAGES, LABELS, Items, N, Stream, own_collate
from torch.utils.data import DataLoader

from frequency_shortcuts.analysis.torch_images import LoaderImages

LOADERS = {
    "plain": lambda: DataLoader(Items(), batch_size=7),
    "dicts": lambda: DataLoader(Items("dict"), batch_size=7),
    "own collate": lambda: DataLoader(Items(), batch_size=7, collate_fn=own_collate),
    "stream": lambda: DataLoader(Stream(), batch_size=7),
    "listed": lambda: DataLoader(Items(targets=LABELS.tolist()), batch_size=7),
    "workers": lambda: DataLoader(Items(), batch_size=7, num_workers=2, collate_fn=own_collate),
}


@pytest.mark.parametrize("kind", LOADERS)
def test_chosen_images_of_a_loader(kind):
    images = LoaderImages(LOADERS[kind](), "images")
    assert images.shape == IMAGES.shape and images.dtype == np.float32 and np.array_equal(images.labels, LABELS)
    for chosen in ([31, 2, 2, 39, 0], [], list(range(N))[::-1]):
        assert np.array_equal(images[np.array(chosen, int)], IMAGES[chosen])
