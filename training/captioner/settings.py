"""Everything a training run of the captioner depends on, in groups. Each field's metadata is its option on the command line.

Nothing here loads torch, so that options are checked, and help is printed, at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cytoscribe.core.errors import InputError
from cytoscribe.core.options import ADVANCED, DEVICE, OUT, OVERWRITE, SEED, group, option
from cytoscribe.training.settings import MOST_PX, parse_weights

SMALL = "tiny"
"""The decoder that needs no download: its tokenizer and weights are learned from the captions."""
_EYE, _LEARN, _REJECT, _SIZE = "What looks at the images", "How it learns", "Rejection", "Size"


@dataclass(frozen=True)
class Adapter:
    """What is trained beside the frozen language model. width: of a latent, and of the cross-attentions; layers: of the resampler."""

    latents: int = field(default=8, metadata=option("Tokens that the resampler makes of an image.", least=1))
    width: int = field(default=256, metadata=option("Width of these tokens and of the cross-attentions; a multiple of 8.", least=8))
    layers: int = field(default=2, metadata=option("Layers of the resampler.", flag="--resampler-layers", least=1))
    every: int = field(
        default=0,
        metadata=option(
            "Decoder layers from one cross-attention to the next. 0: about eight in all.", flag="--cross-every", least=0
        ),
    )
    lora_rank: int = field(
        default=0,
        metadata=option(
            "Rank of adapters on the language model's attention, from the first cross-attention on. 0: it stays as it is.", least=0
        ),
    )

    def __post_init__(self) -> None:
        for name in ("latents", "layers"):
            _at_least(name, getattr(self, name), 1)
        for name in ("every", "lora_rank"):
            _at_least(name, getattr(self, name), 0)
        if self.width < 8 or self.width % 8:
            raise InputError(f"--width must be a multiple of 8, got {self.width}", fix="give a width such as 256")


@dataclass(frozen=True)
class Schedule:
    """How the captioner learns. warmup: share of all steps."""

    epochs: int = field(default=10, metadata=option("Passes over the training images.", least=1, panel="Options"))
    batch_size: int = field(default=16, metadata=option("Images per step.", least=1, panel="Options"))
    learning_rate: float = field(default=1e-3, metadata=option("Learning rate; gates learn ten times faster."))
    weight_decay: float = 0.02
    warmup: float = 0.05
    sampling: str = field(
        default="natural",
        metadata=option("natural, or balanced: every region equally often.", choices=("natural", "balanced")),
    )
    masked_share: float = field(
        default=0.5, metadata=option("Share of the captions drawn that do not name the region, 0 to below 1.")
    )
    label_epochs: int = field(
        default=3,
        metadata=option(
            "First epochs, in which only the name that an answer begins with is learned: a few tokens, and the reason to look at the "
            "image. They come on top of --epochs. 0: none.",
            least=0,
        ),
    )
    sight_epochs: int = field(
        default=8,
        metadata=option(
            "Passes before all others and without the language model, in which what looks at the image learns to tell regions and "
            "attributes apart. 0: none.",
            least=0,
        ),
    )
    least_steps: int = field(
        default=1500,
        metadata=option(
            "Steps of whole captions at least: where images are few, each epoch passes over them several times. 0: once an epoch.",
            least=0,
        ),
    )
    contrast: float = field(
        default=0.5,
        metadata=option(
            "Weight of the loss that asks for captions to be likelier beside their own image than beside another, in a part of each "
            "step. 0: off."
        ),
    )
    detail: float = field(
        default=1.0,
        metadata=option("Power of a caption's number of claims in the odds of its being drawn. 0: all captions alike."),
    )
    label_weight: float = field(
        default=5.0, metadata=option("Weight of the region's name in the loss; every other token of a caption has 1.", least=0.1)
    )
    outlier_share: float = field(
        default=0.15,
        metadata=option("Share of a batch that shows no known region: spoilt and blended images. 0: off.", panel=_REJECT),
    )
    rotating_share: float = field(
        default=0.0,
        metadata=option(
            "In each epoch another known region plays the unseen one, in this share of its images. 0: off.", panel=_REJECT
        ),
    )
    checkpoint_steps: int = field(default=100, metadata=option("Steps between checkpoints.", least=1))

    @property
    def all_epochs(self) -> int:
        """Those of names alone and those of whole captions."""
        return self.label_epochs + self.epochs

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "checkpoint_steps"):
            _at_least(name, getattr(self, name), 1)
        for name in ("label_epochs", "sight_epochs", "least_steps", "contrast", "detail"):
            _at_least(name, getattr(self, name), 0)
        for name in ("masked_share", "outlier_share", "rotating_share"):
            value = getattr(self, name)
            if not 0 <= value < 1:
                raise InputError(
                    f"--{name.replace('_', '-')} must be at least 0 and below 1, got {value:g}", fix="give a share such as 0.2"
                )


@dataclass(frozen=True)
class CaptionerSettings:
    """What `train-captioner` is asked. weights: tower to path, for a base without a Hub; cache: folder of encoded images, None for one
    within `out`."""

    images: Path = field(metadata=option("Table of images: image_path, region; split, subject, section if known."))
    captions: tuple[Path, ...] = field(metadata=option("Folder of generate-captions; may be given several times.", repeat=True))
    out: Path = field(metadata=OUT)
    vision: str = field(
        default="",
        metadata=option(
            "Frozen encoder: a model folder of train-lora, a base of train-lora such as ViT-B-32:openai, or timm:NAME. Empty with "
            "--embeddings."
        ),
    )
    llm: str = field(
        default="smollm2",
        metadata=option(
            "Frozen language model of the Llama kind: smollm2, the short names of generate-captions, a Hub name, a folder or a GGUF "
            "file. tiny is learned from the captions and needs no download."
        ),
    )
    embeddings: Path | None = field(
        default=None,
        metadata=option(
            "Vectors or token grids computed elsewhere, instead of images (.npz, .parquet or .safetensors, keyed by image_path). With "
            "a model folder as --vision: that model's own vectors. Default: the images are read.",
            panel=_EYE,
        ),
    )
    descriptions: Path | None = field(
        default=None, metadata=option("Folder of mine-descriptions, for the regions' other names. Default: none.")
    )
    schedule: Schedule = field(default_factory=Schedule, metadata=group(_LEARN))
    adapter: Adapter = field(default_factory=Adapter, metadata=group(_SIZE))
    outliers: Path | None = field(
        default=None,
        metadata=option(
            "Table of images of other tissue, which the captioner learns to call unseen. Default: none.", panel=_REJECT
        ),
    )
    alpha: float = field(default=0.05, metadata=option("Share of known images that may be rejected.", panel=_REJECT))
    four_bit: bool = field(
        default=False, metadata=option("Load the language model in 4 bits on a GPU; needs bitsandbytes.", panel=_SIZE)
    )
    weights: dict[str, str] = field(
        default_factory=dict,
        metadata=option(
            "Weights of a base that is a JSON config: vision=FILE,text=FOLDER.", parse=parse_weights, shown="", panel=_EYE
        ),
    )
    image_px: int = field(
        default=0,
        metadata=option("Side of the images in pixels, of a base or timm model. 0: its own.", least=0, most=MOST_PX, panel=_EYE),
    )
    cache: Path | None = field(
        default=None, metadata=option("Folder that keeps encoded images for other runs. Default: within --out.", panel=_EYE)
    )
    region_column: str = field(default="region", metadata=option("Column of the table that holds the label."))
    scale: str = field(default="", metadata=option("Train on rows of this scale only (tile or region). Empty: on all."))
    aliases: Path | None = field(
        default=None, metadata=option("JSON file of short model names of your own. Default: none.", panel=ADVANCED)
    )
    precision: str = field(
        default="auto",
        metadata=option("auto: bf16 where the device has it.", choices=("auto", "bf16", "fp32"), panel=ADVANCED),
    )
    device: str = field(default="auto", metadata=DEVICE)
    seed: int = field(default=0, metadata=SEED)
    overwrite: bool = field(default=False, metadata=OVERWRITE)

    def __post_init__(self) -> None:
        given = self.embeddings is not None
        if bool(self.vision) == given and not (given and Path(self.vision).is_dir()):
            fix = "--vision for images, --embeddings for vectors of them; both where a model folder gave the vectors"
            raise InputError("give either --vision or --embeddings", fix=fix)
        if not 0 < self.alpha < 1:
            raise InputError(f"--alpha must be between 0 and 1, got {self.alpha:g}", fix="give a rate such as 0.05")


def _at_least(name: str, value: float, least: int) -> None:
    if value < least:
        raise InputError(f"--{name.replace('_', '-')} must be at least {least}, got {value:g}", fix=f"give {least} or more")
