"""Claims of a whole document: every sentence read in the context that headings and the sentences before it make."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable

from cytoscribe.records import Claim, Document, Sentence
from literature_mining.anaphora import under_heading
from literature_mining.claims import RuleExtractor
from literature_mining.findings import Context, FoundClaim
from literature_mining.mentions import RegionFinder
from literature_mining.sentences import split_sentences

_WORD = re.compile(r"\w+")
_VERB = re.compile(
    r"\b(?:was|were|is|are|be|been|had|has|have|shows?|showed|presents?|presented|displays?|displayed|contains?|contained|can|could|may|consists?|"
    r"consisted|appears?|appeared|found|identified|characteri[sz]ed|differs?|differed|reveals?|revealed|lies?|becomes?|became)\b"
)
_SPOKEN = frozenset({"body", "caption", "heading"})


def read_claims(document: Document, extractor: RuleExtractor) -> list[Claim]:
    """Claims of a document in reading order, each with its sentence: `document.text[sentence_start:sentence_end]`."""
    finder = extractor.finder
    if finder is None:
        return []
    finder = finder.with_definitions(finder.learn(document.text))
    allowed = finder.paper_signs(document.text)
    claims: dict[str, Claim] = {}
    for sentence, found in _found(document, extractor, finder, allowed):
        for claim in _records(document, sentence, found):
            claims.setdefault(claim.claim_id, claim)
    return list(claims.values())


def _found(
    document: Document, extractor: RuleExtractor, finder: RegionFinder, allowed: frozenset[str]
) -> Iterable[tuple[Sentence, list[FoundClaim]]]:
    context, heading, caption = Context(), "", Context()
    for sentence in split_sentences(document):
        if sentence.kind not in _SPOKEN or _is_list(sentence.text):
            continue
        if sentence.kind == "heading" or sentence.heading != heading:
            heading = sentence.text if sentence.kind == "heading" else sentence.heading
            context = under_heading(context, [n for m in finder.find(heading, allowed) for n in m.regions])
            if sentence.kind == "heading":
                continue
        mentions = finder.find(sentence.text, allowed)
        if sentence.kind == "caption":
            found, caption = extractor.read_sentence(sentence.text, caption, mentions)
        else:
            found, context = extractor.read_sentence(sentence.text, context, mentions)
        if found:
            yield sentence, found


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
