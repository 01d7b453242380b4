"""Leak audit: does any masked caption still hold a name that gives its region away, do two regions share one, and
do captions contradict each other?"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cytoscribe.captions.masking import is_layer, mask_for, needs_noun, standard_names
from cytoscribe.core.records import Caption, Claim, Region
from cytoscribe.literature_mining.regions.table import squeeze
from cytoscribe.literature_mining.report.opposition import contradict


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


def contradicting_pairs(captions: Sequence[Caption], claims: Iterable[Claim]) -> int:
    """Pairs of captions that state claims which cannot both hold (a caption that contradicts itself counts as one pair)."""
    known = {c.claim_id: c for c in claims}
    stating: dict[tuple[object, ...], set[int]] = defaultdict(set)
    said: dict[tuple[object, ...], Claim] = {}
    for number, caption in enumerate(captions):
        for claim in (known[i] for i in caption.claim_ids if i in known):
            key = (claim.region, claim.layer, claim.attribute, claim.value, claim.polarity, claim.compared_to)
            said.setdefault(key, claim)
            stating[key].add(number)
    by_region: dict[str, list[tuple[object, ...]]] = defaultdict(list)
    for key, claim in said.items():
        for name in {claim.region, *claim.compared_to}:
            by_region[name].append(key)
    pairs: set[tuple[int, int]] = set()
    for keys in by_region.values():
        for i, one in enumerate(keys):
            for other in keys[i + 1 :]:
                if contradict(said[one], said[other]):
                    pairs |= {(min(a, b), max(a, b)) for a in stating[one] for b in stating[other]}
    return len(pairs)


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
