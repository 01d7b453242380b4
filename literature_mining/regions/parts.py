"""Parts of a region that the table knows by "dorsal part of the dentate nucleus": in a text about the whole, "the dorsal part"."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cytoscribe.core.records import Region

_ALIAS = re.compile(r"(\w+) (?:part|portion|half|division|subdivision) of (?:the )?(.+)", re.IGNORECASE)
_PART = r"(?:parts?|portions?|hal(?:f|ves)|(?:sub)?divisions?|one)"


class PartFinder:
    """Finds mentions of parts by their whole."""

    def __init__(self, regions: Iterable[Region]) -> None:
        wholes: dict[str, dict[str, str]] = {}
        for region in regions:
            for name in region.names:
                match = _ALIAS.fullmatch(name)
                if match:
                    wholes.setdefault(match.group(2).casefold(), {})[match.group(1).casefold()] = region.name
        self._wholes = {whole: parts for whole, parts in wholes.items() if len(parts) > 1}

    def find(self, text: str) -> list[tuple[int, int, str]]:
        """(start, end, region) of each part that the text names; needs the whole's name in the same text."""
        found: list[tuple[int, int, str]] = []
        folded = text.casefold() if self._wholes else ""
        for whole, parts in self._wholes.items():
            if whole not in folded:
                continue
            words = "|".join(map(re.escape, parts))
            pattern = re.compile(rf"\b({words})(?=(?:\s+(?:and|or)\s+(?:the\s+)?(?:{words}))?\s+{_PART}\b)", re.IGNORECASE)
            for match in pattern.finditer(text):
                tail = re.match(rf"\s+{_PART}(?:\s+of\s+(?:the\s+)?{re.escape(whole)})?", text[match.end() :], re.IGNORECASE)
                end = match.end() + (tail.end() if tail else 0)
                found.append((match.start(), end, parts[match.group(1).casefold()]))
        return found
