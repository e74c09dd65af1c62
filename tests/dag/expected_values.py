"""Numbers of the study of config/test.yaml that another machine must find again, with tolerances.

`python tests/dag/expected_values.py RESULTS` writes expected_values.csv anew from the results of that study, after a
change that is meant to move them: see docs/development.md.
"""

import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from frequency_shortcuts.storage.tables import NETWORK, RUN, read_table

FILE = Path(__file__).with_suffix(".csv")
# How far two machines may differ, by the kind of the number: relative and absolute; the larger one counts. "Moved" is
# how far the numbers moved when PyTorch and NumPy computed without AVX (ATEN_CPU_CAPABILITY=default,
# ONEDNN_MAX_CPU_ISA=SSE41, OPENBLAS_CORETYPE=Nehalem). Two threads in place of one move the losses as far.
TOLERANCES = {
    "count": (0, 0),  # follows from settings and seeds alone
    "pixel": (1e-6, 0),  # moved by 0; allows some pixels that are rounded to the next level
    "spectrum": (1e-6, 0),  # moved by 0; computed in float32
    "sign": (
        0,
        0.01,
    ),  # moved by 0; allows five of 1,024 frequencies at which two classes are almost equal
    "loss": (0, 0.005),  # moved by 0.0002
    "accuracy": (0, 0.05),  # moved by 0; two of 48 images
    "increment": (0.1, 0),  # moved by 2 %
    "passes": (
        0.15,
        0,
    ),  # moved by 5 %; which frequencies are culled depends on ranks of small increments
    "map": (0, 0.5),  # moved by 0.17 cycles per image
    "overlap": (0, 0.03),  # moved by 0.009
    "precision": (0, 0.05),  # moved by 0.015
    "rate": (0, 0.12),  # moved by 0.06: one image of 18 got another label
}
# The training on Fashion-MNIST amplifies rounding so far that the networks of two machines are different ones: their
# maps overlap little. These numbers only tell whether the study went the same way.
DIVERGED = {
    "loss": (0, 0.1),  # moved by 0.03
    "accuracy": (0, 0.1),  # moved by 0.03
    "increment": (0.4, 0),  # moved by 6 %
    "passes": (0.5, 0),  # moved by 19 %
    "map": (0, 3),  # moved by 1.3 cycles per image
    "overlap": (0, 0.1),  # moved by 0.02
    "rate": (0, 0.2),  # moved by 0.1
}
TOLERANCES.update({f"diverged {kind}": tolerance for kind, tolerance in DIVERGED.items()})


def measured(results: Path) -> pd.DataFrame:
    """One row a number: `number` (what and where), `kind`, `value`."""
    rows = [
        *_images(results),
        *_spectra(results),
        *_networks(results),
        *_maps(results),
        *_tests(results),
    ]
    table = pd.DataFrame(rows, columns=["number", "kind", "value"])
    diverged = table["number"].str.contains("fashion_mnist") & table["kind"].isin(list(DIVERGED))
    return table.assign(kind=table["kind"].mask(diverged, "diverged " + table["kind"]))


def with_tolerances(table: pd.DataFrame) -> pd.DataFrame:
    """The table with a column `tolerance`: the largest difference between two machines."""
    relative, absolute = np.array([TOLERANCES[kind] for kind in table["kind"]]).T
    return table.assign(tolerance=np.maximum(relative * table["value"].abs(), absolute))


def _images(results):
    for path in sorted({*results.glob("data/**/[!.]*.h5")} - {*results.glob("data/graded_*.h5")}):
        name = path.relative_to(results / "data").with_suffix("").as_posix()
        with h5py.File(path) as file:
            splits = [split for split in ("train", "validation", "test") if split in file]
            yield f"images of {name}", "count", sum(len(file[split]["labels"]) for split in splits)
            pixels = file["test/images"][:].astype(float)
        yield f"mean of the test pixels of {name}", "pixel", pixels.mean()
        yield f"standard deviation of the test pixels of {name}", "pixel", pixels.std()


def _spectra(results):
    for path in sorted(results.glob("adcs/[!.]*.h5")):
        with h5py.File(path) as file:
            yield f"mean amplitude of {path.stem}", "spectrum", file["mean_amplitude"][:].mean()
            yield f"mean ADCS of the first class of {path.stem}", "sign", file["adcs"][0].mean()
            yield (
                f"mean absolute significant ADCS of {path.stem}",
                "sign",
                np.abs(file["adcs_significant"][:]).mean(),
            )


def _networks(results):
    for run, row in _runs(read_table(results / "tables" / "networks.csv"), RUN):
        path = results / "networks" / run / "history.csv"
        for loss in (
            ("train_loss", "validation_loss") if path.exists() else ()
        ):  # external networks are not trained
            yield f"last {loss} of {run}", "loss", read_table(path)[loss].iloc[-1]
        yield f"test accuracy of {run}", "accuracy", row["test_accuracy"].item()


def _maps(results):
    for path in sorted(results.glob("dfm/**/seed?.h5")):
        run = path.relative_to(results / "dfm").with_suffix("").as_posix()
        with h5py.File(path) as file:
            increment, mask = file["loss_increment"][:].astype(float), file["mask/top_10"][:]
            yield (
                f"mean loss without frequencies culled of {run}",
                "loss",
                file.attrs["baseline_loss"].mean(),
            )
            yield f"mean absolute loss increment of {run}", "increment", np.abs(increment).mean()
            yield f"passes of the culling of {run}", "passes", file.attrs["passes"].sum()
            rows, columns = (np.arange(n) - n // 2 for n in mask.shape[1:])
            distance = np.hypot(rows[:, None], columns)
            yield (
                f"mean distance of the maps of {run} from the centre",
                "map",
                (mask * distance).sum() / mask.sum(),
            )
        with h5py.File(results / "data" / f"{run.split('/')[0]}.h5") as file:
            if "planted" in file:
                planted = (mask & file["planted/truth"][:]).sum() / mask.sum()
                yield f"share of the maps of {run} that was planted", "precision", planted


def _tests(results):
    def read(name):
        return read_table(results / "tables" / f"{name}.csv")

    table = read("shortcuts")
    for run, part in _runs(table, RUN):
        for rate in ("tpr_unfiltered", "tpr_dfm", "fpr_dfm", "tpr_random", "margin"):
            yield f"mean {rate} of {run}", "rate", part[rate].mean()
    for network, part in _runs(
        read("ood").query("filter in ['unfiltered', 'dfm']"), [*NETWORK, "rendition", "filter"]
    ):
        yield f"mean TPR out of distribution: {network}", "rate", part["tpr"].mean()
    for filter_, part in (
        read("transfer").query("filter in ['unfiltered', 'dfm']").groupby("filter")
    ):
        yield f"mean TPR of maps transferred on pictures: {filter_}", "rate", part["tpr"].mean()
    for run, part in _runs(read("phase"), RUN):
        yield f"mean TPR with only the phases in the map: {run}", "rate", part["tpr_phase"].mean()


def _runs(table, keys):
    for values, part in table.groupby(keys, sort=False):
        name = (
            "/".join(map(str, values))
            if "seed" not in keys
            else "/".join([*values[:-1], f"seed{values[-1]}"])
        )
        yield name, part


if __name__ == "__main__":
    with_tolerances(measured(Path(sys.argv[1]))).to_csv(FILE, index=False, float_format="%.8g")
