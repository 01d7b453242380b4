"""Slide over a whole section and map what the model says: region, how sure, and where it has never seen the like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cytoscribe.core.contents import verify_contents
from cytoscribe.core.digests import quick_digest
from cytoscribe.core.errors import InputError
from cytoscribe.core.progress import bar
from cytoscribe.core.runs import RunFolder, atomic_path
from cytoscribe.core.tables import write_csv
from cytoscribe.eval.answers import answer, sources_of
from cytoscribe.eval.chance import near_chance
from cytoscribe.eval.reasons import ARTEFACT, MICROSCOPE, Pixels, judged_pixels, reasons, unknown
from cytoscribe.eval.report.section_picture import write_overlay
from cytoscribe.eval.section_labels import OVERLAY_FILE, SectionMap
from cytoscribe.eval.section_source import band, thumbnail, tissue_mask
from cytoscribe.eval.settings import MapSettings
from cytoscribe.training.data.slides import Slide, open_slide

if TYPE_CHECKING:
    from torch import Tensor

LEAST_TISSUE = 0.5
"""Share of a tile that must be tissue."""

LABELS_FILE, CONFIDENCE_FILE, LEGEND_FILE, TILES_FILE = "labels.png", "confidence.png", "legend.csv", "tiles.csv"
REASONS = (ARTEFACT, MICROSCOPE)
"""Reasons that the map shows as labels of their own, behind the regions and `unseen`."""
_REASON_COLUMNS = ("reason", "artefact", "p_artefact", "p_microscope")
_FULL_SIZE = 60_000_000
"""Pixels up to which the maps are written at the section's own size; larger ones keep one pixel a step."""


