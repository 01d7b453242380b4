"""Sentences that state nothing about cytoarchitecture: other methods, hypotheses, reports that the authors reject, lists of abbreviations."""

from __future__ import annotations

import re
from collections.abc import Sequence

from literature_mining.claims.lexicon import Lexicon
from literature_mining.claims.tokens import Token

_MARKS = re.compile(r"[-,.;:()]")
_ABBREVIATED = re.compile(r"(?:^|[;,.]\s)[A-Za-z][\w./-]{0,7}\s*[:,=]\s*[a-z][^;,.]{3,60}(?=[;,.]|$)")


def is_silent(tokens: Sequence[Token], text: str, lexicon: Lexicon) -> bool:
    """True where no claim may be read off the sentence."""
    return (
        not any(t.is_("trait", "type", "layer") for t in tokens)
        or _is_other(text, lexicon)
        or _is_hypothesis(tokens)
        or _is_rejected(tokens, text)
        or len(_ABBREVIATED.findall(text)) > 3
    )


def _is_other(text: str, lexicon: Lexicon) -> bool:
    """Receptors, volumes, other stains: one of the lexicon's silent words."""
    spoken = f" {' '.join(_MARKS.sub(' ', text.lower()).split())} "
    if any(f" {' '.join(form)} " in spoken for form in lexicon.unless):
        return False
    return any(f" {' '.join(form)} " in spoken for form in lexicon.silent)


def _is_hypothesis(tokens: Sequence[Token]) -> bool:
    return any(t.is_("hypothetical") for t in tokens)


def _is_rejected(tokens: Sequence[Token], text: str) -> bool:
    """`earlier authors held that ..., but we could not confirm this`."""
    return any(t.is_("reports") for t in tokens) and any(t.is_("rejections") for t in tokens)
