"""Regions to cut, and the fine labels that each is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from cytoscribe.core.errors import InputError, cell
from cytoscribe.core.spelling import plain, respelled
from cytoscribe.core.tables import read_csv

BACKGROUND = 0
_MOST_LABEL = 2**53
_AT_ONCE = 2**20
"""Labels that are looked up together: what lies between labels and numbers is wider than either."""
_TABLE = 2**20
"""Label values up to which a table is looked up instead of a sorted list."""


@dataclass(frozen=True)
class Groups:
    """Regions to cut, and the labels each is made of. names are sorted; unseen: those no training may see; by_value, by_name: label
    value, or name of an outline, to 1 + index of its group."""

    names: tuple[str, ...]
    unseen: frozenset[str]
    by_value: dict[int, int] = field(default_factory=dict)
    by_name: dict[str, int] = field(default_factory=dict)

    @cached_property
    def _sorted(self) -> tuple[np.ndarray, np.ndarray]:
        values = np.array(sorted(self.by_value), dtype=np.int64)
        return values, np.array([self.by_value[int(v)] for v in values], dtype=self.kind)

    @property
    def kind(self) -> np.dtype:
        """The smallest type of whole numbers that holds every group's number: a grid of a large section holds many of them."""
        return np.min_scalar_type(len(self.names))

    def of(self, labels: np.ndarray) -> np.ndarray:
        """(H, W) group numbers (0 for none) of a label map, of type `kind`; values that no group names belong to none."""
        found = np.zeros(labels.shape, self.kind)
        rows = max(_AT_ONCE // max(labels[:1].size, 1), 1)
        for top in range(0, len(labels), rows):
            found[top : top + rows] = self._of(labels[top : top + rows])
        return found

    def _of(self, labels: np.ndarray) -> np.ndarray:
        values, numbers = self._sorted
        if not len(values):
            return np.zeros(labels.shape, self.kind)
        if values[-1] < _TABLE:
            table = np.zeros(int(values[-1]) + 1, self.kind)
            table[values] = numbers
            return table[np.where((labels >= 0) & (labels < len(table)), labels, BACKGROUND)]
        place = np.searchsorted(values, labels).clip(max=len(values) - 1)
        return np.where(values[place] == labels, numbers[place], BACKGROUND)

    def of_names(self, names: Iterable[str]) -> tuple[dict[str, int], dict[str, str]]:
        """(name to group number, name to the group's own spelling of it where that differs); names of no group are left out. Names
        that are ids of an ontology are label values, too."""
        names = list(names)
        mended = respelled(names, self.by_name)
        mended |= {n: p for n in names if n not in self.by_name and n not in mended and (p := plain(n)) in self.by_name}
        numbers = {n: self.by_value[int(n)] for n in names if n.isascii() and n.isdigit() and int(n) in self.by_value}
        numbers |= {n: self.by_name[mended.get(n, n)] for n in names if mended.get(n, n) in self.by_name}
        return numbers, mended


def read_groups(path: Path) -> Groups:
    """Read groups.csv: `group` and, for label maps, `label_value`, or for outlines and colours `label` (their class);
    `use=unseen` keeps a group out of training.

    Raises InputError naming the row of a label value that is not a whole number of 1 or more, belongs to two groups, or of a group
    that is both seen and unseen.
    """
    values: dict[int | str, str] = {}
    uses: dict[str, str] = {}
    for row, line in read_csv(path, ["group"]):
        value, group, use = _label_of(path, row, line), line["group"], line.get("use", "").lower() or "seen"
        if not group:
            raise InputError("empty cell", where=cell(path, row, "group"), fix="give the group or remove the row")
        if values.setdefault(value, group) != group:
            raise InputError(f"label {value} is in two groups", where=cell(path, row, "group"), fix="keep one of them")
        if use not in ("seen", "unseen") or uses.setdefault(group, use) != use:
            raise InputError(
                f"use '{use}' of '{group}'", where=cell(path, row, "use"), fix="give seen or unseen, one value per group"
            )
    _refuse_two_spellings(uses, path)
    names = tuple(sorted(uses))
    number = {name: i + 1 for i, name in enumerate(names)}
    return Groups(
        names,
        frozenset(g for g, u in uses.items() if u == "unseen"),
        {v: number[g] for v, g in values.items() if isinstance(v, int)},
        {v: number[g] for v, g in values.items() if isinstance(v, str)},
    )


def _refuse_two_spellings(uses: Mapping[str, str], path: Path) -> None:
    """Raise InputError where two groups are one name but for blanks, accents or `.0`."""
    first: dict[str, str] = {}
    for group in uses:
        if first.setdefault(plain(group), group) != group:
            raise InputError(
                f"groups '{first[plain(group)]}' and '{group}' differ only in spelling", where=path, fix="write it one way"
            )


def _label_of(path: Path, row: int, line: dict[str, str]) -> int | str:
    """The label value of a row, or the name of an outline."""
    if line.get("label"):
        return line["label"]
    if "label_value" not in line:
        raise InputError("no column 'label_value' or 'label'", where=path, fix="name the label of each row")
    value = plain(line["label_value"])
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) < _MOST_LABEL:
        raise InputError(
            f"'{line['label_value']}' is not a label value", where=cell(path, row, "label_value"), fix="give a whole number from 1"
        )
    return int(value)


def groups_named(names: Iterable[str]) -> Groups:
    """Every name as a region of its own, all seen."""
    ordered = tuple(sorted(set(names)))
    return Groups(ordered, frozenset(), {}, {name: i + 1 for i, name in enumerate(ordered)})
