"""Claims of a whole document: every sentence read in the context that headings and the sentences before it make."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from cytoscribe.core.records import Claim, Document, Sentence
from cytoscribe.literature_mining.claims.cells import statements
from cytoscribe.literature_mining.claims.context import Context, new_paragraph, under_heading
from cytoscribe.literature_mining.claims.findings import FoundClaim
from cytoscribe.literature_mining.claims.layers import find_layers
from cytoscribe.literature_mining.claims.reader import ClaimReader
from cytoscribe.literature_mining.claims.score import probability
from cytoscribe.literature_mining.claims.species import species_in, species_of
from cytoscribe.literature_mining.claims.tokens import names_stranger
from cytoscribe.literature_mining.papers.sentences import split_sentences
from cytoscribe.literature_mining.papers.tables import Row, Table, read_table
from cytoscribe.literature_mining.regions.mentions import Mention, RegionFinder
from cytoscribe.literature_mining.regions.table import RegionTable

_WORD = re.compile(r"\w+")
_VERB = re.compile(
    r"\b(?:was|were|is|are|be|been|had|has|have|shows?|showed|presents?|presented|displays?|displayed|contains?|contained|can|could|may|consists?|"
    r"consisted|appears?|appeared|found|identified|characteri[sz]ed|differs?|differed|reveals?|revealed|lies?|becomes?|became)\b"
)
_COMPARING = re.compile(r"\b(?:compar\w+|versus|vs|differences?|borders?|neighbou?rs|relations?|transition)\b", re.IGNORECASE)
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
    """Reads one document; every document has its own abbreviations and doubtful signs."""

    def __init__(self, document: Document, extractor: ClaimReader) -> None:
        finder = extractor.finder or RegionFinder(extractor.table)
        self._document, self._reader = document, extractor
        self._finder = finder.with_definitions(finder.learn(document.text))
        self._allowed = self._finder.paper_signs(document.text)
        self._species = species_of(document)

    @property
    def document(self) -> Document:
        """The document that is read."""
        return self._document

    @property
    def table(self) -> RegionTable:
        """The regions that are looked for."""
        return self._reader.table

    def regions_in(self, text: str) -> tuple[str, ...]:
        """Regions that a text of this document names, each once."""
        return tuple(dict.fromkeys(n for m in self._finder.find(text, self._allowed) for n in m.regions))

    def read(self) -> Reading:
        """All claims; each claim's `document.text[sentence_start:sentence_end]` is its sentence, or its row of a table."""
        claims: dict[str, Claim] = {}
        others: list[NamedSentence] = []
        for sentence, mentions, found in self.sentences():
            species = self._animal(sentence)
            for claim in found:
                claims.setdefault((record := record_of(self._document, sentence, claim, species)).claim_id, record)
            if mentions and not found:
                named = tuple(dict.fromkeys(n for m in mentions for n in m.regions))
                others.append(NamedSentence(named, sentence.text, sentence.start, sentence.end, sentence.page))
        return Reading(tuple(claims.values()), tuple(others))

    def sentences(self) -> Iterable[tuple[Sentence, list[Mention], list[FoundClaim]]]:
        """Sentences in reading order, then rows of tables: each with the regions that it names and its claims as they were found."""
        yield from self._sentences()
        for row, found in self._rows():
            yield row, [], found

    def _sentences(self) -> Iterable[tuple[Sentence, list[Mention], list[FoundClaim]]]:
        context, caption = Context(), Context()
        path: tuple[str, ...] = ()
        block = -1
        for sentence in split_sentences(self._document):
            if sentence.kind not in _SPOKEN or _is_list(sentence.text):
                continue
            if sentence.headings != path:
                path = sentence.headings
                context = self._under(path, context)
            if sentence.kind == "heading":
                continue
            if sentence.block != block:
                context, block = new_paragraph(context), sentence.block
            mentions = self._finder.find(sentence.text, self._allowed)
            before = caption if sentence.kind == "caption" else context
            found, after = self._reader.read_sentence(sentence.text, before, mentions)
            if sentence.kind == "caption":
                caption = after
            else:
                context = after
            yield sentence, mentions, found

    def _under(self, path: Sequence[str], before: Context) -> Context:
        """The context at the start of a section: of the innermost heading that names an area, in the table or not."""
        named = find_layers(path[-1]) if path else []
        layers = named[0].layers if len(named) == 1 and named[0].layers != ("all",) else ()
        for heading in reversed(path):
            if _COMPARING.search(heading):
                continue  # "Comparison with area 45" stays about the area of the section
            regions = self.regions_in(heading)
            if regions or names_stranger(heading):
                return under_heading(before, regions, foreign=not regions, layers=layers)
        return under_heading(before, (), layers=layers)

    def _animal(self, sentence: Sentence) -> str:
        """The species of the innermost heading that names one, else of the paper."""
        return next((s for s in map(species_in, reversed(sentence.headings)) if s), self._species)

    def _rows(self) -> Iterable[tuple[Sentence, list[FoundClaim]]]:
        """Rows of tables that name a region, each with the claims that its other cells make under their headers."""
        document = self._document
        for number, block in enumerate(document.blocks):
            table = read_table(document, block) if block.kind == "table" else Table()
            for row in table.rows:
                text = document.text[row.start : row.end]
                sentence = Sentence(text, row.start, row.end, document.page_of(row.start), "table", number, block.headings)
                yield sentence, list(self._cells(table, row))

    def _cells(self, table: Table, row: Row) -> Iterable[FoundClaim]:
        for one in statements(table, row, self.regions_in):
            context = Context(topic=one.regions, headings=one.regions)
            for verb in ("is", "has"):
                found, _ = self._reader.read_sentence(f"{one.subject} {verb} {one.complement}", context)
                about = [c for c in found if c.region in one.regions]
                for claim in about:
                    yield replace(claim, start=one.cell.start - row.start, end=one.cell.end - row.start)
                if about:
                    break


def _is_list(text: str) -> bool:
    """True for keys of abbreviations and tables that lost their lines: long, without a verb, or mostly numbers."""
    words = _WORD.findall(text)
    if len(words) < 30:
        return False
    numbers = sum(w[0].isdigit() or len(w) == 1 for w in words)
    verbs = len(_VERB.findall(text))
    return (numbers > len(words) / 4 and verbs < len(words) / 15) or verbs < len(words) // 60


def record_of(document: Document, sentence: Sentence, claim: FoundClaim, species: str = "") -> Claim:
    """The claim as a row of claims.parquet; its score is the probability that it is right, less where the text itself is doubtful."""
    return Claim(
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
        species=species,
        score=round(probability(claim) * document.trust, 3),
    )


def claim_identity(document: str, offset: int, claim: FoundClaim) -> str:
    """The same claim of the same sentence has the same id in every run."""
    content = [document, offset, claim.region, claim.layer, claim.attribute, claim.value, claim.polarity]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()[:16]
