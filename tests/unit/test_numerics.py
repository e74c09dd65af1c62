"""Settings of CUDA, which can be read without a GPU."""

import pytest
import torch

from frequency_shortcuts.networks.numerics import bfloat16, deterministic_on_cuda


def settings():
    return torch.are_deterministic_algorithms_enabled(), torch.backends.cuda.flash_sdp_enabled()


@pytest.mark.parametrize("error", [None, KeyboardInterrupt])
def test_algorithms_are_deterministic_on_cuda_alone_and_restored(error):
    before = settings()
    with deterministic_on_cuda(torch.device("cpu")):
        assert settings() == before
    try:
        with deterministic_on_cuda(torch.device("cuda:1")):
            assert settings() == (True, False)
            if error:
                raise error
    except KeyboardInterrupt:
        pass
    assert settings() == before


def test_old_gpus_and_cpus_train_in_float32(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (7, 5))
    for device in ("cuda", "cpu"):
        with bfloat16(torch.device(device)):
            assert not torch.is_autocast_enabled(device)
