"""What a training run depends on, in groups. Each field's metadata is its option on the command line.

Nothing here loads torch, so that options are checked, and help is printed, at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from cytoscribe.core.errors import InputError
from cytoscribe.core.options import ADVANCED, DEVICE, OUT, OVERWRITE, SEED, group, option

LOSSES = ("auto", "label", "clip", "sigmoid")
REGION_POSITIVES = ("auto", "mean", "any")
TOWERS = ("both", "vision", "text", "none")
TUNES = ("auto", "lora", "full")
AUGMENTATIONS = ("auto", "strong", "mild", "none")
MOST_PX = 4096
"""Of a side of the images that a model sees."""
HARD_WEIGHT = 0.5
"""Weight of the hard negatives where captions state attributes of single images."""
_SOURCE = "Another microscope"
SCORE_NAMES = ("mcm", "max_cosine", "energy", "probe_energy", "probe_softmax", "knn", "relative_mahalanobis")
"""Functions of training/rejection/scores.py. They are named here too because this module loads no torch."""
_LOSS, _SPEED, _TUNING, _IMAGES, _REJECTION = "Loss", "Optimisation", "What is trained", "Images", "Rejection"


def parse_names(text: str) -> tuple[str, ...]:
    """Names joined by commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def parse_weights(text: str) -> dict[str, str]:
    """`vision=FILE,text=FOLDER` as a mapping; raises InputError for anything else."""
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    wrong = [name for name, sign, path in pairs if not (sign and path)]
    if wrong:
        raise InputError(f"--weights '{wrong[0]}' has no path", fix="write vision=FILE,text=FOLDER")
    return {name.strip(): path.strip() for name, _, path in pairs}


def parse_auto(text: str) -> float | None:
    """The number that --hard-weight gives, None for `auto`; raises InputError for anything else, and for less than 0."""
    if text == "auto":
        return None
    try:
        weight = float(text)
    except ValueError:
        weight = -1.0
    if not 0 <= weight < float("inf"):
        raise InputError(f"--hard-weight must be auto or at least 0, got '{text}'", fix="give auto, or a number such as 0.5")
    return weight


def parse_side(text: str) -> int | None:
    """A side in pixels, None for 0; raises InputError for anything else, and for a side that is not between 8 and
    4,096."""
    side = int(text) if text.isdecimal() and len(text) < 10 else -1
    if side and not 8 <= side <= MOST_PX:
        raise InputError(f"'{text}' is not a side of images", where="--image-px", fix=f"give 0, or 8 to {MOST_PX:,} pixels")
    return side or None


def parse_frozen(text: str) -> tuple[str, ...] | None:
    """Names joined by commas; None for `auto`."""
    if text == "auto":
        return None
    return () if text == "none" else parse_names(text)


@dataclass(frozen=True)
class Tuning:
    """What is trained. Projections learn in any case. rank and alpha as in Hu et al. (2021); alpha 0 is twice the rank."""

    tune: str = field(
        default="auto",
        metadata=option("lora, full (every weight of the towers), or auto: full if the base has random weights.", choices=TUNES),
    )
    towers: str = field(default="both", metadata=option("Which towers get adapters, or are trained whole.", choices=TOWERS))
    rank: int = field(default=16, metadata=option("Rank of the adapters.", least=1))
    alpha: int = field(default=0, metadata=option("Scale of the adapters. 0: twice the rank.", least=0))
    dropout: float = field(default=0.0, metadata=option("Dropout of the adapters' input. 0: off.", least=0, most=0.9))
    depthwise: bool = field(default=False, metadata=option("Also train depthwise convolutions, in full (slow on a CPU)."))
    frozen: tuple[str, ...] | None = field(
        default=None,
        metadata=option(
            "Comma-separated prefixes of modules to leave unchanged. auto: those that the base's config names; none: none.",
            flag="--freeze",
            parse=parse_frozen,
            shown="auto",
        ),
    )

    def __post_init__(self) -> None:
        for value, allowed, flag in ((self.tune, TUNES, "--tune"), (self.towers, TOWERS, "--towers")):
            if value not in allowed:
                raise InputError(f"{flag} {value} is unknown", fix=f"use one of {', '.join(allowed)}")
        if self.rank < 1:
            raise InputError(f"--rank must be at least 1, got {self.rank}")

    def resolved(self, pretrained: bool) -> str:
        """`lora` or `full`."""
        return ("lora" if pretrained else "full") if self.tune == "auto" else self.tune


