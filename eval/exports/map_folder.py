"""A finished map of a section, read back from the folder that `describe --section` wrote."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import RUN_FILE, read_json
from cytoscribe.core.shapes import check, entries, whole
from cytoscribe.core.tables import read_csv
from cytoscribe.eval.section_map import LABELS_FILE, LEGEND_FILE, TILES_FILE

_RUN = entries({"settings": entries({"tile_px": whole(1, 2**31), "stride": whole(1, 2**31)})})
COLUMNS = ("x", "y", "side_px", "region", "probability", "p_value", "unseen")


@dataclass(frozen=True)
class MapFolder:
    """names: what each value of `labels` means, 0 glass; labels (h, w) int, one cell of `step` section pixels; tiles: one row a tile
    (x, y, side_px in section pixels, region, probability, p_value, unseen); probability, p_value (h, w): means of the tiles over a
    cell, NaN on glass; size: (H, W) of the section in pixels as far as the tiles reach."""

    path: Path
    names: tuple[str, ...]
    step: int
    labels: np.ndarray
    tiles: pd.DataFrame
    probability: np.ndarray
    p_value: np.ndarray

    @property
    def nearest(self) -> np.ndarray:
        """(h, w) int: the region that most of the tiles over a cell are most like, be they rejected or not; 0 on glass."""
        names = [name for name in self.names[1:] if name in set(self.tiles["region"])]
        votes = np.zeros((len(names), *self.labels.shape))
        for x, y, side, region in self.tiles[["x", "y", "side_px", "region"]].itertuples(index=False):
            votes[(names.index(region), *_covered(x, y, side, self.step))] += 1
        values = np.array([self.names.index(name) for name in names] or [0])
        return np.where((self.labels > 0) & (votes.max(0, initial=0) > 0), values[votes.argmax(0) if len(names) else 0], 0)

    @property
    def size(self) -> tuple[int, int]:
        reach = (self.tiles[["y", "x"]].to_numpy() + self.tiles[["side_px"]].to_numpy()).max(0)
        return int(reach[0]), int(reach[1])


def read_map(folder: Path) -> MapFolder:
    """Read labels.png, legend.csv, tiles.csv and run.json. Raises InputError where the folder is no finished map."""
    if not (folder / TILES_FILE).is_file() or not (folder / LABELS_FILE).is_file():
        raise InputError("no map of a section", where=folder, fix="give a folder that describe --section wrote")
    step = check(read_json(folder / RUN_FILE), _RUN, folder / RUN_FILE, "map the section again")["settings"]["stride"]
    names = tuple(line["region"] for _, line in read_csv(folder / LEGEND_FILE, ["value", "region"]))
    tiles = _tiles(folder / TILES_FILE)
    labels = _cells(_labels(folder / LABELS_FILE), tiles, step)
    probability, p_value = _means(tiles, labels.shape, step)
    glass = labels == 0
    return MapFolder(folder, names, step, labels, tiles, np.where(glass, np.nan, probability), np.where(glass, np.nan, p_value))


def _tiles(path: Path) -> pd.DataFrame:
    rows = [line for _, line in read_csv(path, list(COLUMNS))]
    if not rows:
        raise InputError("no tile", where=path, fix="map a section that shows tissue")
    table = pd.DataFrame(rows)[list(COLUMNS)]
    try:
        kinds = {"x": "int64", "y": "int64", "side_px": "int64", "probability": "float64", "p_value": "float64"}
        table = table.astype(kinds)
    except ValueError as error:
        raise InputError("a cell is not a number", where=path, fix="map the section again") from error
    return table.assign(unseen=table["unseen"] == "yes")


def _labels(path: Path) -> np.ndarray:
    from cytoscribe.training.data.label_maps import read_labels

    return read_labels(path, drawn=True).astype(np.int64)


def _cells(labels: np.ndarray, tiles: pd.DataFrame, step: int) -> np.ndarray:
    """One label a step: the map has the section's own size, or is one pixel a step already."""
    height = int(np.max(tiles["y"].to_numpy() + tiles["side_px"].to_numpy()))
    if labels.shape[0] < height:
        return labels
    rows, columns = (np.arange(-(-n // step)) * step + step // 2 for n in labels.shape)
    return labels[rows.clip(max=labels.shape[0] - 1)][:, columns.clip(max=labels.shape[1] - 1)]


def _means(tiles: pd.DataFrame, shape: tuple[int, ...], step: int) -> tuple[np.ndarray, np.ndarray]:
    """Probability and p-value (h, w), each the mean of the tiles that cover the middle of a cell."""
    total, count = np.zeros((2, *shape)), np.zeros(shape)
    for x, y, side, probability, p_value in tiles[["x", "y", "side_px", "probability", "p_value"]].itertuples(index=False):
        rows, columns = _covered(x, y, side, step)
        total[:, rows, columns] += np.array([probability, p_value])[:, None, None]
        count[rows, columns] += 1
    means = total / np.where(count, count, np.nan)
    return means[0], means[1]


def _covered(x: int, y: int, side: int, step: int) -> tuple[slice, slice]:
    """Rows and columns of the cells whose middle a tile covers."""
    top, left = (max(int(np.ceil((v - step / 2) / step)), 0) for v in (y, x))
    bottom, right = (int(np.floor((v + side - step / 2 - 1e-9) / step)) + 1 for v in (y, x))
    return slice(top, bottom), slice(left, right)
