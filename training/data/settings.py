"""What cutting tiles depends on. Each field's metadata is its option on the command line."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cytoscribe.core.errors import InputError
from cytoscribe.core.options import OUT, OVERWRITE, RAY, SEED, STRICT, VERIFY, WORKERS, length_parser, option

SCALES = ("tile", "region", "both")
LEAST_SIDE = 8
INVERT = ("no", "yes", "auto")
_SIZE, _SPLIT = "How large a tile is", "Which sections train, validate and test"


@dataclass(frozen=True)
class CutSettings:
    """sections, labels: folders; groups: groups.csv, None if outlines name their regions; pixel_size_um: of all sections, None for what
    the section table or the files say; interleave: take splits in turn along the brain instead of drawing sections by seed."""

    sections: Path = field(
        metadata=option("Folder of section pictures: PNG, JPEG, TIFF, OME-TIFF, or a slide scanner's format (read in parts)."),
    )
    labels: Path = field(
        metadata=option(
            "Folder of labels of the same names: label maps (0 is background) of the same size or a whole fraction of it, or "
            "GeoJSON outlines in pixels of the picture, as QuPath exports them."
        ),
    )
    groups: Path | None = field(
        metadata=option(
            "groups.csv: label_value (or label, an outline's classification), group; use (seen or unseen). Default: every "
            "classification of the outlines is a region."
        ),
    )
    out: Path = field(metadata=OUT)
    tile_px: int = field(default=96, metadata=option("Side of a written tile in pixels.", panel=_SIZE))
    stride: int = field(default=0, metadata=option("Written pixels from tile to tile. 0: side by side.", least=0, panel=_SIZE))
    purity: float = field(default=0.7, metadata=option("Least share of a tile that lies in its region, in (0, 1]."))
    scale: str = field(
        default="tile", metadata=option("tile (cells), region (a crop around each whole region), or both.", choices=SCALES)
    )
    region_px: int = field(default=224, metadata=option("Side in pixels to which region crops are scaled.", panel=_SIZE))
    margin: float = field(default=0.1, metadata=option("Context around a region crop, as a share of its side. 0: none.", least=0))
    least_px: int = field(
        default=400, metadata=option("Smallest piece of a region that is cropped, in pixels at the tiles' scale.", least=1)
    )
    most: int = field(
        default=0, metadata=option("Most tiles or crops of one region per section. 0: all.", flag="--per-region", least=0)
    )
    pixel_size_um: float | None = field(
        default=None,
        metadata=option(
            "Micrometres per section pixel, for all sections. 0: as --section-table or the files say.",
            parse=length_parser("--pixel-size-um"),
            shown="0",
            panel=_SIZE,
        ),
    )
    tile_um: float = field(
        default=0.0,
        metadata=option(
            "Side of a tile in micrometres, resampled to --tile-px. 0: --tile-px pixels of the section unchanged.",
            least=0,
            panel=_SIZE,
        ),
    )
    section_table: Path | None = field(
        default=None,
        metadata=option(
            "CSV: section; subject, pixel_size_um, split if known. With three subjects or more, subjects are never split.",
            panel=_SPLIT,
        ),
    )
    colours: Path | None = field(
        default=None,
        metadata=option(
            "For colour-coded label maps: CSV with colour (#rrggbb) and label_value or label. Default: maps hold values."
        ),
    )
    invert: str = field(
        default="no",
        metadata=option(
            "yes, or auto where the ground is dark: bright cells are cut as dark ones on a bright ground.", choices=INVERT
        ),
    )
    test_sections: tuple[str, ...] = field(
        default=(), metadata=option("Comma-separated names. Empty: one section in five.", panel=_SPLIT)
    )
    interleave: bool = field(
        default=True,
        metadata=option(
            "Take the sections of each split in turn along the brain, or draw them by --seed.",
            flag="--interleave-sections",
            panel=_SPLIT,
        ),
    )
    seed: int = field(default=0, metadata=SEED)
    strict: bool = field(default=False, metadata=STRICT)
    overwrite: bool = field(default=False, metadata=OVERWRITE)
    verify: bool = field(default=False, metadata=VERIFY)
    workers: int = field(default=1, metadata=WORKERS)
    ray: str = field(default="", metadata=RAY)

    def __post_init__(self) -> None:
        if self.scale not in SCALES:
            raise InputError(f"unknown scale '{self.scale}'", fix=f"use one of {', '.join(SCALES)}")
        if self.invert not in INVERT:
            raise InputError(f"--invert {self.invert} is unknown", fix=f"use one of {', '.join(INVERT)}")
        if self.tile_px < LEAST_SIDE or self.region_px < LEAST_SIDE:
            raise InputError(f"a tile needs at least {LEAST_SIDE} pixels a side", fix="give a larger --tile-px")
        if not 0 < self.purity <= 1:
            raise InputError(f"--purity must be above 0 and at most 1, got {self.purity:g}", fix="give a share such as 0.7")
