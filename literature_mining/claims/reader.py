"""The reader of claims: a sentence is parsed into clauses, and claims are read off that structure.

It serves mining and the check of captions alike. A trait is bound to the noun that it qualifies (attributive, predicate or nominal),
the noun to its layer and region (scope.py). What binds to nothing claims nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from cytoscribe.literature_mining.claims.apposition import renamed
from cytoscribe.literature_mining.claims.context import Context
from cytoscribe.literature_mining.claims.findings import FoundClaim
from cytoscribe.literature_mining.claims.follow import follow
from cytoscribe.literature_mining.claims.layer_scope import Scopes
from cytoscribe.literature_mining.claims.layers import ORDER, is_allocortical
from cytoscribe.literature_mining.claims.lexicon import Lexicon, load_lexicon
from cytoscribe.literature_mining.claims.sentence_claims import SentenceClaims
from cytoscribe.literature_mining.claims.silence import is_silent, other_stretches
from cytoscribe.literature_mining.claims.structure import parse
from cytoscribe.literature_mining.claims.tokens import Token, tokenize
from cytoscribe.literature_mining.papers.sentences import spans_of
from cytoscribe.literature_mining.regions.mentions import Mention, RegionFinder
from cytoscribe.literature_mining.regions.table import RegionTable

_ITEM = re.compile(r"\(?([1-6])[.,):]\s")
"""A numbered item of a list."""


class ClaimReader:
    """Reads claims by grammar and vocabulary; needs no model. Without a table every claim is about the topic.

    lone: numerals that stand alone are layers, as captions write them ("broad III, thin IV").
    """

    def __init__(self, table: RegionTable | None = None, lexicon: Lexicon | None = None, *, lone: bool = False) -> None:
        self.lone = lone
        self.table = table or RegionTable()
        self.lexicon = lexicon or load_lexicon()
        self._strata = frozenset(r.name for r in self.table.regions if is_allocortical((*r.names, r.parent or "")))
        self.finder = RegionFinder(self.table) if self.table.regions else None

    def read(self, text: str, topic: str | None = None) -> list[FoundClaim]:
        """Claims of one or more sentences, in order. `topic` stands in where a sentence names no region of the table."""
        context = Context(topic=(topic,), headings=(topic,)) if topic else Context()
        claims: list[FoundClaim] = []
        for start, end in spans_of(text):
            found, context = self.read_sentence(text[start:end], context)
            claims += [replace(c, start=c.start + start, end=c.end + start) for c in found]
            if topic and not self.table.regions:
                context = replace(context, topic=(topic,), lost=False, age=0)
        return claims

    def tokens(self, text: str, mentions: Sequence[Mention] | None = None) -> list[Token]:
        """The tokens of one sentence, as claims are read off them."""
        if mentions is None:
            mentions = self.finder.find(text) if self.finder else []
        return tokenize(text, mentions, self.lexicon, strangers=bool(self.table.regions), lone=self.lone)

    def read_sentence(
        self, text: str, context: Context, mentions: Sequence[Mention] | None = None
    ) -> tuple[list[FoundClaim], Context]:
        """Claims of one sentence, and the context that the next sentence is read in."""
        tokens = renamed(self.tokens(text, mentions))
        sentence = parse(tokens)
        item = _ITEM.match(text) if context.counted else None  # "the cortex has five layers. 1, ... 2, ..."
        scopes = Scopes(sentence, replace(context, section=(ORDER[int(item.group(1)) - 1],)) if item else context)
        claims = [] if is_silent(tokens) else SentenceClaims(sentence, scopes, context, self.lexicon, self._strata).read()
        other = other_stretches(text, self.lexicon) if claims else []
        claims = [c for c in claims if not any(start < c.end <= end for start, end in other)]
        return claims, follow(context, sentence, scopes, claims)
