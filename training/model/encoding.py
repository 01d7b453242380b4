"""Features of images and texts through an open_clip model, in batches, without gradients, L2-normalised."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from cytoscribe.core.errors import InputError
from cytoscribe.training.data.staining import balanced

TEXT_BATCH = 64
Model = Any
"""An open_clip module with `encode_image` and `encode_text`; torch types every attribute of a module as a tensor."""


def pick_device(wanted: str = "auto") -> torch.device:
    """`auto` is a CUDA device where there is one, else Apple's, else the CPU. Raises InputError where the machine has no such device."""
    if wanted != "auto":
        try:
            device = torch.device(wanted)
            torch.zeros(1, device=device)
        except Exception as error:  # torch fails in its own way for each kind of device
            there = "cuda, cpu" if torch.cuda.is_available() else "cpu"
            raise InputError(f"--device '{wanted}' is not available", fix=f"use auto, or one of this machine's: {there}") from error
        return device
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def autocast(device: torch.device, bf16: bool) -> AbstractContextManager[Any]:
    """bf16 where asked, else a context that does nothing."""
    return torch.autocast(device.type, dtype=torch.bfloat16) if bf16 else nullcontext()


def normalised(images: Tensor, mean: Sequence[float], std: Sequence[float], balance: bool = False) -> Tensor:
    """(B, 3, H, W) uint8 to float32, less the base's mean, over its standard deviation; balance: with its background made white first."""
    centre = torch.tensor(mean, device=images.device).view(1, 3, 1, 1)
    spread = torch.tensor(std, device=images.device).view(1, 3, 1, 1)
    light = images.float() / 255.0
    return ((balanced(light) if balance else light) - centre) / spread


def trimmed(tokens: Tensor, pad: int) -> Tensor:
    """Cut the columns (N, L) that are padding in every row: Hugging Face towers mask them anyway."""
    used = (tokens != pad).any(0).nonzero()
    return tokens[:, : int(used[-1]) + 1] if len(used) else tokens[:, :1]


def tokens_of(model: Model, tokenize: Callable[[list[str]], Tensor], texts: Sequence[str]) -> Tensor:
    """Token ids (N, L) of texts; L is the longest one's where the tower takes any length."""
    tokens = tokenize(list(texts))
    config = getattr(getattr(model, "text", None), "config", None)
    return tokens if config is None else trimmed(tokens, config.pad_token_id)


def reads_whole(tokenize: Callable[[list[str]], Tensor], texts: Sequence[str]) -> bool:
    """True where the tokenizer cuts none of the texts: each leaves a place of the context empty, so its last token is padding,
    which stands behind an empty text too."""
    padding = tokenize([""])[0, -1]
    return bool((tokenize(list(texts))[:, -1] == padding).all()) if texts else True


@torch.no_grad()
def text_features(model: Model, tokenize: Callable[[list[str]], Tensor], texts: Sequence[str], device: torch.device) -> Tensor:
    """(N, D) float32 on the CPU. Texts of like length share a batch, so that padding costs little."""
    model.eval()
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    features = [Tensor()] * len(texts)
    for start in range(0, len(order), TEXT_BATCH):
        rows = order[start : start + TEXT_BATCH]
        tokens = tokens_of(model, tokenize, [texts[i] for i in rows]).to(device)
        encoded = functional.normalize(model.encode_text(tokens).float(), dim=-1).cpu()
        for row, feature in zip(rows, encoded, strict=True):
            features[row] = feature
    return torch.stack(features) if features else torch.zeros(0, 1)


@torch.no_grad()
def image_features(
    model: Model,
    squares: np.ndarray | Tensor,
    mean: Sequence[float],
    std: Sequence[float],
    device: torch.device,
    batch: int = 64,
    views: int = 1,
    balance: bool = False,
) -> Tensor:
    """(N, D) float32 on the CPU from (N, 3, px, px) uint8; the mean over `views` of each image (see `view_of`), balance as in `normalised`.

    (N, E) float32 are vectors computed elsewhere, for models that take such.
    """
    model.eval()
    squares = torch.as_tensor(squares)
    if squares.ndim == 2 and len(squares):
        return functional.normalize(
            torch.cat([model.encode_image(v.to(device)).float().cpu() for v in squares.split(batch)]), dim=-1
        )
    parts = []
    for part in squares.split(batch):
        pixels = normalised(part.to(device), mean, std, balance)
        encoded = [model.encode_image(_laid_out(view_of(pixels, view))).float() for view in range(views)]
        parts.append(torch.stack([functional.normalize(e, dim=-1) for e in encoded]).mean(0).cpu())
    return functional.normalize(torch.cat(parts), dim=-1) if parts else torch.zeros(0, 1)


def view_of(images: Tensor, view: int) -> Tensor:
    """Images (B, 3, H, W) as they are (0), mirrored left to right (1), turned half around (2), mirrored top to bottom (3).

    The first two keep a layered section's direction; none of them resamples.
    """
    axes = ((), (3,), (2, 3), (2,))[view]
    return images.flip(axes) if axes else images


def _laid_out(images: Tensor) -> Tensor:
    return images.contiguous(memory_format=torch.channels_last)  # twice as fast for convolutions on a CPU


def class_features(text: Callable[[Sequence[str]], Tensor], regions: Sequence[str], captions: dict[str, list[str]]) -> Tensor:
    """(K, D): the mean of each region's caption features, normalised again, in the order of `regions`."""
    flat = [caption for region in regions for caption in captions[region]]
    encoded = text(flat).split([len(captions[region]) for region in regions])
    return functional.normalize(torch.stack([part.mean(0) for part in encoded]), dim=-1)
