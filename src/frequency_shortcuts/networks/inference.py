"""A copy of a network for inference, with folded batch normalisation and a chosen layout, precision and batch size."""

from __future__ import annotations

import copy
import itertools
import logging
import math
import weakref
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torch.utils._python_dispatch import TorchDispatchMode

from .fingerprint import same_logits
from .numerics import tf32
from .predictions import check_logits, check_precision, device_of, dtype_of

log = logging.getLogger(__name__)

Precision = Literal["float32", "tf32", "bfloat16"]
PRECISIONS = ("float32", "tf32", "bfloat16")
MIB = 2**20
# On a CPU, a batch gets slower when an activation of the whole batch does not fit into the caches. Below the first of
# these batch sizes the threads have too little work; above the second, a larger batch is not faster.
CPU_ACTIVATION, CPU_BATCHES = 8 * MIB, (8, 128)
LARGEST_BATCH = 4096


class InferenceCopy:
    """images [n, channels, H, W] -> logits float64 [n, classes], by a copy of a network.

    precision: `float32` is the precision of the training, without the reduced multiplications (TF32) that CUDA uses by
    default; `tf32` allows them; `bfloat16` computes in 16 bits. Networks and images of float64 stay float64. compiled:
    run torch.compile on the copy; it needs a C++ compiler and pays only for long runs.

    The network itself does not change.
    """

    def __init__(self, network: nn.Module, precision: Precision = "float32", *, compiled: bool = False) -> None:
        if precision not in PRECISIONS:
            raise ValueError(f"unknown precision {precision!r}: choose from {', '.join(PRECISIONS)}")
        check_precision(network)
        self.precision, self.compiled, self.device = precision, compiled, device_of(network)
        self.dtype = torch.float64 if dtype_of(network) == torch.float64 else torch.float32
        # Tolerance of logits, as a share of the greatest logit: two devices may round differently.
        self.tolerance = {"bfloat16": 0.1, "tf32": 0.01}.get(precision, 1e-3 if self.dtype == torch.float32 else 1e-8)
        self.layout = torch.channels_last
        self._plain = network
        self._install(fold(network))

    def _install(self, network: nn.Module) -> None:
        self.network = network.requires_grad_(False)
        if self.precision == "bfloat16":
            self.network = self.network.to(torch.bfloat16)
        self.network.to(memory_format=self.layout)  # type: ignore[call-overload]
        # On CUDA, "reduce-overhead" replays the launches of a batch as one graph.
        mode = "reduce-overhead" if self.device.type == "cuda" else None
        self._run = torch.compile(self.network, mode=mode) if self.compiled else self.network

    def check(self, images: Tensor) -> None:
        """Compare the copy and the network on an image [1, channels, H, W] and noise; undo changes that alter logits.

        Some networks do not accept channels-last images (`view` on them), and folding can fail in a network that
        branches on values. Raises ValueError for a network that does not return logits [n, classes].
        """
        # One image is not enough: it can be viewed in every layout, and a black image may hide a wrong fold.
        noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0)).to(images)
        scale = images.std(correction=0)
        images = torch.cat([images, noise * torch.where(scale > 0, scale, 1)])
        # Not in inference mode: tensors that a network creates at its first call must also work with gradients. With
        # TF32, folded and plain weights would differ by more than the tolerance.
        with torch.no_grad(), tf32(False, self.device):
            plain = copy.deepcopy(self._plain).eval()
            expected = plain(images.clone())
            check_logits(expected, len(images))
            try:
                same = self._agrees(images, expected)
            except torch.OutOfMemoryError:
                raise
            except RuntimeError as error:
                log.info("the network takes no channels-last images: %s", error)
                self.layout = torch.contiguous_format
                self._install(fold(self._plain))
                same = self._agrees(images, expected)
        if not same:
            log.info("batch normalisation stays as it is, since folding it changes the network")
            self._install(plain)

    def _agrees(self, images: Tensor, expected: Tensor) -> bool:
        logits = self.network(self._prepare(images.clone())).double()
        return same_logits(logits, expected.double(), self.tolerance)

    def _prepare(self, images: Tensor) -> Tensor:
        if self.precision == "bfloat16":
            images = images.to(torch.bfloat16)
        return images.contiguous(memory_format=self.layout)

    def __call__(self, images: Tensor) -> Tensor:
        """The logits. A network that works in place may overwrite the images."""
        run = self.network if images.requires_grad else self._run
        images = self._prepare(images)
        with tf32(self.precision == "tf32", self.device):
            # Converted to float64 first: in float32 the loss of a confident network is 0, and so is every increment.
            # Copied, since a compiled copy overwrites its output at the next call.
            logits: Tensor = run(images)
            return logits.to(torch.float64, copy=True)

    def footprint(self, images: Tensor) -> Footprint:
        """Memory of one forward pass of the first of the images [1 or more, channels, H, W]."""
        with torch.inference_mode(), _Watch(self.network) as watch:
            self.network(self._prepare(images[:1].clone()))
        return Footprint(watch.peak, watch.largest, watch.total, images[:1].nbytes)

    def batch_sizes(self, images: Tensor, budget: int) -> tuple[int, int]:
        """Batch sizes for the network and a memory budget in bytes, for forward and for backward passes.

        They are powers of two, at least 1. They are computed, not timed: the same network gets the same batch size, and
        so the same rounding, in every run.
        """
        footprint = self.footprint(images)
        # The filtered images need memory too; the workspace of a convolution may be as large as they are.
        forward = budget // (2 * footprint.peak + footprint.image)
        if self.device.type == "cpu":
            forward = min(forward, max(CPU_BATCHES[0], min(CPU_ACTIVATION // footprint.largest, CPU_BATCHES[1])))
        # A gradient keeps all activations, and the spectra of image and gradient are float64.
        backward = min(forward, budget // (2 * footprint.total + 32 * footprint.image))
        return _power_of_two(forward), _power_of_two(backward)


@dataclass(frozen=True)
class Footprint:
    """Bytes of one image's forward pass: greatest at any time, of the largest tensor, of all tensors; of the image."""

    peak: int
    largest: int
    total: int
    image: int


class _Watch(TorchDispatchMode):
    """Counts the bytes of the tensors that are created inside the block, without those of the network."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # of torch
        own = itertools.chain(network.parameters(), network.buffers())
        self._own = {tensor.untyped_storage().data_ptr() for tensor in own}
        self._alive: dict[int, tuple[weakref.ref[Tensor], int]] = {}
        self.peak, self.largest, self.total = 1, 1, 1

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = function(*args, **(kwargs or {}))
        for tensor in out if isinstance(out, list | tuple) else [out]:
            if isinstance(tensor, Tensor) and tensor.numel():
                storage = tensor.untyped_storage()
                key = storage.data_ptr()
                known = self._alive.get(key)
                if key in self._own or (known and known[0]() is not None):
                    continue
                self._alive[key] = weakref.ref(tensor), storage.nbytes()
                self.largest, self.total = max(self.largest, storage.nbytes()), self.total + storage.nbytes()
        self._alive = {key: entry for key, entry in self._alive.items() if entry[0]() is not None}
        self.peak = max(self.peak, sum(size for _, size in self._alive.values()))
        return out


def _power_of_two(fits: int) -> int:
    return 1 << (min(max(fits, 1), LARGEST_BATCH).bit_length() - 1)


def fold(network: nn.Module) -> nn.Module:
    """A copy in evaluation mode whose batch normalisations are folded into the convolutions before them.

    A pair is folded only if the convolution and its normalisation are called once, one after the other, without a hook.
    Other layers, and networks that cannot be traced, do not change. (The function of torch.fx for this folds shared
    layers twice.) Raises ValueError for a network that cannot be copied.
    """
    try:
        network = copy.deepcopy(network).eval()
    except Exception as error:  # a module of a user may raise any error
        raise ValueError(f"the network cannot be copied, which freezing it needs: {error}") from error
    if not _normalises(network):
        return network
    try:
        graph = _Tracer().trace(network)
    except Exception as error:  # tracing may raise any error
        log.info("batch normalisation stays as it is, since the network cannot be traced: %s", error)
        return network
    modules = dict(network.named_modules(remove_duplicate=False))
    called = Counter(id(modules[str(node.target)]) for node in graph.nodes if node.op == "call_module")
    read = {str(node.target).rpartition(".")[0] for node in graph.nodes if node.op == "get_attr"}

    def alone(name: str) -> bool:
        module = modules[name]
        hooked = module._forward_hooks or module._forward_pre_hooks
        return called[id(module)] == 1 and not hooked and not module.training and name not in read

    for node in graph.nodes:
        before = node.args[0] if node.args else None
        if node.op != "call_module" or not isinstance(before, fx.Node) or before.op != "call_module":
            continue
        convolution, normalisation = str(before.target), str(node.target)
        kinds = type(modules[convolution]), type(modules[normalisation])
        tracks = getattr(modules[normalisation], "track_running_stats", False)
        if kinds in FOLDABLE and tracks and len(before.users) == 1 and alone(convolution) and alone(normalisation):
            network.set_submodule(convolution, fuse_conv_bn_eval(modules[convolution], modules[normalisation]))
            network.set_submodule(normalisation, nn.Identity())
    return network.eval()


FOLDABLE = {(nn.Conv1d, nn.BatchNorm1d), (nn.Conv2d, nn.BatchNorm2d), (nn.Conv3d, nn.BatchNorm3d)}


class _Tracer(fx.Tracer):
    """Traces only modules that hold a batch normalisation; other modules may do anything."""

    def is_leaf_module(self, module: nn.Module, name: str) -> bool:
        return super().is_leaf_module(module, name) or not _normalises(module)


def _normalises(module: nn.Module) -> bool:
    return any(isinstance(part, nn.modules.batchnorm._BatchNorm) for part in module.modules())


def memory_budget(mib: float | None, device: torch.device) -> int:
    """Memory limit in bytes: as given, else half of a GPU's memory, or 2 GiB on a CPU."""
    if mib is not None:
        return int(mib * MIB)
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory // 2
    return 2048 * MIB


def tiling(n_images: int, batch: int) -> tuple[int, int]:
    """Images and pairs of one forward pass over `n_images`, so that all passes are as equal as possible."""
    at_once = math.ceil(n_images / math.ceil(n_images / batch))
    return at_once, max(1, batch // at_once)
