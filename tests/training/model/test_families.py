"""One shallow model of every family that open_clip lists: adapters learn in two steps, merge, and plain open_clip reads the result."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import open_clip
import pytest
import timm
import torch

from cytoscribe.training.losses import Objective, contrast
from cytoscribe.training.model.base_models import Base, build_clip, default_preprocess
from cytoscribe.training.model.export import save_merged
from cytoscribe.training.model.lora import Tuning, add_adapters, refuse_dead, trained
from cytoscribe.training.model.model_folder import load_merged
from cytoscribe.training.model.reach import reach

VIT = {"depth": 2, "embed_dim": 64, "num_heads": 2}


@dataclass(frozen=True)
class Family:
    """listed: a model of open_clip's list; vision, text: what is cut; timm: what is cut of a timm tower; left: part of the name of a
    layer that can take no adapter, "" for none."""

    listed: str
    vision: dict[str, Any] = field(default_factory=dict)
    text: dict[str, Any] = field(default_factory=dict)
    timm: dict[str, Any] = field(default_factory=dict)
    left: str = ""


OWN = {"layers": 1, "width": 64, "head_width": 32, "patch_size": 16}
FAMILIES = [
    Family("ViT-B-32", OWN),
    Family("RN50", {"layers": [1, 1, 1, 1], "width": 8}, left="visual.attnpool.q_proj"),
    Family("ViT-H-14-CLIPA", OWN),
    Family("ViT-H-14-worldwide", OWN),
    Family("coca_ViT-B-32", {**OWN, "attn_pooler_heads": 2}, left="text_decoder"),
    Family("coca_base", OWN, left="text_decoder"),
    Family("ViT-B-16-SigLIP", timm=VIT, left="text.text_projection"),
    Family("ViT-B-16-SigLIP2", timm=VIT, left="text.text_projection"),
    Family("PE-Core-T-16-384", timm={"depth": 1}),
    Family("MobileCLIP-B", timm={"depth": 1}),
    Family("MobileCLIP2-S0", timm={"layers": (1, 1, 1, 1), "embed_dims": (16, 16, 32, 32)}),
    Family("EVA02-B-16", timm={"depth": 2, "embed_dim": 64, "num_heads": 2}),
    Family("vit_medium_patch16_gap_256", timm=VIT),
    Family("vit_relpos_medium_patch16_cls_224", timm=VIT),
    Family("convnext_base", timm={"depths": (1, 1, 1, 1), "dims": (8, 16, 24, 32)}),
    Family("convnext_large_d", timm={"depths": (1, 1, 1, 1), "dims": (8, 16, 24, 32)}),
    Family("swin_base_patch4_window7_224", timm={"depths": (1, 1, 1, 1), "embed_dim": 16, "num_heads": (1, 1, 2, 2)}),
    Family("ViTamin-S", timm={"depth": 1}),
    Family("roberta-ViT-B-32", OWN),
    Family("xlm-roberta-base-ViT-B-32", OWN),
    Family("mt5-base-ViT-B-32", OWN),
    Family("nllb-clip-base", OWN),
    Family("nllb-clip-base-siglip", timm=VIT),
    Family("coca_roberta-ViT-B-32", OWN, left="text_decoder"),
]
TOWERS = {
    "roberta": {
        "model_type": "roberta",
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 64,
    },
    "mt5": {"model_type": "mt5", "d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 1, "num_decoder_layers": 1, "num_heads": 2},
    "m2m_100": {"model_type": "m2m_100", "d_model": 32, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2}
    | {"decoder_attention_heads": 2, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64},
}


def tokenizer(folder: Path) -> Any:
    """A tokenizer of letters in a folder, as a downloaded one lies there."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = {w: i for i, w in enumerate(["<pad>", "</s>", "<unk>", "<s>", *"abcdefghijklmnopqrstuvwxyz"])}
    made = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    options = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>", "bos_token": "<s>", "sep_token": "</s>"}
    PreTrainedTokenizerFast(tokenizer_object=made, **options).save_pretrained(folder)


def text_tower(name: str, folder: Path) -> str:
    kind = "mt5" if "mt5" in name else "m2m_100" if "nllb" in name else "roberta"
    folder.mkdir()
    told = {**TOWERS[kind], "vocab_size": 64, "pad_token_id": 0, "bos_token_id": 3, "eos_token_id": 1}
    (folder / "config.json").write_text(json.dumps({**told, "max_position_embeddings": 128}))
    tokenizer(folder)
    return str(folder)


