"""Captions through the text tower as cheaply as what is trained allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.encoding import TEXT_BATCH, Model, tokens_of, trimmed
from training.lora import trained

STEP = 8
"""Batches of texts grow and get longer in steps of this many: oneDNN keeps code and buffers for every shape that it meets, and
memory that is freed in ever new sizes cannot be used again, which together cost gigabytes over an epoch."""


class TextSide:
    """Features of captions by index.

    A frozen tower runs once a caption: what it gives is kept, and only the projection (where there is one to train) is run in
    each step. A tower that learns runs in each step over the distinct captions of the batch.
    """

    def __init__(self, model: Model, tokenize: Callable[[list[str]], Tensor], texts: Sequence[str], device: torch.device) -> None:
        self._model, self._device = model, device
        self._tokens = tokens_of(model, tokenize, texts)
        self._pad = getattr(getattr(getattr(model, "text", None), "config", None), "pad_token_id", None)
        learning = [n for n, _ in trained(model) if not n.startswith(("visual.", "logit_"))]
        self._projection = getattr(getattr(model, "text", None), "proj", None) if _pooled_apart(model) else None
        self.cached = not [n for n in learning if self._projection is None or not n.startswith("text.proj.")]
        self._kept = self._run_once() if self.cached else None

    def features(self, captions: np.ndarray) -> Tensor:
        """(M, D) L2-normalised, with gradients, of the captions at these indices; equal captions are encoded once."""
        distinct, back = np.unique(captions, return_inverse=True)
        rows = torch.from_numpy(distinct)
        if self._kept is None:
            filled = torch.from_numpy(np.resize(distinct, -(-len(distinct) // STEP) * STEP))
            encoded = self._model.encode_text(self._trimmed(self._tokens[filled]))
        else:
            encoded = self._kept[rows].to(self._device)
            if self._projection is not None:
                encoded = self._projection(encoded)
        return functional.normalize(encoded.float(), dim=-1)[torch.from_numpy(back).to(self._device)]

    def _trimmed(self, tokens: Tensor) -> Tensor:
        if self._pad is None:
            return tokens.to(self._device)
        length = -(-trimmed(tokens, self._pad).shape[1] // STEP) * STEP
        return tokens[:, :length].to(self._device)

    @torch.no_grad()
    def _run_once(self) -> Tensor:
        self._model.eval()
        order = self._tokens.ne(self._pad if self._pad is not None else 0).sum(1).argsort()
        parts = [self._frozen(self._trimmed(self._tokens[rows])).float().cpu() for rows in order.split(TEXT_BATCH)]
        kept = torch.cat(parts)
        return torch.empty_like(kept).index_copy_(0, order, kept)

    def _frozen(self, tokens: Tensor) -> Tensor:
        if self._projection is None:
            return self._model.encode_text(tokens)
        tower = self._model.text
        mask = (tokens != self._pad).long()
        return tower.pooler(tower.transformer(input_ids=tokens, attention_mask=mask), mask)


def _pooled_apart(model: Model) -> bool:
    tower = getattr(model, "text", None)
    return isinstance(getattr(tower, "proj", None), nn.Module) and hasattr(tower, "pooler")
