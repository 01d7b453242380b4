"""The dataset card: YAML that the Hub and `datasets` read, and what a person must know before training on the captions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cytoscribe import __version__
from cytoscribe.captions.evidence import CitedPaper
from cytoscribe.core.digests import fingerprint
from cytoscribe.core.plain_text import bibtex, code, markdown
from cytoscribe.core.records import Caption
from cytoscribe.core.rendering import render


@dataclass(frozen=True)
class SecondOpinion:
    """Who gave a second opinion on how many captions, and how many of them it refused."""

    name: str
    asked: int
    refused: int


@dataclass(frozen=True)
class CardFacts:
    """What the card says about a run beyond its captions. precision: mean score of the claims used, None for claims of images."""

    source: str
    models: Sequence[str]
    seed: int
    max_tokens: int
    rejected: Mapping[str, int]
    unseen: Sequence[str]
    shortages: Mapping[str, str]
    image: bool
    sources: Sequence[CitedPaper] = ()
    leaks: int = 0
    short: Sequence[str] = ()
    judge: SecondOpinion | None = None
    species: Mapping[str, str] = field(default_factory=dict)
    precision: float | None = None
    min_score: float = 0.0
    set_aside: int = 0


def write_card(captions: Sequence[Caption], long: Sequence[Caption], facts: CardFacts) -> str:
    """The text of README.md.

    Each config's description is a digest of its captions. `datasets` (5.2) caches a folder by its name and the card's configs, whatever
    the files hold: without the digest a folder would load as any other of its name, or as it was before it changed.
    """
    total = [*captions, *long]
    content = {
        "facts": facts,
        "version": __version__,
        "captions": captions,
        "long": long,
        "digests": {"default": fingerprint(list(captions)), "long": fingerprint(list(long))},
        "size": _size_category(len(total)),
        "regions": Counter(c.region for c in total),
        "styles": Counter(c.style for c in total),
        "species": Counter(facts.species.values()),
    }
    return render("cytoscribe.captions", "data/card.md.jinja", content, {"plain": markdown, "code": code, "bib": bibtex})


def _size_category(count: int) -> str:
    bounds = [(1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M")]
    return next((name for bound, name in bounds if count < bound), "1M<n<10M")
