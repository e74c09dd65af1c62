"""What tells one culling from another, so that blocks and parts of different ones are never joined."""

from __future__ import annotations

import hashlib
from pathlib import Path

from torch import nn

from .digest import network_digest
from .engine import Engine


def fingerprint(network: nn.Module, engine: Engine, settings: tuple[object, ...]) -> str:
    """A hexadecimal number of the network, the images, the settings and the code of this folder."""
    found = hashlib.sha256(engine.source.digest())
    found.update(network_digest(network))
    for module in sorted(Path(__file__).parent.glob("*.py")):
        found.update(module.read_bytes())
    found.update(repr((settings, engine.frozen.device.type)).encode())
    return found.hexdigest()
