"""Captions through the text tower as cheaply as what is trained allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from cytoscribe.training.model.encoding import TEXT_BATCH, Model, tokens_of, trimmed
from cytoscribe.training.model.frozen_layers import KEEP_BYTES, KeptStates, frozen_layers
from cytoscribe.training.model.lora import trained

STEP = 8
"""Batches of texts grow and get longer in steps of this many: oneDNN keeps code and buffers for every shape that it meets, and
memory that is freed in ever new sizes cannot be used again, which together cost gigabytes over an epoch."""
GROUP = 24
"""Texts of like length that a learning tower reads at once on a CPU: more would be padded to the longest, fewer leave cores idle.
Elsewhere, where starting a computation costs more than padding, and where texts are of one length, all are read at once."""


class TextSide:
    """Features of captions by index.

    A frozen tower runs once a caption: what it gives is kept, and only the projection (where there is one to train) is run in
    each step. A tower that learns runs in each step over the distinct captions of the batch, those of like length together; where
    its lower layers are frozen, from what these gave once.
    """

    def __init__(self, model: Model, tokenize: Callable[[list[str]], Tensor], texts: Sequence[str], device: torch.device) -> None:
        self._model, self._device = model, device
        self._tokens = tokens_of(model, tokenize, texts)
        self._pad = getattr(getattr(getattr(model, "text", None), "config", None), "pad_token_id", None)
        self._lengths = self._tokens.ne(self._pad if self._pad is not None else 0).sum(1)
        learning = [n for n, _ in trained(model) if not n.startswith(("visual.", "logit_"))]
        self._projection = getattr(getattr(model, "text", None), "proj", None) if _pooled_apart(model) else None
        self.cached = not [n for n in learning if self._projection is None or not n.startswith("text.proj.")]
        self._kept = self._run_once() if self.cached else None
        self._layers = frozen_layers(getattr(model, "text", None)) if self._projection is not None and not self.cached else None
        self._states: KeptStates | None = None

    def features(self, captions: np.ndarray) -> Tensor:
        """(M, D) L2-normalised, with gradients, of the captions at these indices; equal captions are encoded once."""
        distinct, back = np.unique(captions, return_inverse=True)
        encoded = self._learning(distinct) if self._kept is None else self._projected(torch.from_numpy(distinct))
        return functional.normalize(encoded.float(), dim=-1)[torch.from_numpy(back).to(self._device)]

    def _projected(self, rows: Tensor) -> Tensor:
        encoded = self._kept[rows].to(self._device)  # pyright: ignore[reportOptionalSubscript]
        return encoded if self._projection is None else self._projection(encoded)

    def _learning(self, distinct: np.ndarray) -> Tensor:
        """(M, D) of distinct captions through a tower that learns, in groups of like length."""
        order = np.argsort(self._lengths[distinct].numpy(), kind="stable")
        parts = []
        size = GROUP if self._pad is not None and self._device.type == "cpu" else max(1, len(order))
        for start in range(0, len(order), size):
            group = distinct[order[start : start + size]]
            filled = torch.from_numpy(np.resize(group, -(-len(group) // STEP) * STEP))
            parts.append(self._encoded(filled)[: len(group)])
        back = torch.from_numpy(np.argsort(order)).to(self._device)
        return torch.cat(parts)[back]

    def _encoded(self, rows: Tensor) -> Tensor:
        tokens = self._trimmed(self._tokens[rows])
        states = self._hidden_states()
        if states is None or self._layers is None:
            return self._model.encode_text(tokens)
        hidden, mask = states.padded(rows, tokens.shape[1])
        tower = self._model.text
        return tower.proj(tower.pooler(self._layers.rest(hidden, mask), mask))

    def _hidden_states(self) -> KeptStates | None:
        """What the frozen layers gave, computed at the first step; None where there are none, while a dropout shakes them, or
        where they would take too much memory."""
        if self._layers is None or self._layers.transformer.embeddings.training or self._pad is None:
            return None
        if int(self._lengths.sum()) * self._layers.transformer.config.hidden_size * 4 > KEEP_BYTES:
            return None
        if self._states is None:
            self._states = KeptStates(self._layers, self._tokens, self._lengths, self._pad, self._device)
        return self._states

    def _trimmed(self, tokens: Tensor) -> Tensor:
        if self._pad is None:
            return tokens.to(self._device)
        length = -(-trimmed(tokens, self._pad).shape[1] // STEP) * STEP
        return tokens[:, :length].to(self._device)

    @torch.no_grad()
    def _run_once(self) -> Tensor:
        self._model.eval()
        order = self._lengths.argsort()
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
