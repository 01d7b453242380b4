"""What measuring and describing depend on. Each field's metadata is its option on the command line."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cytoscribe.core.errors import InputError
from cytoscribe.core.options import DEVICE, OUT, OVERWRITE, RAY, SEED, VERIFY, WORKERS, option

_CAPTIONS, _MEASURE, _SECTIONS = "What is compared with the images", "How it is measured", "Whole sections"
_BOTH, _CAPTIONER = "Both scales together", "Captioner"
DECODINGS = ("label", "free", "known")

_MODEL = option("Model folder that train-lora wrote.", required=False)
_CLASS_CAPTIONS = option(
    "JSON object from region to a list of texts, to name regions in your own words. Default: the model's own.", panel=_CAPTIONS
)
_EMBEDDINGS = option(
    "Vectors of the images (.npz, .parquet, .safetensors, keyed by image_path), for a model that was trained with such. Default: the "
    "images are read.",
    panel=_MEASURE,
)
_NORMALISE = option(
    "source: the images come from one microscope or stain that training did not see, and are adapted to it without labels, from at "
    "least 20 of them; each step is kept only if names become clearer. none: as they are.",
    choices=("none", "source"),
)
_SOURCE = option(
    "Microscope, stain or laboratory of all the images, whose calibration by recalibrate --source judges them. Empty: as a column "
    "'source' of the table says, else the model's own.",
)


def parse_columns(text: str) -> tuple[str, ...] | None:
    """Columns joined by commas; None for `auto`, () for `none`."""
    if text == "auto":
        return None
    return () if text == "none" else tuple(c.strip() for c in text.split(",") if c.strip())


def parse_shots(text: str) -> tuple[int, ...]:
    """Numbers of images joined by commas; raises InputError for anything else."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isdecimal() and 0 < int(part) <= 10_000 for part in parts):
        raise InputError(f"--few-shot '{text}' is not a list of numbers of images", fix="write 1,2,4,8,16")
    return tuple(dict.fromkeys(int(part) for part in parts))


@dataclass(frozen=True)
class EvaluateSettings:
    """What is measured. attributes: columns that exact captions state, None for those that the captions speak of, () for none."""

    model: Path = field(metadata=_MODEL)
    images: Path = field(metadata=option("Table of images: image_path, region, and split if it has one."))
    out: Path = field(metadata=OUT)
    captions: Path | None = field(
        default=None,
        metadata=option("Captions folder for retrieval. Default: the class captions are searched.", panel=_CAPTIONS),
    )
    class_captions: Path | None = field(default=None, metadata=_CLASS_CAPTIONS)
    regions: Path | None = field(
        default=None,
        metadata=option("Region table with a column 'parent', for mistakes by parent. Default: left out.", panel=_MEASURE),
    )
    region_column: str = field(default="region", metadata=option("Column of --images that holds the region."))
    split: str = field(
        default="test", metadata=option("Split of --images to measure; 'all' takes every image. Unseen images are always added.")
    )
    scale: str = field(
        default="auto", metadata=option("Rows of --images with this scale; 'auto': the one the model was trained on; 'all'.")
    )
    wording: str = field(
        default="masked",
        metadata=option(
            "masked: captions without the region's name, so that the name alone finds nothing; named: as published.",
            choices=("masked", "named"),
            panel=_CAPTIONS,
        ),
    )
    attributes: tuple[str, ...] | None = field(
        default=None,
        metadata=option(
            "Comma-separated columns of --images: retrieval by captions that state them all. 'auto': those that --captions speak of; "
            "'none' turns it off.",
            parse=parse_columns,
            shown="auto",
            panel=_CAPTIONS,
        ),
    )
    bootstrap: int = field(default=1000, metadata=option("Replicates for the 95% intervals. 0: none.", least=0, panel=_MEASURE))
    seed: int = field(default=0, metadata=SEED)
    device: str = field(default="auto", metadata=DEVICE)
    batch_size: int = field(
        default=64, metadata=option("Images encoded at a time; lower it if memory is short.", least=1, panel=_MEASURE)
    )
    explorer: int = field(default=400, metadata=option("Most images on explorer.html. 0: none.", least=0, panel=_MEASURE))
    overwrite: bool = field(default=False, metadata=OVERWRITE)
    embeddings: Path | None = field(default=None, metadata=_EMBEDDINGS)
    normalise: str = field(default="none", metadata=_NORMALISE)
    second_annotation: Path | None = field(
        default=None,
        metadata=option(
            "Table of the same images annotated by other people (image_path or img_name, and columns named as in --images): the human "
            "ceiling of attributes. Default: none.",
            panel=_CAPTIONS,
        ),
    )
    source: str = field(default="", metadata=_SOURCE)
    test_where: str = field(
        default="",
        metadata=option(
            'Rows of --images to measure, by a condition on its columns: "age >= 20 and plane == coronal". Refused if training saw their '
            "subjects. Empty: all.",
            panel=_MEASURE,
        ),
    )
    group_by: tuple[str, ...] = field(
        default=(),
        metadata=option(
            "Comma-separated columns whose groups are measured apart, with their gap, beside age, plane, subject and scale.",
            panel=_MEASURE,
        ),
    )
    few_shot: tuple[int, ...] = field(
        default=(),
        metadata=option(
            "Comma-separated numbers of training images per region: naming by their means, as 1,2,4,8,16. Empty: left out.",
            parse=parse_shots,
            shown="",
            panel=_MEASURE,
        ),
    )


