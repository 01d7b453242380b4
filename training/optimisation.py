"""How long and how fast a model learns."""

from __future__ import annotations

import math

import torch
from torch import nn

from cytoscribe.training.model.lora import trained
from cytoscribe.training.settings import Optimisation


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
