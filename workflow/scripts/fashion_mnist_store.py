"""Write the image store of Fashion-MNIST."""

from frequency_shortcuts import fashion_mnist, images
from job import job


def main(snakemake):
    """Split the training photographs and store all three splits."""
    with job(snakemake) as created_by:
        (pictures, labels), test = fashion_mnist.read(snakemake.input.files)
        kept = snakemake.params.validation_share
        parts = images.stratified(labels, {"train": 1 - kept, "validation": kept}, snakemake.params.seed)
        splits = {name: (pictures[chosen], labels[chosen]) for name, chosen in parts.items()}
        images.write(
            snakemake.output[0],
            {**splits, "test": test},
            classes=fashion_mnist.CLASSES,
            source="Fashion-MNIST, 28 x 28 padded to 32 x 32",
            created_by=created_by,
        )


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
