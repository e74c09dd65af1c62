"""SVG files as matplotlib writes them, made smaller without a visible change."""

from __future__ import annotations

import base64
import io
import re
from xml.etree import ElementTree

import numpy as np
from PIL import Image

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_HREF, _USE, _GROUP = f"{{{_XLINK}}}href", f"{{{_SVG}}}use", f"{{{_SVG}}}g"
_PNG = "data:image/png;base64,"
_SHIFT = re.compile(r"translate\((-?[\d.]+) (-?[\d.]+)\)")
_REFERENCE = re.compile(r"(?<=url\(#)[^)]+")
_PLACES = {"d", "x", "y", "width", "height", "points"}  # attributes that are lengths in points, or in units of a letter


def compact(text: str) -> str:
    """The same drawing in about half the bytes.

    Lengths are rounded to 0.01 points (3.5 micrometres), names that nothing refers to are left out and others are
    short, and so are pictures: see `compact_png`. Glyphs stay paths, so that no font is needed.
    """
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _XLINK)
    root = ElementTree.fromstring(text)
    items = [item for element in root.iter() for item in element.items()]
    referenced = [value[1:] for key, value in items if key == _HREF and value[0] == "#"]
    referenced += [name for _, value in items for name in _REFERENCE.findall(value)]
    short = {name: f"a{number}" for number, name in enumerate(dict.fromkeys(referenced))}
    styles = {element.get("id"): element.get("style") for element in root.iter()}
    for element in root.iter():
        attributes = element.attrib
        if element.tag == _USE:
            if styles.get(attributes[_HREF].removeprefix("#")) == attributes.get("style"):
                attributes.pop("style", None)  # what it refers to has that style
            if "x" not in attributes and (shift := _SHIFT.fullmatch(attributes.get("transform", ""))):
                del attributes["transform"]
                attributes |= {key: value for key, value in zip("xy", shift.groups(), strict=True) if float(value)}
        if "id" in attributes and attributes["id"] not in short:
            del attributes["id"]
        for key, value in attributes.items():
            attributes[key] = _shorter(key, value, short)
    _flatten(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True)


def _flatten(parent: ElementTree.Element) -> None:
    """Take away indentation, and groups that set nothing for what they hold."""
    parent.tail, parent.text = None, (parent.text or "").strip() or None
    for child in parent:
        _flatten(child)
    plain = [child.tag == _GROUP and not child.attrib for child in parent]
    parent[:] = [inner for child, gone in zip(parent, plain, strict=True) for inner in (child if gone else [child])]


def _shorter(key: str, value: str, short: dict[str, str]) -> str:
    """The value of an attribute; short : the new names of elements."""
    if value.startswith(_PNG):
        return _PNG + base64.b64encode(compact_png(base64.b64decode(value.removeprefix(_PNG)))).decode()
    if key == "id":
        return short[value]
    if key == _HREF and value.startswith("#"):
        return f"#{short[value[1:]]}"
    if key in _PLACES:
        value = re.sub(r"-?\d+\.\d+", _rounded, value)
        return re.sub(r"\s*([A-Za-z])\s*", r"\1", value).strip() if key == "d" else value
    if key == "transform":
        return _SHIFT.sub(lambda match: re.sub(r"-?\d+\.\d+", _rounded, match[0]), value)
    value = _REFERENCE.sub(lambda match: short[match[0]], value)
    return value.replace("; ", ";").replace(": ", ":") if key == "style" else value


def _rounded(number: re.Match[str]) -> str:
    return f"{round(float(number[0]), 2) + 0.0:.2f}".rstrip("0").rstrip(".")  # + 0.0: no -0


def compact_png(png: bytes) -> bytes:
    """The same pixels as the smallest PNG: in colour, in grey, or with a palette of up to 256 colours."""
    with Image.open(io.BytesIO(png), formats=["PNG"]) as picture:
        pixels = np.asarray(picture.convert("RGBA"))
    if (pixels[..., 3] < 255).any():
        return png
    pixels = np.ascontiguousarray(pixels[..., :3])
    colours, index = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True)
    candidates = [png, _png(Image.fromarray(pixels))]
    if (colours == colours[:, :1]).all():
        candidates.append(_png(Image.fromarray(pixels[..., 0])))
    if len(colours) <= 256:
        few = Image.fromarray(index.reshape(pixels.shape[:2]).astype(np.uint8), "P")
        few.putpalette(colours.tobytes())
        candidates.append(_png(few, bits=next(bits for bits in (1, 2, 4, 8) if len(colours) <= 2**bits)))
    return min(candidates, key=len)


def _png(picture: Image.Image, **options: int) -> bytes:
    target = io.BytesIO()
    picture.save(target, "PNG", optimize=True, **options)
    return target.getvalue()
