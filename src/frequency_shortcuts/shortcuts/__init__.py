"""The test of the paper: is a class recognised from few frequencies alone, or without them? See `collect`."""

from frequency_shortcuts import _lazily

# Loaded when first used, as in `spectrum`: name -> module.
PUBLIC = {
    "UNIFORM_DRAWS": "trials",
    "OTHER_MAPS": "trials",
    "Trials": "trials",
    "negatives_of": "trials",
    "others_of": "trials",
    "seed_of": "trials",
    "Hits": "hits",
    "rates": "hits",
    "read_hits": "hits",
    "write_hits": "hits",
    "band_stop": "test",
    "collect": "test",
    "measure": "test",
    "measure_sizes": "test",
    "cross_matrix": "cross",
    "own_map_advantage": "cross",
    "over_seeds": "verdict",
    "verdicts": "verdict",
}

__getattr__, __dir__ = _lazily(__name__, PUBLIC)
