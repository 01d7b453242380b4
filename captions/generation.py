"""The captions stage: plan prompts from claims, let backends write, accept or refuse, and write a dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cytoscribe.captions.audit import audit
from cytoscribe.captions.backends.models import open_backend
from cytoscribe.captions.backends.template import TemplateBackend
from cytoscribe.captions.card import CardFacts, SecondOpinion, write_card
from cytoscribe.captions.dataset import REJECTED, Rejected, write_dataset
from cytoscribe.captions.evidence import cited_papers, write_disputed, write_evidence
from cytoscribe.captions.gate.judge import Opinion, open_judge
from cytoscribe.captions.plan import Recipe
from cytoscribe.captions.rounds import Bench, Rounds, RoundsResult, by_style
from cytoscribe.captions.settings import GenerateSettings
from cytoscribe.captions.units import SourceMaterial, attribute_material, literature_material
from cytoscribe.captions.wording.compose import STYLES
from cytoscribe.core.errors import CytoscribeError, InputError
from cytoscribe.core.records import Caption
from cytoscribe.core.runs import SHARDS, RunFolder
from cytoscribe.core.tables import write_records
from cytoscribe.llm.store import CompletionStore
from cytoscribe.prompts.check import check
from cytoscribe.prompts.loader import PromptSet, load_prompts

if TYPE_CHECKING:
    from datasets import Dataset

JUDGED = "judged.parquet"
"""The judge's verdict, measure and reason for every caption that it judged."""
_QUOTA_HELD = {"template": 6}
"""Attempts for which a caption keeps the style that its quota asks for; 2 for a language model, which has three in all."""


class NoCaptionsError(CytoscribeError):
    """Every caption of a run was rejected, so there is no dataset to write."""

    def __init__(self, rejected: Sequence[Rejected], where: Path) -> None:
        counts = Counter(r.reason.split(":")[0] for r in rejected).most_common()
        reasons = ", ".join(f"{reason} {count}" for reason, count in counts)
        example = f" (last: {rejected[-1].reason})" if rejected else ""
        super().__init__(f"all {len(rejected)} captions were rejected: {reasons}{example}; see {where}, no dataset was written")


@dataclass(frozen=True)
class GenerateResult:
    """What came of a run, and of which material. judge: the judge that gave a second opinion, "" for none."""

    outcome: RoundsResult
    material: SourceMaterial
    judge: str = ""

    @property
    def captions(self) -> tuple[Caption, ...]:
        """Those within the token limit."""
        return self.outcome.captions

    @property
    def long(self) -> tuple[Caption, ...]:
        """Those above it."""
        return self.outcome.long

    @property
    def rejected(self) -> tuple[Rejected, ...]:
        """Everything that was refused, each with its reason."""
        return self.outcome.rejected

    @property
    def shortages(self) -> dict[str, str]:
        """Region to "12 of 20", where fewer captions were accepted than requested."""
        return self.outcome.shortages

    @property
    def precision(self) -> float | None:
        """Mean score of the claims that captions state: the share of them that should be right. None for claims of images."""
        stated = {i for c in (*self.captions, *self.long) for i in c.claim_ids}
        scores = {c.claim_id: c.score for c in self.material.claims if c.claim_id in stated}
        return None if self.material.scene.image or not scores else sum(scores.values()) / len(scores)

    def dataset(self) -> Dataset:
        """The captions within the token limit as a `datasets.Dataset`, one row a caption."""
        from datasets import Dataset

        return Dataset.from_list([asdict(caption) for caption in self.captions])

    @property
    def written(self) -> int:
        """Completions that this run requested."""
        return self.outcome.written

    @property
    def reused(self) -> int:
        """Completions that an earlier run had stored."""
        return self.outcome.reused


def generate(settings: GenerateSettings) -> GenerateResult:
    """Write captions into `settings.out` and return them. A killed run resumes where it stopped.

    Raises InputError where inputs, styles, prompts or the model cannot be used; nothing is half-written then.
    """
    material = read_material(settings)
    prompts = load_prompts(settings.prompts)
    if settings.prompts is not None:
        check(settings.prompts)
    backends = {m: open_backend(m, settings.backend) for m in settings.models}
    settings = replace(settings, models=tuple(b.name if m == TemplateBackend.name else m for m, b in backends.items()))
    recipe = make_recipe(settings, prompts, material)
    judge = open_judge(settings.judge, backends, settings.backend)
    run = RunFolder(settings.out, "generate-captions", _fingerprinted(settings), overwrite=settings.overwrite)
    with run:
        store = CompletionStore(settings.out / SHARDS / "completions.jsonl")
        bench = Bench(settings.models, tuple(backends.values()), store, _attempts(settings), settings.max_tokens, judge)
        try:
            outcome = Rounds(material, prompts, recipe, bench).run()
            store.compact()
        finally:
            store.close()
            for backend in backends.values():
                backend.close()
        result = GenerateResult(outcome, material, judge.name if judge else "")
        if not (result.captions or result.long) and any(u.wanted for u in material.units):
            _write_rejected(settings, result)
            raise NoCaptionsError(result.rejected, settings.out / REJECTED)
        _write(settings, material, result)
        run.finish(_summary(result))
    return result


