"""What measuring depends on. Each field's metadata is its option on the command line."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cytoscribe.core.options import ADVANCED, OUT, OVERWRITE, length_parser, option

PROFILES = ("cell", "tissue", "cortex")
GROUNDS = ("light", "dark")
SIDES = ("top", "right", "bottom", "left")
STRIPS = 8
"""Parts along the pia into which a piece of cortex is cut, for intervals."""
_TABLE = "Detected cells in place of pictures"

_REGION_COLUMN = option("Column that holds the label.")
_GROUND = option("light (stained tissue on bright glass) or dark (fluorescence; inverted first).", choices=GROUNDS)
_CELL_TABLE = option("Detected cells as QuPath exports them, instead of pictures.", panel=_TABLE)
_CORNERS = option("GeoJSON with the points top_left, top_right, bottom_left, bottom_right; top is the pia.", panel=_TABLE)
_PIXEL_SIZE = option(
    "Micrometres per pixel if the table does not say. 0: unknown.", parse=length_parser("--pixel-size-um"), shown="0"
)


@dataclass(frozen=True)
class Options:
    """How an image is measured. pixel_size_um: None if unknown; thickness_um: of the section, 0 if unknown."""

    pixel_size_um: float | None = field(default=None, metadata=_PIXEL_SIZE)
    thickness_um: float = field(
        default=0.0, metadata=option("Section thickness in micrometres, for densities per mm3. 0: none are given.", least=0.0)
    )
    cells: bool = field(default=False, metadata=option("Also write cells.csv, one row per cell (tissue)."))
    pia: str = field(
        default="guess",
        metadata=option("Side of the picture where the pia lies (cortex); guess: the palest side.", choices=("guess", *SIDES)),
    )
    instanseg: Path | None = field(
        default=None,
        metadata=option("TorchScript file of an InstanSeg model that outlines cells (tissue). Default: no model.", panel=ADVANCED),
    )


@dataclass(frozen=True)
class MeasureSettings:
    """The images of one table, measured by a profile. The options' pixel size holds for rows that give none."""

    images: Path = field(metadata=option("Table of images: image_path, a label, and mask_path if there are masks.", required=False))
    out: Path = field(metadata=OUT)
    profile: str = field(
        default="cell",
        metadata=option("cell (one cell per picture), tissue (many cells) or cortex (pia to white matter).", choices=PROFILES),
    )
    options: Options = field(default_factory=Options)
    region_column: str = field(default="region", metadata=_REGION_COLUMN)
    ground: str = field(default="light", metadata=_GROUND)
    bins: Path | None = field(
        default=None, metadata=option("Your own binning file (JSON). Default: the profile's limits.", panel=ADVANCED)
    )
    workers: int = field(
        default=1, metadata=option("Processes that measure. 1: this one only. 0: one per core.", least=0, panel=ADVANCED)
    )
    overwrite: bool = field(default=False, metadata=OVERWRITE)


@dataclass(frozen=True)
class MeasureOptions:
    """The command's options: pictures, or a table of detected cells of one piece of cortex."""

    run: MeasureSettings
    cell_table: Path | None = field(default=None, metadata=_CELL_TABLE)
    corners: Path | None = field(default=None, metadata=_CORNERS)


@dataclass(frozen=True)
class LayerSettings:
    """Exactly one source: images (a table with mask_path, the label map), or sections with labels (folders, files of equal names)."""

    out: Path = field(metadata=OUT)
    names: Path = field(
        metadata=option(
            "What label values mean: label_value (or value), group (or region), and layer (or fine_region, which ends in it).",
            required=False,
        )
    )
    images: Path | None = field(
        default=None, metadata=option("Table of images: image_path, region, mask_path (the label map), section, subject.")
    )
    sections: Path | None = field(default=None, metadata=option("Folder of whole sections, instead of --images."))
    labels: Path | None = field(default=None, metadata=option("Folder of their label maps, named as the sections are."))
    cells: Path | None = field(
        default=None,
        metadata=option("Folder of tables of detected cells, named as the pictures (x_um, y_um, area_um2, or QuPath's)."),
    )
    outline_cells: bool = field(
        default=False, metadata=option("Outline cells in the pictures; needs 2.5 micrometres per pixel or finer.")
    )
    region_column: str = field(default="region", metadata=_REGION_COLUMN)
    pixel_size_um: float | None = field(default=None, metadata=_PIXEL_SIZE)
    ground: str = field(default="light", metadata=_GROUND)
    overwrite: bool = field(default=False, metadata=OVERWRITE)


@dataclass(frozen=True)
class PieceSettings:
    """One piece of cortex from detected cells. cells: detections with places in micrometres; corners: GeoJSON in pixels of
    pixel_size_um; borders: table of the layers; strips: parts along the pia."""

    out: Path
    cells: Path
    corners: Path
    borders: Path
    region: str
    pixel_size_um: float
    strips: int = STRIPS
    overwrite: bool = False


@dataclass(frozen=True)
class LayerOptions:
    """The command's options: label maps, or a table of detected cells with the borders of its layers."""

    run: LayerSettings
    cell_table: Path | None = field(default=None, metadata=_CELL_TABLE)
    corners: Path | None = field(default=None, metadata=_CORNERS)
    borders: Path | None = field(
        default=None,
        metadata=option("Table of the piece's layers: layer, from_percent, to_percent of the depth.", panel=_TABLE),
    )
    region: str = field(default="", metadata=option("Region of the piece.", panel=_TABLE))
