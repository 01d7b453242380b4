"""What a person reads before a run (`--dry-run`) and after it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from cytoscribe.captions.backends.base import Prompt
from cytoscribe.captions.backends.models import open_backend
from cytoscribe.captions.backends.template import TemplateBackend
from cytoscribe.captions.generation import GenerateResult, GenerateSettings, make_recipe, read_material
from cytoscribe.captions.plan import Recipe, plan
from cytoscribe.captions.rounds import by_style
from cytoscribe.captions.units import SourceMaterial
from cytoscribe.prompts.loader import PromptSet, load_prompts

_SHOWN = 3
_MEASURED = 8


def preview(settings: GenerateSettings) -> str:
    """Counts, example prompts, and an estimate of tokens and time from a measured sample. Nothing is written."""
    material = read_material(settings)
    prompts = load_prompts(settings.prompts)
    recipe = make_recipe(settings, prompts, material)
    wanted = sum(u.wanted for u in material.units)
    regions = len({u.region for u in material.units})
    lines = [f"{wanted} captions of {regions} regions ({len(material.units)} units) by {', '.join(settings.models)}"]
    sample = _sample(settings, material, recipe, prompts)
    composed = settings.models[0] == TemplateBackend.name and settings.backend.server is None
    for prompt in sample[: 0 if composed else _SHOWN]:
        lines += ["", f"--- {prompt.region}, {prompt.style} ---", *([prompt.system, ""] if prompt.system else []), prompt.user]
    return "\n".join([*lines, "", *_measured(settings, sample, wanted)])


def _sample(settings: GenerateSettings, material: SourceMaterial, recipe: Recipe, prompts: PromptSet) -> list[Prompt]:
    """A few prompts, spread over the units and the styles."""
    chosen = [material.units[i * len(material.units) // _MEASURED] for i in range(_MEASURED)]
    model = settings.models[0]
    return [plan(unit, slot, 0, recipe, material.scene, prompts, model, "") for slot, unit in enumerate(chosen)]


def _measured(settings: GenerateSettings, sample: Sequence[Prompt], wanted: int) -> list[str]:
    """What the first model made of the sample, and what the whole would take at that rate."""
    backend = open_backend(settings.models[0], settings.backend)
    try:
        list(backend.complete(sample[:1]))  # loads the model, outside the clock
        started = time.perf_counter()
        done = list(backend.complete(sample))
        seconds = time.perf_counter() - started
    finally:
        backend.close()
    texts = [f"  {c.text.strip() or c.error}" for c in done[:_SHOWN]]
    share = wanted / len(done)
    read, written = sum(c.prompt_tokens for c in done) * share, sum(c.completion_tokens for c in done) * share
    tokens = f"about {read:,.0f} prompt and {written:,.0f} new tokens, " if written else ""
    return ["sample:", *texts, "", f"in all {tokens}about {seconds * share:,.0f} s without retries ({len(done)} measured)"]


def report(result: GenerateResult, out: Path) -> str:
    """The summary on standard output."""
    regions = {c.region for c in (*result.captions, *result.long)}
    lines = [
        f"{len(result.captions)} captions of {len(regions)} regions, {len(result.long)} long, {len(result.rejected)} rejected -> {out}",
    ]
    if result.rejected:
        counts = Counter(r.reason.split(":")[0] for r in result.rejected)
        lines.append("rejected: " + ", ".join(f"{reason} {count}" for reason, count in counts.most_common()))
    if result.judge:
        refused = sum(not o.agrees for o in result.outcome.opinions)
        lines.append(f"second opinion by {result.judge}: {refused} of {len(result.outcome.opinions)} refused")
    lines += _chosen(result.material)
    if result.precision is not None:
        lines.append(f"expected precision of the claims: {result.precision:.2f}")
    if result.shortages:
        lines.append("fewer than requested: " + ", ".join(f"{region} {note}" for region, note in result.shortages.items()))
    if short := result.outcome.short:
        lines.append("fewer of a style than its quota: " + "; ".join(by_style(short)))
    return "\n".join(lines)


def _chosen(material: SourceMaterial) -> list[str]:
    """Which claims of a mining run were used, a line a reason."""
    counts = Counter(material.species.values())
    lines = []
    if set(counts) - {""}:
        lines.append("species: " + ", ".join(f"{name or 'not known'} {count}" for name, count in counts.most_common()))
    if material.set_aside:
        named = ", ".join(dict.fromkeys(m.region for m in material.set_aside))
        lines.append(
            f"{len(material.set_aside)} statements set aside, since other papers contradict them (disputed.parquet): {named}"
        )
    if material.faint:
        lines.append(f"{material.faint} claims left out, since their score is too low (--min-score)")
    if material.partnerless:
        lines.append(f"{material.partnerless} comparisons left out, since their sentence does not name the other region")
    return lines
