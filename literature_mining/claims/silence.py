"""Sentences that state nothing about cytoarchitecture: other methods, hypotheses, reports that the authors reject, lists of abbreviations."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from cytoscribe.literature_mining.claims.lexicon import Lexicon
from cytoscribe.literature_mining.claims.tokens import Token

_MARKS = re.compile(r"[-,.;:()]")
_TURN = re.compile(r";|,\s+(?=(?:but|while|whereas|although|and in)\b)")
_ABBREVIATED = re.compile(r"(?:^|[;,.]\s)[A-Za-z][\w./-]{0,7}\s*[:,=]\s*[a-z][^;,.]{3,60}(?=[;,.]|$)")

_KEYED = re.compile(r"(?:^|[;,.]\s|\band\s)([A-Za-z])[\w./-]{0,7}[\s:=]+(?i:\1)[a-z]{3,}[^;,.]{0,60}(?=[;,.]|$)")
"""`diss dissecans layer`, `g granular layer`: a sign, and words that begin with its letter."""
_KEYS = 3
"""More entries than this make a key of abbreviations."""


def is_silent(tokens: Sequence[Token]) -> bool:
    """True where no claim may be read off the sentence: it has no trait, supposes, or reports what its authors reject."""
    return not any(t.is_("trait", "type", "layer") for t in tokens) or _is_hypothesis(tokens) or _is_rejected(tokens)


def other_stretches(text: str, lexicon: Lexicon) -> list[tuple[int, int]]:
    """Stretches (start, end) of a sentence about something else: receptors, volumes, other stains, keys of abbreviations."""
    if len(_ABBREVIATED.findall(text)) > _KEYS or len(_KEYED.findall(text)) > _KEYS:
        return [(0, len(text))]
    bounds = [0, *(m.start() for m in _TURN.finditer(text)), len(text)]
    return [(a, b) for a, b in itertools.pairwise(bounds) if _is_other(text[a:b], lexicon)]


def _is_other(text: str, lexicon: Lexicon) -> bool:
    """Receptors, volumes, other stains: one of the lexicon's silent words."""
    spoken = f" {' '.join(_MARKS.sub(' ', text.lower()).split())} "
    if any(f" {' '.join(form)} " in spoken for form in lexicon.unless):
        return False
    return any(f" {' '.join(form)} " in spoken for form in lexicon.silent)


def _is_hypothesis(tokens: Sequence[Token]) -> bool:
    return any(t.is_("hypothetical") for t in tokens)


def _is_rejected(tokens: Sequence[Token]) -> bool:
    """`earlier authors held that ..., but we could not confirm this`."""
    return any(t.is_("reports") for t in tokens) and any(t.is_("rejections") for t in tokens)
