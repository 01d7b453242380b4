"""Claims of a whole document: every sentence read in the context that headings and the sentences before it make."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from cytoscribe.records import Claim, Document, Sentence
from literature_mining.claims.context import Context, new_paragraph, under_heading
from literature_mining.claims.findings import FoundClaim, united
from literature_mining.claims.reader import ClaimReader
from literature_mining.papers.sentences import split_sentences
from literature_mining.regions.mentions import Mention, RegionFinder

_WORD = re.compile(r"\w+")
_VERB = re.compile(
    r"\b(?:was|were|is|are|be|been|had|has|have|shows?|showed|presents?|presented|displays?|displayed|contains?|contained|can|could|may|consists?|"
    r"consisted|appears?|appeared|found|identified|characteri[sz]ed|differs?|differed|reveals?|revealed|lies?|becomes?|became)\b"
)
_MAY_DESCRIBE = re.compile(
    r"\b(?:(?:sub)?layers?|laminae?|lamination|cells?|neurons?|pyramids?|\w*granular|borders?|strat(?:um|a))\b", re.IGNORECASE
)
_SPOKEN = frozenset({"body", "caption", "heading"})


@dataclass(frozen=True)
class NamedSentence:
    """A sentence that names regions and states no claim: what the relevance ranker chooses from."""

    regions: tuple[str, ...]
    sentence: str
    start: int
    end: int
    page: int | None


@dataclass(frozen=True)
class Reading:
    """What one document says: its claims in reading order, the sentences without a claim."""

    claims: tuple[Claim, ...]
    others: tuple[NamedSentence, ...] = ()


class DocumentReader:
    """Reads one document; every document has its own abbreviations and doubtful signs.

    model: a second extractor, asked about every sentence that may describe; `alone`: its claims replace those of the rules,
    which then only follow what the text speaks of.
    """

    def __init__(
        self, document: Document, extractor: ClaimReader, model: Extractor | None = None, *, alone: bool = False
    ) -> None:
        finder = extractor.finder or RegionFinder(extractor.table)
        self._document, self._extractor = document, extractor
        self._model, self._alone = model, alone
        self._finder = finder.with_definitions(finder.learn(document.text))
        self._allowed = self._finder.paper_signs(document.text)

    def regions_in(self, text: str) -> tuple[str, ...]:
        """Regions that a text of this document names, each once."""
        return tuple(dict.fromkeys(n for m in self._finder.find(text, self._allowed) for n in m.regions))

    def read(self) -> Reading:
        """All claims; each claim's `document.text[sentence_start:sentence_end]` is its sentence."""
        claims: dict[str, Claim] = {}
        others: list[NamedSentence] = []
        for sentence, mentions, found in self._sentences():
            for claim in _records(self._document, sentence, found):
                claims.setdefault(claim.claim_id, claim)
            if mentions and not found:
                named = tuple(dict.fromkeys(n for m in mentions for n in m.regions))
                others.append(NamedSentence(named, sentence.text, sentence.start, sentence.end, sentence.page))
        return Reading(tuple(claims.values()), tuple(others))

    def _sentences(self) -> Iterable[tuple[Sentence, list[Mention], list[FoundClaim]]]:
        context, heading, caption, block = Context(), "", Context(), -1
        for sentence in split_sentences(self._document):
            if sentence.kind not in _SPOKEN or _is_list(sentence.text):
                continue
            if sentence.kind == "heading" or sentence.heading != heading:
                heading = sentence.text if sentence.kind == "heading" else sentence.heading
                context = under_heading(context, self.regions_in(heading))
                if sentence.kind == "heading":
                    continue
            if sentence.block != block:
                context, block = new_paragraph(context), sentence.block
            mentions = self._finder.find(sentence.text, self._allowed)
            before = caption if sentence.kind == "caption" else context
            found, after = self._extractor.read_sentence(sentence.text, before, mentions)
            if sentence.kind == "caption":
                caption = after
            else:
                context = after
            yield sentence, mentions, self._asked(sentence.text, before, mentions, found)

    def _asked(self, text: str, context: Context, mentions: list[Mention], found: list[FoundClaim]) -> list[FoundClaim]:
        """What the model adds to, or says instead of, the rules' claims."""
        if self._model is None or not (mentions or context.topic) or not _MAY_DESCRIBE.search(text):
            return found
        stated = self._model.read(text, context.topic[0] if len(context.topic) == 1 else None)
        return stated if self._alone else united(found, stated)


def read_claims(document: Document, extractor: ClaimReader) -> list[Claim]:
    """Claims of a document in reading order."""
    return list(DocumentReader(document, extractor).read().claims)


def _is_list(text: str) -> bool:
    """True for keys of abbreviations and tables that lost their lines: long, without a verb, or mostly numbers."""
    words = _WORD.findall(text)
    if len(words) < 30:
        return False
    numbers = sum(w[0].isdigit() or len(w) == 1 for w in words)
    verbs = len(_VERB.findall(text))
    return numbers > len(words) / 4 or verbs < len(words) // 60


def _records(document: Document, sentence: Sentence, found: Iterable[FoundClaim]) -> Iterable[Claim]:
    for claim in found:
        yield Claim(
            claim_id=claim_identity(document.name, sentence.start, claim),
            region=claim.region,
            document=document.name,
            doi=document.doi,
            page=sentence.page,
            sentence=sentence.text,
            sentence_start=sentence.start,
            sentence_end=sentence.end,
            span=sentence.text[claim.start : claim.end],
            layer=claim.layer,
            attribute=claim.attribute,
            value=claim.value,
            polarity=claim.polarity,
            compared_to=claim.compared_to,
            score=round(claim.score * document.trust, 3),
        )


def claim_identity(document: str, offset: int, claim: FoundClaim) -> str:
    """The same claim of the same sentence has the same id in every run."""
    content = [document, offset, claim.region, claim.layer, claim.attribute, claim.value, claim.polarity]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()[:16]
