"""The lower layers of a sentence encoder that no training changes: they run once a text, and steps start from what they gave."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from cytoscribe.training.model.encoding import TEXT_BATCH

KEEP_BYTES = 2**30
"""Most memory that what the frozen layers gave may take; with more texts they run in every step."""


class _Given(nn.Module):
    """Takes the place of the embeddings and passes on hidden states (M, L, W) computed before."""

    def __init__(self, hidden: Tensor) -> None:
        super().__init__()
        self._hidden = hidden

    def forward(self, *_: Any, **__: Any) -> Tensor:
        return self._hidden


@dataclass(frozen=True)
class FrozenLayers:
    """transformer: a BERT-like module with `embeddings` and `encoder.layer`, whose first `depth` layers do not learn."""

    transformer: Any
    depth: int

    def hidden(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """(M, L, W) of token ids (M, L) after the frozen layers."""
        with self._running(self.transformer.encoder.layer[: self.depth]):
            return self.transformer(input_ids=tokens, attention_mask=mask).last_hidden_state

    def rest(self, hidden: Tensor, mask: Tensor) -> Any:
        """What the whole transformer answers, from the hidden states (M, L, W) behind the frozen layers."""
        embeddings = self.transformer.embeddings
        with self._running(self.transformer.encoder.layer[self.depth :]):
            self.transformer.embeddings = _Given(hidden)
            try:
                return self.transformer(inputs_embeds=hidden, attention_mask=mask)
            finally:
                self.transformer.embeddings = embeddings

    @contextmanager
    def _running(self, layers: nn.ModuleList) -> Iterator[None]:
        encoder = self.transformer.encoder
        every, encoder.layer = encoder.layer, layers
        try:
            yield
        finally:
            encoder.layer = every


class KeptStates:
    """Hidden states behind the frozen layers of many texts, padding left out. tokens (N, L) of lengths (N,), then filled with pad."""

    def __init__(self, layers: FrozenLayers, tokens: Tensor, lengths: Tensor, pad: int, device: torch.device) -> None:
        self._lengths = lengths
        self._starts = torch.cumsum(self._lengths, 0) - self._lengths
        self._device = device
        self._states = self._run(layers, tokens, pad)

    @torch.no_grad()
    def _run(self, layers: FrozenLayers, tokens: Tensor, pad: int) -> Tensor:
        """(sum of lengths, W), text after text. Texts of like length share a batch."""
        kept: Tensor | None = None
        for rows in self._lengths.argsort(stable=True).split(TEXT_BATCH):
            part = tokens[rows, : int(self._lengths[rows].max())].to(self._device)
            mask = (part != pad).long()
            hidden = layers.hidden(part, mask).float()
            if kept is None:
                kept = torch.empty(int(self._lengths.sum()), hidden.shape[2])
            for row, states, length in zip(rows.tolist(), hidden.cpu(), self._lengths[rows].tolist(), strict=True):
                kept[self._starts[row] : self._starts[row] + length] = states[:length]
        return kept if kept is not None else torch.empty(0, 1)

    def padded(self, texts: Tensor, length: int) -> tuple[Tensor, Tensor]:
        """Hidden states (M, length, W) of the texts at these indices (M,), zero behind their ends, and the mask (M, length)."""
        states = torch.zeros(len(texts), length, self._states.shape[1])
        for row, text in enumerate(texts.tolist()):
            start, size = int(self._starts[text]), int(self._lengths[text])
            states[row, :size] = self._states[start : start + size]
        mask = (torch.arange(length)[None, :] < self._lengths[texts][:, None]).long()
        return states.to(self._device), mask.to(self._device)


def frozen_layers(tower: Any) -> FrozenLayers | None:
    """The lower part of an open_clip text tower that no gradient reaches and no dropout shakes; None where there is none, or
    the tower is not BERT-like."""
    transformer = getattr(tower, "transformer", None)
    encoder, embeddings = getattr(transformer, "encoder", None), getattr(transformer, "embeddings", None)
    layers = getattr(encoder, "layer", None)
    if embeddings is None or not isinstance(layers, nn.ModuleList) or _learns(embeddings):
        return None
    depth = next((i for i, layer in enumerate(layers) if _learns(layer)), len(layers))
    return FrozenLayers(transformer, depth) if 0 < depth < len(layers) else None


def _learns(module: nn.Module) -> bool:
    return any(p.requires_grad for p in module.parameters())
