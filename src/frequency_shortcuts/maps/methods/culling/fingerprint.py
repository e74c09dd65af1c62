"""The fingerprint of a culling: blocks and parts of different cullings are never joined."""

from __future__ import annotations

import hashlib
from pathlib import Path

from torch import nn

from frequency_shortcuts.maps.methods import engine as engines
from frequency_shortcuts.maps.methods import gradients
from frequency_shortcuts.maps.methods.engine import Engine
from frequency_shortcuts.networks.fingerprint import state_digest


def fingerprint(network: nn.Module, engine: Engine, settings: tuple[object, ...]) -> str:
    """SHA-256 of parameters and buffers, images, settings and the code of a culling, as a hexadecimal number.

    It does not cover the logits of the network: `ClassEvaluator` compares them, class by class, with a tolerance.
    """
    found = hashlib.sha256(engine.source.digest())
    found.update(state_digest(network))
    for module in (*sorted(Path(__file__).parent.glob("*.py")), Path(engines.__file__), Path(gradients.__file__)):
        found.update(module.read_bytes())
    found.update(repr((settings, engine.frozen.device.type)).encode())
    return found.hexdigest()
