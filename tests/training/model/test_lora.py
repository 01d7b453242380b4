"""Targets are read off the model; a dead adapter stops the run before it starts."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from cytoscribe.core.errors import InputError
from cytoscribe.training.model.base_models import load_base
from cytoscribe.training.model.lora import Tuning, add_adapters, find_targets, refuse_dead, trained

TOY = str(Path(__file__).parents[1] / "toy_base.json")


def toy_clip() -> nn.Module:
    return load_base(TOY).model


def vit_clip() -> nn.Module:
    from open_clip.model import CLIP

    vision = {"image_size": 32, "patch_size": 16, "width": 64, "layers": 1}
    return CLIP(16, vision, {"context_length": 8, "vocab_size": 100, "width": 64, "heads": 1, "layers": 1})  # type: ignore[arg-type]


def bert_clip(tmp_path: Path) -> nn.Module:
    from open_clip.hf_model import HFTextEncoder
    from transformers import BertConfig

    clip = toy_clip()
    small = BertConfig(vocab_size=50, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16)
    small.save_pretrained(tmp_path)
    clip.text = HFTextEncoder(str(tmp_path), 16, pooler_type="mean_pooler", proj_type="linear", pretrained=False)
    return clip


def names(targets: tuple[str, ...], part: str) -> list[str]:
    return [n for n in targets if n.startswith(part)]


def test_efficientnet_adapts_dense_convolutions_and_leaves_depthwise_alone() -> None:
    model = toy_clip()
    kinds = dict(model.named_modules())
    targets = find_targets(model, Tuning())
    assert names(targets.adapted, "visual.trunk.blocks")
    assert all(kinds[n].groups == 1 for n in targets.adapted if isinstance(kinds[n], nn.Conv2d))  # type: ignore[union-attr]
    assert targets.saved == ("visual.head.proj",)
    whole = find_targets(model, Tuning(depthwise=True)).saved
    assert all(n == "visual.head.proj" or kinds[n].groups > 1 for n in whole)  # type: ignore[union-attr]
    assert len(whole) > 1


def test_bert_adapts_query_key_value_and_dense(tmp_path: Path) -> None:
    targets = find_targets(bert_clip(tmp_path), Tuning(towers="text"))
    assert {n.rsplit(".", 1)[-1] for n in targets.adapted} == {"query", "key", "value", "dense"}
    assert "text.proj" in targets.saved


def test_attention_is_adapted_as_one_module() -> None:
    targets = find_targets(vit_clip(), Tuning())
    assert {n.rsplit(".", 1)[-1] for n in targets.adapted} == {"attn", "c_fc", "c_proj", "conv1"}
    assert not any("out_proj" in n for n in targets.adapted)


@pytest.mark.parametrize("tower", ["vision", "text"])
def test_one_tower_leaves_the_other_frozen(tower: str) -> None:
    model = toy_clip()
    add_adapters(model, Tuning(towers=tower), "toy")
    adapters = [n for n, _ in trained(model) if "lora_" in n]
    assert adapters
    assert all(n.startswith("visual.") == (tower == "vision") for n in adapters)


def test_every_adapter_gets_a_gradient() -> None:
    model = toy_clip()
    wrapped = add_adapters(model, Tuning(rank=2), "toy")
    images, tokens = torch.randn(4, 3, 32, 32), torch.randint(1, 40000, (4, 24))
    similarity = model.encode_image(images, normalize=True) @ model.encode_text(tokens, normalize=True).T  # type: ignore[operator]
    (nn.functional.cross_entropy(similarity * model.logit_scale.exp(), torch.arange(4))).backward()  # type: ignore[operator]
    refuse_dead(wrapped)


def test_a_dead_adapter_is_named() -> None:
    model = toy_clip()
    wrapped = add_adapters(model, Tuning(rank=2), "toy")
    model.encode_image(torch.randn(2, 3, 32, 32)).sum().backward()  # type: ignore[operator]
    with pytest.raises(InputError, match=r"get no gradient \(.*text\."):
        refuse_dead(wrapped)


def test_frozen_prefixes_are_left_alone_or_named() -> None:
    targets = find_targets(toy_clip(), Tuning(frozen=("visual.trunk.conv_stem", "visual.trunk.blocks.0")))
    assert not names(targets.adapted, "visual.trunk.conv_stem")
    assert not names(targets.adapted, "visual.trunk.blocks.0.")
    with pytest.raises(InputError, match=r"no module 'visual\.nothing' to freeze"):
        find_targets(toy_clip(), Tuning(frozen=("visual.nothing",)))


def test_dropout_that_peft_would_ignore_is_refused() -> None:
    with pytest.raises(InputError, match=r"--dropout has no effect on .*attn"):
        add_adapters(vit_clip(), Tuning(dropout=0.1), "vit")


def test_options_out_of_range_are_named() -> None:
    with pytest.raises(InputError, match="--towers left is unknown"):
        Tuning(towers="left")
    with pytest.raises(InputError, match="--rank must be at least 1, got 0"):
        Tuning(rank=0)
