"""Pictures of a batch, augmented: in parts that have random numbers of their own, however many processes share the batch."""

from __future__ import annotations

import torch
from torch import Tensor

from cytoscribe.training.data.augmentation import Augmentation, applied, augmented, draw, joined
from cytoscribe.training.ranks import Ranks

PART = 8
"""Images that are augmented from one stream of random numbers: the unit that processes divide a batch by."""


def rows_of(batch: int, ranks: Ranks) -> range:
    """The images of a batch that a process encodes: whole parts."""
    parts = ranks.share(-(-batch // PART))
    return range(parts.start * PART, min(parts.stop * PART, batch))


def pictures(squares: Tensor, px: int, strengths: Augmentation, stream: int, device: torch.device) -> Tensor:
    """(B, 3, S, S) uint8 to (B, 3, px, px) float32 in [0, 1]; stream: seed of the first part, the next one's is PART more.

    On a CPU, part by part; on a GPU, where small parts would wait for their launches, on the whole batch there: only bytes travel.
    """
    starts = range(0, len(squares), PART)
    generators = [torch.Generator().manual_seed((stream + start) % 2**63) for start in starts]
    parts = [(squares[start : start + PART], generator) for start, generator in zip(starts, generators, strict=True)]
    if device.type != "cuda":
        return torch.cat([augmented(part, px, strengths, generator) for part, generator in parts])
    draws = joined([draw(len(part), px, strengths, generator, device) for part, generator in parts])
    with torch.autocast(device.type, enabled=False):  # stains and grey levels need more than eight bits
        return applied(squares.to(device), px, strengths, draws)