@dataclass(frozen=True)
class EvaluateOptions:
    """The command's options: a model, or a captioner in its place."""

    run: EvaluateSettings
    captioner: Path | None = field(
        default=None, metadata=option("Folder of train-captioner, to measure instead of --model.", panel=_CAPTIONER)
    )
    images_a_region: int = field(
        default=0,
        metadata=option("With --captioner: most images of each region, drawn by seed. 0: all.", least=0, panel=_CAPTIONER),
    )


@dataclass(frozen=True)
class DescribeSettings:
    """What single images are described with. regions: region table with a column `parent`, to name the parent where a region is
    not sure."""

    model: Path = field(metadata=_MODEL)
    images: tuple[Path, ...] = field(
        metadata=option(
            "Image files, or folders of them; any format that Pillow reads, 8 or 16 bit.",
            repeat=True,
            argument="[IMAGE]...",
            required=False,
        )
    )
    descriptions: Path | None = field(
        default=None,
        metadata=option(
            "Folder that mine-descriptions wrote, for each region's description with its papers. Default: the model's captions.",
            panel=_CAPTIONS,
        ),
    )
    class_captions: Path | None = field(default=None, metadata=_CLASS_CAPTIONS)
    captions: Path | None = field(
        default=None,
        metadata=option(
            "Captions folder: the caption of the named region that lies nearest to the image is shown with its sources. Default: no "
            "caption.",
            panel=_CAPTIONS,
        ),
    )
    quotes: int = field(default=0, metadata=option("Most sentences of papers to quote for a region. 0: none.", least=0))
    device: str = field(default="auto", metadata=DEVICE)
    name_by: str = field(
        default="captions",
        metadata=option(
            "What a name is based on: captions (of the regions), images (of the training), or both.",
            choices=("captions", "images", "both"),
        ),
    )
    embeddings: Path | None = field(default=None, metadata=_EMBEDDINGS)
    normalise: str = field(default="none", metadata=_NORMALISE)
    source: str = field(default="", metadata=_SOURCE)
    regions: Path | None = field(
        default=None,
        metadata=option(
            "Region table with a column 'parent': if a region is not sure, the closest parent of all plausible ones is named. Default: "
            "always a region."
        ),
    )


@dataclass(frozen=True)
class MapSettings:
    """How one section is mapped. tile_px: side of a tile in section pixels, as the model's tiles were cut; verify: hash a large section
    in full."""

    model: Path
    section: Path
    out: Path
    tile_px: int = 96
    stride: int = 0
    tile_um: float = 0.0
    pixel_size_um: float = 0.0
    class_captions: Path | None = None
    device: str = "auto"
    batch_size: int = 64
    overwrite: bool = False
    verify: bool = False
    source: str = ""


@dataclass(frozen=True)
class DescribeOptions:
    """The command's options: single images, whole sections, pieces at both scales, by a model or a captioner."""

    single: DescribeSettings
    json: bool = field(default=False, metadata=option("Print one JSON object per line instead of text."))
    captioner: Path | None = field(
        default=None,
        metadata=option("Folder of train-captioner: it describes images in words, in place of --model.", panel=_CAPTIONER),
    )
    decoding: str = field(
        default="known",
        metadata=option(
            "With --captioner. known: it chooses among the captions of the likeliest region; label: the model continues from that "
            "region's name in words of its own; free: it writes the name too. A short training teaches names, not prose.",
            choices=DECODINGS,
            panel=_CAPTIONER,
        ),
    )
    struck: bool = field(
        default=False,
        metadata=option("With --captioner: show the sentences that no claim supports, between tildes.", panel=_CAPTIONER),
    )
    region_model: Path | None = field(
        default=None,
        metadata=option(
            "Model folder trained with --scale region: answers for the region crops of --table, together with the tiles inside them, which "
            "--model sees. Default: --model alone.",
            panel=_BOTH,
        ),
    )
    table: Path | None = field(
        default=None,
        metadata=option("images.csv whose images are described; with --region-model, of cut-tiles with both scales.", panel=_BOTH),
    )
    split: str = field(default="", metadata=option("Split of --table that is described. Empty: all.", panel=_BOTH))
    fusion: Path | None = field(
        default=None, metadata=option("Folder of fuse-scales: how both scales are weighed. Default: both alike.", panel=_BOTH)
    )
    sections: tuple[Path, ...] = field(
        default=(),
        metadata=option(
            "Whole section to map, tile by tile, or a folder of sections; repeatable.",
            flag="--section",
            repeat=True,
            panel=_SECTIONS,
        ),
    )
    out: Path | None = field(
        default=None, metadata=option("Folder for the maps, one folder per section. Needed with --section.", panel=_SECTIONS)
    )
    tile_px: int = field(
        default=MapSettings.tile_px,
        metadata=option("Side of a tile in pixels of the section, as for training.", least=8, panel=_SECTIONS),
    )
    stride: int = field(
        default=MapSettings.stride, metadata=option("Pixels from tile to tile. 0: half a tile.", least=0, panel=_SECTIONS)
    )
    tile_um: float = field(
        default=MapSettings.tile_um,
        metadata=option("Side of a tile in micrometres. 0: --tile-px counts.", least=0, panel=_SECTIONS),
    )
    pixel_size_um: float = field(
        default=MapSettings.pixel_size_um, metadata=option("Micrometres per pixel. 0: as the file says.", least=0, panel=_SECTIONS)
    )
    workers: int = field(default=1, metadata=WORKERS)
    ray: str = field(default="", metadata=RAY)
    verify: bool = field(default=False, metadata=VERIFY)
    overwrite: bool = field(default=False, metadata=OVERWRITE)