@dataclass(frozen=True)
class Optimisation:
    """How long and how fast a model learns. warmup: share of all steps."""

    epochs: int = field(default=6, metadata=option("Passes over the training images.", least=1, panel="Options"))
    batch_size: int = field(default=64, metadata=option("Images per step.", least=2, panel="Options"))
    learning_rate: float = field(
        default=1e-3, metadata=option("Learning rate of the adapters, or of all weights with --tune full.")
    )
    head_rate: float = field(default=2e-3, metadata=option("Learning rate of projections that are trained from scratch."))
    weight_decay: float = 0.02
    warmup: float = 0.1
    accumulate: int = field(
        default=1,
        metadata=option("Parts in which a batch is computed to save memory; the loss still sees all of it. 1: off.", least=1),
    )
    patience: int = field(
        default=0, metadata=option("Stop after this many epochs without a better validation F1. 0: never.", least=0)
    )
    checkpoint_steps: int = field(default=100, metadata=option("Steps between checkpoints.", least=1))
    sampling: str = field(
        default="natural",
        metadata=option("natural, or balanced: every region equally often.", choices=("natural", "balanced")),
    )
    captions_per_image: int = field(default=1, metadata=option("Captions drawn for each image in a step.", least=1))
    whole_a_step: int = field(
        default=24,
        metadata=option("Full captions encoded per step; the others come from memory.", flag="--whole-per-step", least=1),
    )
    hard_a_step: int = field(
        default=16, metadata=option("Hard negatives per step, two texts each.", flag="--hard-per-step", least=1)
    )

    def __post_init__(self) -> None:
        for name in ("learning_rate", "head_rate"):
            if not 0 < getattr(self, name) < 100:
                raise InputError(f"--{name.replace('_', '-')} must be above 0, got {getattr(self, name):g}", fix="give e.g. 0.001")
        counts = ("epochs", "batch_size", "accumulate", "checkpoint_steps", "captions_per_image", "whole_a_step", "hard_a_step")
        for name in counts:
            if getattr(self, name) < 1:
                raise InputError(f"--{name.replace('_', '-')} must be at least 1, got {getattr(self, name)}")


@dataclass(frozen=True)
class Objective:
    """What is optimised; a weight of 0 switches a term off.

    region_weight: images near the captions of their region; claim_weight: images near captions whose claims hold for them (where captions
    make claims of single images); whole_weight: images near captions that state all they show, against the remembered captions of all
    images; image_weight: images near images of their region; hard_weight: true captions before twins with one false claim, None for
    `HARD_WEIGHT` where captions make claims of single images, else 0; region_positives: `mean` of a region's captions (`to_regions`),
    `any` of them (`any_positive`), or `auto`: the mean where captions make claims of single images, else any.
    """

    loss: str = field(
        default="auto",
        metadata=option(
            "label: every pair that fits is a positive; clip: only the drawn pair (InfoNCE); sigmoid; auto: sigmoid if the base was "
            "trained with it, else label.",
            choices=LOSSES,
        ),
    )
    region_weight: float = field(default=1.0, metadata=option("Weight of 'same region' in the label loss. 0: off."))
    claim_weight: float = field(default=1.0, metadata=option("Weight of 'same claims' in the label loss. 0: off."))
    whole_weight: float = field(default=1.0, metadata=option("Weight of the images' own full captions in the label loss. 0: off."))
    image_weight: float = field(default=0.0, metadata=option("Weight of images with images of their region. 0: off."))
    hard_weight: float | None = field(
        default=None,
        metadata=option(
            "Weight of hard negatives: captions that differ from the true one in exactly one claim. Adds about half to a CPU step. "
            "auto: 0.5 if captions state attributes of single images, else off. 0: off.",
            parse=parse_auto,
            shown="auto",
        ),
    )
    region_positives: str = field(
        default="auto",
        metadata=option(
            "What an image of a region must lie near: the mean of its captions, any of them, or auto (mean if captions state "
            "attributes of single images, else any).",
            choices=REGION_POSITIVES,
        ),
    )

    def __post_init__(self) -> None:
        if self.loss not in LOSSES:
            raise InputError(f"unknown loss '{self.loss}'", fix=f"use one of {', '.join(LOSSES)}")
        if self.region_positives not in REGION_POSITIVES:
            raise InputError(
                f"unknown --region-positives '{self.region_positives}'", fix=f"use one of {', '.join(REGION_POSITIVES)}"
            )

    def resolved(self, sigmoid: bool) -> Objective:
        """The same with a loss that is not `auto`; sigmoid: the base was trained with a sigmoid loss."""
        return replace(self, loss="sigmoid" if sigmoid else "label") if self.loss == "auto" else self

    def hard(self, claims: bool) -> float:
        """The weight of hard negatives; claims: captions make claims of single images."""
        if self.hard_weight is not None:
            return self.hard_weight
        return HARD_WEIGHT if claims and self.loss in ("auto", "label") else 0.0

    def by_means(self, claims: bool) -> bool:
        """Whether images are compared with the mean of a region's captions; claims: captions make claims of single images."""
        return claims if self.region_positives == "auto" else self.region_positives == "mean"


