"""Write config/README.md, the reference of all keys, and the tests in results/README.md: `make docs`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from textwrap import fill
from typing import Any

import yaml

from .job import FOLDER, ROOT
from .network_tests.registry import TESTS
from .schema import DEFAULTS, SCHEMA, allowed, resolve, schema

PAGE = SCHEMA.with_name("README.md")
RESULTS = ROOT / "results" / "README.md"

INTRO = """\
<!-- `make docs` writes this page from schema.yaml and config.yaml: edit those. -->
# Configuration

`config.yaml` is the default study (laptop scale) and holds a value for every key. To change the study, write only the
keys that differ into a file of your own and name it:

```
snakemake --cores 8 --resources gpu=1 --configfile my.yaml
```

Dictionaries are merged with the default, lists are replaced. `schema.yaml` describes every key and checks the result:
unknown keys, values out of range and names that do not exist are all reported at once, before anything runs. Editors
that know YAML schemas complete the keys. Only the steps that a changed key affects re-run: another `shortcuts.percent`
tests again, but does not cull or train. Threads, memory, run time and GPUs are set in the rules and in `profiles/`.

An integer is written without a point: 2.0 epochs and the seed 1.0 are refused. NaN and infinity are refused at every
key, also in `options`. A key that a file holds twice is an error; on the command line (`--config device=cpu
device=cuda`) the last one counts. A study plans at most 1,000 runs, and at most 5,000 parts of cullings, runs of
methods or tests of published maps.

| file | study |
|---|---|
| [config.yaml](config.yaml) | the default: Fashion-MNIST, synthetic and planted sets, at laptop scale |
| [demo.yaml](demo.yaml) | a first look in minutes: `make demo` |
| [benchmark.yaml](benchmark.yaml) | every method that finds maps, where the truth is known: `make methods` |
| [cure.yaml](cure.yaml) | trainings that avoid shortcuts, before and after: `make cure` |
| [capacity.yaml](capacity.yaml) | one architecture of three widths, ten seeds each: `make capacity` |
| [own.yaml](own.yaml) | template for a network and images of your own, nothing trained |
| [paper.yaml](paper.yaml) | ImageNet-10 at the published scale |
| [cifar10.yaml](cifar10.yaml) | CIFAR-10 at the published scale |
| [imagenet1k.yaml](imagenet1k.yaml) | 50 networks on 1,000 classes, for a cluster |
| [test.yaml](test.yaml) | the smallest study, for the tests |
"""

EXAMPLES = """\
## Examples

### Images of your own

```yaml
study: mine
plan:
  - {datasets: [birds], networks: [resnet18], augmentations: [none], seeds: [0]}
datasets:
  birds:
    source: folder
    root: /data/birds
    size: 64
    channels: 3
    shares: {train: 0.7, validation: 0.15, test: 0.15}
    split_seed: 0
    on_error: stop
transfer: []
```

### Maps of the published tools

```yaml
published:
  - {name: hfss, dataset: imagenet10, network: resnet18, augmentation: none, file: /data/DFM/saved_DFMs_stage6.pkl}
```

This writes `tests/{run}/published_hfss.csv` for every seed, with the images, controls and seed of `shortcuts`, and
`tables/published.csv`, which shows these maps beside those of the study. The layout of the file (ICCV 2023, HFSS
or DFM-X) is recognised. The published codes number classes in the order of their folders' names; if `classes` has
another order, the maps are sorted into it. A map keeps as many frequencies as the file says, whatever
`shortcuts.percent` is: compare the column `positions` before the rates. Maps of another size or number of classes are
an error.

### Many classes

The work of testing all maps on all images grows with the square of the number of classes. These keys limit it:

```yaml
shortcuts:
  images_per_class: 50
  others: 20 # of 999
  negatives: 999 # one image of each other class
figures: {classes: 12}
culling: {parts: 100} # jobs, by classes
robustness:
  images_per_class: 5
  sensitivity: {radius: 15, images_per_class: 1} # 355 waves at 224 x 224
```

