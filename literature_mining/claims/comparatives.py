"""Whether words compare: "thinner", "more densely packed", "increased" say how a thing stands to another, never how it is."""

from __future__ import annotations

from functools import lru_cache

from cytoscribe.literature_mining.claims.lexicon import Word
from cytoscribe.literature_mining.claims.reader import ClaimReader


@lru_cache(maxsize=16384)
def compares(words: str) -> bool:
    """True where the words that carry a claim hold a comparative, a superlative or a verb of change of the vocabulary."""
    tokens = _reader().tokens(words)
    marked = False
    for token in tokens:
        if any(_is_relative(w) for w in token.words) or (marked and token.is_("trait")):
            return True
        marked = token.is_("more", "less") or (marked and token.is_("adverbs", "hedges"))
    return False


def _is_relative(word: Word) -> bool:
    """Comparative forms, and verbs that change a measure ("increases", "reduced")."""
    return word.compares or (word.pos == "verb" and "density" in word.senses)


@lru_cache(maxsize=1)
def _reader() -> ClaimReader:
    return ClaimReader(lone=True)
