"""Copies of networks whose batch normalisations are folded into the convolutions before them."""

import copy
import logging
from collections import Counter
from typing import Any

import torch
from torch import fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

log = logging.getLogger(__name__)

FOLDABLE = (
    (nn.Conv1d, nn.BatchNorm1d),
    (nn.Conv2d, nn.BatchNorm2d),
    (nn.Conv3d, nn.BatchNorm3d),
)


def fold(network: nn.Module) -> nn.Module:
    """A copy in evaluation mode whose batch normalisations are folded into the convolutions before them.

    A pair is folded only if the convolution and its normalisation are called once, one after the other, without a hook.
    Other layers, and networks that cannot be traced, do not change. (The function of torch.fx for this folds shared
    layers twice.) Raises ValueError for a network that cannot be copied.
    """
    try:
        # With gradients, a copy of TorchScript would have parameters that are no leaves.
        with torch.no_grad():
            network = copy.deepcopy(network).eval()
    except Exception as error:  # a module of a user may raise any error
        raise ValueError(
            f"the network cannot be copied, which freezing it needs: {error}"
        ) from error
    if not _normalises(network):
        return network
    try:
        graph = _Tracer().trace(network)
    except Exception as error:  # tracing may raise any error
        log.info(
            "batch normalisation stays as it is, since the network cannot be traced: %s", error
        )
        return network
    modules: dict[str, Any] = dict(network.named_modules(remove_duplicate=False))
    for convolution, normalisation in _foldable_pairs(modules, graph):
        folded = fuse_conv_bn_eval(modules[convolution], modules[normalisation])
        network.set_submodule(convolution, folded)
        network.set_submodule(normalisation, nn.Identity())
    return network.eval()


def _foldable_pairs(modules: dict[str, Any], graph: fx.Graph) -> list[tuple[str, str]]:
    """The names of each convolution and of the normalisation that it alone feeds."""
    calls: list[Any] = [node for node in graph.nodes if node.op == "call_module"]
    counts = Counter(id(modules[node.target]) for node in calls)
    read = {str(node.target).rpartition(".")[0] for node in graph.nodes if node.op == "get_attr"}

    def is_plain(name: str) -> bool:
        """Whether a module is called once, and nothing else is done with it."""
        module = modules[name]
        hooked = module._forward_hooks or module._forward_pre_hooks
        return not hooked and not module.training and name not in read and counts[id(module)] == 1

    pairs = []
    for node in calls:
        before: Any = node.args[0] if node.args else None
        if before not in calls or len(before.users) > 1:
            continue
        kinds = type(modules[before.target]), type(modules[node.target])
        tracks = getattr(modules[node.target], "track_running_stats", False)
        if kinds in FOLDABLE and tracks and is_plain(before.target) and is_plain(node.target):
            pairs.append((before.target, node.target))
    return pairs


class _Tracer(fx.Tracer):
    """Traces only modules that hold a batch normalisation; other modules may do anything."""

    def is_leaf_module(self, module: nn.Module, name: str) -> bool:
        return super().is_leaf_module(module, name) or not _normalises(module)


def _normalises(module: nn.Module) -> bool:
    return any(isinstance(part, nn.modules.batchnorm._BatchNorm) for part in module.modules())
