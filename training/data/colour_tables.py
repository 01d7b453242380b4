"""Colour-coded label maps: which colour is which label, and how much of a map has colours that the table does not list."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cytoscribe.core.errors import InputError, cell
from cytoscribe.core.progress import say
from cytoscribe.core.tables import read_csv
from cytoscribe.training.data.groups import Groups

_HEX = re.compile(r"#?([0-9a-fA-F]{6})")
_MOST_UNLISTED = 0.02
"""Share of a map's pixels whose colours are neither listed nor the ground, from which on the table does not fit the map."""


@dataclass(frozen=True)
class ColourTable:
    """labels: colour (red * 65536 + green * 256 + blue) to the label that it means, a value or a name."""

    path: Path
    labels: dict[int, int | str]

    @property
    def names(self) -> tuple[str, ...]:
        """The labels as names of regions."""
        return tuple(str(label) for label in self.labels.values())

    def numbers(self, colours: np.ndarray, groups: Groups, where: Path) -> np.ndarray:
        """(H, W) int32 group numbers of a map of colours (-1 for none). The most frequent colour that is not listed is the ground.

        Raises InputError where much of the map has other colours that are not listed: the table is another map's, or the map was
        smoothed.
        """
        listed = np.array(sorted(self.labels), dtype=np.int64)
        place = np.searchsorted(listed, colours).clip(max=len(listed) - 1)
        known = listed[place] == colours
        self._refuse_foreign(colours[~known & (colours >= 0)], colours.size, where)
        own = np.array([self._number(self.labels[int(c)], groups) for c in listed], dtype=np.int32)
        return np.where(known, own[place], 0).astype(np.int32)

    def _number(self, label: int | str, groups: Groups) -> int:
        if isinstance(label, int) and label in groups.by_value:
            return groups.by_value[label]
        return groups.of_names([str(label)])[0].get(str(label), 0)

    def _refuse_foreign(self, unlisted: np.ndarray, pixels: int, where: Path) -> None:
        if not unlisted.size:
            return
        found, counts = np.unique(unlisted, return_counts=True)
        order = np.argsort(-counts)
        rest = int(counts.sum() - counts[order[0]])
        told = ", ".join(f"#{int(found[i]):06x}" for i in order[1:4])
        if rest > _MOST_UNLISTED * pixels:
            raise InputError(
                f"{rest / pixels:.0%} of the pixels have colours that {self.path.name} does not list ({told})",
                where=where,
                fix="list them, or make the map again without smoothing",
            )
        if rest:
            say(f"{where.name}: {rest} pixels have colours that {self.path.name} does not list ({told}); they belong to no region")


def read_colours(path: Path) -> ColourTable:
    """Read a table of colours: `colour` (#rrggbb, or three numbers) or `red`, `green`, `blue`, and `label_value` or `label`.

    Raises InputError naming the row of a colour that is none, or that means two labels.
    """
    labels: dict[int, int | str] = {}
    for row, line in read_csv(path, []):
        colour = _colour(path, row, line)
        label = line.get("label") or line.get("label_value") or line.get("group") or ""
        if not label:
            raise InputError("no label", where=cell(path, row), fix="give a column label or label_value")
        meaning = int(label) if label.isascii() and label.isdigit() and not line.get("label") else label
        if labels.setdefault(colour, meaning) != meaning:
            raise InputError(f"#{colour:06x} means two labels", where=cell(path, row), fix="keep one of them")
    if not labels:
        raise InputError("names no colour", where=path, fix="give one row a colour")
    return ColourTable(path, labels)


def _colour(path: Path, row: int, line: Mapping[str, str]) -> int:
    text = line.get("colour") or line.get("color") or " ".join(line.get(c, "") for c in ("red", "green", "blue"))
    if plain := _HEX.fullmatch(text.strip()):
        return int(plain.group(1), 16)
    parts = [int(n) for n in re.findall(r"\d+", text)]
    if len(parts) != 3 or max(parts) > 255:
        raise InputError(
            f"'{text.strip()}' is not a colour", where=cell(path, row), fix="give #rrggbb, or columns red, green and blue"
        )
    return (parts[0] << 16) + (parts[1] << 8) + parts[2]
