"""Names as the Julich-Brain atlas and siibra write them: "Area hOc1 (V1, 17, CalcS) left" is hOc1, with what else it is called."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from cytoscribe.core.records import Region

_SIDE = re.compile(r"\s*[,-]?\s*\(?\b(?:left|right)(?: hemisphere)?\)?$", re.IGNORECASE)
_NAME = re.compile(r"(?P<area>Area\s+)?(?P<label>[^()]+?)\s*\((?P<inside>[^()]*)\)$", re.IGNORECASE)
_PLACES = re.compile(r"[A-Za-z]{1,10}(?:/[A-Za-z]{1,10})*")
_WORDS = re.compile(r"[a-z]{4,}")
_LONGEST = 500
"""Characters that no name of an atlas exceeds."""


@dataclass(frozen=True)
class AtlasName:
    """What an atlas's name says: the region's label, its other names, and the gyrus, sulcus or nucleus where it lies."""

    label: str
    aliases: tuple[str, ...] = ()
    place: str = ""


def parse_name(name: str) -> AtlasName | None:
    """The parts of a name such as "Area 45 (IFG) left" or "LB (Amygdala) right"; None where a name is of another form."""
    name = " ".join(name.split())  # long runs of blanks would take the patterns for ever
    if len(name) > _LONGEST:
        return None
    bare = _SIDE.sub("", name)
    found = _NAME.fullmatch(bare)
    if found is None:
        return None
    parts = [part.strip() for part in found["inside"].split(",") if part.strip()]
    others = [p for i, p in enumerate(parts) if any(c.isdigit() for c in p) or (i < len(parts) - 1 and _WORDS.search(p))]
    places = [p for p in parts if p not in others]
    if bare == name and not (found["area"] and all(_PLACES.fullmatch(p) for p in places)):
        return None
    label = found["label"].strip()
    aliases = [
        bare,
        *([f"area {label}"] if found["area"] else []),
        *(f"area {o}" if re.fullmatch(r"\d+\w?", o) else o for o in others),
    ]
    return AtlasName(label, tuple(dict.fromkeys(aliases)), " ".join(places))


def merge_sides(regions: Iterable[Region]) -> tuple[list[Region], list[str]]:
    """Regions with atlas names read, left and right made one, and which labels came of which names.

    A region without a parent gets the place that its name gives; the names as they were written become aliases.
    """
    merged: dict[str, Region] = {}
    sources: dict[str, list[str]] = {}
    for region in regions:
        parsed = parse_name(region.name)
        if parsed is None:
            merged.setdefault(region.name, region)
            continue
        sources.setdefault(parsed.label, []).append(region.name)
        before = merged.get(parsed.label, replace(region, name=parsed.label, aliases=(), parent=region.parent or parsed.place))
        aliases = dict.fromkeys((*before.aliases, *parsed.aliases, *region.aliases, region.name))
        merged[parsed.label] = replace(before, aliases=tuple(a for a in aliases if a != parsed.label))
    return list(merged.values()), [f"'{label}' is read from {' and '.join(map(repr, names))}" for label, names in sources.items()]
