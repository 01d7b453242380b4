"""Captions for the regions of a section's map: the tile that the model is surest of stands for each region."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import write_json
from cytoscribe.core.tables import read_csv
from cytoscribe.core.verify import record_files
from cytoscribe.eval.captioner.describer import Captioned, CaptionSettings, answers, load
from cytoscribe.eval.captioner.grounding import Ground
from cytoscribe.eval.section_map import TILES_FILE
from cytoscribe.training.captioner.folder import Captioner
from cytoscribe.training.captioner.resampler import Seen
from cytoscribe.training.captioner.vision import Encoder
from cytoscribe.training.data.slides import open_slide, window
from cytoscribe.training.images import squared

CAPTIONS_FILE = "captions.json"


def caption_section(settings: CaptionSettings, section: Path, folder: Path, captioner: Captioner | None = None) -> list[str]:
    """Caption each region of the map in `folder`, which `map_section` made of `section`; writes captions.json and returns lines for people.

    Raises InputError where the captioner takes vectors computed elsewhere.
    """
    captioner = captioner or load(settings)
    if not isinstance(captioner.vision, Encoder):
        raise InputError(
            "the captioner takes vectors, not tiles of a section", where=settings.captioner, fix="leave --captioner out"
        )
    best = _surest(folder / TILES_FILE)
    if not best:
        return []
    found = _described(captioner, settings, section, best)
    told = [
        {"region": name, "x": x, "y": y, "side_px": side, **one.as_json()}
        for (name, x, y, side), one in zip(best, found, strict=True)
    ]
    write_json(folder / CAPTIONS_FILE, told)
    record_files(folder)
    return [f"  {name}, tile at {x}, {y}: {one.label}. {one.caption}" for (name, x, y, _), one in zip(best, found, strict=True)]


Tile = tuple[str, int, int, int]
"""Region, x, y, side in pixels of the section."""


def _surest(path: Path) -> list[Tile]:
    """The accepted tile of highest probability of each region, by region."""
    best: dict[str, tuple[float, Tile]] = {}
    for _, row in read_csv(path, ["x", "y", "side_px", "region", "probability", "unseen"]):
        probability = float(row["probability"])
        if row["unseen"] == "no" and probability > best.get(row["region"], (-1.0, None))[0]:
            best[row["region"]] = (probability, (row["region"], int(row["x"]), int(row["y"]), int(row["side_px"])))
    return [best[name][1] for name in sorted(best)]


def _described(captioner: Captioner, settings: CaptionSettings, section: Path, tiles: Sequence[Tile]) -> list[Captioned]:
    slide, eye = open_slide(section), captioner.vision
    assert isinstance(eye, Encoder)
    pictures = []
    for _, x, y, side in tiles:
        pixels = window(slide, x, y, side, side, max(side / eye.px, 1.0))
        pictures.append(np.ascontiguousarray(squared(pixels, eye.px).transpose(2, 0, 1)))
    seen = Seen.joined([eye.encode(pictures[s : s + 64]) for s in range(0, len(pictures), 64)])
    return answers(captioner, Ground(captioner.knowledge), settings, [section] * len(tiles), seen)
