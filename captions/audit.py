"""Leak audit: does any masked caption still hold a name, however spelt, that gives its region away?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from captions.masking import mask_for
from cytoscribe.records import Caption, Region
from literature_mining.regions.table import squeeze


@dataclass(frozen=True)
class Leak:
    """A name found in a masked caption."""

    caption_id: str
    region: str
    name: str
    masked_caption: str


def audit(captions: Iterable[Caption], table: Sequence[Region]) -> list[Leak]:
    """Every masked caption that holds a label, alias or parent, found twice over: by the mask's own rules, and by bare spelling.

    The second search ignores case, spaces and hyphens and takes every name of three characters or more that is no plain word.
    """
    names = {squeeze(n): n for row in table for n in (*row.names, row.parent) if _telling(n)}
    leaks = []
    for caption in captions:
        found = mask_for(caption.region, table).leaks(caption.masked_caption)
        found += [names[s] for s in _stretches(caption.masked_caption) if s in names]
        leaks += [Leak(caption.caption_id, caption.region, n, caption.masked_caption) for n in dict.fromkeys(found)]
    return leaks


def _telling(name: str) -> bool:
    return len(squeeze(name)) >= 3 and not re.fullmatch(r"(?:layer|area|region|cell|cortex)s?", name.strip(), re.I)


def _stretches(text: str, most: int = 6) -> Iterable[str]:
    """Squeezed runs of up to `most` words."""
    words = [squeeze(w) for w in re.findall(r"[\w*/.-]+", text)]
    for start in range(len(words)):
        for end in range(start + 1, min(start + most, len(words)) + 1):
            yield "".join(words[start:end])
