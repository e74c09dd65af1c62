"""The provenance states the actual versions, machine and device."""

import platform

import h5py
import pytest
import torch

from workflow.study import provenance


def test_versions_are_those_that_run():
    found = provenance.versions()
    assert found["python"] == platform.python_version() and set(provenance.PACKAGES) < set(found)
    assert found["torch"] == torch.__version__.partition("+")[0] or found["torch"] == torch.__version__
    assert found["h5py"] == h5py.__version__
    assert provenance.versions(["no-such-package"])["no-such-package"] == "not installed"


def test_the_machine_is_described():
    found = provenance.machine()
    assert set(found) == {"platform", "processor", "processor cores", "memory, GiB"} and all(found.values())
    assert int(found["processor cores"]) >= 1 and float(found["memory, GiB"]) > 0.1


def test_a_device_is_named_and_one_that_is_not_there_is_refused():
    assert provenance.device("cpu") == f"cpu ({provenance.machine()['processor']})"
    assert provenance.device("auto").startswith("cuda (" if torch.cuda.is_available() else "cpu (")
    if not torch.cuda.is_available():
        with pytest.raises(RuntimeError, match="device cuda was requested"):
            provenance.device("cuda")
