"""Short answers: "Are there Betz cells in layer V? No." and "Where? In layer V." say what their question names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cytoscribe.core.records import WHOLE
from cytoscribe.literature_mining.claims.findings import FoundClaim
from cytoscribe.literature_mining.claims.tokens import Token

_NO = frozenset(["no", "none", "not", "never", "n't", "nowhere", "neither"])
_SMALL = frozenset(
    ["yes", "no", "indeed", "certainly", "it", "they", "there", "are", "is", "do", "does", "not", "none", "n't", "of", "them", "any", "has",
     "have", "can", "be", "found", "seen", "here", "present", ",", ".", "!", "at", "all", "so", "this", "area", "the", "case"]
)  # fmt: skip


def answered(asked: Sequence[FoundClaim], tokens: Sequence[Token], start: int, own: Sequence[FoundClaim]) -> tuple[FoundClaim, ...]:
    """What a short answer at `start` states of the question before it, beside its `own` claims; () where it is not a short answer.

    "No" denies what was asked, a plain "yes" states it, and a place alone ("in layer V") says where it is.
    """
    if not asked or not tokens:
        return ()
    first, end = start + tokens[0].start, start + tokens[-1].end
    words = [t.lower for t in tokens]
    plain = all(w in _SMALL for word in words for w in word.split())
    if plain:
        denied = any(w in _NO for word in words for w in word.split())
        return tuple(replace(c, polarity=c.polarity != denied, start=first, end=end) for c in asked)
    if words[0] in ("yes", "no") and len(own) == 0 and len(words) > 1 and words[1] in (",", "."):
        return ()
    layers = tuple(n for t in tokens if t.is_("layer") for n in t.names)
    if layers and not own and not any(t.verb or t.is_("trait", "type") for t in tokens):
        return tuple(replace(c, layer=n, start=first, end=end) for c in asked for n in layers if c.layer in (WHOLE, n))
    return ()
