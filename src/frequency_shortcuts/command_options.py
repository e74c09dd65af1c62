"""The options of the command `frequency-shortcuts` that several commands have, and how they are read."""

import ast
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from frequency_shortcuts.networks.instructions import portable

MODEL = """MODEL is one of

\b
  torchvision:NAME           such as torchvision:resnet50
  timm:NAME                  such as timm:resnet50.a1_in1k, timm:hf-hub:REPOSITORY
  MODULE:FUNCTION            your function, which returns a torch.nn.Module
  FILE.safetensors           a network that the study trained
"""


def numbers(kind: type, what: str, most: int | None = None, least: int = 1) -> Callable[..., Any]:
    """A check for options such as 0.5,0.5,0.5 and, with at most so many numbers, 224 or 224x320."""

    def parse(context: Any, option: Any, text: str | None) -> Any:
        if text is None:
            return None
        parts = text.replace("x", ",").split(",")
        try:
            if not least <= len(parts) <= (most or len(parts)):
                raise ValueError
            values = [kind(part) for part in parts]
        except ValueError:
            raise click.BadParameter(f"{text!r}: expected {what}") from None
        return values[0] if len(values) == 1 else tuple(values)

    return parse


def outputs(context: Any, option: Any, text: str | None) -> list[int] | dict[str, int] | None:
    """A check for --outputs: 340,345 or zebra=340,ox=345."""
    if text is None:
        return None
    pairs = [part.rpartition("=") for part in text.split(",")]
    try:
        if not any(equals for _, equals, _ in pairs):
            return [int(number) for _, _, number in pairs]
        named = {name.strip(): int(number) for name, _, number in pairs}
    except ValueError:
        named = {}
    if len(named) < len(pairs) or "" in named:
        raise click.BadParameter(
            f"{text!r}: expected whole numbers, such as 340,345, or zebra=340,ox=345"
        )
    return named


def settings(context: Any, option: Any, texts: tuple[str, ...]) -> dict[str, Any]:
    """The settings from NAME=VALUE: numbers, None, true and false, and words."""
    settings: dict[str, Any] = {}
    for part in ",".join(texts).split(",") if texts else ():
        name, equals, text = (piece.strip() for piece in part.partition("="))
        if not (name and equals and text):
            raise click.BadParameter(f"{part!r}: expected NAME=VALUE, such as samples=32")
        words = {"none": "None", "null": "None", "true": "True", "false": "False"}
        try:
            settings[name] = ast.literal_eval(words.get(text.lower(), text))
        except (ValueError, SyntaxError):
            settings[name] = text
    return settings


def numerics(context: Any, option: Any, choice: str) -> str:
    """Set what --numerics asks for, before any library is imported that computes."""
    if choice == "portable":
        try:
            portable()
        except RuntimeError as error:
            raise click.BadParameter(str(error)) from None
    return choice


READING = [  # options of the reading of pictures
    click.option(
        "--csv",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="CSV with the columns path (relative to the folder, or else to the CSV), label and, if there is "
        "one, source. The folder then needs no class folders.",
    ),
    click.option(
        "--path-column", default="path", show_default=True, metavar="NAME", help="Of the CSV."
    ),
    click.option(
        "--label-column", default="label", show_default=True, metavar="NAME", help="Of the CSV."
    ),
    click.option(
        "--skip-broken",
        is_flag=True,
        help="Leave out pictures that do not exist or cannot be read, and classes of too few pictures. By "
        "default an error names all of them.",
    ),
]
NETWORK_OPTIONS = [  # options that name a network and images
    click.argument("model"),
    click.option(
        "--images",
        required=True,
        metavar="PATH",
        type=click.Path(path_type=Path),
        help="Folder with a folder of pictures, at any depth, for each class; a CSV of pictures; or an HDF5 "
        "file.",
    ),
    *READING,
    click.option(
        "--test-images",
        metavar="PATH",
        type=click.Path(path_type=Path),
        help="Other images to test with. Default: half of the images.",
    ),
    click.option(
        "--weights",
        metavar="NAME",
        help="Published weights: DEFAULT or a name of torchvision's; `pretrained` for timm.",
    ),
    click.option(
        "--checkpoint",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Your weights: safetensors or a state_dict of torch.save.",
    ),
    click.option(
        "--outputs",
        callback=outputs,
        metavar="NAME=N,...",
        help="Output of the network for each class folder: zebra=340,ox=345, or numbers alone in the "
        "order of the names, capitals first; pneumonia=0 of a network with one output.",
    ),
    click.option(
        "--mean",
        callback=numbers(float, "numbers such as 0.485,0.456,0.406"),
        metavar="X,X,X",
        help="Mean of each channel, from 0 to 1; one number is of grey pictures. Default: of the weights.",
    ),
    click.option(
        "--std",
        callback=numbers(float, "numbers such as 0.229,0.224,0.225"),
        metavar="X,X,X",
        help="Standard deviation of each channel. Default: of the weights.",
    ),
    click.option(
        "--size",
        callback=numbers(int, "one or two numbers, such as 224 or 224x320", 2),
        metavar="N",
        help="Side of the images in pixels, or HxW: the centre is cropped to this shape and resized. "
        "Default: of the weights.",
    ),
    click.option(
        "--resize",
        callback=numbers(int, "one or two numbers, such as 256 or 224x224", 2),
        metavar="N",
        help="Short side of pictures before the centre is cropped, or HxW: the size itself squashes whole "
        "pictures. Default: of the weights.",
    ),
    click.option(
        "--images-per-class",
        callback=numbers(int, "two numbers, such as 50,50", 2, 2),
        metavar="N,N",
        help="Images that find the map of a class, and that test. Default: 50, and 200 of which 50 test "
        "the map.",
    ),
    click.option(
        "--others",
        default=20,
        show_default=True,
        metavar="N",
        help="Most maps of other classes that are tried on each class.",
    ),
    click.option(
        "--negatives",
        type=click.IntRange(1),
        metavar="N",
        help="Most images on which false positives are counted. "
        "Default: two for each test image of a class, at least 50, and at most 1000.",
    ),
    click.option("--seed", default=0, show_default=True, help="Of all random draws."),
    click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda."),
    click.option(
        "--numerics",
        type=click.Choice(["portable", "fast"]),
        default="fast",
        show_default=True,
        callback=numerics,
        help="portable: on a CPU, the same numbers on every x86-64 server, with one thread.",
    ),
]
SEARCH = [  # options of the search for maps
    click.option(
        "--method",
        metavar="NAME",
        help="A method of docs/methods.md. Default: mixture; culling for a network without gradients.",
    ),
    click.option(
        "--settings",
        multiple=True,
        callback=settings,
        metavar="NAME=VALUE,...",
        help="Settings of the method, such as samples=32.",
    ),
    click.option(
        "--precision",
        type=click.Choice(["float32", "tf32", "bfloat16"]),
        default="float32",
        show_default=True,
        help="Of the search.",
    ),
    click.option(
        "--percent", default=5.0, show_default=True, help="Share of the frequencies in a map."
    ),
]


def several(*options: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator that gives a command several options."""
    return lambda function: functools.reduce(
        lambda made, option: option(made), reversed(options), function
    )


def out_folder(default: str) -> Callable[..., Any]:
    """The options of the folder for results."""
    folder = click.option(
        "--out", type=click.Path(path_type=Path), help=f"Folder for the results. Default: {default}"
    )
    overwrite = click.option(
        "--overwrite", is_flag=True, help="Remove the files of another result from this folder."
    )
    return lambda function: folder(overwrite(function))
