"""Write what came out as RST for the report's cover; every number is read from a table or a store."""

import base64
import re
import textwrap
from pathlib import Path

import h5py
import pandas as pd
from jinja2 import Environment, StrictUndefined

from frequency_shortcuts import canvas
from frequency_shortcuts.findings import EVERYWHERE
from frequency_shortcuts.storage import read_table, replacing
from job import NETWORK, RUN, job

WIDTH = 1100  # pixels of a figure on the cover
VERDICTS = ("strong", "weak", "none")


def network_rows(networks, verdicts, most):
    """One row a network: mean test accuracy and the classes whose shortcut is strong in most seeds.

    Of more than `most` of them those with the highest TPR from the map are named, and the others counted.
    """
    rows = []
    for key, part in networks.groupby(NETWORK, sort=False):
        mine = verdicts[(verdicts[NETWORK] == list(key)).all(axis=1)]
        classes = mine.assign(strong=mine["verdict"] == "strong").groupby("class", sort=False)
        rates = classes[["strong", "tpr_dfm", "fpr_dfm"]].mean()
        strong = rates[rates["strong"] > 0.5]
        named = strong if len(strong) <= most else strong.nlargest(most, "tpr_dfm")
        count = mine["verdict"].value_counts()
        rows.append(
            {
                **{f"n_{verdict}": int(count.get(verdict, 0)) for verdict in VERDICTS},
                **dict(zip(NETWORK, key, strict=True)),
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
    """For every synthetic set, the share of the planted control band where class C3 has the least energy of all."""
    rows = []
    for store, spectrum in zip(stores, spectra, strict=True):
        with h5py.File(store) as images, h5py.File(spectrum) as found:
            band, adcs = images["planted/control_band"][:], found["adcs"][:]
            rows.append({"dataset": Path(store).stem, "share": (adcs[3] == 1 - len(adcs))[band].mean()})
    return rows


def survivors(bandstop, strong):
    """(cases, of which kept): a class that was recognised, two bands removed; kept if it still is."""
    own = bandstop[bandstop["true_class"] == bandstop["called_class"]]
    size = bandstop.groupby([*RUN, "removed", "true_class"])["original"].transform("sum")
    before, after = own["original"] / size[own.index], own["filtered"] / size[own.index]
    return int((before >= strong).sum()), int(((before >= strong) & (after >= strong)).sum())


def rates_by(table, keys):
    """Mean TPR of each filter, one row a combination of keys."""
    return table.pivot_table("tpr", keys, "filter", "mean", sort=False).reset_index().to_dict("records")


def ood_rows(ood, verdicts):
    """Mean TPR by data set and rendition, over the classes (of a network and seed) with a strong shortcut."""
    strong = verdicts.loc[verdicts["verdict"] == "strong", [*RUN, "class"]]
    return rates_by(ood.merge(strong, on=[*RUN, "class"]), ["dataset", "rendition"]) if len(strong) else []


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
        count = verdicts["verdict"].value_counts()
        steps = (runtimes.groupby("step", sort=False)["wall_s"].sum() / 60).rename("minutes").reset_index()
        text = filled(
            Path(given.template).read_text(),
            percent=params.percent,
            strong=params.strong,
            findings=finding_rows(read_table(given.findings)) if given.findings else [],
            pictures=pictures(given.pictures),
            networks=network_rows(read_table(given.networks), verdicts, params.most),
            n_tested=len(verdicts),
            **{f"n_{verdict}": int(count.get(verdict, 0)) for verdict in VERDICTS},
            planted=planted_rows(given.stores, given.spectra),
            survivors=survivors(read_table(given.bandstop), params.strong) if given.bandstop else None,
            ood=ood_rows(read_table(given.ood), verdicts) if given.ood else [],
            transfer=rates_by(read_table(given.transfer), ["dataset", "maps_of", "tested_on"])
            if given.transfer
            else [],
            steps=pd.concat([steps, pd.DataFrame([{"step": "all", "minutes": steps["minutes"].sum()}])]).to_dict(
                "records"
            ),
        )
        with replacing(snakemake.output[0]) as temporary:
            temporary.write_text(text)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
