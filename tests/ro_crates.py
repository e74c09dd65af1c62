"""The validator of RO-Crates without a network: it reads the context of RO-Crate from the package rocrate."""

import json
from importlib.resources import files
from unittest import mock

import requests


class Offline:
    """A session that has the context of RO-Crate, of any version, and no other page."""

    def get(self, url, **_):
        response = requests.Response()
        response.url, response.status_code = url, 404
        if url.startswith("https://w3id.org/ro/crate/") and url.endswith("/context"):
            response.status_code, response.headers["Content-Type"] = 200, "application/ld+json"
            response._content = (files("rocrate") / "data" / "ro-crate.jsonld").read_bytes()
        return response

    head = get


def violations(folder, profile="process-run-crate"):
    """What a crate violates of the requirements of a profile and of RO-Crate, which the profile extends: messages."""
    from rocrate_validator import services  # takes a second
    from rocrate_validator.utils.http import HttpRequester

    def offline(requester, *_):
        requester.session = Offline()

    with mock.patch.object(HttpRequester, "__initialize_session__", offline):
        settings = services.ValidationSettings(
            rocrate_uri=str(folder), profile_identifier=profile, requirement_severity="REQUIRED", no_cache=True
        )
        return sorted(str(issue.message) for issue in services.validate(settings).get_issues())


def entities(folder):
    """The entities of a crate by their identifiers."""
    graph = json.loads((folder / "ro-crate-metadata.json").read_text())["@graph"]
    return {entity["@id"]: entity for entity in graph}
