"""The RO-Crate of a finished study: one file that describes its folder of results, for a deposit.

It follows RO-Crate 1.1 and the profile Process Run Crate 0.5. Nothing is copied: the folder of results is the crate.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import yaml

from frequency_shortcuts.storage.checksums import read_hdf5
from frequency_shortcuts.storage.files import sha256

from .catalogue import SHOWN
from .dependencies import code_of_entry_point
from .figures import FIGURES
from .job import ROOT
from .outputs import CRATE
from .plan import Plan
from .report import CONFIGURATION, label
from .settings import DRAWN

VERSION = "1.1"
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
# Terms that the context of RO-Crate 1.1 lacks.
TERMS = {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}
FORMATS = {
    ".csv": "text/csv", ".gz": "application/gzip", ".h5": "application/x-hdf5", ".html": "text/html",
    ".ipynb": "application/x-ipynb+json", ".png": "image/png", ".rst": "text/x-rst", ".svg": "image/svg+xml",
    ".tex": "application/x-tex", ".txt": "text/plain", ".yaml": "application/yaml",
}  # fmt: skip
OTHER_FORMAT = "application/octet-stream"
FOLDERS = ("logs", "benchmarks")  # described as a whole
NOT_DESCRIBED = (*FOLDERS, CRATE, "report.zip")  # the last holds the report once more

Entity = dict[str, Any]


def files_of(folder: Path) -> list[str]:
    """The results in a folder, in order, without `NOT_DESCRIBED`, and files that are hidden or hold unfinished work."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(
        path.as_posix()
        for path in paths
        if path.parts[0] not in NOT_DESCRIBED and path.suffix != ".state" and not path.name.startswith(".")
    )


def descriptions(readme: str) -> list[tuple[re.Pattern[str], str]]:
    """The table of results/README.md: for each pattern of paths, the first sentence on what such files hold."""
    rows = []
    for cell, text in re.findall(r"^\| (`[^|]+) \| (.+) \|$", readme.partition("\nThe group")[0], re.MULTILINE):
        before = ""
        for name in re.findall(r"`([^`]+)`", cell):
            before = f"{before.rpartition('.')[0]}{name}" if name.startswith(".") else name
            pattern = re.escape(before).replace(r"\{run\}", r"[^/]+/[^/]+/[^/]+/seed\d+")
            pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", pattern) + (".*" if before.endswith("/") else "")
            rows.append((re.compile(pattern), re.split(r"\.\s(?=[A-Z`])", text)[0]))
    return rows


def title(path: str) -> str:
    """The title of a file in the report, or its path."""
    folder, _, name = path.rpartition("/")
    stem = name.partition(".")[0]
    if path == "config.yaml":
        return CONFIGURATION.title
    if folder == "tables" and stem in SHOWN:
        return SHOWN[stem].title
    if folder == "notebooks" and stem in FIGURES:
        return f"{FIGURES[stem].result.title}: the notebook"
    if folder == "figures":
        kinds = sorted((kind for kind in FIGURES if stem.startswith(f"{kind}_")), key=len)
        if kinds:
            return label(FIGURES[kinds[-1]].result, stem.removeprefix(f"{kinds[-1]}_"))["result"]
    return path


def _about(path: Path) -> Entity:
    """Size and checksum of a file."""
    return {"contentSize": str(path.stat().st_size), "sha256": sha256(path)}


def _given(path: str, name: str) -> Entity:
    """The properties of a file that the configuration names, with its checksum if the file is here."""
    return {"name": name, "description": path, **(_about(Path(path)) if Path(path).is_file() else {})}


def _stored(store: Path, name: str) -> Entity:
    """The properties of images, as their store describes them."""
    with read_hdf5(store) as file:
        source, checksum = file.attrs["source"], file.attrs["checksum"]
    return {"name": name, "description": str(source), "identifier": f"checksum in the store: {checksum}"}


def inputs(plan: Plan, root: Path = ROOT) -> Iterator[tuple[str, Entity]]:
    """(name, properties) of what the study did not make: images, and networks, code and maps of the user.

    Images are identified by the checksum in their store, files by their own where they are at hand.
    """
    data = root / plan.results / "data"
    code: set[str] = set()
    for name in plan.datasets():
        settings = plan.config["datasets"][name]
        if settings["source"] not in DRAWN:
            yield f"images-{name}", _stored(data / f"{name}.h5", f"images of {name}")
        if "path" in settings:
            yield f"store-{name}", _given(settings["path"], f"store of {name}")
        for rendition in settings.get("ood", {}).get("renditions", ()):
            yield f"images-{name}-{rendition}", _stored(data / "ood" / name / f"{rendition}.h5", f"{name}, {rendition}")
        code.update(code_of_entry_point(settings.get("entry_point", "")))
    for name in plan.external_networks:
        network = plan.config["networks"][name]
        if any(run["network"] == name for run in plan.runs()):
            yield f"network-{name}", {"name": f"network {name}", "description": network["source"]}
            if network.get("checkpoint"):
                yield f"weights-{name}", _given(network["checkpoint"], f"weights of {name}")
            code.update(code_of_entry_point(network["source"]))
    for path in sorted(code):
        yield f"code-{path}", _given(path, f"code {path}")


def authors(citation: Mapping[str, Any]) -> dict[str, Entity]:
    """The authors in CITATION.cff: persons have family names, all others are organisations."""
    entities = {}
    for number, author in enumerate(citation["authors"], 1):
        person = [author.get("given-names"), author.get("family-names")]
        kind, name = ("Person", " ".join(filter(None, person))) if any(person) else ("Organization", author["name"])
        entities[author.get("orcid") or author.get("website") or f"#author-{number}"] = {"@type": kind, "name": name}
    return entities


