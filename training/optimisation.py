"""How long and how fast a model learns."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn

from cytoscribe.core.errors import InputError
from cytoscribe.training.model.lora import trained


@dataclass(frozen=True)
class Optimisation:
    """How long and how fast. learning_rate of adapters or of all weights; head_rate of projections trained from scratch;
    warmup: share of all steps; accumulate: parts a batch is cut into to save memory (the contrast still sees it whole);
    patience: epochs without a better validation figure before stopping, 0 never; checkpoint_steps: steps between checkpoints;
    whole_a_step: captions that state all an image shows that are encoded in a step; the others are remembered;
    hard_a_step: twins, a true caption and a false one, that are encoded in a step."""

    epochs: int = 10
    batch_size: int = 64
    learning_rate: float = 1e-3
    head_rate: float = 2e-3
    weight_decay: float = 0.02
    warmup: float = 0.1
    accumulate: int = 1
    patience: int = 0
    checkpoint_steps: int = 100
    sampling: str = "natural"
    captions_per_image: int = 1
    whole_a_step: int = 24
    hard_a_step: int = 16

    def __post_init__(self) -> None:
        counts = ("epochs", "batch_size", "accumulate", "checkpoint_steps", "captions_per_image", "whole_a_step", "hard_a_step")
        for name in counts:
            if getattr(self, name) < 1:
                raise InputError(f"--{name.replace('_', '-')} {getattr(self, name)} is too small", fix="give 1 or more")


def optimiser_of(learner: nn.Module, settings: Optimisation) -> torch.optim.Optimizer:
    """AdamW: projections and the logit scale learn at head_rate, norms, biases and the scale do not decay."""
    groups: dict[tuple[bool, bool], list[torch.nn.Parameter]] = {}
    for name, parameter in trained(learner):
        head = ".proj." in name or name.endswith(("logit_scale", ".proj", "text_projection"))
        groups.setdefault((head, parameter.ndim > 1), []).append(parameter)
    listed = [
        {
            "params": members,
            "rate": settings.head_rate if head else settings.learning_rate,
            "weight_decay": settings.weight_decay * decays,
        }
        for (head, decays), members in groups.items()
    ]
    return torch.optim.AdamW(listed, lr=settings.learning_rate, betas=(0.9, 0.98))


def rate_at(step: int, total: int, warmup: float) -> float:
    """Factor of the learning rate: linear warm-up over a share of all steps, then a cosine to zero."""
    rising = max(1, round(warmup * total))
    if step < rising:
        return (step + 1) / rising
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, total - rising)))
