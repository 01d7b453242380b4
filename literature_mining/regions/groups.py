"""Groups of regions by their parent: `all subdivisions of area 9` names every row whose parent is area 9."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cytoscribe.core.records import Region

_MEMBERS = (
    r"(?:(?:all|both|the|each|every|most|these|its|(?!no\b|neither\b|in\b|of\b|than\b|and\b)\w+)\s+){0,3}?(?:sub-?divisions?|sub-?areas?|sub-?regions?|sub-?fields?|sub-?nuclei|parts|portions|divisions|members|components)"
    r"\s+(?:of|within|in)\s+(?:the\s+)?"
)
_SOME = re.compile(
    r"\b(?:(?:dors|ventr|rostr|caud|medi|later|anteri|posteri|superi|inferi)\w*|oral|some|several|other|few|many|most)\s+"
    r"(?:of\s+(?:the\s+)?)?(?:sub|part|portion|division|member|component)",
    re.IGNORECASE,
)
"""`dorsal subdivisions of area 9`: not all of them, and nobody can tell which."""


class GroupFinder:
    """Finds groups by the name of their parent, or by the names of the parent's own row."""

    def __init__(self, regions: Iterable[Region]) -> None:
        rows = list(regions)
        children: dict[str, list[str]] = {}
        for region in rows:
            if region.parent:
                children.setdefault(region.parent.casefold(), []).append(region.name)
        names = {r.name.casefold(): [n.casefold() for n in r.names] for r in rows}
        self._groups: dict[str, tuple[str, ...]] = {}
        for parent, members in children.items():
            if len(members) > 1:
                for name in {parent, parent.removeprefix("area "), *names.get(parent, [])}:
                    self._groups[name] = tuple(members)
        listed = "|".join(re.escape(n) for n in sorted(self._groups, key=len, reverse=True))
        self._pattern = (
            re.compile(rf"\b{_MEMBERS}(?:areas?\s+|BA\s?)?(?P<parent>{listed})(?!\w|\.\d|')", re.IGNORECASE) if listed else None
        )

    def find(self, text: str) -> list[tuple[int, int, tuple[str, ...]]]:
        """(start, end, regions) of each group that the text names."""
        if self._pattern is None:
            return []
        found = (m for m in self._pattern.finditer(text) if not _SOME.search(text[: m.end()], max(0, m.start() - 12)))
        return [(m.start(), m.end(), self._groups[m.group("parent").casefold()]) for m in found]
