"""One call from a network and images to maps, tests and verdicts."""

import numpy as np
from matplotlib import pyplot as plt
from waves_and_network import CLASSES, SIZE, analyse


def test_cards_of_given_maps_have_no_scores():
    figure = analyse(maps=np.ones((CLASSES, SIZE, SIZE), bool)).cards()
    assert not [axis for axis in figure.axes if "score" in axis.get_title()]
    plt.close(figure)
