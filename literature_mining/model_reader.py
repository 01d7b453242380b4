"""A language model reads the windows of all papers: what it states is checked, compared with the rules, and recorded."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cytoscribe.core.errors import InputError
from cytoscribe.core.progress import bar
from cytoscribe.core.records import Claim
from cytoscribe.literature_mining.claims.document import claim_identity
from cytoscribe.literature_mining.claims.findings import FoundClaim
from cytoscribe.literature_mining.claims.lexicon import Lexicon
from cytoscribe.literature_mining.claims.llm.checks import AnswerChecker, CheckedAnswer
from cytoscribe.literature_mining.claims.llm.question import question_of
from cytoscribe.literature_mining.claims.llm.second_look import MODEL, RULES, SecondLook
from cytoscribe.literature_mining.claims.llm.vocabulary import load_vocabulary
from cytoscribe.literature_mining.claims.llm.windows import Source, Target, Window
from cytoscribe.literature_mining.regions.table import RegionTable
from cytoscribe.literature_mining.settings import ModelSettings
from cytoscribe.llm.base import Completion, LanguageModel, Question
from cytoscribe.llm.models import open_model
from cytoscribe.llm.store import CompletionStore

_HOPELESS = 16
"""Questions that fail one after the other, after which the run ends: more of them would only take time."""


@dataclass(frozen=True)
class PlacedWindow:
    """A window with its document, and the text around each of its sentences for the report."""

    source: Source
    window: Window
    around: tuple[tuple[str, str], ...]

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> PlacedWindow:
        """The window of a row that `read_paper` made."""
        around = tuple((a["before"], a["after"]) for a in row["around"])
        return cls(Source(**row["source"]), Window.from_row(row["window"]), around)


@dataclass(frozen=True)
class ModelReading:
    """claims: those of both readers, or the model's alone; around: by claim id; faults: document to kinds of useless answers with their
    counts; questions: how many were put; refused: claims that failed a check, by field; contradicted: claims that the rules deny."""

    claims: tuple[Claim, ...]
    around: Mapping[str, tuple[str, str]]
    faults: Mapping[str, Counter[str]]
    questions: Counter[str]
    refused: Counter[str]
    contradicted: int

    @property
    def summary(self) -> str:
        """Counts for the console."""
        faults = sum((sum(c.values()) for c in self.faults.values()), 0)
        supported = Counter("+".join(c.supported_by) for c in self.claims)
        refused = ", ".join(f"{name} {count}" for name, count in self.refused.most_common())
        parts = [f"{self.questions.total()} answers, {faults} of no use"]
        parts += [f"claims supported by {who}: {count}" for who, count in sorted(supported.items())]
        parts.append(f"contradicted by the rules and dropped: {self.contradicted}")
        return "; ".join([*parts, *([f"refused by the checks: {refused}"] if refused else [])])

    def problems(self, document: str, model: str) -> tuple[str, ...]:
        """What went wrong with a document's answers, as one line a kind."""
        of = self.questions[document]
        return tuple(
            f"{count} of {of} answers of {model}: {fault}" for fault, count in sorted(self.faults.get(document, {}).items())
        )


