"""Regions of a section's map are captioned by the tile that the model is surest of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import read_json
from cytoscribe.core.tables import write_csv
from cytoscribe.eval.captioner.describer import CaptionSettings
from cytoscribe.eval.captioner.section import caption_section
from cytoscribe.eval.cli_captioner import model_of, refuse_idle
from cytoscribe.eval.section_map import TILES_FILE
from cytoscribe.training.captioner.folder import Captioner
from cytoscribe.training.captioner.settings import CaptionerSettings
from cytoscribe.training.captioner.vision import Encoder

COLUMNS = ("x", "y", "side_px", "region", "probability", "p_value", "unseen")


class Eye(torch.nn.Module):
    """Grids of four tokens of six numbers: what the tiny captioner was trained on."""

    def forward_features(self, pixels: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.adaptive_avg_pool2d(pixels, (2, 2)).repeat(1, 2, 1, 1)


def test_each_region_is_captioned_by_its_surest_tile(trained: CaptionerSettings, drawn: tuple[Path, Path], tmp_path: Path) -> None:
    captioner = Captioner.load(trained.out, embeddings=trained.embeddings, start=drawn[0].parent)
    eye = Encoder("eye", Eye(), 16, (0.5,) * 3, (0.5,) * 3, torch.device("cpu"), bf16=False)
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 96, 3), dtype=np.uint8)).save(tmp_path / "s.png")
    rows = [
        (0, 0, 32, "pale", 0.5, 0.4, "no"),
        (32, 0, 32, "pale", 0.9, 0.4, "no"),
        (0, 32, 32, "dense", 0.8, 0.01, "yes"),
        (64, 32, 32, "striped", 0.7, 0.3, "no"),
    ]
    write_csv(tmp_path / TILES_FILE, COLUMNS, rows)
    settings = CaptionSettings(captioner.folder, ())
    lines = caption_section(settings, tmp_path / "s.png", tmp_path, replace(captioner, vision=eye))
    told = read_json(tmp_path / "captions.json")
    assert [(t["region"], t["x"], t["y"]) for t in told] == [("pale", 32, 0), ("striped", 64, 32)]
    assert all("p_value" in t for t in told)
    assert len(lines) == 2
    with pytest.raises(InputError, match="vectors, not tiles"):
        caption_section(settings, tmp_path / "s.png", tmp_path, captioner)


def test_a_section_needs_a_model_and_images_need_one_of_the_two() -> None:
    here = Path("here")
    assert model_of(here, here, section=True) == here
    assert model_of(here, None) == here
    for model, captioner, section in ((None, here, True), (None, None, False), (here, here, False)):
        with pytest.raises(InputError, match="--model"):
            model_of(model, captioner, section)


def test_options_without_effect_are_named() -> None:
    refuse_idle({"--captions": None, "--quotes": 0})
    with pytest.raises(InputError, match="--quotes has no effect"):
        refuse_idle({"--captions": None, "--quotes": 2})
