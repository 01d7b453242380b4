"""With what a caption compares: each comparative belongs to the region that is named with it, and to no other."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from captions.gate.readback import Reading
from cytoscribe.records import Claim

_MEASURE = re.compile(
    r"(?:than|compared (?:with|to)|in comparison (?:with|to)|relative to|unlike|contrast to|from|against|beside)"
    r"(?:\s+(?:in|that (?:of|in)|those (?:of|in)|the (?:cells|one|ones) (?:of|in)))?(?:\s+(?:either|both|the|area|areas|region))*\s+$",
    re.I,
)
_COORDINATED = re.compile(r"\s*,?\s*(?:and|or|as well as)?\s*(?:in |to |with |than )*(?:the |area )*", re.I)


@dataclass(frozen=True)
class Partner:
    """A region of comparison where a caption names it; offsets half-open."""

    name: str
    start: int
    end: int


def is_measure(text: str, start: int) -> bool:
    """Whether what begins at `start` is what something is measured against ("than in ...", "compared with ...")."""
    return bool(_MEASURE.search(text[:start]))


def find_partners(text: str, names: Mapping[str, Sequence[str]]) -> list[Partner]:
    """Mentions of the regions of comparison, in order. names: region to all its names; the longest name wins."""
    found: list[Partner] = []
    for region, forms in names.items():
        for form in sorted(forms, key=len, reverse=True):
            flags = re.I if len(form) > 3 else 0
            for match in re.finditer(rf"(?<!\w){re.escape(form)}(?!\w)", text, flags):
                if not any(p.start < match.end() and match.start() < p.end for p in found if p.name == region):
                    found.append(Partner(region, match.start(), match.end()))
    return sorted(found, key=lambda p: (p.start, -p.end))


def mismeasured(
    reading: Reading, text: str, readings: Sequence[Reading], claims: Sequence[Claim], partners: Sequence[Partner]
) -> str:
    """A comparative that names no region to compare with, or another than its sources."""
    wanted = [o for c in claims for o in c.compared_to]
    if not reading.compares or not wanted:
        return ""
    said = text[reading.start : reading.end]
    named = partners_of(reading, text, partners, [r for r in readings if r.compares])
    if not named:
        return f"says '{said}' without {wanted[0]}, with which its sources compare"
    return "" if named & set(wanted) else f"says '{said}' in comparison with {sorted(named)[0]}, where its sources name {wanted[0]}"


def partners_of(reading: Reading, text: str, partners: Sequence[Partner], comparatives: Sequence[Reading]) -> set[str]:
    """Regions that a comparative is measured against, nearest first: those named after it and before the next comparative, then
    those named later in its sentence ("larger and denser than in X"), earlier in it ("compared with X, ..."), or before it."""
    start, stop = sentence_at(text, reading.start)
    following = min((r.start for r in comparatives if r.start >= reading.end), default=len(text))
    inside = [p for p in partners if start <= p.start < stop]
    for stretch in (
        [p for p in inside if reading.end <= p.start < following],
        [p for p in inside if p.start >= reading.end],
    ):
        if stretch:
            return _run(text, stretch)
    earlier = [p for p in inside if p.end <= reading.start] or [p for p in partners if p.end <= reading.start]
    return {p.name for p in _last_run(text, earlier)}


def _run(text: str, stretch: Sequence[Partner]) -> set[str]:
    """The first of them, with those that are joined to it by "and", "or" or a comma, or that bear the same name."""
    taken = [stretch[0]]
    for partner in stretch[1:]:
        overlapping = partner.start < taken[-1].end
        if not overlapping and not _COORDINATED.fullmatch(text[taken[-1].end : partner.start]):
            break
        taken.append(partner)
    return {p.name for p in taken}


def _last_run(text: str, earlier: Sequence[Partner]) -> list[Partner]:
    taken: list[Partner] = []
    for partner in reversed(earlier):
        if taken and partner.end <= taken[-1].start and not _COORDINATED.fullmatch(text[partner.end : taken[-1].start]):
            break
        taken.append(partner)
    return taken


def sentence_at(text: str, at: int) -> tuple[int, int]:
    """Half-open offsets of the sentence that holds `at`; give the text without names, which may hold full stops."""
    start = max(text.rfind(mark, 0, at) for mark in ".?!") + 1
    return start, min((i for i in (text.find(mark, at) for mark in ".?!") if i >= 0), default=len(text))
