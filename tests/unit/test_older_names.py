"""Names of version 2 work with a warning."""

import numpy as np
import pytest
from fine_wave import CLASSES, MEAN, STD, Reader, analyse, images_and_labels

import frequency_shortcuts as fs


@pytest.fixture(scope="module")
def result():
    return analyse(Reader(follows=200))


@pytest.mark.parametrize(("old", "new"), [("flips", "exchanges"), ("flip", "plot_exchanges")])
def test_a_result_has_its_older_names(old, new, result):
    with pytest.warns(DeprecationWarning, match=f"result.{old} is now result.{new}"):
        assert getattr(result, old) is getattr(result, new) or callable(getattr(result, new))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = result.nonsense


def test_a_function_has_its_older_name():
    with pytest.warns(DeprecationWarning, match=r"fs.plot_flip is now fs.plot_exchange"):
        assert fs.plot_flip is fs.plot_exchange


def test_the_older_options_name_classes_outputs_and_parts(result):
    with pytest.warns(DeprecationWarning, match=r"fs.Test is now fs.Evaluation"):
        older = fs.Test(classes=CLASSES, outputs=np.arange(8), parts=("keep",))
    assert older.actions == ("keep",)
    options = {"mean": MEAN, "std": STD, "run": fs.Run(progress=False)}
    made = fs.analyse(Reader(follows=200), *images_and_labels(), test=older, **options)
    assert made.exchanges.equals(result.exchanges)


def test_that_a_network_was_swapped_is_said_of_the_run_too():
    with pytest.warns(DeprecationWarning, match=r"swapped is now an argument of fs.analyse"):
        run = fs.Run(swapped=True, progress=False)
    assert analyse(Reader(follows=200), run=run).about["trained with"] == "fs.Swap"
    assert analyse(Reader(follows=200), swapped=True).about["trained with"] == "fs.Swap"
