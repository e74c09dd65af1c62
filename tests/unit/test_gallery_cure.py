"""What the docs say of trainings that should avoid shortcuts, from a small table."""

import numpy as np
import pandas as pd
import pytest

from bench import gallery_cure


@pytest.mark.parametrize(("cures", "words"), [(False, "none of them cures."), (True, "`dfmx` cures.")])
def test_the_cure_has_a_row_an_augmentation(monkeypatch, cures, words):
    row = {"low": 0.1, "high": 0.3, "difference_low": -0.2, "difference_high": -0.05, "seeds": 3, "classes": 10}
    table = pd.DataFrame(
        [
            {**row, "augmentation": name, "measure": measure, "value": 0.2, "difference": change, "cures": verdict}
            for name, change, verdict in [("none", np.nan, np.nan), ("dfmx", -0.1, cures)]
            for measure in gallery_cure.MEASURES
        ]
    )
    tables = {"cure": table}
    monkeypatch.setattr(gallery_cure, "read_table", lambda path: tables[path.stem])
    text = " ".join(gallery_cure.cured().split("\n\n")[0].split())
    assert "; test accuracy lower with `dfmx`;" in text and "higher" not in text
    text = gallery_cure.cured()
    assert words in text and "Means over 3 seeds and 10 classes" in " ".join(text.split())
    assert text.splitlines()[-1].startswith("| `dfmx` | 0.200 (-0.100 [-0.200, -0.050]) |")
    assert text.splitlines()[-2].startswith("| `none` | 0.200 |")
