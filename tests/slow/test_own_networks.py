"""The first lines of docs/own_networks.md, with another network and other pictures in the place of the example's."""

import re
from pathlib import Path

from PIL import Image
from waves_and_network import MEAN, SIZE, STD, WaveNetwork, images_and_labels

import frequency_shortcuts as fs
from conftest import ROOT


def test_the_first_lines_work_with_another_network(tmp_path, monkeypatch, capsys):
    def photographs(folder):
        for i, (image, label) in enumerate(zip(*images_and_labels(), strict=True)):
            (path := Path(folder, str(label), f"{i}.png")).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image[0]).convert("RGB").save(path)
        return folder

    monkeypatch.setattr("frequency_shortcuts.example.network", WaveNetwork)
    monkeypatch.setattr("frequency_shortcuts.example.pictures", photographs)
    monkeypatch.setattr("frequency_shortcuts.example.TRANSFORM", fs.Preprocessing(MEAN, STD, SIZE))
    monkeypatch.chdir(tmp_path)
    code = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "own_networks.md").read_text(), re.DOTALL)[0]
    exec(code, {}, done := {})
    assert (tmp_path / "results" / "analysis" / "report.html").is_file() and len(done["result"].flips) == 4
    assert "Cannot tell in 4 of 4 classes" in capsys.readouterr().out
