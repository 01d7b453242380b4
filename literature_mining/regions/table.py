"""The table of regions: labels, aliases and parents, checked so that every name means one region."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cytoscribe.core.errors import InputError, cell
from cytoscribe.core.records import Region
from cytoscribe.core.spelling import key, plain
from cytoscribe.core.tables import read_csv, write_csv
from cytoscribe.literature_mining.regions.atlas_names import merge_sides

_KNOWN = ("region", "aliases", "parent", "split")


@dataclass(frozen=True)
class RegionTable:
    """Regions in the order of their file. `notes` says which names were set aside, and why."""

    regions: tuple[Region, ...] = ()
    notes: tuple[str, ...] = ()

    def find(self, name: str) -> Region | None:
        """The region that bears this name: exactly, else whatever the case, else whatever the spacing and hyphens."""
        for spelling in (str.strip, str.casefold, squeeze):
            wanted = spelling(name)
            for region in self.regions:
                if any(spelling(n) == wanted for n in region.names):
                    return region
        return None

    @property
    def names(self) -> tuple[str, ...]:
        """Labels in the order of the table."""
        return tuple(r.name for r in self.regions)


def squeeze(name: str) -> str:
    """A name without case, spaces, hyphens and punctuation, to compare spellings."""
    return re.sub(r"[\W_]+", "", name).casefold()


def read_regions(path: str | Path, *, drop_shared: bool = False) -> RegionTable:
    """Read regions.csv (`region` required and unique; `aliases` separated by `;`, `parent`, `split` and anything else optional).

    An alias that two rows share is an error that names both, unless it can be settled: it is another spelling of one row's own
    label, or the label of one row, or one row is the other's parent; or `drop_shared`, which takes it from both.
    Raises InputError where the table has no regions, an empty or doubled label, or an alias that is shared.
    """
    path = Path(path)
    rows = [_region(path, number, row) for number, row in read_csv(path, ["region"])]
    if not rows:
        raise InputError("the table has a header but no regions", where=path, fix="add one row per region")
    _check_labels(path, rows)
    alike = _alike(rows)
    rows, named = merge_sides(rows)
    table = _settle(path, rows, drop_shared)
    notes = [f"{path}: {_few(found)}" for found in (named, alike) if found]
    return replace(table, notes=(*notes, *table.notes))


def _few(notes: Sequence[str]) -> str:
    """The first notes, and how many more there are."""
    return "; ".join(notes[:3]) + (f"; and {len(notes) - 3} more names of this form" if len(notes) > 3 else "")


def write_regions(path: str | Path, regions: Sequence[Region]) -> None:
    """Write a table that `read_regions` reads back."""
    extra = sorted({k for r in regions for k in r.extra})
    split = ["split"] if any(r.split for r in regions) else []
    rows = [
        [r.name, ";".join(r.aliases), r.parent, *([r.split] if split else []), *(r.extra.get(k, "") for k in extra)]
        for r in regions
    ]
    write_csv(path, ["region", "aliases", "parent", *split, *extra], rows)


def _region(path: Path, number: int, row: dict[str, str]) -> Region:
    name = plain(row["region"])
    if not name:
        raise InputError("empty cell", where=cell(path, number, "region"), fix="give the region's label or remove the row")
    split = row.get("split", "").lower()
    if split not in {"", "seen", "unseen", "train", "val", "test"}:
        raise InputError(f"unknown split '{split}'", where=cell(path, number, "split"), fix="use seen or unseen, or leave it empty")
    aliases = dict.fromkeys(a for a in map(plain, row.get("aliases", "").split(";")) if a and a != name)
    extra = {k: v for k, v in row.items() if k not in _KNOWN}
    return Region(name=name, aliases=tuple(aliases), parent=plain(row.get("parent", "")), split=split, extra=extra, row=number)


def _check_labels(path: Path, rows: Iterable[Region]) -> None:
    first: dict[str, int] = {}
    for region in rows:
        if region.name in first:
            raise InputError(
                f"region '{region.name}' appears in row {first[region.name]} and in row {region.row}",
                where=path,
                fix="keep one of the two rows and join their aliases",
            )
        first[region.name] = region.row


def _alike(rows: Iterable[Region]) -> list[str]:
    """Labels that differ in letter case, spaces or hyphens alone, which may be one region in two rows."""
    same: dict[str, list[Region]] = {}
    for region in rows:
        same.setdefault(re.sub(r"[\s_-]+", "", key(region.name)), []).append(region)
    return [
        f"{' and '.join(f'row {r.row} ({r.name})' for r in found)} differ in case, spaces or hyphens alone; "
        "keep one row if they are one region"
        for found in same.values()
        if len(found) > 1
    ]


def _settle(path: Path, rows: list[Region], drop_shared: bool) -> RegionTable:
    holders: dict[str, list[Region]] = {}
    for region in rows:
        for name in region.names:
            holders.setdefault(_identity(name), []).append(region)
    taken: dict[int, set[str]] = {}
    notes = []
    for shared in sorted((s for s, who in holders.items() if len({r.row for r in who}) > 1), key=lambda s: holders[s][0].row):
        who = list({r.row: r for r in holders[shared]}.values())
        owner = _owner(shared, who)
        rows_named = " and ".join(f"row {r.row} ({r.name})" for r in who)
        name = next(n for n in who[0].names if _identity(n) == shared)
        if owner is None and not drop_shared:
            raise InputError(
                f"alias '{name}' is shared by {rows_named}",
                where=path,
                fix="keep it in one row, or pass --shared-aliases drop to read it for neither",
            )
        for region in who:
            if region is not owner:
                taken.setdefault(region.row, set()).add(shared)
        kept = f"it is read as {owner.name}" if owner else "it is read for neither"
        notes.append(f"{path}: '{name}' is shared by {rows_named}; {kept}")
    kept_regions = tuple(
        Region(
            r.name, tuple(a for a in r.aliases if _identity(a) not in taken.get(r.row, ())), r.parent, r.split, dict(r.extra), r.row
        )
        for r in rows
    )
    return RegionTable(kept_regions, tuple(notes))


def _identity(name: str) -> str:
    """Names that readers of a paper cannot tell apart: short labels keep their case, words do not."""
    return name if is_label(name) else name.casefold()


def is_label(name: str) -> bool:
    """True for a short sign such as `V3a`, `hOc4d`, `SMA` or `47/12m`, whose case matters; False for words."""
    return " " not in name.strip() and (any(c.isdigit() for c in name) or sum(c.isupper() for c in name) > 1 or len(name) <= 3)


def _owner(shared: str, who: Sequence[Region]) -> Region | None:
    labelled = [r for r in who if _identity(r.name) == shared]
    if len(labelled) == 1:
        return labelled[0]
    spelled = [r for r in who if squeeze(r.name) == squeeze(shared)]
    if len(spelled) == 1:
        return spelled[0]
    parents = [r for r in who if any(other.parent == r.name for other in who)]
    return parents[0] if len(parents) == 1 else None


def with_plurals(table: RegionTable) -> RegionTable:
    """The table with the plural of every name that is a word ("neutrophils") as an alias, where no other region has it."""
    taken = {n.casefold() for r in table.regions for n in (r.name, *r.aliases)}
    return RegionTable(tuple(replace(r, aliases=(*r.aliases, *_plurals(r, taken))) for r in table.regions), table.notes)


def _plurals(region: Region, taken: Container[str]) -> list[str]:
    names = [n for n in (region.name, *region.aliases) if re.search(r"[a-z]{3}$", n) and not n.endswith("s")]
    return [f"{n}s" for n in names if f"{n}s".casefold() not in taken]