def recorded(facts: Mapping[str, str]) -> tuple[dict[str, Entity], dict[str, Entity]]:
    """Python and the packages with their versions, and the seeds, as the study recorded them."""
    versions = {key.removeprefix("version of "): value for key, value in facts.items() if key.startswith("version of ")}
    software = {
        f"#software-{name}": {"@type": "SoftwareApplication", "name": name, "softwareVersion": version}
        for name, version in versions.items()
        if version != "not installed"
    }
    seeds = {
        f"#{key.replace(' ', '-')}": {"@type": "PropertyValue", "name": key, "value": str(value)}
        for key, value in facts.items()
        if key.startswith("seeds of ")
    }
    return software, seeds


def metadata(plan: Plan, files: Sequence[str], facts: Mapping[str, str], root: Path = ROOT) -> Entity:
    """The metadata of the crate, as JSON-LD.

    files : the files of the study, as of `files_of`, with config.yaml
    facts : tables/provenance.csv, key -> value
    root : the checkout, with CITATION.cff, LICENSE, Snakefile and results/README.md

    Raises ModuleNotFoundError if the package rocrate is not installed.
    """
    from rocrate.model.contextentity import ContextEntity  # here, since `changed` needs no package
    from rocrate.rocrate import ROCrate

    folder, rows = root / plan.results, descriptions((root / "results" / "README.md").read_text())
    citation = yaml.safe_load((root / "CITATION.cff").read_text())
    crate = ROCrate(version=VERSION)
    crate.metadata.extra_terms.update(TERMS)

    def describe(entities: Mapping[str, Entity]) -> list[Any]:
        return [crate.add(ContextEntity(crate, name, properties)) for name, properties in entities.items()]

    def add_file(path: str) -> Any:
        form = FORMATS.get(Path(path).suffix, OTHER_FORMAT)
        properties = {**_described(path, rows), "encodingFormat": form, **_about(folder / path)}
        return crate.add_file(folder / path, path, properties=properties)

    results = {path: add_file(path) for path in files}
    for name in FOLDERS:
        if (folder / name).is_dir():
            crate.add_dataset(folder / name, name, properties=_described(f"{name}/", rows))
    licence_name = (root / "LICENSE").read_text().partition("\n")[0].strip()
    licence, profile, snakefile = describe(
        {
            f"https://spdx.org/licenses/{citation['license']}": {
                "@type": "CreativeWork", "name": licence_name, "identifier": citation["license"],
            },
            PROFILE: {
                "@type": "CreativeWork", "name": "Process Run Crate", "version": PROFILE.rpartition("/")[2],
            },
            "#Snakefile": {"@type": "CreativeWork", "name": "Snakefile", **_about(root / "Snakefile")},
        }
    )  # fmt: skip
    people, (software, seeds) = describe(authors(citation)), map(describe, recorded(facts))
    given = describe({f"#{quote(name)}": {"@type": "CreativeWork", **entity} for name, entity in inputs(plan, root)})
    (workflow,) = describe(
        {
            "#workflow": {
                "@type": "SoftwareSourceCode",
                "name": citation["title"],
                "version": citation["version"],
                "identifier": f"commit {facts['commit']}",
                "programmingLanguage": "Snakemake",
                "license": _refer([licence]),
                "author": _refer(people),
                "hasPart": _refer([snakefile]),
                "softwareRequirements": _refer(software),
            }
        }
    )
    configuration = results.pop("config.yaml")
    last = max((folder / path).stat().st_mtime for path in files)
    about_run = {
        "name": f"Run of the study {facts['study']}",
        "description": f"Networks ran on: {facts['devices of the networks']}. Machine: {facts['platform']}, "
        f"{facts['processor']}. The end is the time of the last result.",
        "endTime": datetime.fromtimestamp(last, UTC).isoformat(timespec="seconds"),
        "actionStatus": "http://schema.org/CompletedActionStatus",
    }
    used, made = [configuration, *given, *seeds], list(results.values())
    run = crate.add_action(workflow, "#run", object=used, result=made, properties=about_run)
    about = {
        "name": f"{citation['title'].partition(':')[0]}: results of the study {facts['study']}",
        "description": f"Data, networks, maps, tests, tables and figures of the study {facts['study']}, made by commit "
        f"{facts['commit']} from the configuration in config.yaml. report.html shows them.",
        "license": licence,
        "author": _refer(people),
        "conformsTo": profile,
        "mentions": run,
    }
    for name, value in about.items():
        crate.root_dataset[name] = value
    return dict(crate.metadata.generate())


def _refer(entities: Sequence[Any]) -> Any:
    """References to entities; one alone is no list, as JSON-LD's compact form demands."""
    references = [{"@id": entity.id} for entity in entities]
    return references[0] if len(references) == 1 else references


def _described(path: str, rows: Iterable[tuple[re.Pattern[str], str]]) -> Entity:
    """Name and description of a file or folder."""
    texts = [text for pattern, text in rows if pattern.fullmatch(path)]
    return {"name": title(path), **({"description": texts[0]} if texts else {})}


def changed(folder: Path) -> list[str]:
    """The files of a crate that are missing, or whose SHA-256 is not the one in its metadata; in order."""
    entities: Iterable[Entity] = json.loads((folder / CRATE).read_text())["@graph"]
    recorded = {unquote(entity["@id"]): entity["sha256"] for entity in entities if entity["@type"] == "File"}
    return sorted(
        path for path, digest in recorded.items() if not (folder / path).is_file() or sha256(folder / path) != digest
    )
