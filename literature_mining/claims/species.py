"""The animal that a paper is about, by the words of its title, its headings and its text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from cytoscribe.core.records import Document
from cytoscribe.literature_mining.claims.english import load_english

_WORD = re.compile(r"[a-z]+")
_SHARE = 0.7
"""Share of a text's words for animals that must name one of them."""
_LEAST = 2


def species_of(document: Document) -> str:
    """The species that the title names, else the one that most of the text's words for animals mean; "" where neither is clear."""
    titled = _named([document.title])
    if len(titled) == 1:
        return next(iter(titled))
    counts = _named(document.text[b.start : b.end] for b in document.blocks if b.kind in ("body", "heading", "caption"))
    if not counts:
        return ""
    name, most = counts.most_common(1)[0]
    return name if most >= _LEAST and most >= _SHARE * counts.total() else ""


def species_in(heading: str) -> str:
    """The one species that a heading names, "" for none or several."""
    named = _named([heading])
    return next(iter(named)) if len(named) == 1 else ""


def _named(texts: Iterable[str]) -> Counter[str]:
    animals = load_english().species
    longest = max(len(form) for form in animals)
    counts: Counter[str] = Counter()
    for text in texts:
        words = _WORD.findall(text.lower())
        at = 0
        while at < len(words):
            size = next((n for n in range(longest, 0, -1) if tuple(words[at : at + n]) in animals), 0)
            if size:
                counts[animals[tuple(words[at : at + size])]] += 1
            at += size or 1
    return counts