Each class is then tested with 41 masks (1 map, 2 x 10 draws, 20 other maps) on 1,049 images. Images are read from the
store when they are needed, so memory does not grow with their number. [imagenet1k.yaml](imagenet1k.yaml) is such a
study; [docs/cluster_plan.md](../docs/cluster_plan.md) estimates its work.
"""


def page() -> str:
    """The text of config/README.md: an introduction, a section of keys for each part of the schema, examples."""
    parts, defaults = schema()["properties"], yaml.safe_load(DEFAULTS.read_text())
    names = [name for name, part in parts.items() if part.get("type") in ("object", "array")]
    top = {"properties": {name: part for name, part in parts.items() if name not in names}}
    links = _prose(f"Sections: {', '.join(f'[{name}](#{name})' for name in names)}; [examples](#examples).")
    sections = [_section(name, parts[name], defaults[name]) for name in names]
    return "\n".join([INTRO, links, "## Top level\n", _table(top, {"": defaults}), *sections, EXAMPLES])


def _section(name: str, part: Mapping[str, Any], default: Any) -> str:
    heading = f"## `{name}`\n\n{_prose(part['description'])}"
    if part["type"] == "array":
        return f"{heading}\n{_table(part['items'], {})}"
    if "properties" in part:
        return f"{heading}\n{_table(part, {'': default})}"
    named = part["additionalProperties"]  # entries with names that the user chooses
    if "properties" in named:
        return f"{heading}\n{_table(named, {})}"
    # Entries of several kinds.
    kinds = [branch["then"] for branch in named["allOf"]] if "allOf" in named else [named["else"], named["then"]]
    tables = (f"\n### {kind['title']}\n\n{_prose(kind['description'])}\n{_table(kind, {})}" for kind in kinds)
    return heading + "".join(tables)


def _prose(text: str) -> str:
    paragraphs = (fill(line, 120, break_long_words=False, break_on_hyphens=False) for line in text.split("\n\n"))
    return "\n\n".join(paragraphs) + "\n"


def _table(part: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    rows = ("| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |\n" for row in _rows(part, defaults))
    return "| key | allowed | default | meaning |\n|---|---|---|---|\n" + "".join(rows)


def _rows(part: Mapping[str, Any], defaults: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, ...]]:
    """The cells of a row for each key of an object of the schema, and of the objects in it.

    defaults: the default of this object, by the name of the sibling that it belongs to. Siblings that share a
    definition, such as the kinds of data sets in `training`, share their rows; any other object has the name "".
    """
    properties = {name: child for name, child in part["properties"].items() if isinstance(child, dict)}
    uses = Counter(child["$ref"] for child in properties.values() if "$ref" in child)
    written = set()
    for name, child in properties.items():
        whole, reference = resolve(child), child.get("$ref", "")
        nested = "properties" in whole and "title" not in whole
        values = {owner: default[name] for owner, default in defaults.items() if name in default}
        if nested and uses[reference] > 1:
            if reference not in written:
                written.add(reference)
                siblings = [key for key in properties if properties[key].get("$ref") == reference]
                shared = {key: defaults[""].get(key, {}) for key in siblings}
                yield from _rows(whole, shared, f"{prefix}<{reference.rsplit('/', 1)[-1]}>.")
            continue
        missing = "required" if name in part.get("required", ()) else "may be left out"
        if nested:
            yield f"`{prefix}{name}`", "the keys below", "" if values else missing, _meaning(whole)
            yield from _rows(whole, values, f"{prefix}{name}.")
        else:
            yield f"`{prefix}{name}`", allowed(whole), _default(values) or missing, _meaning(whole)


def _meaning(part: Mapping[str, Any]) -> str:
    choices = (f"<br>`{one['const']}`: {one['description']}" for one in part.get("oneOf", ()))
    return "".join([part["description"], *choices])


def _default(values: Mapping[str, Any]) -> str:
    """Values by their owner in YAML; "" for none."""
    cells = []
    for owner, value in values.items():
        text = yaml.safe_dump([value], default_flow_style=True, sort_keys=False, width=1000).strip()[1:-1]
        cells.append(f"{owner}: `{text}`" if owner else f"`{text}`")
    return "<br>".join(cells)


def tests_table() -> str:
    """The files of all tests of networks, for results/README.md."""
    rows = [
        (output.path.replace(FOLDER, "{run}"), output.holds)
        for test in TESTS.values()
        for output in test.outputs.values()
    ]
    return "\n".join(["| path | holds |", "|---|---|", *(f"| `{path}` | {holds} |" for path, holds in rows)])


def with_tests(text: str) -> str:
    """The text of results/README.md with the table of tests between its marks."""
    before, start, rest = text.partition("<!-- tests -->")
    _, end, after = rest.partition("<!-- /tests -->")
    return f"{before}{start}\n{tests_table()}\n{end}{after}"


def main() -> None:
    """Write config/README.md, and the table of tests in results/README.md."""
    PAGE.write_text(page())
    RESULTS.write_text(with_tests(RESULTS.read_text()))


if __name__ == "__main__":
    main()
