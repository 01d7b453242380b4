"""What a person reads before a run (`--dry-run`) and after it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from captions.backends.models import open_backend
from captions.generate import GenerateResult, GenerateSettings, make_recipe, read_material
from captions.plan import plan
from prompts.loader import load_prompts

_SHOWN = 3


def preview(settings: GenerateSettings) -> str:
    """Counts, example prompts and, for the template backend, example captions. Nothing is written."""
    material = read_material(settings)
    prompts = load_prompts(settings.prompts)
    recipe = make_recipe(settings, prompts, material)
    wanted = sum(u.wanted for u in material.units)
    lines = [
        f"{wanted} captions of {len({u.region for u in material.units})} regions ({len(material.units)} units) by {', '.join(settings.models)}"
    ]
    for slot in range(_SHOWN):
        prompt = plan(material.units[0], slot, 0, recipe, material.scene, prompts, settings.models[0], "")
        lines += ["", f"--- {prompt.region}, {prompt.style} ---"]
        if settings.models[0] == "template":
            lines += [c.text for c in open_backend("template").complete([prompt])]
        else:
            lines += [prompt.system, "", prompt.user]
    return "\n".join(lines)


def report(result: GenerateResult, out: Path) -> str:
    """The summary on standard output."""
    regions = {c.region for c in (*result.captions, *result.long)}
    lines = [
        f"{len(result.captions)} captions of {len(regions)} regions, {len(result.long)} long, {len(result.rejected)} rejected -> {out}",
    ]
    if result.rejected:
        counts = Counter(r.reason.split(":")[0] for r in result.rejected)
        lines.append("rejected: " + ", ".join(f"{reason} {count}" for reason, count in counts.most_common()))
    if result.shortages:
        lines.append("fewer than asked: " + ", ".join(f"{region} {note}" for region, note in result.shortages.items()))
    return "\n".join(lines)