def read_material(settings: GenerateSettings) -> SourceMaterial:
    """The units of a run from whichever source the settings name."""
    if (settings.descriptions is None) == (settings.attributes is None):
        told = "no source of claims" if settings.descriptions is None else "two sources of claims"
        raise InputError(told, fix="give either --descriptions DIR or --attributes images.csv")
    if settings.attributes is not None:
        return attribute_material(settings.attributes, settings.per_region)
    assert settings.descriptions is not None
    return literature_material(settings.descriptions, settings.per_region, settings.selection)


def make_recipe(settings: GenerateSettings, prompts: PromptSet, material: SourceMaterial) -> Recipe:
    """Styles in rotation and how to draw; an unknown style is an InputError."""
    known = tuple(dict.fromkeys([*STYLES, *prompts.styles]))
    unknown = [s for s in settings.styles if s not in known]
    if unknown:
        raise InputError(f"unknown style '{unknown[0]}'", fix=f"choose --styles from {', '.join(known)}")
    own = tuple(s for s in prompts.styles if s not in STYLES and settings.models != ("template",))
    styles = settings.styles or (*STYLES, *own)
    _check_quotas(settings, styles, material)
    held = max(_QUOTA_HELD.get(m, 2) for m in settings.models)
    unnamed = 0.5 if material.scene.image else 0.25
    return Recipe(styles, settings.seed, settings.sampling, unnamed, settings.quotas, held, settings.structured)


def _check_quotas(settings: GenerateSettings, styles: Sequence[str], material: SourceMaterial) -> None:
    unknown = [s for s, _ in settings.quotas if s not in styles]
    if unknown:
        raise InputError(f"unknown style '{unknown[0]}'", where="--quota", fix=f"choose from {', '.join(styles)}")
    together = sum(count for _, count in settings.quotas)
    fewest = min((u.asked for u in material.units if u.wanted), default=0)
    if settings.quotas and together > fewest:
        raise InputError(
            f"the quotas add up to {together} where {fewest} captions are wanted",
            where="--quota",
            fix="ask for fewer, or raise --per-region",
        )
    if settings.quotas and all(s in dict(settings.quotas) for s in styles) and together < fewest:
        raise InputError(
            f"the quotas of all styles add up to {together} where {fewest} captions are wanted",
            where="--quota",
            fix="leave one style without a quota, or raise the quotas",
        )


def _attempts(settings: GenerateSettings) -> int:
    if settings.attempts is not None:
        return max(1, settings.attempts)
    return 12 if settings.models == ("template",) else 3


def _fingerprinted(settings: GenerateSettings) -> dict[str, object]:
    """Settings that must not differ within one folder. Claims, counts and templates may: content keys tell what is new."""
    source = "attributes" if settings.attributes else "descriptions"
    fixed: dict[str, object] = {
        "source": source,
        "species": settings.selection.species,
        "models": settings.models,
        "seed": settings.seed,
        "max_tokens": settings.max_tokens,
    }
    return {**fixed, "judge": settings.judge} if settings.judge else fixed


def _write(settings: GenerateSettings, material: SourceMaterial, result: GenerateResult) -> None:
    reasons = Counter(r.reason.split(":")[0] for r in result.rejected)
    facts = CardFacts(
        source=material.source,
        models=settings.models,
        seed=settings.seed,
        max_tokens=settings.max_tokens,
        rejected=dict(reasons.most_common()),
        unseen=material.unseen,
        shortages=result.shortages,
        short=by_style(result.outcome.short),
        judge=SecondOpinion(result.judge, len(result.outcome.opinions), sum(not o.agrees for o in result.outcome.opinions))
        if result.judge
        else None,
        image=material.scene.image,
        sources=() if material.scene.image else cited_papers(material.claims, material.papers, quote=settings.quote),
        species=material.species,
        precision=result.precision,
        min_score=settings.selection.min_score,
        set_aside=len(material.set_aside),
        leaks=len(audit([*result.captions, *result.long], tuple(material.scene.regions.values()))),
    )
    card = write_card(result.captions, result.long, facts)
    every = [*result.captions, *result.long]
    if not material.scene.image:
        write_disputed(settings.out, material.set_aside)
    write_evidence(settings.out, material.claims, every, material.papers, quote=settings.quote)
    _write_rejected(settings, result)
    write_dataset(settings.out, result.captions, result.long, result.outcome.stated, card)


def _write_rejected(settings: GenerateSettings, result: GenerateResult) -> None:
    if result.judge:
        write_records(settings.out / JUDGED, Opinion, result.outcome.opinions)
    write_records(settings.out / REJECTED, Rejected, result.rejected)


def _summary(result: GenerateResult) -> dict[str, object]:
    return {
        "captions": len(result.captions),
        "long": len(result.long),
        "rejected": len(result.rejected),
        "regions": len({c.region for c in result.captions}),
        "shortages": result.shortages,
        "set_aside": len(result.material.set_aside),
        "expected_precision": result.precision,
        "quota_shortages": {f"{region}, {style}": f"{got} of {n}" for (region, style), (got, n) in result.outcome.short.items()},
    }
