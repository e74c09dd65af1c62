"""Bad inputs with the sentence that answers each, from trials.yaml.

`make docs` writes them into a page of the site, build/errors.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import fill, shorten
from typing import Any

import yaml

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "build" / "errors.md"
INTRO = """\
# Errors

What is answered to a mistake: one sentence with what is wrong, where, and what is allowed. The table lists {count} bad
inputs. `make test` gives each of them to the program and compares the sentence and the exit code with those below.
"""


@dataclass(frozen=True)
class Trial:
    """One bad input.

    kind : the section of trials.yaml that holds it
    what : the mistake, in a few words; by default the key of the configuration that changes, and its value
    given : what the file of the kind needs to make the input
    says : the whole sentence that answers it
    exit : the exit code, or the type of the error of a call
    """

    kind: str
    what: str
    given: dict[str, Any]
    says: str
    exit: int | str


@cache
def kinds() -> dict[str, dict[str, Any]]:
    """The sections of trials.yaml, by kind, in the order of the page."""
    sections: dict[str, dict[str, Any]] = yaml.safe_load((HERE / "trials.yaml").read_text())
    return sections


def trials(kind: str) -> list[Trial]:
    """The trials of a kind."""
    content = kinds()[kind]
    listed = []
    for entry in content["trials"]:
        given = {
            name: value for name, value in entry.items() if name not in ("what", "says", "exit")
        }
        changes = "; ".join(
            f"`{key}: {_flow(value)}`" for key, value in given.get("change", {}).items()
        )
        what = entry.get("what") or ("own.yaml: " if "config" in given else "") + changes
        listed.append(
            Trial(
                kind,
                what,
                given,
                " ".join(entry["says"].split()),
                entry.get("exit", content["exit"]),
            )
        )
    return listed


def page() -> str:
    """The page of the site."""
    parts = []
    for kind, content in kinds().items():
        rows = "".join(
            f"| {_plain(trial.what)} | {trial.exit} | {_cell(trial.says)} |\n"
            for trial in trials(kind)
        )
        text = fill(
            " ".join(content["text"].split()), 120, break_long_words=False, break_on_hyphens=False
        )
        parts.append(
            f"\n## {content['title']}\n\n{text}\n\n| mistake | exit code or error | answer |\n|---|---|---|\n{rows}"
        )
    return INTRO.format(count=sum(len(trials(kind)) for kind in kinds())) + "".join(parts)


def _flow(value: Any) -> str:
    """A value as YAML in one line, cut if it is long."""
    return shorten(
        yaml.safe_dump([value], default_flow_style=True, width=1000).strip()[1:-1],
        60,
        placeholder=" ...",
    )


def _cell(text: str) -> str:
    """A sentence as code in a cell of a table."""
    return "`" + _plain(text.replace("`", "'")) + "`"


def _plain(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page())
