"""What the gate asks of the claim reader: the claims of a caption, and an account of every word of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import as_file, files
from typing import Any, Literal

from cytoscribe.core.records import WHOLE
from cytoscribe.literature_mining.claims.findings import FoundClaim
from cytoscribe.literature_mining.claims.layers import between
from cytoscribe.literature_mining.claims.lexicon import Lexicon, load_lexicon
from cytoscribe.literature_mining.claims.reader import ClaimReader
from cytoscribe.literature_mining.claims.tokens import Token, tokenize
from cytoscribe.literature_mining.papers.sentences import spans_of
from cytoscribe.literature_mining.regions.table import RegionTable

_OF_A_LAYER = ("cell_size", "cell_type", "layer_thickness", "layer_visibility")
_NAMED = {"border": "border", "density": "cell_density", "lamination": "lamination", "arrangement": "arrangement"}
Role = Literal["claim", "region", "layer", "neutral", "unknown", "number"]


@dataclass(frozen=True)
class Word:
    """`text` at `start` of a caption. unknown: a content word that neither vocabulary nor neutral words hold; a trait or a cell
    type that no claim was read off counts as unknown too."""

    start: int
    end: int
    text: str
    role: Role


@dataclass(frozen=True)
class Account:
    """Claims that a caption states (questions state none), and all its words. asked: attributes that its questions may mean; named:
    those that they name by a noun ("the border")."""

    claims: tuple[FoundClaim, ...]
    words: tuple[Word, ...]
    asked: frozenset[str]
    named: frozenset[str]


class CaptionReader:
    """The miner's reader over the regions of a run."""

    def __init__(self, table: RegionTable) -> None:
        self.lexicon = caption_lexicon()
        self.reader = ClaimReader(table, self.lexicon)

    def account(self, text: str, topic: str) -> Account:
        """The claims and words of a caption of the region `topic`."""
        claims = self.reader.read(text, topic)
        stated: list[FoundClaim] = []
        words: list[Word] = []
        asked: set[str] = set()
        named: set[str] = set()
        layers: tuple[str, ...] = ()
        for start, end in spans_of(text):
            tokens = self._tokens(text[start:end])
            layers = _layers(tokens) or layers
            if text[start:end].rstrip().endswith("?"):
                words += [_word(t, start, ()) for t in tokens if not t.is_("trait", "type")]
                asked |= {a for t in tokens for w in t.words for a, _ in w.senses.values()}
                named |= {_NAMED[t.noun] for t in tokens if t.noun in _NAMED}
                continue
            own = [c for c in claims if start <= c.start < end]
            own = list(dict.fromkeys(_placed(c, _layers(_part(tokens, c.start - start)) or layers) for c in own))
            stated += own
            words += [_word(t, start, own) for t in tokens]
        return Account(tuple(stated), tuple(words), frozenset(asked), frozenset(named))

    def _tokens(self, sentence: str) -> list[Token]:
        mentions = self.reader.finder.find(sentence) if self.reader.finder else []
        return tokenize(sentence, mentions, self.lexicon)


@lru_cache
def caption_lexicon() -> Lexicon:
    """The mining lexicon with the words that captions use beyond it."""
    with as_file(files("cytoscribe.captions") / "data" / "caption_words.toml") as path:
        return load_lexicon(path)


@lru_cache
def rules() -> Mapping[str, Any]:
    """The gate's data file."""
    return json.loads((files("cytoscribe.captions") / "data" / "gate.json").read_text(encoding="utf-8"))


@lru_cache
def template_words() -> frozenset[str]:
    """Every word of the sentence patterns and phrase files: a composed caption may use them."""
    texts = [
        (files("cytoscribe.captions") / "data" / name).read_text(encoding="utf-8")
        for name in ("patterns.json", "cytoarchitecture.json")
    ]
    return frozenset(re.findall(r"[a-z]+", " ".join(texts).lower()))


def _layers(tokens: Sequence[Token]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(n for t in tokens if t.is_("layer") for n in t.names if n != WHOLE))


def _part(tokens: Sequence[Token], at: int) -> list[Token]:
    """The tokens between the semicolons around an offset."""
    marks = [t.start for t in tokens if t.text == ";"]
    start = max((m for m in marks if m < at), default=0)
    end = min((m for m in marks if m >= at), default=None)
    return [t for t in tokens if t.start >= start and (end is None or t.start < end)]


def _placed(claim: FoundClaim, layers: Sequence[str]) -> FoundClaim:
    """The claim, with its layer where the reader left it open and the sentence (or the one before a pronoun) names no other.

    Large cells, a width or a border are never those of the whole depth, so that there is only one place to mean.
    """
    if claim.attribute == "border" and "-" not in claim.layer and len(layers) == 2:
        return replace(claim, layer=between(*layers))
    if claim.layer == WHOLE and claim.attribute in _OF_A_LAYER and len(layers) == 1:
        return replace(claim, layer=layers[0])
    return claim


def _word(token: Token, offset: int, claims: Sequence[FoundClaim]) -> Word:
    start, end = token.start + offset, token.end + offset
    return Word(start, end, token.text, _role(token, start, end, claims))


def _role(token: Token, start: int, end: int, claims: Sequence[FoundClaim]) -> Role:
    if token.is_("foreign", "species"):
        return "unknown"
    if token.is_("region", "layer"):
        return "region" if token.is_("region") else "layer"
    if token.is_("number"):
        return "number"
    senses = {s for w in token.words for s in w.senses.values() if s[1] != "*"}
    if senses or token.types[0]:
        attributes = {a for a, _ in senses} | ({"cell_type"} if token.types[0] else set())
        if any(c.attribute in attributes and c.start < end and start < c.end for c in claims):
            return "claim"
        return "neutral" if _is_neutral(token) else "unknown"
    if token.noun == "other" or token.is_("unknown") or (token.is_("foreign_heads") and not token.noun):
        return "neutral" if _is_neutral(token) else "unknown"
    return "neutral"


def _is_neutral(token: Token) -> bool:
    words = re.findall(r"[a-z]+", token.lower)
    return all(w in rules()["neutral"] for w in words)
