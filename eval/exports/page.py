"""A mapped section as a page to pan and zoom: the picture in tiles, labels and doubt above it, and what the papers say of a place.

The page is a folder that works without a network: the browser loads the tiles beside it.
"""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cytoscribe.core.runs import write_text
from cytoscribe.eval.exports.map_folder import MapFolder
from cytoscribe.eval.exports.qupath import colours_of
from cytoscribe.training.data.slides import Slide, open_slide

TILE = 512
MOST_CLAIMS = 6
TEMPLATE = Path(__file__).parents[1] / "report" / "templates" / "section.html"
_QUALITY = 88


def write_page(found: MapFolder, section: Path, folder: Path, model: Path | None = None, descriptions: Path | None = None) -> Path:
    """Write index.html, section.js and tiles/ into `folder`; returns the page's path.

    model: folder whose class captions are shown; descriptions: folder of mine-descriptions, whose claims are shown with their papers.
    Raises InputError where the section or one of the folders cannot be read.
    """
    slide = open_slide(section)
    shutil.rmtree(folder / "tiles", ignore_errors=True)
    levels = write_pyramid(slide, folder / "tiles")
    told = {
        "name": section.name,
        "width": slide.sizes[0][1],
        "height": slide.sizes[0][0],
        "um": slide.pixel_size_um,
        "tile": TILE,
        "levels": levels,
        "step": found.step,
        "rows": found.labels.shape[0],
        "columns": found.labels.shape[1],
        "names": list(found.names),
        "colours": [[0, 0, 0], *(list(colours_of(found)[name]) for name in found.names[1:])],
        "labels": found.labels.ravel().tolist(),
        "nearest": found.nearest.ravel().tolist(),
        "probability": _numbers(found.probability, 2),
        "p_value": _numbers(found.p_value, 4),
        "about": _about(found, model, descriptions),
    }
    write_text(folder / "section.js", f"const SECTION = {_as_script(told)};\n")
    write_text(folder / "index.html", TEMPLATE.read_text(encoding="utf-8"))
    return folder / "index.html"


def write_pyramid(slide: Slide, folder: Path) -> int:
    """Write `LEVEL/COLUMN_ROW.jpg` of TILE pixels a side, each level half as fine as the one before, until one tile shows all; returns
    the number of levels. Memory does not grow with the section: a level is made of the tiles of the one before."""
    height, width = slide.sizes[0]
    levels = max(math.ceil(math.log2(max(height, width) / TILE)), 0) + 1
    for level in range(levels):
        (folder / str(level)).mkdir(parents=True, exist_ok=True)
        side = TILE * 2**level
        for row in range(-(-height // side)):
            for column in range(-(-width // side)):
                pixels = _finest(slide, column, row) if level == 0 else _joined(folder / str(level - 1), column, row)
                Image.fromarray(pixels).save(folder / str(level) / f"{column}_{row}.jpg", quality=_QUALITY)
    return levels


def _finest(slide: Slide, column: int, row: int) -> np.ndarray:
    height, width = slide.sizes[0]
    top, left = row * TILE, column * TILE
    return slide.read(0, top, left, min(top + TILE, height), min(left + TILE, width))


def _joined(finer: Path, column: int, row: int) -> np.ndarray:
    """The four tiles of the finer level that a tile covers, made half as large."""
    rows = []
    for y in (2 * row, 2 * row + 1):
        paths = [finer / f"{x}_{y}.jpg" for x in (2 * column, 2 * column + 1)]
        parts = [np.asarray(Image.open(path)) for path in paths if path.is_file()]
        rows += [np.concatenate(parts, axis=1)] if parts else []
    whole = Image.fromarray(np.concatenate(rows))
    return np.asarray(whole.resize((-(-whole.width // 2), -(-whole.height // 2)), Image.Resampling.BOX))


def _numbers(values: np.ndarray, digits: int) -> list[float | None]:
    return [None if math.isnan(v) else round(v, digits) for v in values.ravel().tolist()]


def _about(found: MapFolder, model: Path | None, descriptions: Path | None) -> dict[str, Any]:
    """Caption and claims of each region, as far as a folder was given that has them."""
    about: dict[str, Any] = {name: {"caption": "", "claims": []} for name in found.names[1:]}
    if model is not None:
        from cytoscribe.core.runs import read_json
        from cytoscribe.training.model.model_folder import REGIONS_FILE

        for name, texts in read_json(model / REGIONS_FILE).get("class_captions", {}).items():
            if name in about and texts:
                about[name]["caption"] = str(texts[0])
    if descriptions is not None:
        _add_claims(about, descriptions)
    return about


def _add_claims(about: dict[str, Any], descriptions: Path) -> None:
    from cytoscribe.core.records import Description
    from cytoscribe.core.tables import read_records
    from cytoscribe.eval.report.evidence import DESCRIPTIONS_FILE, read_claims

    for description in read_records(descriptions / DESCRIPTIONS_FILE, Description):
        if description.region in about:
            about[description.region]["caption"] = description.text or about[description.region]["caption"]
    for claim in sorted(read_claims(descriptions).values(), key=lambda c: -c.score):
        own = about.get(claim.region, {"claims": [None] * MOST_CLAIMS})["claims"]
        if len(own) < MOST_CLAIMS and claim.sentence not in [c["sentence"] for c in own]:
            page = f", page {claim.page}" if claim.page else ""
            own.append({"sentence": claim.sentence, "paper": f"{claim.doi or claim.document}{page}"})


def _as_script(told: dict[str, Any]) -> str:
    """JSON that may lie within a script: no text in it can end the script or begin a comment."""
    text = json.dumps(told, ensure_ascii=False, allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
