"""What of a model the features come from, found by one backward pass: not every layer that a model holds is called as a layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from cytoscribe.training.model.encoding import Model

_TRIED = 2
_LAYERS = (nn.Linear, nn.Conv2d, nn.MultiheadAttention)


@dataclass(frozen=True)
class Reach:
    """layers: names of linear layers, convolutions and attention blocks that are called and whose output the features depend on;
    weights: names of parameters that the features depend on. Attention pools use weights of layers that they never call; decoders
    of captions are not part of the features."""

    layers: frozenset[str]
    weights: frozenset[str]


def reach(model: Model, tokenize: Callable[[list[str]], Tensor], image_px: int, vectors: int = 0) -> Reach:
    """One forward and one backward pass of both towers on random pictures, (2, 3, image_px, image_px), or vectors (2, `vectors`).

    The model is left as it was: no gradients, no new statistics, the same parameters learning.
    """
    device = next(model.parameters()).device
    generator = torch.Generator().manual_seed(0)
    images = torch.randn((_TRIED, vectors) if vectors else (_TRIED, 3, image_px, image_px), generator=generator).to(device)
    tokens = tokenize(["a thick layer of large cells", "thin"]).to(device)
    learning, training = {n: p.requires_grad for n, p in model.named_parameters()}, model.training
    model.eval().requires_grad_(True)
    called: dict[str, bool] = {}
    handles = [m.register_forward_hook(_watch(called, n)) for n, m in model.named_modules() if isinstance(m, _LAYERS)]
    try:
        with torch.enable_grad():
            features = [model.encode_image(images), model.encode_text(tokens)]
            sum((f.float() * torch.randn(f.shape, generator=generator).to(device)).sum() for f in features).backward()  # type: ignore[union-attr]
        weights = frozenset(n for n, p in model.named_parameters() if p.grad is not None)
    finally:
        for handle in handles:
            handle.remove()
        model.zero_grad(set_to_none=True)
        model.train(training)
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(learning[name])
    return Reach(frozenset(n for n, alive in called.items() if alive), weights)


def _watch(called: dict[str, bool], name: str) -> Callable[[nn.Module, Any, Any], None]:
    def seen(module: nn.Module, inputs: Any, output: Any) -> None:
        first = output[0] if isinstance(output, tuple) else output
        called.setdefault(name, False)
        if isinstance(first, Tensor) and first.requires_grad:
            first.register_hook(lambda gradient: called.update({name: called[name] or bool(torch.any(gradient != 0))}))

    return seen
