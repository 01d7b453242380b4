"""One backward pass finds what the features come from, and leaves the model as it was."""

from __future__ import annotations

from typing import Any

import torch
from open_clip.model import CLIP
from torch import nn

from cytoscribe.training.model.lora import Tuning, find_targets, free
from cytoscribe.training.model.reach import reach

TEXT = {"context_length": 8, "vocab_size": 100, "width": 64, "heads": 1, "layers": 1}


def tokenize(texts: list[str]) -> torch.Tensor:
    return torch.randint(1, 100, (len(texts), 8), generator=torch.Generator().manual_seed(0))


def resnet() -> Any:
    torch.manual_seed(0)
    model: Any = CLIP(16, {"image_size": 32, "layers": [1, 1, 1, 1], "width": 8, "patch_size": None}, TEXT)  # type: ignore[arg-type]
    for name, module in model.named_modules():
        if name.endswith("bn3"):
            nn.init.ones_(module.weight)  # type: ignore[arg-type]
    return model


def test_projections_that_an_attention_pool_never_calls_are_left_out() -> None:
    model = resnet()
    model.unused = nn.Linear(4, 4)
    before = {n: p.clone() for n, p in model.state_dict().items()}
    model.visual.requires_grad_(False)
    found = reach(model, tokenize, 32)
    assert "visual.layer1.0.conv1" in found.layers
    assert "unused.weight" not in found.weights
    assert "visual.attnpool.q_proj.weight" in found.weights
    targets = find_targets(model, Tuning(), found.layers)
    assert {"visual.attnpool.q_proj", "visual.attnpool.c_proj", "unused"} <= set(targets.left)
    assert not set(targets.left) & set(targets.adapted)
    assert all(torch.equal(before[n], p) for n, p in model.state_dict().items())
    assert not any(p.requires_grad for p in model.visual.parameters())
    assert all(p.grad is None for p in model.parameters())
    free(model, "both", found.weights)
    assert not model.unused.weight.requires_grad
    assert model.visual.conv1.weight.requires_grad
