"""Everything a training run depends on, in groups."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import file_digest, fingerprint, quick_digest
from cytoscribe.core.tables import read_images
from cytoscribe.training.data.caption_files import caption_shards, evidence_files
from cytoscribe.training.losses import Objective
from cytoscribe.training.model.base_models import config_path
from cytoscribe.training.model.lora import Tuning
from cytoscribe.training.optimisation import Optimisation
from cytoscribe.training.rejection.scores import SCORES


@dataclass(frozen=True)
class ImageOptions:
    """image_px: side the model sees, None for the base's own; augmentation: a preset's name; laminar: keep the pia on its side;
    workers: threads that decode; views: mirrored or turned views of an image whose features are averaged in use, 1, 2 or 4."""

    image_px: int | None = None
    augmentation: str = "strong"
    laminar: bool = False
    workers: int = 2
    views: int = 1

    def __post_init__(self) -> None:
        if self.views not in (1, 2, 4):
            raise InputError(f"--views {self.views} is not possible", fix="use 1, 2 (mirrored) or 4 (turned too)")
        if self.laminar and self.views == 4:
            raise InputError("--views 4 turns images upside down, which --laminar forbids", fix="use --views 2")


@dataclass(frozen=True)
class RejectionOptions:
    """alpha: share of known images that may be rejected; scores: which are combined, () to choose
    by leaving known regions out in turn."""

    alpha: float = 0.05
    scores: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise InputError(f"--rejection-alpha must be between 0 and 1, got {self.alpha:g}", fix="give a rate such as 0.05")
        unknown = [name for name in self.scores if name not in SCORES]
        if unknown:
            raise InputError(f"--rejection-scores names no score '{unknown[0]}'", fix=f"use some of {', '.join(SCORES)}")


@dataclass(frozen=True)
class TrainSettings:
    """Everything a run depends on. captions: folders of `generate-captions`; weights: tower to path, for bases without a Hub;
    wording: `masked`, `named` or `both`; whole_captions: wordings of a caption that states all of an image's attributes, 0 for none;
    precision: `auto`, `bf16` or `fp32`; device: `auto`, `cpu`, `cuda`; wise_ft: how far from the base's weights (0) to the trained
    ones (1) the exported model lies; tracker: where figures go besides the run folder;
    embeddings: file of vectors that take the place of the images, None to read the images."""

    images: Path
    captions: tuple[Path, ...]
    base: str
    out: Path
    region_column: str = "region"
    weights: dict[str, str] = field(default_factory=dict)
    wording: str = "masked"
    whole_captions: int = 2
    scale: str = ""
    seed: int = 0
    train_where: str = ""
    test_where: str = ""
    precision: str = "auto"
    device: str = "auto"
    overwrite: bool = False
    tuning: Tuning = field(default_factory=Tuning)
    optimisation: Optimisation = field(default_factory=Optimisation)
    objective: Objective = field(default_factory=Objective)
    image: ImageOptions = field(default_factory=ImageOptions)
    wise_ft: float = 1.0
    tracker: str = "none"
    embeddings: Path | None = None
    rejection: RejectionOptions = field(default_factory=RejectionOptions)


def deciding(settings: TrainSettings) -> dict[str, Any]:
    """What decides the training: everything but where it goes, how it is read, where it runs, and how rejection is calibrated."""
    told = asdict(settings)
    for name in ("out", "overwrite", "device", "images", "captions", "weights", "tracker", "embeddings", "rejection"):
        told.pop(name)
    if settings.wise_ft == 1:
        told.pop("wise_ft")  # runs that were begun before the option was there go on
    if settings.objective.hard_weight is None:
        told["objective"]["hard_weight"] = "auto"
    elif not settings.objective.hard_weight:
        told["objective"].pop("hard_weight")
        told["optimisation"].pop("hard_a_step")
    if settings.objective.region_positives == "auto":
        told["objective"].pop("region_positives")
    told["image"].pop("workers")
    told["optimisation"].pop("checkpoint_steps")
    return told


def input_digests(settings: TrainSettings) -> dict[str, Any]:
    """Digests of everything a run reads, so that a resumed run is known to read the same."""
    shards = [path for folder in settings.captions for path in caption_shards(folder)]
    config = config_path(settings.base)
    more: dict[str, Any] = {}
    if settings.embeddings and settings.embeddings.is_file():
        more["embeddings"] = file_digest(settings.embeddings)
    if settings.objective.hard_weight != 0:
        more["evidence"] = [file_digest(path) for path in evidence_files(settings.captions)]
    return more | {
        "images": file_digest(settings.images),
        "pictures": _pictures(settings),
        "captions": [file_digest(path) for path in shards],
        "base": file_digest(config) if config else settings.base,
        "weights": {k: file_digest(v) if Path(v).is_file() else str(v) for k, v in sorted(settings.weights.items())},
    }


def _pictures(settings: TrainSettings) -> str | None:
    """One digest of all pictures of the table, so that a replaced one is noticed; None where vectors take their place."""
    if settings.embeddings:
        return None
    records = read_images(settings.images, region_column=settings.region_column)
    return fingerprint([quick_digest(r.path) for r in records])