@dataclass(frozen=True)
class ImageOptions:
    """How images are read. image_px: side the model sees, None for the base's own; views: mirrored or turned views of an image whose
    features are averaged in use: 1, 2 or 4."""

    image_px: int | None = field(
        default=None,
        metadata=option("Side of the images in pixels. 0: the base's own.", parse=parse_side, shown="0"),
    )
    augmentation: str = field(
        default="auto",
        metadata=option(
            "strong: other stains, backgrounds, cameras and framings, and every image is shown with its background made white; mild: one "
            "lab's material; none; auto: strong, but the scale and light of tiles that cut-tiles made stay as they are.",
            flag="--augment",
            choices=AUGMENTATIONS,
        ),
    )
    laminar: bool = field(default=False, metadata=option("Keep the direction of layers: rotate by 10 degrees at most."))
    workers: int = field(default=2, metadata=option("Threads that decode images. 0: none.", least=0))
    views: int = field(
        default=1,
        metadata=option("Views of an image whose features are averaged at inference: 1, 2 (also mirrored), 4 (also rotated)."),
    )

    def __post_init__(self) -> None:
        if self.views not in (1, 2, 4):
            raise InputError(f"--views {self.views} is not possible", fix="use 1, 2 (mirrored) or 4 (turned too)")
        if self.laminar and self.views == 4:
            raise InputError("--views 4 turns images upside down, which --laminar forbids", fix="use --views 2")


@dataclass(frozen=True)
class RejectionOptions:
    """alpha: share of known images that may be rejected; scores: those that are combined, () to choose by leave-one-region-out."""

    alpha: float = field(default=0.05, metadata=option("Share of known images that may be rejected.", flag="--rejection-alpha"))
    scores: tuple[str, ...] = field(
        default=(),
        metadata=option(
            "Comma-separated scores to combine. Empty: chosen by leaving each known region out in turn.", flag="--rejection-scores"
        ),
    )

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise InputError(f"--rejection-alpha must be between 0 and 1, got {self.alpha:g}", fix="give a rate such as 0.05")
        unknown = [name for name in self.scores if name not in SCORE_NAMES]
        if unknown:
            raise InputError(f"--rejection-scores names no score '{unknown[0]}'", fix=f"use some of {', '.join(SCORE_NAMES)}")


