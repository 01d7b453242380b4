"""Rounds of prompts, each holding the captions that are still missing: ask, accept or refuse, ask again with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cytoscribe.captions.acceptance import Acceptance, Refusal
from cytoscribe.captions.backends.base import Backend, Prompt
from cytoscribe.captions.dataset import Rejected, StatedWords
from cytoscribe.captions.gate.judge import Case, Judge, Opinion
from cytoscribe.captions.plan import Content, Recipe, content_of, plan
from cytoscribe.captions.units import SourceMaterial
from cytoscribe.core.digests import fingerprint
from cytoscribe.core.errors import InputError
from cytoscribe.core.progress import bar
from cytoscribe.core.records import Caption
from cytoscribe.llm.store import CompletionStore
from cytoscribe.prompts.loader import PromptSet

_HOPELESS = 16
"""Requests that fail for good one after the other, after which the run ends: more of them would only take time."""


@dataclass(frozen=True)
class Slot:
    """One caption to write: the n-th of a unit, written by one of the models."""

    unit: int
    number: int
    model: int


@dataclass(frozen=True)
class Bench:
    """Who writes and what is kept: `models` are the names given with --model, each with its backend; `attempts` bounds the tries a
    caption; max_tokens: 0 for no limit; judge: a second opinion on what the gate accepts, None for none."""

    models: tuple[str, ...]
    backends: tuple[Backend, ...]
    store: CompletionStore
    attempts: int
    max_tokens: int
    judge: Judge | None = None


@dataclass(frozen=True)
class RoundsResult:
    """What the rounds gave, in the order of the slots. opinions: of the judge on every caption that it saw; short: (region,
    style) to (captions of that style, those that its quota requested) where they are fewer; stated: words of composed captions."""

    captions: tuple[Caption, ...]
    long: tuple[Caption, ...]
    rejected: tuple[Rejected, ...]
    opinions: tuple[Opinion, ...]
    shortages: dict[str, str]
    short: dict[tuple[str, str], tuple[int, int]]
    stated: tuple[StatedWords, ...]
    written: int
    reused: int


def by_style(short: Mapping[tuple[str, str], tuple[int, int]]) -> list[str]:
    """Unmet quotas as people read them: "comparison 0 of 3: BA4, BA17"."""
    regions: dict[str, list[str]] = {}
    for (region, style), (got, wanted) in short.items():
        regions.setdefault(f"{style} {got} of {wanted}", []).append(region)
    return [f"{what}: {', '.join(names)}" for what, names in sorted(regions.items())]


class Rounds:
    """One run over the material."""

    def __init__(self, material: SourceMaterial, prompts: PromptSet, recipe: Recipe, bench: Bench) -> None:
        self.material, self.prompts, self.recipe, self.bench = material, prompts, recipe, bench
        self.acceptance = Acceptance(material.scene, bench.max_tokens)
        count = len(bench.backends)
        self.slots = [Slot(u, n, n % count) for u, unit in enumerate(material.units) for n in range(unit.wanted)]
        self.accepted: dict[Slot, Caption] = {}
        self.long: dict[Slot, Caption] = {}
        self.rejected: list[Rejected] = []
        self.opinions: list[Opinion] = []
        self.feedback: dict[Slot, str] = {}
        self.prompt_keys: dict[str, str] = {}
        self.reused = self.written = self.failing = 0

    def run(self) -> RoundsResult:
        """All rounds. Raises InputError where the models answer nothing at all any more."""
        with bar("captions", len(self.slots), "captions") as progress:
            for attempt in range(self.bench.attempts):
                pending = [s for s in self.slots if s not in self.accepted and (attempt < 6 or s not in self.long)]
                if not pending:
                    break
                before = len(self.accepted)
                self._round(pending, attempt)
                progress.advance(len(self.accepted) - before)
        return self._outcome()

    def _round(self, pending: Sequence[Slot], attempt: int) -> None:
        planned = self._planned(pending, attempt)
        self._complete(planned)
        passed: list[tuple[Slot, Prompt, Caption]] = []
        for slot, prompt in planned:
            verdict = self.acceptance.judge(prompt, self.bench.store.get(prompt.key), self.bench.backends[slot.model].name)
            if isinstance(verdict, Refusal):
                self._reject(slot, prompt, verdict, attempt)
            else:
                passed.append((slot, prompt, verdict))
                self.prompt_keys[verdict.caption_id] = prompt.key
        for slot, caption in self._second(passed, attempt):
            if self.bench.max_tokens and caption.n_tokens > self.bench.max_tokens:
                self.long[slot] = caption  # a bonus: the slot is still to be filled by one that fits
            else:
                self.accepted[slot] = caption

    def _planned(self, pending: Sequence[Slot], attempt: int) -> list[tuple[Slot, Prompt]]:
        """A prompt a slot, no two of one region for the same set of statements as far as there are enough sets."""
        taken: dict[str, set[Content]] = {}
        planned = []
        for slot in pending:
            unit, model = self.material.units[slot.unit], self.bench.models[slot.model]
            own = taken.setdefault(unit.region, set(self.acceptance.contents(unit.region)))
            feedback = self.feedback.get(slot, "") if model != "template" else ""
            prompt = plan(unit, slot.number, attempt, self.recipe, self.material.scene, self.prompts, model, feedback, own)
            if not self.material.scene.image:
                own.add(content_of(prompt.claims))
            planned.append((slot, prompt))
        return planned

    def _complete(self, planned: Sequence[tuple[Slot, Prompt]]) -> None:
        """Fill the store with the completions of these prompts; those it holds are not requested again."""
        for index, backend in enumerate(self.bench.backends):
            asked = [p for s, p in planned if s.model == index]
            missing = {p.key: p for p in asked if self.bench.store.get(p.key) is None}
            self.reused += len(asked) - len(missing)
            for number, completion in enumerate(backend.complete(list(missing.values())), start=1):
                self.bench.store.put(completion)
                self.written += 1
                self.failing = self.failing + 1 if completion.error else 0
                nothing = self.failing == self.written and not self.reused and number == len(missing)
                if self.failing == _HOPELESS or nothing:
                    raise InputError(
                        f"{self.failing} requests in a row failed ({completion.error})",
                        where=backend.name,
                        fix="fix that and run the same command again; answers already received are kept",
                    )

    def _second(self, passed: Sequence[tuple[Slot, Prompt, Caption]], attempt: int) -> list[tuple[Slot, Caption]]:
        """Those that the judge agrees with, all where there is none."""
        if self.bench.judge is None or not passed:
            return [(slot, caption) for slot, _, caption in passed]
        cases = [Case(caption, prompt.claims, self.material.scene) for _, prompt, caption in passed]
        opinions = self.bench.judge.opinions(cases, self.bench.store)
        self.opinions += opinions
        agreed = []
        for (slot, prompt, caption), opinion in zip(passed, opinions, strict=True):
            if opinion.agrees:
                agreed.append((slot, caption))
            else:
                self.acceptance.forget(prompt, caption)
                self._reject(slot, prompt, Refusal("judge", opinion.reason), attempt)
        return agreed

    def _reject(self, slot: Slot, prompt: Prompt, refusal: Refusal, attempt: int) -> None:
        self.feedback[slot] = refusal.detail
        completion = self.bench.store.get(prompt.key)
        text = completion.text if completion else ""
        self.rejected.append(
            Rejected(
                caption_id=fingerprint([prompt.region, text, prompt.key]),
                region=prompt.region,
                caption=text,
                style=prompt.style,
                template=prompt.template,
                model=self.bench.backends[slot.model].name,
                claim_ids=tuple(dict.fromkeys(c.claim_id for c in prompt.claims)),
                reason=str(refusal),
                attempt=attempt,
            )
        )

    def _stated(self, caption: Caption) -> list[StatedWords]:
        completion = self.bench.store.get(self.prompt_keys[caption.caption_id])
        words = completion.stated if completion else ()
        return [StatedWords(caption.caption_id, claim, start, end) for start, end, claims in words for claim in claims]

    def _outcome(self) -> RoundsResult:
        kept = [*self.accepted.values(), *self.long.values()]
        return RoundsResult(
            captions=tuple(self.accepted[s] for s in self.slots if s in self.accepted),
            long=tuple(self.long[s] for s in self.slots if s in self.long),
            rejected=tuple(self.rejected),
            opinions=tuple(self.opinions),
            shortages=self._shortages(),
            short=self._short(),
            stated=tuple(w for c in kept for w in self._stated(c)),
            written=self.written,
            reused=self.reused,
        )

    def _shortages(self) -> dict[str, str]:
        wanted: Counter[str] = Counter()
        got: Counter[str] = Counter()
        for unit in self.material.units:
            wanted[unit.region] += unit.asked
        for slot in self.slots:
            got[self.material.units[slot.unit].region] += slot in self.accepted or slot in self.long
        return {r: f"{got[r]} of {n}" for r, n in wanted.items() if got[r] < n}

    def _short(self) -> dict[tuple[str, str], tuple[int, int]]:
        wanted: Counter[tuple[str, str]] = Counter()
        for slot in self.slots:
            if style := self.recipe.reserved(slot.number):
                wanted[(self.material.units[slot.unit].region, style)] += 1
        got = Counter((c.region, c.style) for c in (*self.accepted.values(), *self.long.values()))
        return {key: (got[key], n) for key, n in wanted.items() if got[key] < n}