def map_section(settings: MapSettings, model: Any = None) -> SectionMap:
    """Map one section; writes labels.png (uint16), confidence.png, legend.csv, tiles.csv and overlay.png into `settings.out`.

    A killed run resumes at the row of tiles where it stopped. Raises InputError where the section or the model cannot be used.
    """
    slide = open_slide(settings.section)
    side = _side(settings, slide)
    stride = settings.stride or max(side // 2, 1)
    if not 0 < stride <= side:
        raise InputError(f"--stride {stride} leaves gaps between tiles of {side} px", fix="give at most the tile's side")
    model = model or _load(settings)
    texts = _texts(settings, model)
    sources_of(model, (), settings.source)
    told = {"tile_px": side, "stride": stride, "class_captions": texts, "source": settings.source}
    inputs = {"section": quick_digest(settings.section), "model": model_digests(settings.model)}
    with RunFolder(settings.out, "describe-section", told, inputs, overwrite=settings.overwrite) as run:
        if settings.verify:
            verify_contents(run.path, [settings.section])
        small, shrunk = thumbnail(slide)
        grid = Grid(slide.sizes[0], side, stride, tissue_mask(small), shrunk)
        shrink = side / getattr(model, "image_px", side)
        judge = _judge(model, texts, settings.batch_size, settings.source)
        with bar("mapping", grid.rows, "rows") as running:
            for row in range(grid.rows):
                if not run.has_shard(f"row {row}"):
                    run.write_shard(f"row {row}", judge(list(grid.tiles(slide, row, shrink))))
                running.advance()
        found = _gather(run, grid, model, settings.out)
        _write(found, grid, run)
        write_overlay(found, small, grid.tissue, shrunk, settings.out / OVERLAY_FILE)
        run.finish({"tiles": int(sum(len(run.read_shard(f"row {r}")) for r in range(grid.rows))), "shares": found.shares})
    return found


def model_digests(folder: Path) -> list[str]:
    """Of what answers: a model that was trained or calibrated again must not go on with the other's answers."""
    return [quick_digest(path) for path in (*sorted((folder / "merged").glob("*.safetensors")), folder / "calibration.json")]


def _load(settings: MapSettings) -> Any:
    return _loaded(settings.model, settings.device, tuple(model_digests(settings.model)))


@lru_cache(maxsize=1)
def _loaded(folder: Path, device: str, digests: tuple[str, ...]) -> Any:
    """The model, loaded once a process while its files stay the same."""
    from cytoscribe.training.model.model_folder import TrainedModel

    return TrainedModel.load(folder, device)


def _texts(settings: MapSettings, model: Any) -> Mapping[str, Sequence[str]] | None:
    from cytoscribe.eval.class_captions import read_class_captions

    return read_class_captions(settings.class_captions, model.regions)[0] if settings.class_captions else None


def _side(settings: MapSettings, slide: Slide) -> int:
    """Side of a tile in section pixels."""
    side = settings.tile_px
    if settings.tile_um:
        pixel = settings.pixel_size_um or slide.pixel_size_um
        if not pixel:
            raise InputError(
                "the file does not say its pixel size", where=settings.section, fix="give --pixel-size-um or --tile-px"
            )
        side = round(settings.tile_um / pixel)
    height, width = slide.sizes[0]
    if not 8 <= side <= min(height, width):
        raise InputError(
            f"tiles of {side} px on a section of {width} x {height} px",
            where=settings.section,
            fix="give a --tile-px between 8 and the section's shorter side",
        )
    return side


@dataclass(frozen=True)
class Grid:
    """Where tiles lie. size: (H, W) of the section; tissue: (h, w) bool at 1/shrunk of its size."""

    size: tuple[int, int]
    side: int
    stride: int
    tissue: np.ndarray
    shrunk: int

    @property
    def rows(self) -> int:
        return self._count(self.size[0])

    @property
    def columns(self) -> int:
        return self._count(self.size[1])

    @property
    def cells(self) -> tuple[int, int]:
        """Height and width of the map in cells of one stride."""
        return -(-self.size[0] // self.stride), -(-self.size[1] // self.stride)

    def _count(self, length: int) -> int:
        return -(-max(length - self.side, 0) // self.stride) + 1

    def _start(self, index: int, length: int) -> int:
        return min(index * self.stride, length - self.side)  # the last tile ends at the edge

    def tiles(self, slide: Slide, row: int, shrink: float = 1.0) -> Iterator[tuple[int, int, np.ndarray]]:
        """x, y and pixels of the tiles in one row that hold tissue, read at a level that is smaller by at most `shrink`."""
        top = self._start(row, self.size[0])
        wanted = [x for x in (self._start(c, self.size[1]) for c in range(self.columns)) if self._share(x, top) >= LEAST_TISSUE]
        if wanted:
            rows = band(slide, top, self.side, shrink)
            factor = rows.shape[1] / self.size[1]
            wide = max(round(self.side * factor), 1)
            yield from ((x, top, rows[:, round(x * factor) : round(x * factor) + wide]) for x in wanted)

    def _share(self, x: int, y: int) -> float:
        box = (
            slice(y // self.shrunk, (y + self.side) // self.shrunk + 1),
            slice(x // self.shrunk, (x + self.side) // self.shrunk + 1),
        )
        return float(self.tissue[box].mean())

    def tissue_at(self, height: int, width: int, step: int) -> np.ndarray:
        """(height, width) share of tissue in cells of `step` section pixels."""
        from scipy.ndimage import uniform_filter

        blurred = np.asarray(uniform_filter(self.tissue.astype(np.float32), max(round(step / self.shrunk), 1)))
        rows, columns = (((np.arange(n) + 0.5) * step / self.shrunk).astype(int) for n in (height, width))
        return blurred[rows.clip(0, blurred.shape[0] - 1)][:, columns.clip(0, blurred.shape[1] - 1)]

    def covered(self, x: int, y: int) -> tuple[slice, slice]:
        """Cells whose middle lies under the tile at x, y."""
        half = self.stride / 2
        first = [int(np.ceil((v - half) / self.stride)) for v in (y, x)]
        last = [int(np.floor((v + self.side - half - 1e-9) / self.stride)) for v in (y, x)]
        return slice(max(first[0], 0), last[0] + 1), slice(max(first[1], 0), last[1] + 1)


Tile = tuple[int, int, np.ndarray]


def _judge(
    model: Any, texts: Mapping[str, Sequence[str]] | None, batch: int, source: str = ""
) -> Callable[[list[Tile]], list[dict[str, Any]]]:
    """From tiles to rows of numbers: place, probabilities, p-value, rejected."""
    encode = _encoder(model, batch)

    def judged(tiles: list[Tile]) -> list[dict[str, Any]]:
        if not tiles:
            return []
        shown = [pixels for _, _, pixels in tiles]
        answers = answer(model, encode(shown), texts, (source,) * len(tiles) if source else ())
        why = reasons(answers, _pixels(model, shown, answers.sources), model.regions)
        return [
            {
                "x": x,
                "y": y,
                "probabilities": [round(float(p), 5) for p in answers.probabilities[i]],
                "p_value": round(float(answers.p_values[i]), 6),
                "rejected": bool(answers.rejected[i]),
                "reason": why.kinds[i],
                "artefact": why.artefacts[i],
                "p_artefact": _rounded(why.p_artefact[i]),
                "p_microscope": _rounded(why.p_microscope[i]),
            }
            for i, (x, y, _) in enumerate(tiles)
        ]

    return judged


def _pixels(model: Any, tiles: Sequence[np.ndarray], sources: Sequence[str]) -> Pixels:
    if getattr(model, "appearance", None) is None:
        return unknown(len(tiles))
    from cytoscribe.training.images import squared
    from cytoscribe.training.rejection.appearance import measure

    squares = np.stack([np.ascontiguousarray(squared(t, model.image_px).transpose(2, 0, 1)) for t in tiles])
    return judged_pixels(model, measure(squares), sources)


def _rounded(p_value: float) -> float | None:
    return None if np.isnan(p_value) else round(float(p_value), 6)


def _encoder(model: Any, batch: int) -> Callable[[Sequence[np.ndarray]], Tensor]:
    """Features (N, D) of tiles in memory; a model with `encode_arrays` of its own computes them."""
    own = getattr(model, "encode_arrays", None)
    if own is not None:
        return own
    from cytoscribe.training.images import squared
    from cytoscribe.training.model.encoding import image_features

    def encode(tiles: Sequence[np.ndarray]) -> Tensor:
        squares = np.stack([np.ascontiguousarray(squared(t, model.image_px).transpose(2, 0, 1)) for t in tiles])
        return image_features(model.model, squares, model.mean, model.std, model.device, batch, model.views, model.balanced)

    return encode


def _gather(run: RunFolder, grid: Grid, model: Any, out: Path) -> SectionMap:
    height, width = grid.cells
    total = np.zeros((height, width, len(model.regions)), np.float32)
    rejected, count = np.zeros((height, width), np.float32), np.zeros((height, width), np.float32)
    because = np.zeros((height, width, len(REASONS)), np.float32)
    tiles: Counter[str] = Counter()
    for row in range(grid.rows):
        for tile in run.read_shard(f"row {row}"):
            cells = grid.covered(tile["x"], tile["y"])
            total[cells] += np.array(tile["probabilities"], np.float32)
            rejected[cells] += tile["rejected"]
            for k, reason in enumerate(REASONS):
                because[(*cells, k)] += tile["reason"] == reason
            count[cells] += 1
            tiles[tile["reason"]] += 1
    empty = (count == 0) | (grid.tissue_at(height, width, grid.stride) < LEAST_TISSUE)
    held = np.where(empty, np.nan, np.maximum(count, 1))
    return SectionMap(
        tuple(model.regions),
        grid.stride,
        total / held[..., None],
        rejected / held,
        float(model.rejection.alpha),
        out,
        because / held[..., None],
        dict(tiles.most_common()),
        tuple(note for note in (*model.rejection.notes, near_chance(model)) if note),
    )


def _write(found: SectionMap, grid: Grid, run: RunFolder) -> None:
    _write_map(found.labels, grid, run.path / LABELS_FILE)
    _write_map(np.round(found.confidence * 255).astype(np.uint8), grid, run.path / CONFIDENCE_FILE)
    names = ("background", *found.regions, *found.others)
    write_csv(
        run.path / LEGEND_FILE, ("value", "region", "share"), [(i, n, f"{found.shares.get(n, 0):.4f}") for i, n in enumerate(names)]
    )
    rows = (tile for row in range(grid.rows) for tile in run.read_shard(f"row {row}"))
    named = (
        (
            *(t["x"], t["y"], grid.side, *_best(t["probabilities"], found.regions), t["p_value"], "yes" if t["rejected"] else "no"),
            *(t[c] if t[c] is not None else "" for c in _REASON_COLUMNS),
        )
        for t in rows
    )
    header = ("x", "y", "side_px", "region", "probability", "p_value", "unseen", *_REASON_COLUMNS)
    write_csv(run.path / TILES_FILE, header, named)


def _best(probabilities: Sequence[float], regions: Sequence[str]) -> tuple[str, float]:
    best = int(np.argmax(probabilities))
    return regions[best], probabilities[best]


def _write_map(values: np.ndarray, grid: Grid, path: Path) -> None:
    """PNG at the section's own size, or, for one that is too large, with one pixel a step."""
    from PIL import Image

    height, width = grid.size
    if height * width <= _FULL_SIZE:
        values = values[np.arange(height) // grid.stride][:, np.arange(width) // grid.stride]
        values = np.where(grid.tissue_at(height, width, 1) >= LEAST_TISSUE, values, 0).astype(values.dtype)
    with atomic_path(path) as temporary:
        Image.fromarray(values).save(temporary, "PNG")
