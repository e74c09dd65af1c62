"""The recipe that a network is trained by, from the configuration."""

from collections.abc import Mapping
from typing import Any


def recipe_of(config: Mapping[str, Any], kind: str, network: str) -> dict[str, Any]:
    """The keys that all trainings have in common, changed by the kind of data set, and then by the network.

    kind: a section of `training` (synthetic, planted, photographs). network: a name in `networks`.
    """
    common, training = config["training"]["recipe"], config["training"]
    return {**common, **training[kind].get("recipe", {}), **config["networks"][network].get("recipe", {})}