class ModelReader:
    """Puts windows to one language model. Raises InputError where the model, its server or its engine cannot be used."""

    def __init__(self, settings: ModelSettings, table: RegionTable, lexicon: Lexicon) -> None:
        self._alone, self._vocabulary = settings.alone, load_vocabulary(lexicon)
        self._checker = AnswerChecker(table, self._vocabulary)
        self._model: LanguageModel = open_model(settings.name, settings.backend)
        self.name = self._model.name

    def read(self, windows: Sequence[PlacedWindow], claims: Sequence[Claim], store: CompletionStore) -> ModelReading:
        """Claims of the windows beside those of the rules. Answers of use are kept, so that a resumed run asks for none again.

        Raises InputError where not one answer can be used.
        """
        questions = [question_of(w.window, self._vocabulary, self.name) for w in windows]
        missing = {q.key: q for w, q in zip(windows, questions, strict=True) if self._answer(w, q, store).fault}
        self._ask(list(missing.values()), len(windows), store)
        reading = _Reading(SecondLook(self._vocabulary), claims)
        for placed, question in zip(windows, questions, strict=True):
            reading.add(placed, self._answer(placed, question, store))
        return reading.result(self.name, alone=self._alone)

    def close(self) -> None:
        """Free the model."""
        self._model.close()

    def _answer(self, placed: PlacedWindow, question: Question, store: CompletionStore) -> CheckedAnswer:
        return self._checker.check(placed.window, store.get(question.key) or Completion(question.key, "", error="no answer"))

    def _ask(self, questions: Sequence[Question], total: int, store: CompletionStore) -> None:
        failing = 0
        with bar(f"asking {self.name}", total, "windows", done=total - len(questions)) as progress:
            for completion in self._model.complete(questions):
                store.put(completion)
                progress.advance()
                failing = failing + 1 if completion.error else 0
                if failing == _HOPELESS:
                    raise InputError(
                        f"{failing} questions in a row failed ({completion.error})",
                        where=self.name,
                        fix="fix that and run the same command again; answers already received are kept",
                    )


class _Reading:
    """Collects what the answers say, in the order of the windows."""

    def __init__(self, look: SecondLook, claims: Sequence[Claim]) -> None:
        self._look = look
        self._rules = {c.claim_id: c for c in claims}
        self._of_sentence: dict[tuple[str, int], list[Claim]] = defaultdict(list)
        for claim in claims:
            self._of_sentence[claim.document, claim.sentence_start].append(claim)
        self._agreed: dict[str, Claim] = {}
        self._own: dict[str, Claim] = {}
        self._around: dict[str, tuple[str, str]] = {}
        self._faults: dict[str, Counter[str]] = defaultdict(Counter)
        self._questions: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._contradicted = 0

    def add(self, placed: PlacedWindow, answer: CheckedAnswer) -> None:
        self._questions[placed.source.document] += 1
        self._refused.update(answer.refused)
        if answer.fault:
            self._faults[placed.source.document][answer.fault] += 1
        for number, found in answer.claims:
            self._second_look(placed, number, found)

    def _second_look(self, placed: PlacedWindow, number: int, found: FoundClaim) -> None:
        target = placed.window.targets[number]
        beside = self._of_sentence[placed.source.document, target.start]
        if agreed := next((c for c in beside if self._look.agrees(c, found)), None):
            self._agreed[agreed.claim_id] = replace(agreed, score=placed.source.trust, supported_by=(RULES, MODEL))
        elif any(self._look.contradicts(c, found) for c in beside):
            self._contradicted += 1
        else:
            claim = record(placed.source, target, found)
            self._own.setdefault(claim.claim_id, claim)
            self._around.setdefault(claim.claim_id, placed.around[number])

    def result(self, model: str, *, alone: bool) -> ModelReading:
        faults, questions = sum(self._faults.values(), Counter[str]()), self._questions.total()
        if questions and faults.total() == questions:
            counted = ", ".join(f"{fault} {count}" for fault, count in faults.most_common(3))
            raise InputError(
                f"not one of the {questions} answers can be used ({counted})",
                where=model,
                fix="check the server, or use another model; the same command tries again",
            )
        kept = self._agreed if alone else {**self._rules, **self._agreed}
        claims = tuple({**kept, **self._own}.values())
        return ModelReading(claims, self._around, self._faults, self._questions, self._refused, self._contradicted)


def record(source: Source, target: Target, found: FoundClaim) -> Claim:
    """A claim of a language model as claims.parquet holds it."""
    return Claim(
        claim_id=claim_identity(source.document, target.start, found),
        region=found.region,
        document=source.document,
        doi=source.doi,
        page=target.page,
        sentence=target.text,
        sentence_start=target.start,
        sentence_end=target.end,
        span=target.text[found.start : found.end],
        layer=found.layer,
        attribute=found.attribute,
        value=found.value,
        polarity=found.polarity,
        compared_to=found.compared_to,
        score=round(found.score * source.trust, 3),
        supported_by=(MODEL,),
    )
