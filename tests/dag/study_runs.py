"""The runs of the study of the fixture `study`, and what holds for their data sets."""

PLANTED = [f"plant_present/resnet18/none/seed{seed}" for seed in (0, 1)]
FASHION = "fashion_mnist/resnet18/none/seed0"
EXTERNAL = "pictures/my_network/none/seed0"
STYLISED = "pictures/resnet18/sin/seed0"
MAPPED = [*PLANTED, FASHION, EXTERNAL, STYLISED]  # with maps, in the order of the plan
TRAINED = ["syn_2/resnet18/none/seed0", *PLANTED, FASHION, STYLISED]
SHAPES = {"syn_2": (4, 3, 32), "plant_present": (4, 3, 32), "fashion_mnist": (10, 1, 32), "pictures": (3, 3, 64)}
NEUTRAL = {"plant_present": "C0"}
PERCENTS = (1, 5, 10, 20)


def shape_of(run):
    """Classes, channels and pixels of a side of a run's images."""
    return SHAPES[dataset_of(run)]


def dataset_of(run):
    return run.split("/")[0]
