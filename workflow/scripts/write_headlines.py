"""Write what came out as RST for the report's cover; every number is read from a table or a store."""

import base64
import re
import textwrap
from pathlib import Path

import h5py
import pandas as pd
from jinja2 import Environment, StrictUndefined

from frequency_shortcuts.evaluation import verdicts as rates
from frequency_shortcuts.figures import canvas
from frequency_shortcuts.findings.definitions import EVERYWHERE, RECOGNISED
from frequency_shortcuts.findings.evidence import survivors
from frequency_shortcuts.storage.files import replacing
from frequency_shortcuts.storage.tables import read_table
from study.job import NETWORK, RUN, job

WIDTH = 1100  # pixels of a figure on the cover
VERDICTS = ("strong", "weak", "none")


def counts(headline):
    """How many tests have each verdict (`n_strong`, ...), how many have none (`n_without`), how many are robust.

    `n_robust` is missing where robustness cannot be said.
    """
    count = headline["verdict"].value_counts()
    return {
        **{f"n_{verdict}": int(count.get(verdict, 0)) for verdict in VERDICTS},
        "n_without": int(headline["verdict"].isna().sum()),
        "n_robust": int((headline["robust"] == True).sum()) if headline["robust"].notna().any() else None,  # noqa: E712
    }


def network_rows(networks, headline, most):
    """One row a network: mean test accuracy, fill, verdicts, and the classes whose shortcut is strong in most seeds.

    headline : the verdicts to quote. Of more than `most` strong classes those with the greatest margin over their best
    control are named, and the others counted.
    """
    rows = []
    for key, part in networks.groupby(NETWORK, sort=False):
        mine = headline[(headline[NETWORK] == list(key)).all(axis=1)]
        classes = mine.assign(strong=mine["verdict"] == "strong").groupby("class", sort=False)
        means = classes[["strong", "tpr_dfm", "fpr_dfm", "margin"]].mean()
        strong = means[means["strong"] > 0.5]
        named = strong if len(strong) <= most else strong.nlargest(most, "margin")
        rows.append(
            {
                **counts(mine),
                **dict(zip(NETWORK, key, strict=True)),
                "fill": mine["fill"].iloc[0],
                "seeds": len(part),
                "test_accuracy": part["test_accuracy"].mean(),
                "strong": named.reset_index().to_dict("records"),
                "more": len(strong) - len(named),
            }
        )
    return rows


def finding_rows(table):
    """One row a finding, that on all data sets; `by` says on which single ones each verdict was reached."""
    rows = []
    for _, part in table.groupby("finding", sort=False):
        single = part[part["dataset"] != EVERYWHERE].groupby("verdict", sort=False)["dataset"].agg(list)
        rows += [{**row, "by": single.to_dict()} for row in part[part["dataset"] == EVERYWHERE].to_dict("records")]
    return rows


def planted_rows(stores, spectra):
    """For every set with a planted control band, the share of it where class C3 has the least energy of all."""
    rows = []
    for store, spectrum in zip(stores, spectra, strict=True):
        with h5py.File(store) as images, h5py.File(spectrum) as found:
            if "planted/control_band" not in images:
                continue
            band, adcs = images["planted/control_band"][:], found["adcs"][:]
            rows.append({"dataset": Path(store).stem, "share": (adcs[3] == 1 - len(adcs))[band].mean()})
    return rows


def rates_by(table, keys, value="tpr"):
    """Mean of a value for each filter, one row a combination of keys."""
    return table.pivot_table(value, keys, "filter", "mean", sort=False).reset_index().to_dict("records")


def ood_rows(ood, headline):
    """Mean TPR by data set, fill and rendition, over the classes (of a network and seed) with a strong shortcut."""
    strong = headline.loc[headline["verdict"] == "strong", [*RUN, "class"]]
    rows = ood.merge(strong, on=[*RUN, "class"])
    return rates_by(rows, ["dataset", "fill", "rendition"]) if len(rows) else []


def transfer_rows(transfer):
    """Mean TPR - FPR over the classes by pair of networks and fill."""
    rows = transfer.assign(measure=transfer["tpr"] - transfer["fpr"])
    return rates_by(rows, ["dataset", "maps_of", "tested_on", "fill"], "measure")


def pictures(paths):
    """The key figures, reduced, in lines that docutils takes, each with the kind and the data set of its name."""
    found = []
    for path in map(Path, paths):
        kind, _, dataset = path.stem.partition("_")
        lines = textwrap.wrap(base64.b64encode(canvas.reduced(path, WIDTH)).decode(), 4000)
        found.append({"kind": kind, "dataset": dataset, "result": str(path.with_suffix(".svg")), "lines": lines})
    return found


def literal(name):
    """A name as RST that shows it as it is, on one line, whatever it looks like."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(name.split()))


def filled(template, **values):
    """The RST of a template, in which the filter `rst` is `literal`."""
    environment = Environment(undefined=StrictUndefined, trim_blocks=True)
    environment.filters["rst"] = literal
    return environment.from_string(template).render(values)


def main(snakemake):
    """Fill the template."""
    given, params = snakemake.input, snakemake.params
    with job(snakemake):
        verdicts, runtimes = read_table(given.shortcuts), read_table(given.runtimes)
        headline = verdicts[verdicts["headline"]]
        steps = (runtimes.groupby("step", sort=False)["wall_s"].sum() / 60).rename("minutes").reset_index()
        text = filled(
            Path(given.template).read_text(),
            percent=params.percent,
            strong=params.strong,
            findings=finding_rows(read_table(given.findings)) if given.findings else [],
            pictures=pictures(given.pictures),
            networks=network_rows(read_table(given.networks), headline, params.most),
            n_tested=len(headline),
            **counts(headline),
            recognised=RECOGNISED,
            judged_from=rates.RECOGNISED,
            planted=planted_rows(given.stores, given.spectra),
            survivors=survivors(read_table(given.bandstop)) if given.bandstop else None,
            ood=ood_rows(read_table(given.ood), headline) if given.ood else [],
            transfer=transfer_rows(read_table(given.transfer)) if given.transfer else [],
            steps=pd.concat([steps, pd.DataFrame([{"step": "all", "minutes": steps["minutes"].sum()}])]).to_dict(
                "records"
            ),
        )
        with replacing(snakemake.output[0]) as temporary:
            temporary.write_text(text)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
