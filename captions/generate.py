"""The captions stage: plan prompts from claims, let backends write, accept or refuse, and write a dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from captions.acceptance import Acceptance, Refusal
from captions.backends.base import Backend, Prompt, Sampling
from captions.backends.models import BackendSettings, open_backend
from captions.backends.template import TemplateBackend
from captions.card import CardFacts, write_card
from captions.compose import STYLES
from captions.dataset import Rejected, write_dataset
from captions.evidence import sources_of, write_evidence
from captions.plan import Recipe, plan
from captions.store import CompletionStore
from captions.tokens import CLIP_CONTEXT
from captions.units import AttributeSettings, Material, attribute_material, literature_material
from cytoscribe.errors import InputError
from cytoscribe.progress import bar
from cytoscribe.records import Caption
from cytoscribe.runs import SHARDS, RunFolder, fingerprint
from prompts.loader import PromptSet, load_prompts

_TRUSTED_FROM = 6
"""Attempt from which a template caption that the gate cannot read is kept: it states its claims by construction."""


@dataclass(frozen=True)
class GenerateSettings:
    """Settings of `generate`. Exactly one of `descriptions` (a mining run) and `attributes` (an images table) is given.

    models share the work in turn; per_region captions are written a region (and attributes.per_set a set of attributes);
    attempts: how often a refused caption is tried anew (None: 12 for `template`, 3 for a language model);
    max_tokens: limit of the default config by CLIP's tokenizer, 0 for none; prompts: a folder of the user's own templates.
    """

    out: Path
    descriptions: Path | None = None
    attributes: AttributeSettings | None = None
    models: tuple[str, ...] = ("template",)
    per_region: int = 20
    styles: tuple[str, ...] = ()
    prompts: Path | None = None
    sampling: Sampling = field(default_factory=Sampling)
    max_tokens: int = CLIP_CONTEXT
    attempts: int | None = None
    backend: BackendSettings = field(default_factory=BackendSettings)
    seed: int = 0
    overwrite: bool = False


@dataclass(frozen=True)
class GenerateResult:
    """What came of a run. shortages: region to "12 of 20"; meagre: regions with fewer than three
    statements; reused: completions that an earlier run had stored."""

    captions: tuple[Caption, ...]
    long: tuple[Caption, ...]
    rejected: tuple[Rejected, ...]
    shortages: dict[str, str]
    meagre: tuple[str, ...]
    written: int
    reused: int


@dataclass(frozen=True)
class Slot:
    """One caption to be had: the n-th of a unit, written by one of the models."""

    unit: int
    number: int
    model: int


def generate(settings: GenerateSettings) -> GenerateResult:
    """Write captions into `settings.out` and return them. A run that was killed goes on where it stopped.

    Raises InputError where inputs, styles, prompts or the model cannot be used; nothing is half-written then.
    """
    material = read_material(settings)
    prompts = load_prompts(settings.prompts)
    recipe = make_recipe(settings, prompts, material)
    backends = [open_backend(m, settings.backend) for m in settings.models]
    run = RunFolder(settings.out, "generate-captions", _fingerprinted(settings), overwrite=settings.overwrite)
    with run:
        store = CompletionStore(settings.out / SHARDS / "completions.jsonl")
        try:
            result = _Generation(settings, material, prompts, recipe, backends, store).run()
            store.compact()
        finally:
            store.close()
            for backend in backends:
                backend.close()
        _write(settings, material, result)
        run.finish(_summary(result))
    return result


def read_material(settings: GenerateSettings) -> Material:
    """The units of a run from whichever source the settings name."""
    if (settings.descriptions is None) == (settings.attributes is None):
        raise InputError("no source of claims", fix="give either --descriptions DIR or --attributes images.csv")
    if settings.attributes is not None:
        return attribute_material(settings.attributes, settings.per_region)
    assert settings.descriptions is not None
    return literature_material(settings.descriptions, settings.per_region)


def make_recipe(settings: GenerateSettings, prompts: PromptSet, material: Material) -> Recipe:
    """Styles in rotation and how to draw; an unknown style is an InputError."""
    known = tuple(dict.fromkeys([*STYLES, *prompts.styles]))
    unknown = [s for s in settings.styles if s not in known]
    if unknown:
        raise InputError(f"unknown style '{unknown[0]}'", fix=f"choose --styles from {', '.join(known)}")
    own = tuple(s for s in prompts.styles if s not in STYLES and settings.models != ("template",))
    styles = settings.styles or (*STYLES, *own)
    return Recipe(styles, settings.seed, settings.sampling, unnamed_share=0.5 if material.scene.image else 0.25)


def _fingerprinted(settings: GenerateSettings) -> dict[str, object]:
    """Settings that must not differ within one folder. Claims, counts and templates may: content keys tell what is new."""
    source = "attributes" if settings.attributes else "descriptions"
    return {"source": source, "models": settings.models, "seed": settings.seed, "max_tokens": settings.max_tokens}


class _Generation:
    """One run: rounds of prompts, each round holding the slots that are still empty."""

    def __init__(
        self,
        settings: GenerateSettings,
        material: Material,
        prompts: PromptSet,
        recipe: Recipe,
        backends: Sequence[Backend],
        store: CompletionStore,
    ) -> None:
        self.settings, self.material, self.prompts, self.recipe = settings, material, prompts, recipe
        self.backends, self.store = backends, store
        self.acceptance = Acceptance(material.scene, settings.max_tokens)
        self.slots = [Slot(u, n, n % len(backends)) for u, unit in enumerate(material.units) for n in range(unit.wanted)]
        self.accepted: dict[Slot, Caption] = {}
        self.long: dict[Slot, Caption] = {}
        self.rejected: list[Rejected] = []
        self.feedback: dict[Slot, str] = {}
        self.reused = self.written = 0

    def run(self) -> GenerateResult:
        with bar("captions", len(self.slots), "captions") as progress:
            for attempt in range(self._attempts()):
                pending = [s for s in self.slots if s not in self.accepted and (attempt < 6 or s not in self.long)]
                if not pending:
                    break
                planned = [(s, self._plan(s, attempt)) for s in pending]
                self._complete([p for _, p in planned], [s.model for s, _ in planned])
                before = len(self.accepted)
                for slot, prompt in planned:
                    self._judge(slot, prompt, attempt)
                progress.advance(len(self.accepted) - before)
        return self._result()

    def _attempts(self) -> int:
        if self.settings.attempts is not None:
            return max(1, self.settings.attempts)
        return 12 if self.settings.models == ("template",) else 3

    def _plan(self, slot: Slot, attempt: int) -> Prompt:
        unit, model = self.material.units[slot.unit], self.settings.models[slot.model]
        feedback = self.feedback.get(slot, "") if model != "template" else ""
        return plan(unit, slot.number, attempt, self.recipe, self.material.scene, self.prompts, model, feedback)

    def _complete(self, planned: Sequence[Prompt], models: Sequence[int]) -> None:
        """Fill the store with the completions of these prompts; those it holds are not asked again."""
        for index, backend in enumerate(self.backends):
            asked = [p for p, m in zip(planned, models, strict=True) if m == index]
            missing = {p.key: p for p in asked if self.store.get(p.key) is None}
            self.reused += len(asked) - len(missing)
            for completion in backend.complete(list(missing.values())):
                self.store.put(completion)
                self.written += 1

    def _judge(self, slot: Slot, prompt: Prompt, attempt: int) -> None:
        completion = self.store.get(prompt.key)
        model = self.backends[slot.model].name
        constructed = model == TemplateBackend.name and attempt >= _TRUSTED_FROM
        verdict = self.acceptance.judge(prompt, completion, model, constructed=constructed)
        if isinstance(verdict, Refusal):
            self.feedback[slot] = verdict.detail
            ids = tuple(dict.fromkeys(c.claim_id for c in prompt.claims))
            text = completion.text if completion else ""
            identity = fingerprint([prompt.region, text, prompt.key])
            self.rejected.append(
                Rejected(identity, prompt.region, text, prompt.style, prompt.template, model, ids, str(verdict), attempt)
            )
        elif self.settings.max_tokens and verdict.n_tokens > self.settings.max_tokens:
            self.long[slot] = verdict  # a bonus: the slot is still to be filled by one that fits
        else:
            self.accepted[slot] = verdict

    def _result(self) -> GenerateResult:
        fits = tuple(self.accepted[s] for s in self.slots if s in self.accepted)
        long = tuple(self.long[s] for s in self.slots if s in self.long)
        return GenerateResult(fits, long, tuple(self.rejected), self._shortages(), self._meagre(), self.written, self.reused)

    def _meagre(self) -> tuple[str, ...]:
        counts: dict[str, int] = {}
        for unit in self.material.units:
            counts[unit.region] = max(counts.get(unit.region, 0), len(self.material.scene.facets(unit.claims)))
        return tuple(r for r, n in counts.items() if n < 3)

    def _shortages(self) -> dict[str, str]:
        wanted: Counter[str] = Counter()
        got: Counter[str] = Counter()
        for slot in self.slots:
            region = self.material.units[slot.unit].region
            wanted[region] += 1
            got[region] += slot in self.accepted or slot in self.long
        return {r: f"{got[r]} of {n}" for r, n in wanted.items() if got[r] < n}


def _write(settings: GenerateSettings, material: Material, result: GenerateResult) -> None:
    reasons = Counter(r.reason.split(":")[0] for r in result.rejected)
    facts = CardFacts(
        source=material.source,
        models=settings.models,
        seed=settings.seed,
        max_tokens=settings.max_tokens,
        rejected=dict(reasons.most_common()),
        unseen=material.unseen,
        shortages=result.shortages,
        image=material.scene.image,
        sources=sources_of(c for u in material.units for c in u.claims),
    )
    card = write_card(result.captions, result.long, facts)
    write_evidence(settings.out, (c for u in material.units for c in u.claims), [*result.captions, *result.long])
    write_dataset(settings.out, result.captions, result.long, result.rejected, card)


def _summary(result: GenerateResult) -> dict[str, object]:
    return {
        "captions": len(result.captions),
        "long": len(result.long),
        "rejected": len(result.rejected),
        "regions": len({c.region for c in result.captions}),
        "shortages": result.shortages,
    }
