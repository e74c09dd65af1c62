from . import shortcuts as shortcuts
from . import spectrum as spectrum
from .analysis.analyse import analyse as analyse
from .analysis.analyse import analyze as analyze
from .analysis.differences import differences as differences
from .analysis.older import Test as Test
from .analysis.options import Evaluation as Evaluation
from .analysis.options import Run as Run
from .analysis.options import Search as Search
from .analysis.plots import plot_map as plot_map
from .analysis.refit import refit as refit
from .analysis.result import compare as compare
from .analysis.result import load as load
from .analysis.result import plot_exchange as plot_exchange
from .exchange.swap import Swap as Swap
from .images.folders import Files as Files
from .images.preprocessing import Preprocessing as Preprocessing
from .images.splits import Split as Split
from .maps import adcs as adcs
from .maps import dfm as dfm
from .maps.methods.culling import method as culling
from .networks.instructions import portable as portable

__version__: str
__all__ = ["culling"]  # the others are exported by their aliases
