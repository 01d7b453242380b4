"""The eye of the captioner: any encoder that is frozen, as a grid of tokens and one vector for each image.

A model folder of `train-lora`, an open_clip base, a timm model, or a file of vectors or token grids that were computed elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from cytoscribe.core.digests import fingerprint, quick_digest
from cytoscribe.core.errors import InputError
from cytoscribe.core.records import ImageRecord
from cytoscribe.training.captioner.resampler import Seen
from cytoscribe.training.data.embeddings import Embeddings, read_embeddings, takes_vectors
from cytoscribe.training.images import Skipped, read_square
from cytoscribe.training.model.base_models import default_preprocess, load_base
from cytoscribe.training.model.encoding import autocast, image_features, normalised
from cytoscribe.training.model.model_folder import REGIONS_FILE, TrainedModel

TIMM = "timm:"
MOST_SIDE, MOST_TOKENS = 6, 36
"""Larger grids are pooled to this side; longer rows of tokens to this number."""


class Vision(Protocol):
    """Encodes images. identity: names the encoder and its weights, so that what was kept on disk is known to be its work;
    clip: the model folder's own model, where the encoder is one."""

    identity: str
    clip: TrainedModel | None

    def picture(self, record: ImageRecord) -> np.ndarray | Skipped:
        """What is given for an image: (3, px, px) uint8, or (T, E) or (E,) float32 computed elsewhere."""
        ...

    def encode(self, pictures: Sequence[np.ndarray]) -> Seen:
        """Tokens of pictures, on the CPU, float16."""
        ...


@dataclass
class Encoder:
    """A network that sees pixels. tower: its vision side; clip: the model folder, whose joint feature is taken too; grid: False for that
    feature alone."""

    identity: str
    tower: Any
    px: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    device: torch.device
    bf16: bool
    clip: TrainedModel | None = None
    grid: bool = True

    def picture(self, record: ImageRecord) -> np.ndarray | Skipped:
        return read_square(record, self.px)

    @torch.no_grad()
    def encode(self, pictures: Sequence[np.ndarray]) -> Seen:
        balance = self.clip is not None and self.clip.balanced
        pixels = normalised(torch.from_numpy(np.stack(pictures)).to(self.device), self.mean, self.std, balance)
        vector = torch.zeros(len(pixels), 0, dtype=torch.float16)
        grid = torch.zeros(len(pixels), 0, 0, dtype=torch.float16)
        if self.grid:
            with autocast(self.device, self.bf16):
                states = forward_tokens(self.tower, pixels.contiguous(memory_format=torch.channels_last))
            grid = pooled(states.float()).half().cpu()
        if self.clip is not None:
            vector = image_features(
                self.clip.model, np.stack(pictures), self.mean, self.std, self.device, len(pictures), self.clip.views, balance
            ).half()
        return Seen(grid, vector)


@dataclass
class Given:
    """Vectors (N, E) or grids (N, T, E) that were computed elsewhere. clip: the model folder that gave the vectors, None for another
    encoder."""

    identity: str
    embeddings: Embeddings
    clip: TrainedModel | None = None

    def picture(self, record: ImageRecord) -> np.ndarray | Skipped:
        row = self.embeddings.find(record)
        if row is None:
            return Skipped(record.path, record.row, f"no vector in {self.embeddings.path.name}")
        return self.embeddings.vectors[row]

    def encode(self, pictures: Sequence[np.ndarray]) -> Seen:
        given = torch.from_numpy(np.stack(pictures))
        if given.ndim == 2:
            return Seen(torch.zeros(len(given), 0, 0, dtype=torch.float16), given.half())
        return Seen(pooled(given).half(), torch.zeros(len(given), 0, dtype=torch.float16))


def open_vision(
    name: str,
    device: torch.device,
    *,
    bf16: bool = False,
    embeddings: Path | None = None,
    start: Path = Path(),
    weights: dict[str, str] | None = None,
    px: int = 0,
) -> Encoder | Given:
    """The encoder that `--vision` names, or the file of `--embeddings`, whose relative image paths count from `start`.

    px: side of the images, 0 for the encoder's own. Raises InputError where there is none of that name.
    """
    if embeddings is not None:
        return _given(name, read_embeddings(embeddings, start, grids=True), device)
    if (Path(name) / REGIONS_FILE).is_file():
        return _of_folder(Path(name), device, bf16)
    if name.startswith(TIMM):
        return _of_timm(name, device, bf16, px, (weights or {}).get("vision", ""))
    if Path(name).is_dir():
        raise InputError("not a model folder", where=name, fix="give the --out folder of a finished train-lora run")
    base = load_base(name, weights, px or None)
    tower = base.model.visual.to(device).eval()
    identity = fingerprint([name, base.image_px, {k: quick_digest(v) for k, v in base.weights.items()}, bf16])
    return Encoder(identity, tower, base.image_px, base.mean, base.std, device, bf16)


