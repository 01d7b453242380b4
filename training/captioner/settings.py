"""Everything a training run of the captioner depends on, in groups."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import file_digest, fingerprint, quick_digest
from cytoscribe.core.tables import read_images
from cytoscribe.training.data.caption_files import caption_shards, evidence_files

SMALL = "tiny"
"""The decoder that needs no download: its tokenizer and weights are learned from the captions."""


@dataclass(frozen=True)
class Adapter:
    """What is trained beside the frozen language model. latents: tokens that the resampler makes of an image; width: of its
    attention; layers: of the resampler; every: decoder layers from one cross-attention to the next, 0 for about eight in all;
    lora_rank: of adapters on the language model's own attention, 0 for none."""

    latents: int = 8
    width: int = 256
    layers: int = 2
    every: int = 0
    lora_rank: int = 0

    def __post_init__(self) -> None:
        for name in ("latents", "layers"):
            _at_least(name, getattr(self, name), 1)
        for name in ("every", "lora_rank"):
            _at_least(name, getattr(self, name), 0)
        if self.width < 8 or self.width % 8:
            raise InputError(f"--width must be a multiple of 8, got {self.width}", fix="give a width such as 256")


@dataclass(frozen=True)
class Schedule:
    """How the captioner learns. masked_share: captions without the region's name among those drawn; outlier_share: places of a batch
    that show what is no known region; rotating_share: of the images of one region a turn that play the unseen one."""

    epochs: int = 10
    batch_size: int = 16
    learning_rate: float = 1e-3
    weight_decay: float = 0.02
    warmup: float = 0.05
    sampling: str = "natural"
    masked_share: float = 0.5
    outlier_share: float = 0.15
    rotating_share: float = 0.0
    checkpoint_steps: int = 100

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "checkpoint_steps"):
            _at_least(name, getattr(self, name), 1)
        for name in ("masked_share", "outlier_share", "rotating_share"):
            if not 0 <= getattr(self, name) < 1:
                option = name.replace("_", "-")
                raise InputError(
                    f"--{option} must be at least 0 and below 1, got {getattr(self, name):g}", fix="give a share such as 0.2"
                )


@dataclass(frozen=True)
class CaptionerSettings:
    """What `train-captioner` is asked.

    vision: model folder of train-lora, base of train-lora, or `timm:NAME`; "" with embeddings, a file of vectors or token grids;
    llm: alias, Hub name, folder or GGUF file of a causal language model, or `tiny`; descriptions: mining folder whose claims and region
    table ground the captions, None for the captions' own evidence; outliers: table of images that show other tissue; cache: folder of
    encoded images, None for one within `out`; four_bit: hold the language model in 4 bits, through bitsandbytes; alpha: share of known images that may be rejected.
    """

    images: Path
    captions: tuple[Path, ...]
    out: Path
    vision: str = ""
    llm: str = "smollm2"
    embeddings: Path | None = None
    descriptions: Path | None = None
    outliers: Path | None = None
    four_bit: bool = False
    weights: dict[str, str] = field(default_factory=dict)
    aliases: Path | None = None
    cache: Path | None = None
    region_column: str = "region"
    scale: str = ""
    image_px: int = 0
    alpha: float = 0.05
    seed: int = 0
    precision: str = "auto"
    device: str = "auto"
    overwrite: bool = False
    adapter: Adapter = field(default_factory=Adapter)
    schedule: Schedule = field(default_factory=Schedule)

    def __post_init__(self) -> None:
        if bool(self.vision) == (self.embeddings is not None):
            raise InputError("give either --vision or --embeddings", fix="--vision for images, --embeddings for vectors of them")
        if not 0 < self.alpha < 1:
            raise InputError(f"--alpha must be between 0 and 1, got {self.alpha:g}", fix="give a rate such as 0.05")


def deciding(settings: CaptionerSettings) -> dict[str, Any]:
    """What decides the training: everything but where files lie and where it runs."""
    told = asdict(settings)
    for name in ("out", "overwrite", "device", "images", "captions", "weights", "embeddings", "descriptions", "outliers", "cache"):
        told.pop(name)
    told.pop("aliases")
    told["schedule"].pop("checkpoint_steps")
    return told


def input_digests(settings: CaptionerSettings) -> dict[str, Any]:
    """Digests of everything a run reads, so that a resumed run is known to read the same."""
    tables = {"images": settings.images, "embeddings": settings.embeddings, "outliers": settings.outliers}
    told: dict[str, Any] = {name: file_digest(path) for name, path in tables.items() if path and path.is_file()}
    shards = [*(p for f in settings.captions for p in caption_shards(f)), *evidence_files(settings.captions)]
    told["captions"] = fingerprint([file_digest(p) for p in shards])
    if settings.descriptions:
        told["descriptions"] = quick_digest(settings.descriptions / "claims.parquet")
    if settings.embeddings is None:
        records = read_images(settings.images, region_column=settings.region_column)
        told["pictures"] = fingerprint([quick_digest(r.path) for r in records])
        told["vision"] = quick_digest(Path(settings.vision) / "merged" / "open_clip_model.safetensors")
    return told


def _at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise InputError(f"--{name.replace('_', '-')} must be at least {least}, got {value}", fix=f"give {least} or more")
