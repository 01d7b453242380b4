"""Captions, questions with their answers, lists: short texts of one topic, read by the same reader as papers.

What a short text leaves out, papers spell out: numerals alone are layers, a question hands its layer and its traits on to the answer, and
a trait that only a layer can have belongs to the one layer that its part of the sentence names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cytoscribe.core.records import WHOLE
from cytoscribe.literature_mining.claims.answers import answered
from cytoscribe.literature_mining.claims.context import Context
from cytoscribe.literature_mining.claims.findings import FoundClaim
from cytoscribe.literature_mining.claims.layers import ORDER, base, between
from cytoscribe.literature_mining.claims.lexicon import Lexicon, load_lexicon
from cytoscribe.literature_mining.claims.reader import ClaimReader
from cytoscribe.literature_mining.claims.tokens import Token
from cytoscribe.literature_mining.claims.vocabulary import attribute_of
from cytoscribe.literature_mining.papers.sentences import spans_of
from cytoscribe.literature_mining.regions.table import RegionTable

_ITS_BORDER = re.compile(r"\b(?:its|their)\s+(?:\w+\s+){0,2}(?:border|boundary|edge|limit|transition)", re.IGNORECASE)
_AUXILIARY = re.compile(r"^\s*(?:Is|Are|Was|Were|Does|Do|Has|Have)\b")
_BULLET = re.compile(r"(?:^|\n)\s*(?:[-*\u2022]|\d+[.)])\s+|\n\s*")


@dataclass(frozen=True)
class ReadSentence:
    """One sentence at `start`: its tokens (offsets within the sentence) and its claims (offsets within the text). A question states no
    claims; `asked` are those that a yes would state."""

    start: int
    tokens: tuple[Token, ...]
    claims: tuple[FoundClaim, ...]
    question: bool = False
    asked: tuple[FoundClaim, ...] = ()


class ShortTextReader:
    """Reads short texts about one region each."""

    def __init__(self, table: RegionTable | None = None, lexicon: Lexicon | None = None) -> None:
        self.claims = ClaimReader(table, about_tissue(lexicon or load_lexicon()), lone=True)

    def read(self, text: str, topic: str) -> list[ReadSentence]:
        """The sentences of a text about `topic`, in order; lines and entries of a list are sentences of their own."""
        context = Context(topic=(topic,), headings=(topic,))
        sentences: list[ReadSentence] = []
        layers: tuple[str, ...] = ()
        for start, end in _pieces(text):
            piece = _stated(text[start:end])
            tokens = tuple(self.claims.tokens(piece))
            found, after = self.claims.read_sentence(piece, context)
            if turned := _turned(piece, tokens):
                found = [replace(c, start=0, end=len(piece)) for c in self.claims.read_sentence(turned, context)[0]]
            layers = _layers(tokens) or layers
            placed = tuple(
                dict.fromkeys(replace(c, start=c.start + start, end=c.end + start) for c in _placed(found, piece, tokens, layers))
            )
            before = sentences[-1] if sentences else None
            if piece.rstrip().endswith("?"):
                sentences.append(ReadSentence(start, tokens, (), True, placed))
                own = _layers(tokens)
                context = replace(after, layers=own, noun="layer") if len(own) == 1 else after
                continue
            if before is not None and before.question and (answers := answered(before.asked, tokens, start, placed)):
                placed = answers
            sentences.append(ReadSentence(start, tokens, placed))
            context = after if self.claims.table.regions else replace(after, topic=(topic,), lost=False, age=0)
        return sentences


def about_tissue(lexicon: Lexicon) -> Lexicon:
    """The lexicon without the words that a sentence must hold for others to count: a short text is about tissue anyway."""
    words = {form: tuple(replace(w, needs="") for w in listed) for form, listed in lexicon.words.items()}
    return replace(lexicon, words=words)


def _pieces(text: str) -> list[tuple[int, int]]:
    """Where the sentences are; a line break ends one, and the mark of a list's entry belongs to none."""
    pieces, at = [], 0
    for mark in (*_BULLET.finditer(text), None):
        end = mark.start() if mark else len(text)
        pieces += [(at + a, at + b) for a, b in spans_of(text[at:end])]
        at = mark.end() if mark else end
    return pieces


