"""Which few frequencies does an image classifier get away with, class by class?

The library computes: arrays and networks in, arrays out. It knows no workflow, no config file and no
path of the study; those live in `workflow/`.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("frequency-shortcuts")
except PackageNotFoundError:  # used from a checkout
    __version__ = "not installed"