def _given(name: str, found: Embeddings, device: torch.device) -> Given:
    """Vectors from a file; those of a model folder come with that model."""
    clip = TrainedModel.load(Path(name), str(device)) if name else None
    if clip is not None and found.vectors.shape[1:] != (width := clip.class_features().shape[-1],):
        raise InputError(
            f"vectors of shape {found.vectors.shape[1:]}, but the model in {name} gives {width} numbers an image",
            where=found.path,
            fix="give the vectors of this very model, or leave --vision out",
        )
    return Given(f"file {quick_digest(found.path)}", found, clip)


def without_grid(eye: Encoder) -> Encoder:
    """The same encoder, for a captioner that learned from the joint feature alone."""
    return replace(eye, grid=False, identity=f"{eye.identity} vector")


def _of_folder(folder: Path, device: torch.device, bf16: bool) -> Encoder:
    model = TrainedModel.load(folder, str(device))
    if takes_vectors(model.model):
        raise InputError(
            "the model takes vectors instead of images", where=folder, fix="give the same vectors with --embeddings instead"
        )
    digest = quick_digest(folder / "merged" / "open_clip_model.safetensors")
    return Encoder(
        fingerprint([digest, bf16]), model.model.visual, model.image_px, model.mean, model.std, model.device, bf16, clip=model
    )


def _of_timm(name: str, device: torch.device, bf16: bool, px: int, weights: str) -> Encoder:
    import timm

    from cytoscribe.core.hub import quickly

    bare = name.removeprefix(TIMM)
    more: dict[str, Any] = {"pretrained_cfg_overlay": {"file": weights}} if weights else {}
    if weights and not Path(weights).is_file():
        raise InputError("no such file", where=weights, fix="check --weights vision=FILE")
    try:
        with quickly():
            if px and "vit" in bare:
                more["img_size"] = px
            tower: Any = timm.create_model(bare, pretrained=True, num_classes=0, **more)
    except Exception as error:  # timm and the Hub's client fail in many ways
        reason = " ".join(str(error).split())[:160]
        fix = "use a name that timm lists; its weights come from the Hub, or from --weights vision=FILE"
        raise InputError(f"vision model '{name}' cannot be loaded ({reason})", fix=fix) from error
    told = {**default_preprocess(), **{k: v for k, v in tower.pretrained_cfg.items() if k in ("mean", "std", "input_size")}}
    side = px or int(told.get("input_size", (3, 224, 224))[-1])
    identity = fingerprint([name, side, quick_digest(weights) if weights else "", bf16])
    return Encoder(identity, tower.to(device).eval(), side, tuple(told["mean"]), tuple(told["std"]), device, bf16)


def forward_tokens(tower: Any, pixels: Tensor) -> Tensor:
    """The last layer's states of a vision tower: (B, C, H, W) of a convolutional one, (B, T, E) of a transformer."""
    trunk = getattr(tower, "trunk", tower)
    if hasattr(trunk, "forward_features"):
        states = trunk.forward_features(pixels)
        skipped = int(getattr(trunk, "num_prefix_tokens", 0)) if states.ndim == 3 else 0
        return states[:, skipped:] if 0 < skipped < states.shape[1] else states
    if hasattr(trunk, "output_tokens"):
        before, trunk.output_tokens = trunk.output_tokens, True
        try:
            return trunk(pixels)[1]
        finally:
            trunk.output_tokens = before
    return trunk(pixels)[:, None]


def pooled(states: Tensor) -> Tensor:
    """(B, C, H, W) or (B, T, E) to at most 36 tokens (B, T', E): neighbouring ones are averaged. Square grids stay square."""
    if states.ndim == 3:
        side = round(states.shape[1] ** 0.5)
        if side * side != states.shape[1]:
            return functional.adaptive_avg_pool1d(states.mT, min(MOST_TOKENS, states.shape[1])).mT
        states = states.mT.unflatten(-1, (side, side))
    height, width = (min(n, MOST_SIDE) for n in states.shape[-2:])
    return functional.adaptive_avg_pool2d(states, (height, width)).flatten(2).mT
