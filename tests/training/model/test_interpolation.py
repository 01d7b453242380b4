"""Weights between the base's and the trained ones, and none where nothing lies between."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import read_json
from cytoscribe.training.clip_fit import train
from cytoscribe.training.model.base_models import load_base
from cytoscribe.training.model.interpolation import check_interpolation, interpolated
from cytoscribe.training.model.lora import Tuning
from tests.training.test_clip_fit import toy


def test_weights_lie_where_alpha_says_and_new_ones_stay() -> None:
    trained = {"a.w": torch.tensor([2.0]), "head.w": torch.tensor([5.0]), "a.n": torch.tensor(7)}
    base = {"a.w": torch.tensor([1.0]), "head.w": torch.tensor([0.0]), "a.n": torch.tensor(3)}
    found = interpolated(trained, base, 0.25, given=("a.",))
    assert found["a.w"] == pytest.approx(1.25)
    assert found["head.w"] == 5.0
    assert found["a.n"] == 7


def test_random_weights_and_no_shares_are_refused(bert_base: tuple[Path, Path]) -> None:
    base = load_base(str(bert_base[0]))
    with pytest.raises(InputError, match=r"--wise-ft 1\.5 is no share"):
        check_interpolation(1.5, base)
    with pytest.raises(InputError, match="no meaning for a base with random weights"):
        check_interpolation(0.5, replace(base, pretrained=False))
    check_interpolation(1.0, replace(base, pretrained=False))


def test_the_export_is_halfway_and_says_so(drawn: tuple[Path, Path], bert_base: tuple[Path, Path], tmp_path: Path) -> None:
    asked = toy(drawn, tmp_path / "whole", base=str(bert_base[0]), tuning=Tuning("lora", rank=2))
    train(asked)
    train(replace(asked, out=tmp_path / "half", wise_ft=0.5))
    base = load_base(asked.base, seed=asked.seed).model.state_dict()
    whole, half = (load_file(tmp_path / name / "merged" / "open_clip_model.safetensors") for name in ("whole", "half"))
    moved = [n for n in whole if n.startswith("text.transformer.") and not torch.equal(whole[n], base[n])]
    assert moved
    assert all(torch.allclose(half[n], (whole[n] + base[n]) / 2, atol=1e-6) for n in moved)
    assert torch.equal(half["text.proj.weight"], whole["text.proj.weight"])
    assert read_json(tmp_path / "half" / "config.json")["wise_ft"] == 0.5
    assert "0.5 of the way" in (tmp_path / "half" / "README.md").read_text()
