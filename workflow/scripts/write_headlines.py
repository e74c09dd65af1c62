"""Write what came out as RST for the report's cover; every number is read from a table."""

from pathlib import Path

import pandas as pd
from jinja2 import Environment, StrictUndefined

from frequency_shortcuts.storage import replacing
from job import job

NETWORK = ["dataset", "network", "augmentation"]


def network_rows(networks, verdicts):
    """One row a network: mean test accuracy and the classes whose shortcut is strong in most seeds."""
    rows = []
    for key, part in networks.groupby(NETWORK, sort=False):
        mine = verdicts[(verdicts[NETWORK] == key).all(axis=1)]
        classes = mine.assign(strong=mine["verdict"] == "strong").groupby("class", sort=False)
        rates = classes[["strong", "tpr_dfm", "fpr_dfm"]].mean()
        rows.append(
            {
                **dict(zip(NETWORK, key, strict=True)),
                "seeds": len(part),
                "test_accuracy": part["test_accuracy"].mean(),
                "strong": rates[rates["strong"] > 0.5].reset_index().to_dict("records"),
            }
        )
    return rows


def ood_rows(ood, verdicts):
    """Mean TPR from the map alone, by rendition, over the classes with a strong shortcut."""
    keys = [*NETWORK, "seed", "class"]
    strong = verdicts.loc[verdicts["verdict"] == "strong", keys]
    mine = ood[ood["filter"] == "dfm"].merge(strong, on=keys)
    return mine.groupby("rendition", sort=False)["tpr"].mean().reset_index().to_dict("records")


def transfer_rows(transfer):
    """Mean TPR over classes of every pair of networks, with the foreign map and with random ones."""
    pairs = transfer.groupby(["maps_of", "tested_on", "filter"], sort=False)["tpr"].mean()
    return pairs.unstack("filter").reset_index().to_dict("records")  # noqa: PD010


def main(snakemake):
    """Fill the template."""
    given, params = snakemake.input, snakemake.params
    with job(snakemake):
        read = lambda path: pd.read_csv(path, keep_default_na=False, na_values=[""])  # noqa: E731 ("none" is a name)
        verdicts, runtimes = read(given.shortcuts), read(given.runtimes)
        count = verdicts["verdict"].value_counts()
        steps = (runtimes.groupby("step", sort=False)["wall_s"].sum() / 60).rename("minutes").reset_index()
        template = Environment(undefined=StrictUndefined).from_string(Path(given.template).read_text())
        text = template.render(
            percent=params.percent,
            strong=params.strong,
            networks=network_rows(read(given.networks), verdicts),
            n_tested=len(verdicts),
            **{f"n_{name}": int(count.get(name, 0)) for name in ("strong", "weak", "none")},
            ood=ood_rows(read(given.ood), verdicts) if given.ood else [],
            transfer=transfer_rows(read(given.transfer)) if given.transfer else [],
            minutes=steps["minutes"].sum(),
            steps=steps.to_dict("records"),
        )
        with replacing(snakemake.output[0]) as temporary:
            temporary.write_text(text)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