def shallow(family: Family, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Base:
    """The family's model with few and narrow layers and random weights."""
    from cytoscribe.training.model.model_config import tokenizer_of

    config = open_clip.get_model_config(family.listed)
    assert config is not None
    config["embed_dim"] = 32 if config["vision_cfg"].get("timm_pool") != "map" or family.timm.get("embed_dim") is None else 64
    config["vision_cfg"].update(
        {"timm_model_pretrained": False} if config["vision_cfg"].get("timm_model_name") else {}, **family.vision
    )
    if not config["vision_cfg"].get("timm_model_name"):
        config["vision_cfg"]["image_size"] = 64
    text = config["text_cfg"]
    if text.get("hf_model_name"):
        place = text_tower(text["hf_model_name"], folder / "tower")
        text.update(hf_model_name=place, hf_tokenizer_name=place, hf_model_pretrained=False)
    else:
        text.update(width=64, heads=2, layers=1, vocab_size=64 if text.get("hf_tokenizer_name") else 49408)
    if text.get("hf_tokenizer_name") and not text.get("hf_model_name"):
        tokenizer(folder / "tower")
    if "multimodal_cfg" in config:
        config["multimodal_cfg"].update(width=64, heads=2, layers=1, vocab_size=64)
    make = timm.create_model
    monkeypatch.setattr(timm, "create_model", lambda name, **options: make(name, **{**options, **family.timm}))
    torch.manual_seed(0)
    model = build_clip(config, family.listed)
    for name, module in model.named_modules():
        if name.endswith("bn3"):
            torch.nn.init.ones_(module.weight)  # zero at random initialisation, never in trained weights
    where = folder / "tower" if text.get("hf_tokenizer_name") else None
    made = tokenizer_of(text, where, folder)
    return Base(family.listed, model, {"model_cfg": config, "preprocess_cfg": default_preprocess()}, made, True, str(where or ""))


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.listed)
def test_every_family_trains_merges_and_is_read_by_open_clip(
    family: Family, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = shallow(family, tmp_path, monkeypatch)
    model: Any = base.model
    px = base.image_px
    reached = reach(model, base.tokenize, px)
    bias = getattr(model, "logit_bias", None) is not None
    learner = add_adapters(model, Tuning(rank=2), base.name, reached.layers, bias)
    names = [n for n, _ in trained(learner)]
    assert any("visual." in n for n in names)
    assert not family.left or not any(family.left in n for n in names)
    images, tokens = torch.randn(4, 3, px, px), base.tokenize(["a thick layer", "thin", "cells", "none at all"])
    same, objective = torch.eye(4, dtype=torch.bool), Objective().resolved(bias)
    optimiser = torch.optim.AdamW([p for _, p in trained(learner)], lr=1e-2)
    model.eval()
    for step in range(2):
        seen, read = (
            torch.nn.functional.normalize(f.float(), dim=-1) for f in (model.encode_image(images), model.encode_text(tokens))
        )
        optimiser.zero_grad()
        contrast(seen, read, model.logit_scale.exp(), same, None, objective, model.logit_bias if bias else None).backward()
        if step == 0:
            refuse_dead(learner)
        optimiser.step()
    with torch.no_grad():
        before = [model.encode_image(images), model.encode_text(tokens)]
        merged = learner.merge_and_unload().eval()
        after = [merged.encode_image(images), merged.encode_text(tokens)]
    for one, other in zip(before, after, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)
    save_merged(merged, replace(base, text_folder=base.text_folder), tmp_path)
    plain: Any = open_clip.create_model(f"local-dir:{tmp_path / 'merged'}").eval()
    own: Any
    own, tokenize, _ = load_merged(tmp_path / "merged")
    assert torch.equal(tokenize(["thin"]), base.tokenize(["thin"]))
    assert torch.equal(open_clip.get_tokenizer(f"local-dir:{tmp_path / 'merged'}")(["thin"]), base.tokenize(["thin"]))
    for read in (plain, own.eval()):
        with torch.no_grad():
            torch.testing.assert_close(read.encode_image(images), after[0], atol=1e-5, rtol=1e-4)
            torch.testing.assert_close(read.encode_text(tokens), after[1], atol=1e-5, rtol=1e-4)
