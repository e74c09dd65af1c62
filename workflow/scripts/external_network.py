"""Build an external network, load its checkpoint, check it and store its weights."""

from frequency_shortcuts.images import stores
from frequency_shortcuts.networks import architectures, predictions
from frequency_shortcuts.networks.external import ExternalNetwork, probe
from study.devices import take_device
from study.job import log, run_of_path, script


@script
def main(snakemake, created_by):
    params, inputs = snakemake.params, snakemake.input
    settings = params.settings
    mean, std, source = (settings[key] for key in ("mean", "std", "source"))
    statistics = (mean, std) if mean else None
    data = stores.read(
        inputs.images, params.split, statistics=statistics, workers=snakemake.threads
    )
    _, channels, height, width = data.images.shape
    what = ExternalNetwork(
        source, len(data.classes), channels, height, width, dict(settings.get("options", {}))
    )
    network = architectures.build(what)
    if inputs.get("checkpoint"):
        architectures.load_weights(network, inputs.checkpoint)
    probe(network, what.n_classes, channels, height, width)
    device = take_device(snakemake.config["device"])
    accuracy = predictions.accuracy(network.to(device), data)
    log.info("%s on %s: accuracy %.3f on the %s images", source, device, accuracy, params.split)
    facts = {"created_by": created_by, "test_accuracy": accuracy, "device": device.type}
    facts |= {"parameters": architectures.parameters(network)}
    facts |= {"mean": mean, "std": std} | run_of_path(snakemake.output[0])
    architectures.save(snakemake.output[0], network.state_dict(), what, facts)
