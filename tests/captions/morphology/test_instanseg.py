"""An InstanSeg model from a file: what it is shown, and what is made of its answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from cytoscribe.captions.morphology.instanseg import instanseg_cells
from cytoscribe.cli import command, run
from cytoscribe.core.errors import InputError

from .drawn import field


class Quadrants(torch.nn.Module):
    """Calls each dark quarter of the picture a cell."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        height, width = image.shape[2] // 2, image.shape[3] // 2
        labels = torch.zeros(1, 1, image.shape[2], image.shape[3])
        labels[:, :, :height, :width] = 1.0
        labels[:, :, height:, width:] = 2.0
        dark = image.mean(1, keepdim=True) < 0.5
        return labels * dark


@pytest.fixture
def model(tmp_path: Path) -> Path:
    torch.jit.script(Quadrants()).save(str(tmp_path / "model.pt"))
    return tmp_path / "model.pt"


def test_looks_at_several_scales_give_each_cell_once(model: Path) -> None:
    image = np.full((64, 64, 3), 250, np.uint8)
    image[4:28, 4:28] = image[36:60, 36:60] = 40
    labels = instanseg_cells(image, 0.5, model)
    assert labels.shape == (64, 64)
    assert sorted(np.unique(labels)) == [0, 1, 2]
    assert len(np.unique(labels[8:24, 8:24])) == 1


def test_what_is_no_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "no.pt").write_bytes(b"no model")
    with pytest.raises(InputError, match="not a TorchScript model"):
        instanseg_cells(field()[0], 0.5, tmp_path / "no.pt")
    with pytest.raises(InputError, match="no such model file"):
        instanseg_cells(field()[0], 0.5, tmp_path / "absent.pt")


def test_the_command_refuses_a_model_before_it_measures(tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--images", "x.csv", "--out", str(tmp_path / "out"), "--instanseg"]
    assert run(command("measure-morphology"), [*asked, str(model)]) == 2
    assert "tissue alone" in capsys.readouterr().err
    assert run(command("measure-morphology"), [*asked, str(tmp_path / "absent.pt"), "--profile", "tissue"]) == 2
    assert "no such model file" in capsys.readouterr().err
