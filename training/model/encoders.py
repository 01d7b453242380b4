"""Vision encoders by name, from encoders.toml: bases for `train-lora`, and vectors instead of images for `--embeddings`."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cytoscribe.core.digests import quick_digest
from cytoscribe.core.errors import InputError
from cytoscribe.core.many import each
from cytoscribe.core.progress import say, track
from cytoscribe.core.records import ImageRecord
from cytoscribe.core.runs import atomic_path
from cytoscribe.core.tables import read_images
from cytoscribe.training.images import Skipped, describe_skipped, read_square
from cytoscribe.training.model.encoding import normalised, pick_device

ENCODERS = Path(__file__).with_name("encoders.toml")
_TEXT = "all-MiniLM-L6-v2"
_TEXT_SOURCE = "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2"
_TRAINED_ALONG = ("head.", "fc.", "classifier.", "mask_token")
"""Weights of a checkpoint that no vector depends on."""


@dataclass(frozen=True)
class Encoder:
    """One encoder; the fields are explained at the head of encoders.toml. px, mean and std are 0 or empty where they are not stated."""

    name: str
    about: str
    kind: str
    licence: str
    source: str
    model: str = ""
    px: int = 0
    width: int = 0
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    gated: bool = False
    arguments: dict[str, float] = field(default_factory=dict)

    def line(self) -> str:
        """What it is, for lists."""
        size = f", {self.px} px" if self.px else ""
        width = f", {self.width} numbers" if self.width else ""
        gated = ", asks for an agreement" if self.gated else ""
        return f"{self.name}: {self.about}{size}{width}; licence {self.licence}{gated}; {self.source}"


@cache
def encoders() -> dict[str, Encoder]:
    """Name to encoder."""
    told: dict[str, dict[str, Any]] = tomllib.loads(ENCODERS.read_text(encoding="utf-8"))
    return {name: _encoder(name, one) for name, one in told.items()}


def _encoder(name: str, entry: dict[str, Any]) -> Encoder:
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    return Encoder(name, **values)


def base_of(name: str) -> str | dict[str, Any] | None:
    """What `--base` means by the name of an encoder: a name of open_clip, or a config of the form of `bases/`; None for other names.

    Raises InputError for an encoder that only its authors' code can run.
    """
    encoder = encoders().get(name)
    if encoder is None:
        return None
    if encoder.kind == "open_clip":
        return encoder.model
    if encoder.kind == "own" or encoder.arguments:
        how = "embed-images makes them" if encoder.kind == "timm" else f"compute them with its own code ({encoder.source})"
        raise InputError(f"encoder '{name}' is used by its vectors: {how}", where="--base", fix="give them with --embeddings FILE")
    return _joined(encoder)


def _joined(encoder: Encoder) -> dict[str, Any]:
    """A base config: the encoder and a small sentence encoder, joined by projections that are trained from scratch."""
    vision = {"timm_model_name": encoder.model, "timm_model_pretrained": False, "timm_pool": "", "timm_proj": "linear"}
    if "efficientnet" in encoder.model:
        vision["timm_pool"] = "avg"
    return {
        "about": encoder.about,
        "weights": {"vision": f"{encoder.name}.safetensors", "text": _TEXT},
        "sources": {"vision": encoder.source, "text": _TEXT_SOURCE},
        "model_cfg": {
            "embed_dim": 384,
            "custom_text": True,
            "vision_cfg": {**vision, "image_size": encoder.px},
            "text_cfg": {
                "hf_model_name": f"sentence-transformers/{_TEXT}",
                "hf_tokenizer_name": f"sentence-transformers/{_TEXT}",
                "hf_proj_type": "linear",
                "hf_pooler_type": "mean_pooler",
                "context_length": 128,
            },
        },
        "preprocess_cfg": {
            "mean": list(encoder.mean),
            "std": list(encoder.std),
            "interpolation": "bicubic",
            "resize_mode": "squash",
        },
    }


@dataclass(frozen=True)
class EmbedSettings:
    """encoder: a name of encoders.toml, of kind timm; weights: its file (.safetensors, or a PyTorch file of tensors only); out: .npz."""

    encoder: str
    weights: Path
    images: Path
    out: Path
    region_column: str = "region"
    device: str = "auto"
    batch_size: int = 64
    workers: int = 1
    ray: str = ""


def embed(settings: EmbedSettings) -> tuple[int, int]:
    """Write the vectors of a table's images, keyed by image_path as the table has it; returns how many, and their width.

    Raises InputError where the encoder is unknown or of another kind, the weights are not its own, or no image can be read.
    """
    encoder = encoders().get(settings.encoder)
    if encoder is None or encoder.kind != "timm":
        names = ", ".join(n for n, e in encoders().items() if e.kind == "timm")
        raise InputError(f"no encoder '{settings.encoder}' that timm can build", where="--encoder", fix=f"use one of {names}")
    if settings.out.suffix != ".npz":
        raise InputError("vectors are written as .npz", where=settings.out, fix="give --out a name that ends in .npz")
    records = read_images(settings.images, region_column=settings.region_column)
    _model(
        encoder.name, settings.weights.absolute(), settings.device, quick_digest(settings.weights)
    )  # bad weights are refused before any work begins
    skipped: list[Skipped] = []
    names, vectors = _vectors(records, settings, skipped)
    if skipped:
        say(describe_skipped(skipped))
    if not names:
        raise InputError("no image can be read", where=settings.images, fix="check the image_path column")
    stacked = np.concatenate(vectors)
    with atomic_path(settings.out) as temporary, temporary.open("wb") as file:
        np.savez(file, image_path=np.array(names), embedding=stacked)
    return stacked.shape


def load_encoder(encoder: Encoder, weights: Path) -> nn.Module:
    """The vision tower with its weights, ready to give vectors. Raises InputError where the file is not its own."""
    import timm

    arguments: dict[str, Any] = dict(encoder.arguments)
    if encoder.model.startswith("vit_"):
        arguments["img_size"] = encoder.px
    model = timm.create_model(encoder.model, pretrained=False, num_classes=0, **arguments)
    state = {k: v for k, v in _state(weights).items() if not k.startswith(_TRAINED_ALONG)}
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(f"not the weights of {encoder.name} ({reason})", where=weights, fix=f"fetch {encoder.source}") from error
    return model.eval()


def _state(path: Path) -> dict[str, Tensor]:
    """Tensors by name. PyTorch files are read as tensors only, so nothing in them runs."""
    if not path.is_file():
        raise InputError("no such file", where=path, fix="check --weights")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        told = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # both readers fail in their own ways on broken files
        reason = " ".join(str(error).split())[:120]
        raise InputError(
            f"not a file of weights ({reason})", where=path, fix="give safetensors, or a PyTorch file of tensors"
        ) from error
    if not isinstance(told, dict) or not all(isinstance(v, Tensor) for v in told.values()):
        raise InputError("not a table of tensors", where=path, fix="give safetensors, or a PyTorch file of tensors")
    return told


def _vectors(records: Sequence[ImageRecord], settings: EmbedSettings, skipped: list[Skipped]) -> tuple[list[str], list[np.ndarray]]:
    names: list[str] = []
    vectors: list[np.ndarray] = []
    parts = [records[start : start + settings.batch_size] for start in range(0, len(records), settings.batch_size)]
    jobs = [
        _Part(settings.encoder, settings.weights.absolute(), settings.device, quick_digest(settings.weights), tuple(part))
        for part in parts
    ]
    for job, outcome in track(each(_encoded, jobs, settings.workers, settings.ray), "encoding images", len(jobs), "batches"):
        good, left = outcome.get()
        skipped.extend(left)
        gone = {s.row for s in left}
        names += [_named(r.path, settings.images.parent) for r in job.records if r.row not in gone]
        vectors += [good] if len(good) else []
    return names, vectors


def _named(path: Path, folder: Path) -> str:
    """A path as tables beside it write it; whole where it lies elsewhere."""
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)


@dataclass(frozen=True)
class _Part:
    """A batch of images for an encoder, wherever it is encoded."""

    encoder: str
    weights: Path
    device: str
    digest: str
    records: tuple[ImageRecord, ...]


def _encoded(part: _Part) -> tuple[np.ndarray, list[Skipped]]:
    """(N, D) float32 of the images that can be read, and the others."""
    encoder, device = encoders()[part.encoder], pick_device(part.device)
    squares = [read_square(r, encoder.px) for r in part.records]
    good = [s for s in squares if not isinstance(s, Skipped)]
    left = [s for s in squares if isinstance(s, Skipped)]
    if not good:
        return np.zeros((0, 0), np.float32), left
    with torch.no_grad():
        shown = normalised(torch.from_numpy(np.stack(good)).to(device).float(), encoder.mean, encoder.std)
        return _model(part.encoder, part.weights, part.device, part.digest)(shown).float().cpu().numpy(), left


@lru_cache(maxsize=1)
def _model(name: str, weights: Path, device: str, digest: str) -> nn.Module:
    """The encoder with its weights, loaded once a process while the file stays the same."""
    return load_encoder(encoders()[name], weights).to(pick_device(device))
