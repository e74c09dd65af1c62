"""Copies of networks whose batch normalisations are folded into the convolutions before them."""

import copy
import logging
from collections import Counter

import torch
from torch import fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

log = logging.getLogger(__name__)


def fold(network: nn.Module) -> nn.Module:
    """A copy in evaluation mode whose batch normalisations are folded into the convolutions before them.

    A pair is folded only if the convolution and its normalisation are called once, one after the other, without a hook.
    Other layers, and networks that cannot be traced, do not change. (The function of torch.fx for this folds shared
    layers twice.) Raises ValueError for a network that cannot be copied.
    """
    try:
        with (
            torch.no_grad()
        ):  # with gradients, a copy of TorchScript would have parameters that are no leaves
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
    foldable = {
        (nn.Conv1d, nn.BatchNorm1d),
        (nn.Conv2d, nn.BatchNorm2d),
        (nn.Conv3d, nn.BatchNorm3d),
    }
    modules = dict(network.named_modules(remove_duplicate=False))
    called = Counter(
        id(modules[str(node.target)]) for node in graph.nodes if node.op == "call_module"
    )
    read = {str(node.target).rpartition(".")[0] for node in graph.nodes if node.op == "get_attr"}

    def alone(name: str) -> bool:
        module = modules[name]
        hooked = module._forward_hooks or module._forward_pre_hooks
        return called[id(module)] == 1 and not hooked and not module.training and name not in read

    for node in graph.nodes:
        before = node.args[0] if node.args else None
        if (
            node.op != "call_module"
            or not isinstance(before, fx.Node)
            or before.op != "call_module"
        ):
            continue
        convolution, normalisation = str(before.target), str(node.target)
        kinds = type(modules[convolution]), type(modules[normalisation])
        tracks = getattr(modules[normalisation], "track_running_stats", False)
        if (
            kinds in foldable
            and tracks
            and len(before.users) == 1
            and alone(convolution)
            and alone(normalisation)
        ):
            network.set_submodule(
                convolution, fuse_conv_bn_eval(modules[convolution], modules[normalisation])
            )
            network.set_submodule(normalisation, nn.Identity())
    return network.eval()


class _Tracer(fx.Tracer):
    """Traces only modules that hold a batch normalisation; other modules may do anything."""

    def is_leaf_module(self, module: nn.Module, name: str) -> bool:
        return super().is_leaf_module(module, name) or not _normalises(module)


def _normalises(module: nn.Module) -> bool:
    return any(isinstance(part, nn.modules.batchnorm._BatchNorm) for part in module.modules())
