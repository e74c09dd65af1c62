"""`python -m workflow.study.imagenet10` lays out the ten classes, from both forms of the validation images."""

import pytest
import yaml

from conftest import ROOT
from study import imagenet10
from study.sources.folder import split_folder

SETTINGS = yaml.safe_load((ROOT / "config" / "paper.yaml").read_text())["datasets"]["imagenet10"]
IDS = list(SETTINGS["classes"].values())
OTHER = "n01440764"  # a class of ImageNet that is none of the ten
TRUTH = [*IDS, OTHER, *reversed(IDS)]  # of the validation images, by number


def image_of(number):
    return f"ILSVRC2012_val_{number:08d}"


@pytest.fixture
def imagenet(tmp_path, monkeypatch):
    """Folders of ImageNet with empty images, and the labels of its validation images as Kaggle has them."""
    monkeypatch.chdir(tmp_path)
    for wordnet_id in [*IDS, OTHER]:
        (tmp_path / "train" / wordnet_id).mkdir(parents=True)
        for i in range(2):
            (tmp_path / "train" / wordnet_id / f"{wordnet_id}_{i}.JPEG").write_text(wordnet_id)
    (tmp_path / "flat").mkdir()
    for number, wordnet_id in enumerate(TRUTH, 1):
        (tmp_path / "flat" / f"{image_of(number)}.JPEG").write_text(wordnet_id)
        (tmp_path / "val" / wordnet_id).mkdir(parents=True, exist_ok=True)
        (tmp_path / "val" / wordnet_id / f"{image_of(number)}.JPEG").write_text(wordnet_id)
    lines = [f"{image_of(i)},{wordnet_id} 85 1 499 272" for i, wordnet_id in enumerate(TRUTH, 1)]
    (tmp_path / "kaggle.csv").write_text("\n".join(["ImageId,PredictionString", *reversed(lines)]))
    (tmp_path / "ids.txt").write_text("\n".join(TRUTH))
    (tmp_path / "devkit.txt").write_text("490\n361\n")
    return tmp_path


@pytest.mark.parametrize("validation", [["val"], ["flat", "--labels", "kaggle.csv"], ["flat", "--labels", "ids.txt"]])
@pytest.mark.parametrize("copied", [False, True])
def test_the_ten_classes_lie_where_the_configuration_expects_them(imagenet, capsys, validation, copied):
    arguments = ["--train", "train", "--validation", *validation, *(["--copy"] if copied else [])]
    imagenet10.main(arguments)
    imagenet10.main(arguments)  # what is there stays
    assert "imagenet/val: 20 images of 10 classes" in capsys.readouterr().out
    settings = {key: value for key, value in SETTINGS.items() if key not in ("stylised", "ood")}
    splits, names, _ = split_folder(settings | {"shares": {"train": 0.5, "validation": 0.5}})
    assert list(names) == list(SETTINGS["classes"])
    for pictures, labels in splits.values():
        assert [imagenet.joinpath(file).read_text() for file in pictures.files] == [IDS[label] for label in labels]
    laid = list((imagenet / "imagenet").glob("*/*/*"))
    assert len(laid) == 40 and {file.is_symlink() for file in laid} == {not copied}


def test_a_link_whose_image_has_moved_is_renewed(imagenet):
    link = imagenet / "imagenet/train" / IDS[0] / f"{IDS[0]}_0.JPEG"
    link.parent.mkdir(parents=True)
    link.symlink_to(imagenet / "gone.JPEG")
    imagenet10.main(["--train", "train", "--validation", "val"])
    assert link.read_text() == IDS[0]


def test_images_of_an_earlier_call_with_other_labels_are_refused(imagenet, capsys):
    (imagenet / "wrong.txt").write_text("\n".join([*IDS, *reversed(IDS), OTHER]))
    imagenet10.main(["--train", "train", "--validation", "flat", "--labels", "wrong.txt"])
    with pytest.raises(SystemExit):
        imagenet10.main(["--train", "train", "--validation", "flat", "--labels", "ids.txt"])
    assert "holds other images than planned" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("--train nowhere --validation val", "no folder nowhere: expected class folders"),
        ("--train flat --validation val", "folder flat has no n02690373 (airliner)"),
        ("--train train --validation flat", "holds 21 images that are not sorted by class: add --labels"),
        ("--train train --validation flat --labels no.csv", "no file no.csv: expected the labels"),
        ("--train train --validation flat --labels devkit.txt", "devkit.txt holds no WordNet ids such as n02690373"),
        ("--train train --validation flat --labels short.txt", "short.txt has 1 ids for the 21 images of flat"),
        ("--train train --validation flat --labels other.txt", "flat has no images of n02690373 (airliner), n02814533"),
    ],
)
def test_each_mistake_is_one_sentence(imagenet, capsys, arguments, sentence):
    (imagenet / "short.txt").write_text(OTHER)
    (imagenet / "other.txt").write_text("\n".join([OTHER] * len(TRUTH)))
    with pytest.raises(SystemExit):
        imagenet10.main(arguments.split())
    assert sentence in capsys.readouterr().err
    assert not (imagenet / "imagenet").exists()