def _stated(sentence: str) -> str:
    """A question without the auxiliary that it opens with, which reads as a statement: "Is | layer IV present?"."""
    if not sentence.rstrip().endswith("?"):
        return sentence
    return _AUXILIARY.sub(lambda m: " " * len(m[0]), sentence, count=1)


def _turned(sentence: str, tokens: Sequence[Token]) -> str:
    """ "Dense: II, IV." as "layers II and IV are Dense"; "" for any other sentence."""
    colon = next((t for t in tokens if t.text == ":"), None)
    if colon is None:
        return ""
    left, right = ([t for t in tokens if t.start < colon.start], [t for t in tokens if t.start > colon.start])
    listed = all(
        t.is_("layer", "conjunctions", "prepositions", "determiners", "adverbs", "verb:be") or t.text == "." for t in right
    )
    if not listed or not (layers := _layers(right)) or _layers(left) or not any(t.is_("trait") for t in left):
        return ""
    return f"layer{'s' if len(layers) > 1 else ''} {' and '.join(layers)} {'are' if len(layers) > 1 else 'is'} {sentence[: colon.start]}"


def _layers(tokens: Sequence[Token], *, white: bool = False) -> tuple[str, ...]:
    """Layers that are named, each once; `white` counts the white matter in."""
    named = dict.fromkeys(n for t in tokens if t.is_("layer") for n in t.names)
    return tuple(n for n in named if n != WHOLE and (white or n != "WM"))


def _placed(claims: Sequence[FoundClaim], text: str, tokens: Sequence[Token], carried: tuple[str, ...]) -> list[FoundClaim]:
    return [_in_place(c, text, _part(tokens, c.start), tokens, carried) for c in claims]


def _part(tokens: Sequence[Token], at: int) -> list[Token]:
    """The tokens between the semicolons around an offset."""
    marks = [t.start for t in tokens if t.text == ";"]
    start = max((m for m in marks if m < at), default=0)
    end = min((m for m in marks if m >= at), default=None)
    return [t for t in tokens if t.start >= start and (end is None or t.start < end)]


def _in_place(claim: FoundClaim, text: str, part: Sequence[Token], tokens: Sequence[Token], carried: tuple[str, ...]) -> FoundClaim:
    """The claim, with its layer where the reader left it open and there is only one that it can mean.

    Large cells, a width or a border are never those of the whole depth.
    """
    named = _layers(part)
    if claim.attribute == "border" and "-" not in claim.layer:
        sides = (
            both
            if len(both := _layers(part, white=True)) == 2
            else _layers(tokens)
            if _ITS_BORDER.search(text[: claim.end])
            else ()
        )
        return replace(claim, layer=between(*sides)) if len(sides) == 2 and _touch(*sides) else claim
    if claim.layer != WHOLE:
        return claim
    if claim.evidence.bearer in ("cells", "nominal", "arrangement") and (behind := _behind(tokens, claim.end)):
        return replace(claim, layer=behind)
    if claim.evidence.bearer == "density" and (close := [t for t in tokens if t.end <= claim.start][-1:]) and close[0].is_("layer"):
        return replace(claim, layer=close[0].names[0]) if len(close[0].names) == 1 else claim  # "layer V low cell density"
    if not attribute_of(claim.attribute).of_layer:
        return claim
    if any(t.lower == "there" and t.start >= claim.end and t.start - claim.end < 3 for t in tokens):  # "larger cells there"
        before = [n for t in tokens if t.is_("layer") and t.end <= claim.start for n in t.names]
        return replace(claim, layer=before[-1]) if before else claim
    only = named or carried
    return replace(claim, layer=only[0]) if len(only) == 1 else claim


def _behind(tokens: Sequence[Token], at: int) -> str:
    """The layer of a place that follows in the same clause: "large cells are scattered | through layer V"; "" for none."""
    placed = False
    for token in tokens:
        if token.start < at:
            continue
        if token.is_("layer"):
            return token.names[0] if placed and len(token.names) == 1 and token.names[0] not in (WHOLE, "WM") else ""
        if token.is_("conjunctions", "subordinators", "partners", "relatives", "with", "without") or token.text in ";:.,":
            return ""
        placed = placed or token.is_("places", "prepositions")
    return ""


def _touch(one: str, other: str) -> bool:
    if "WM" in (one, other):
        return "VI" in (base(one), base(other))
    places = [ORDER.index(base(x)) for x in (one, other) if base(x)]
    return len(places) == 2 and abs(places[0] - places[1]) <= 1
