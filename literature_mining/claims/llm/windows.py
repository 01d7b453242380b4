"""Windows of a document: the sentences that a language model is to read, with what it needs to know what they speak of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cytoscribe.core.records import Document, Sentence
from cytoscribe.literature_mining.claims.llm.vocabulary import Vocabulary
from cytoscribe.literature_mining.papers.sentences import split_sentences

SENTENCES = 4
"""Sentences to read in one window."""
_BEFORE = 3
_LONGEST = 1500
"""Characters of a sentence; what is longer is a table or a key that lost its lines."""
_TOGETHER = 2000
"""Characters of all sentences to read in one window, so that prompt and answer fit 4,096 tokens."""
_SHOWN = 400
"""Characters of a sentence that is shown only for what it speaks of."""


@dataclass(frozen=True)
class Source:
    """The document of a window, as its claims record it; trust as of `Document`."""

    document: str
    doi: str
    trust: float


@dataclass(frozen=True)
class Target:
    """One sentence to read. regions: those that it names."""

    text: str
    start: int
    end: int
    page: int | None
    regions: tuple[str, ...]


@dataclass(frozen=True)
class Window:
    """targets: consecutive sentences; before: up to three before them; carried: regions that heading and earlier sentences speak of."""

    heading: str
    before: tuple[str, ...]
    carried: tuple[str, ...]
    targets: tuple[Target, ...]

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Window:
        """The window of a row as `dataclasses.asdict` and JSON leave it."""
        targets = tuple(Target(**{**t, "regions": tuple(t["regions"])}) for t in row["targets"])
        return cls(row["heading"], tuple(row["before"]), tuple(row["carried"]), targets)

    def regions_for(self, number: int) -> tuple[str, ...]:
        """Regions that the text before target `number` (from 0) speaks of."""
        earlier = (r for t in self.targets[:number] for r in t.regions)
        return tuple(dict.fromkeys([*self.carried, *earlier]))

    def texts_for(self, number: int) -> tuple[str, ...]:
        """The target, and what stands before it."""
        return (self.heading, *self.before, *(t.text for t in self.targets[: number + 1]))


@dataclass
class _Section:
    """What has been read below one heading, or of one figure's caption. named: regions of the heading; topic: those last named."""

    heading: str
    named: tuple[str, ...] = ()
    topic: tuple[str, ...] = ()
    recent: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    waiting: list[Target] = field(default_factory=list)
    before: tuple[str, ...] = ()
    carried: tuple[str, ...] = ()

    def flush(self) -> Iterator[Window]:
        if self.waiting:
            yield Window(self.heading, self.before, self.carried, tuple(self.waiting))
        self.waiting = []

    def add(self, target: Target) -> None:
        if not self.waiting:
            self.before = tuple(text[:_SHOWN] for text, _ in self.recent)
            recent = [r for _, regions in self.recent for r in regions]
            self.carried = tuple(dict.fromkeys([*self.topic, *self.named, *recent]))
        self.waiting.append(target)

    def passed(self, text: str, regions: tuple[str, ...]) -> None:
        self.recent = [*self.recent, (text, regions)][-_BEFORE:]
        self.topic = regions or self.topic


def windows_of(
    document: Document, regions_in: Callable[[str], tuple[str, ...]], vocabulary: Vocabulary
) -> tuple[list[Window], int]:
    """Windows in reading order, and how many sentences were left out because they speak to a language model."""
    reader = _Reader(regions_in, vocabulary)
    return list(reader.read(split_sentences(document))), reader.orders


class _Reader:
    def __init__(self, regions_in: Callable[[str], tuple[str, ...]], vocabulary: Vocabulary) -> None:
        self._regions_in, self._vocabulary = regions_in, vocabulary
        self.orders = 0

    def read(self, sentences: Sequence[Sentence]) -> Iterator[Window]:
        open_: dict[str, tuple[object, _Section]] = {}  # body and captions apart: a figure does not end what the body speaks of
        for sentence in sentences:
            if sentence.kind not in ("body", "caption"):
                continue
            place = sentence.block if sentence.kind == "caption" else sentence.heading
            before, section = open_.get(sentence.kind, (None, _Section("")))
            if before != place:
                yield from section.flush()
                section = self._section(sentence.heading)
                open_[sentence.kind] = place, section
            yield from self._sentence(sentence, section)
        for _, section in open_.values():
            yield from section.flush()

    def _sentence(self, sentence: Sentence, section: _Section) -> Iterator[Window]:
        if self._vocabulary.orders.search(sentence.text):
            self.orders += 1
            yield from section.flush()
            return
        regions = self._regions_in(sentence.text)
        if self._describes(sentence.text) and (regions or section.topic or section.named):
            if sum(len(t.text) for t in section.waiting) + len(sentence.text) > _TOGETHER:
                yield from section.flush()
            section.add(Target(sentence.text, sentence.start, sentence.end, sentence.page, regions))
        else:
            yield from section.flush()
        section.passed(sentence.text, regions)
        if len(section.waiting) == SENTENCES:
            yield from section.flush()

    def _section(self, heading: str) -> _Section:
        if self._vocabulary.orders.search(heading):
            return _Section("")
        return _Section(heading[:_SHOWN], self._regions_in(heading))

    def _describes(self, text: str) -> bool:
        return len(text) <= _LONGEST and bool(self._vocabulary.cues.search(text))
