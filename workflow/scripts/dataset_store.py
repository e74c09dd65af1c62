"""Write the image store of a torch Dataset that the user brings."""

from folder_store import raw, size_of
from frequency_shortcuts.data import entry_points, stores
from frequency_shortcuts.data.torch_dataset import Items
from job import job


def main(snakemake):
    """Convert its items, split them class by class and store them."""
    params = snakemake.params
    with job(snakemake) as created_by:
        items, labels, classes = opened(params)
        parts = stores.stratified(labels, params.shares, params.seed, classes)
        stores.write(
            snakemake.output[0],
            {name: (items.subset(chosen), labels[chosen]) for name, chosen in parts.items()},
            classes=classes,
            source=f"dataset {params.entry_point}",
            created_by=created_by,
            statistics=None if "train" in parts else raw(params.channels),
            workers=snakemake.threads,
            progress=True,
        )


def opened(params):
    """The items with their labels and the names of the classes."""
    dataset = entry_points.call(params.entry_point, dict(params.options))
    name = f"dataset {params.entry_point}"
    items = Items(dataset, size_of(params.size), params.channels, params.resize, name=name)
    labels = items.labels()
    classes = params.class_names or getattr(dataset, "classes", None)
    if classes is None:
        raise ValueError(f"{name} has no attribute classes: write class_names in its settings")
    stores.check_classes(labels, classes, name)
    return items, labels, [str(name) for name in classes]


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
