"""Leak audit: does any masked caption still hold a name that gives its region away, and do two regions share one?"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from captions.masking import is_layer, mask_for, needs_noun, standard_names
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
    """Every masked caption that holds a label, alias, parent or standard name, found twice over.

    First by the mask's own rules, then by bare spelling without case, spaces and hyphens; names of one and two characters, for which
    that would strike ordinary words, are looked up as they are spelt, outside of layers' numerals.
    """
    known = [n for row in table for n in (*row.names, row.parent) if n]
    names = {squeeze(n): n for n in [*known, *_standard()] if len(squeeze(n)) >= 3 and not needs_noun(n)}
    short = {n for n in known if len(squeeze(n)) < 3 and (n.isdigit() or not needs_noun(n))}
    leaks = []
    for caption in captions:
        text = caption.masked_caption
        found = mask_for(caption.region, table).leaks(text)
        found += [names[s] for s in _stretches(text) if s in names]
        found += [m[0] for m in re.finditer(r"[\w*]+", text) if m[0] in short and not is_layer(text, m.start(), m[0])]
        leaks += [Leak(caption.caption_id, caption.region, n, text) for n in dict.fromkeys(found)]
    return leaks


def shared_masks(captions: Iterable[Caption]) -> dict[str, list[str]]:
    """Masked captions that two or more regions share word for word, with those regions: such a text is a wrong label for all but one."""
    regions: dict[str, dict[str, None]] = defaultdict(dict)
    for caption in captions:
        regions[caption.masked_caption].setdefault(caption.region)
    return {text: list(those) for text, those in regions.items() if len(those) > 1}


def _standard() -> list[str]:
    """Standard names of several words or letters and digits; those that mean something else before other words are the mask's."""
    unless = standard_names()["unless_before"]
    return [n for entry in standard_names()["regions"] for n in entry["names"] if n not in unless]


def _stretches(text: str, most: int = 6) -> Iterable[str]:
    """Squeezed runs of up to `most` words."""
    words = [squeeze(w) for w in re.findall(r"[\w*/.+'’-]+", text)]
    for start in range(len(words)):
        for end in range(start + 1, min(start + most, len(words)) + 1):
            yield "".join(words[start:end])
