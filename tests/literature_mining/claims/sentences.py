"""What the tests of the reader's modules share: invented areas, and short ways to a parse and to claims."""

from __future__ import annotations

import pytest

from cytoscribe.core.records import Region
from cytoscribe.literature_mining.claims.context import Context
from cytoscribe.literature_mining.claims.layer_scope import Scopes
from cytoscribe.literature_mining.claims.lexicon import load_lexicon
from cytoscribe.literature_mining.claims.model import Node, Sentence
from cytoscribe.literature_mining.claims.reader import ClaimReader
from cytoscribe.literature_mining.claims.structure import parse
from cytoscribe.literature_mining.claims.tokens import Token, tokenize
from cytoscribe.literature_mining.regions.mentions import RegionFinder
from cytoscribe.literature_mining.regions.table import RegionTable

AREAS = ("Qa1", "Qa2", "Rb3", "Rb4")
TABLE = RegionTable(tuple(Region(n) for n in AREAS))
READER = ClaimReader(TABLE)
FINDER = RegionFinder(TABLE)


def tokens(text: str) -> list[Token]:
    """Tokens of a sentence, with the areas of TABLE."""
    return tokenize(text, FINDER.find(text), load_lexicon())


def parsed(text: str) -> Sentence:
    """The clauses of a sentence."""
    return parse(tokens(text))


def texts(nodes: list[Node]) -> list[str]:
    """The words of each node's phrase."""
    return [n.phrase.text for n in nodes]


def node_of(text: str, words: str, context: Context | None = None) -> tuple[Node, Scopes]:
    """The node whose phrase has these words, and the scopes of its sentence."""
    sentence = parsed(text)
    found = [n for c in sentence.clauses for n in c.nodes() if n.phrase.text == words]
    return found[0], Scopes(sentence, context or Context())


def stated(text: str) -> list[str]:
    """Claims as `region layer value`, in the order of their words; a denied value with a minus, partners after `>`."""
    return [
        f"{c.region} {c.layer} {'' if c.polarity else '-'}{c.value}{' > ' if c.compared_to else ''}{' '.join(c.compared_to)}"
        for c in READER.read(text)
    ]


def not_yet(why: str) -> pytest.MarkDecorator:
    """Marks a case that the reader should read and does not: `why` says what is missing."""
    return pytest.mark.xfail(reason=why, strict=False)
