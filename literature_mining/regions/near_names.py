"""Spellings of a paper that differ from a table's name in case, spaces or hyphens alone: what a region without claims may be missing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from cytoscribe.core.records import Region
from cytoscribe.literature_mining.regions.mentions import flatten
from cytoscribe.literature_mining.regions.table import is_label, squeeze

_WORD = re.compile(r"[^\W_]+")
_GAPS = frozenset({"", " ", "-", "_"})
_LONGEST = 4
"""Words of a text that together may be one name: `pre-SMA`, `FG 1`, `area h Oc 1`."""
_LEAST = 3
"""Letters and digits of a name, below which chance finds it everywhere; two where they are a letter and a digit (`V1`)."""


class NearNames:
    """Finds spellings that a `RegionFinder` passes over, since a short label is read exactly as the table writes it."""

    def __init__(self, regions: Iterable[Region]) -> None:
        self._names: dict[str, list[str]] = {}
        self._owners: dict[str, set[str]] = {}
        for region in regions:
            for name in region.names:
                if _is_telling(squeeze(name)):
                    self._names.setdefault(squeeze(name), []).append(flatten(name))
                    self._owners.setdefault(squeeze(name), set()).add(region.name)

    def find(self, text: str) -> dict[str, Counter[str]]:
        """Region to the spellings that the table has not, and how often each occurs; a spelling of two regions is neither's."""
        flat = flatten(text)
        words = [(m.start(), m.end(), m.group().casefold()) for m in _WORD.finditer(flat)]
        found: dict[str, Counter[str]] = {}
        for first, (start, _, joined) in enumerate(words):
            last = first
            while True:
                if joined in self._owners and (spelling := self._new(joined, flat[start : words[last][1]])):
                    (owner,) = self._owners[joined]
                    found.setdefault(owner, Counter())[spelling] += 1
                last += 1
                if last >= min(len(words), first + _LONGEST) or flat[words[last - 1][1] : words[last][0]] not in _GAPS:
                    break
                joined += words[last][2]
        return found

    def _new(self, key: str, written: str) -> str:
        """The spelling, where no name of the table reads as it; "" where one does, or the word may be an ordinary one."""
        if len(self._owners[key]) > 1:
            return ""
        for name in self._names[key]:
            if written == name or (not is_label(name) and written.casefold() == name.casefold()):
                return ""
            if is_label(name) and written.islower() and written.isalpha():
                return ""  # `act` is no spelling of ACT
        return written


def _is_telling(key: str) -> bool:
    return len(key) >= _LEAST or (len(key) == _LEAST - 1 and key[0].isalpha() and key[1].isdigit())
