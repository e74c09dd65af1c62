"""A folder as hospitals and users have it: waves of four classes in all kinds of files, and much that is no picture."""

import numpy as np
from PIL import Image
from waves_and_network import images_and_labels

CLASSES = ("ill", "normal", "other", "sane")
PER_CLASS = 25
# What is wrong, as an error says it
WRONG = (
    "links that lead in a circle: 2 (loop, normal/2019/back)", "files that do not exist: 1 (other/gone.png)",
    "classes without pictures: 1 (empty class)", "pictures that cannot be read: 2 (ill/cut.png, ill/empty.jpg)",
    "classes of fewer than 20 pictures: 1 (solo: 1)",
    "other files: 3 .txt, 1 .nii, 1 outside of class folders",
)  # fmt: skip


def _save(image, path, i):
    """One of all kinds of files that hold the same picture, but for rounding."""
    path.parent.mkdir(parents=True, exist_ok=True)
    grey, exif = Image.fromarray(image), Image.Exif()
    exif[0x0112] = 3  # upside down
    kinds = [
        lambda: grey.convert("RGB").convert("CMYK").save(path.with_suffix(".tif")),
        lambda: grey.transpose(Image.Transpose.ROTATE_180).save(path.with_suffix(".png"), exif=exif),
        lambda: grey.convert("P").save(path.with_suffix(".PNG")),
        lambda: grey.convert("RGBA").save(path.with_suffix(".webp"), lossless=True),
        lambda: Image.fromarray(image.astype(np.uint16) * 257).save(path.with_suffix(".png")),
    ]
    kinds[i % len(kinds)]()


def messy_folder(root):
    """Write it; without what is wrong, 25 pictures of each class are left."""
    images, labels = images_and_labels(PER_CLASS * len(CLASSES))
    for i, (image, c) in enumerate(zip(images[:, 0], labels, strict=True)):
        where = root / CLASSES[c] / ("2019/station 3" if CLASSES[c] == "normal" else ".")
        _save(image, where / f"größe {i:03}", i // len(CLASSES))
    (root / "empty class").mkdir()
    _save(images[0, 0], root / "solo" / "one", 0)
    _save(images[0, 0], root / "outside", 0)
    whole = (root / "ill" / "größe 004.png").read_bytes()
    files = {"ill/cut.png": whole[: len(whole) // 2], "ill/empty.jpg": b""}
    others = ["notes.txt", "ill/.x.png", "ill/Thumbs.db", "ill/a.TXT", "normal/2019/b.txt", "sane/c.nii"]
    for name, content in (files | dict.fromkeys(others, b"x")).items():
        (root / name).write_bytes(content)
    (root / "loop").symlink_to("loop")
    (root / "normal" / "2019" / "back").symlink_to("..")
    (root / "other" / "gone.png").symlink_to("nowhere.png")
    return root
