"""Bases are found by name, file or folder; what is missing is named with what to do about it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from cytoscribe.core.errors import InputError
from cytoscribe.training.model.base_models import load_base, missing_weights, shipped_bases

TOY = Path(__file__).parents[1] / "toy_base.json"


def test_shipped_configs_say_what_they_are() -> None:
    assert {"tiny", "efficientnet_lite0_minilm"} <= set(shipped_bases())
    assert all(len(about) > 40 for about in shipped_bases().values())


def test_random_weights_hang_on_the_seed() -> None:
    first, again, other = (load_base(str(TOY), seed=s).model.state_dict()["visual.head.proj.weight"] for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_tower_weights_that_are_missing_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CYTO_WEIGHTS", str(tmp_path))
    with pytest.raises(
        InputError, match=r"no vision weights at .*tf_efficientnet_lite0\.safetensors; .*fetch .*https:.* --weights vision=PATH"
    ):
        load_base("efficientnet_lite0_minilm")


def test_all_towers_that_are_missing_are_named_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CYTO_WEIGHTS", str(tmp_path))
    with pytest.raises(InputError, match=r"no vision weights at .*; no text weights at .*--weights vision=.*--weights text="):
        load_base("efficientnet_lite0_minilm")
    assert [what.split()[1] for what, _ in missing_weights("efficientnet_lite0_minilm")] == ["vision", "text"]


def test_a_name_that_cannot_be_fetched_is_one_error_without_log_lines(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError, match="the Hub cannot be reached, and its cache does not hold the model"):
        load_base("RN50:cc12m")
    assert caplog.text == ""


def test_weights_of_another_tower_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"something.weight": torch.zeros(2)}, tmp_path / "wrong.safetensors")
    with pytest.raises(InputError, match=r"wrong\.safetensors: \d+ weights missing, 1 unknown"):
        load_base(str(TOY), {"vision": str(tmp_path / "wrong.safetensors")})


def test_given_vision_weights_are_the_ones_in_the_model(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    source = load_base(str(TOY), seed=5).model.visual.trunk
    save_file({k: v.contiguous() for k, v in source.state_dict().items()}, tmp_path / "trunk.safetensors")
    loaded = load_base(str(TOY), {"vision": str(tmp_path / "trunk.safetensors")}, seed=9)
    assert loaded.pretrained
    assert torch.equal(loaded.model.visual.trunk.conv_stem.weight, source.conv_stem.weight)


def test_unknown_names_towers_and_configs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="base 'no-such-model' cannot be loaded"):
        load_base("no-such-model")
    with pytest.raises(InputError, match="names no tower 'ears'"):
        load_base(str(TOY), {"ears": "x"})
    with pytest.raises(InputError, match="no such base config"):
        load_base(str(tmp_path / "absent.json"))
    (tmp_path / "empty.json").write_text(json.dumps({"weights": {}}))
    with pytest.raises(InputError, match="no entry 'model_cfg'"):
        load_base(str(tmp_path / "empty.json"))


def test_open_clip_names_and_folders_are_bases_too(tmp_path: Path) -> None:
    base = load_base("ViT-S-32-alt", image_px=64)
    assert base.image_px == 64
    assert not base.pretrained
    assert base.tokenize(["a cell"]).shape == (1, 77)