@dataclass(frozen=True)
class RecalibrateOptions:
    """The command's options: another rate or other scores for a model, or a calibration for another microscope."""

    model: Path = field(metadata=option("Folder of train-lora.", argument="MODEL"))
    alpha: float | None = field(
        default=None,
        metadata=option("Share of known images that may be rejected. Default: unchanged.", least=1e-6, most=0.999999),
    )
    scores: tuple[str, ...] = field(
        default=(),
        metadata=option("Comma-separated scores to combine. Empty: chosen by leaving each known region out in turn."),
    )
    source: str = field(
        default="",
        metadata=option(
            "Calibrate for another microscope, stain or laboratory of this name, from --images or --labelled; evaluate and describe use it "
            "if the column 'source' of a table, or their --source, says so. Empty: the model's own calibration.",
            panel=_SOURCE,
        ),
    )
    images: Path | None = field(
        default=None,
        metadata=option(
            "Table of at least 20 images of the source, without labels. Assumed: new images are drawn like these. Strange tissue among "
            "them weakens the rejection and does not break the promise. Default: none.",
            panel=_SOURCE,
        ),
    )
    labelled: Path | None = field(
        default=None,
        metadata=option(
            "Table of 5 or more images of the source with their regions. Assumed: new images of known regions are drawn like these; with "
            "fewer than 1/alpha - 1 (19 for 0.05) also that their scores have the shape of the model's own. Default: none.",
            panel=_SOURCE,
        ),
    )
    region_column: str = field(default="region", metadata=option("Column of --labelled that holds the region.", panel=_SOURCE))
    embeddings: Path | None = field(
        default=None, metadata=option("Vectors of the images, for a model that takes such. Default: none.", panel=_SOURCE)
    )
    device: str = field(default="auto", metadata=DEVICE)

    def __post_init__(self) -> None:
        if (self.source or self.images or self.labelled) and (self.alpha is not None or self.scores):
            raise InputError("--alpha and --scores are the model's own", fix="leave them out, or leave --source out")


@dataclass(frozen=True)
class TrainSettings:
    """Everything a run depends on. weights: tower to path, for bases without a Hub; whole_captions: wordings of a caption that states
    all of an image's attributes;
    embeddings: file of vectors in place of the images, None to read the images."""

    images: Path = field(metadata=option("Table of images: image_path, region; split, subject, section if known."))
    captions: tuple[Path, ...] = field(
        metadata=option("Folder of generate-captions; may be given several times.", repeat=True),
    )
    out: Path = field(metadata=OUT)
    base: str = field(
        default="efficientnet_lite0_minilm",
        metadata=option(
            "tiny, efficientnet_lite0_minilm, a JSON config, local-dir:FOLDER, hf-hub:OWNER/NAME, or an open_clip name "
            "with its tag such as ViT-B-32:laion2b_s34b_b79k."
        ),
    )
    weights: dict[str, str] = field(
        default_factory=dict,
        metadata=option(
            "Tower weights of a JSON config: vision=FILE,text=FOLDER. Empty: from the folder CYTO_WEIGHTS.",
            parse=parse_weights,
            shown="",
        ),
    )
    optimisation: Optimisation = field(default_factory=Optimisation, metadata=group(_SPEED))
    region_column: str = field(default="region", metadata=option("Column of the table that holds the label."))
    train_where: str = field(
        default="",
        metadata=option(
            'Rows to train and validate on, by a condition on columns of --images: "age < 20 and plane == coronal". Empty: all.'
        ),
    )
    test_where: str = field(
        default="",
        metadata=option("Rows that become split test. Refused if a subject has rows on both sides. Empty: as the table says."),
    )
    scale: str = field(default="", metadata=option("Train on rows of this scale only (tile or region). Empty: on all."))
    wording: str = field(
        default="masked",
        metadata=option(
            "masked: captions without the region's name; named: as published; both.", choices=("masked", "named", "both")
        ),
    )
    overwrite: bool = field(default=False, metadata=OVERWRITE)
    tuning: Tuning = field(default_factory=Tuning, metadata=group(_TUNING))
    objective: Objective = field(default_factory=Objective, metadata=group(_LOSS))
    whole_captions: int = field(
        default=2,
        metadata=option("Wordings of a caption that states all attributes of an image. 0: none.", least=0, panel=_LOSS),
    )
    image: ImageOptions = field(default_factory=ImageOptions, metadata=group(_IMAGES))
    embeddings: Path | None = field(
        default=None,
        metadata=option(
            "Vectors computed elsewhere, instead of the images (.npz, .parquet or .safetensors, keyed by image_path); "
            "projections and the text side are trained. Default: the images are read.",
            panel=_IMAGES,
        ),
    )
    rejection: RejectionOptions = field(default_factory=RejectionOptions, metadata=group(_REJECTION))
    precision: str = field(
        default="auto",
        metadata=option("auto: bf16 where the device has it.", choices=("auto", "bf16", "fp32"), panel=ADVANCED),
    )
    device: str = field(default="auto", metadata=DEVICE)
    tracker: str = field(
        default="none",
        metadata=option(
            "Also log figures to this tracker, if it is installed.", choices=("none", "tensorboard", "wandb"), panel=ADVANCED
        ),
    )
    seed: int = field(default=0, metadata=SEED)
