"""Plan one attempt at one caption: which style, which claims, by name or not; drawn from the seed, never from the clock."""

from __future__ import annotations

import random
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field

from cytoscribe.captions.backends.base import CAPTION_SCHEMA, Prompt
from cytoscribe.captions.backends.template import TemplateBackend
from cytoscribe.captions.units import Unit
from cytoscribe.captions.wording.compose import applicable
from cytoscribe.captions.wording.english import area_names, layer_depth, layer_name
from cytoscribe.captions.wording.facets import Facet
from cytoscribe.captions.wording.scene import Scene, contradicts, statement
from cytoscribe.core.digests import fingerprint
from cytoscribe.core.records import WHOLE, Claim
from cytoscribe.llm.base import Sampling
from cytoscribe.prompts.loader import PromptSet

SIZES = {
    "textbook": (1, 5),
    "microscope": (1, 5),
    "terse": (2, 8),
    "layers": (2, 6),
    "comparison": (1, 3),
    "question": (1, 4),
    "paragraph": (5, 12),
    "short": (1, 3),
}
"""Fewest and most statements of a caption, by style."""

WORDS = {"short": 20, "terse": 40, "paragraph": 160}
"""Most words that a language model may write, by style; 50 for the others."""


_DRAWS = 16
"""Most draws for a set of statements that no other caption of the region has."""
Content = frozenset[tuple[object, ...]]
"""What a caption states, whichever papers say it."""


def content_of(claims: Iterable[Claim]) -> Content:
    """The set of statements that the claims make."""
    return frozenset(statement(c) for c in claims)


@dataclass(frozen=True)
class Recipe:
    """What a run draws from: styles in rotation, share of captions without the name, the seed, and sampling of a model.

    quotas: how many captions of a unit are of a style, the rest being dealt over the other styles; held: attempts for which such a
    caption keeps its style before another may take its place; structured: a model is asked for its caption as JSON.
    """

    styles: tuple[str, ...]
    seed: int
    sampling: Sampling = field(default_factory=Sampling)
    unnamed_share: float = 0.25
    quotas: tuple[tuple[str, int], ...] = ()
    held: int = 2
    structured: bool = False

    def reserved(self, slot: int) -> str:
        """The style that the quotas keep this slot for, "" for none."""
        bound = 0
        for style, count in self.quotas:
            bound += count
            if slot < bound:
                return style
        return ""


def plan(
    unit: Unit,
    slot: int,
    attempt: int,
    recipe: Recipe,
    scene: Scene,
    prompts: PromptSet,
    model: str,
    feedback: str,
    taken: Container[Content] = (),
) -> Prompt:
    """The prompt for caption `slot` of the unit, retry `attempt` (0-based); it avoids the sets of statements in `taken`."""
    rng = random.Random(f"{recipe.seed}/{unit.key}/{slot}/{attempt}")
    facets = scene.facets(unit.claims)
    usable = [s for s in recipe.styles if applicable(s, facets, image=scene.image)] or ["short"]
    style = _style(slot, attempt, recipe, usable)
    fewer = attempt if model != TemplateBackend.name else 0  # what a language model could not say of many facts, it can say of few
    chosen = _untaken(lambda: _choose(style, facets, rng, image=scene.image, fewer=fewer), taken)
    claims = tuple(c for f in chosen for c in f.claims)
    named = rng.random() >= recipe.unnamed_share
    wording = random.Random(f"{recipe.seed}/{unit.key}/{slot}/{attempt}/facts")  # apart: the claims drawn do not depend on it
    variables = _variables(unit, _grouped(chosen, style, wording), style, scene, named, feedback, wording)
    system, user = prompts.render(style, variables) if style in prompts.styles else ("", "")
    content = {
        "model": model,
        "system": system,
        "user": user,
        "style": style,
        "claims": [(c.claim_id, c.layer, c.attribute, c.value, c.polarity, c.compared_to) for c in claims],
        "facets": [(f.with_, f.clauses, f.terse) for f in chosen],
        "sampling": recipe.sampling,
        "seed": (recipe.seed, unit.key, slot, attempt),
        "named": named,
        **({"form": "json"} if recipe.structured else {}),
    }
    return Prompt(
        key=fingerprint(content),
        region=unit.region,
        claims=claims,
        style=style,
        template=prompts.name(style),
        scene=scene,
        seed=rng.getrandbits(63),
        named=named,
        system=system,
        user=user,
        sampling=recipe.sampling,
        feedback=feedback,
        schema=CAPTION_SCHEMA if recipe.structured else None,
    )


def _untaken(draw: Callable[[], Sequence[Facet]], taken: Container[Content]) -> Sequence[Facet]:
    """Facets drawn again, a few times at most, while their set of statements is in `taken`."""
    chosen = draw()
    for _ in range(_DRAWS):
        if content_of([c for f in chosen for c in f.claims]) not in taken:
            break
        chosen = draw()
    return chosen


def _style(slot: int, attempt: int, recipe: Recipe, usable: Sequence[str]) -> str:
    """The style of the slot's quota while it is held and applies; else the next of those that have no quota."""
    wish = recipe.reserved(slot)
    if wish in usable and attempt < recipe.held:
        return wish
    free = [s for s in usable if s not in dict(recipe.quotas)] or list(usable)
    kept = sum(count for _, count in recipe.quotas)
    return free[(slot - kept + attempt) % len(free)]


def _choose(style: str, facets: Sequence[Facet], rng: random.Random, *, image: bool, fewer: int) -> list[Facet]:
    """A subset of the facets that the style can carry, `fewer` than were drawn; no two of them contradict each other."""
    least, most = SIZES.get(style, (1, 4))
    if image:
        least, most = least, most + 3
    pool = list(facets)
    rng.shuffle(pool)
    size = rng.randint(min(least, len(pool)), min(most, len(pool)))
    size = max(min(least, size), size - fewer)
    if style == "comparison":
        return _comparing(pool, size, rng)
    if style == "layers":
        pool.sort(key=lambda f: layer_depth(f.claims[0].layer)[0] < 0)
        pool = _spread(pool)
    if style != "terse" and not image:
        pool = [f for f in pool if f.with_ and f.terse] or pool
    return _consistent(pool, size)


def _comparing(pool: Sequence[Facet], size: int, rng: random.Random) -> list[Facet]:
    partners = list(dict.fromkeys(f.claims[0].compared_to for f in pool if f.diffs))
    partner = rng.choice(partners)
    same = [f for f in pool if f.diffs and f.claims[0].compared_to == partner]
    chosen = _consistent(same, size)
    plain = [f for f in pool if f.with_ and not f.claims[0].compared_to and f.claims[0].polarity]
    return [*chosen, *plain[:1]] if rng.random() < 0.3 else chosen


def _spread(pool: Sequence[Facet]) -> list[Facet]:
    """Facets of layers not yet taken come first, so that a layered account has several layers."""
    first: dict[str, Facet] = {}
    for facet in pool:
        first.setdefault(facet.claims[0].layer, facet)
    return [*first.values(), *(f for f in pool if f not in first.values())]


def _consistent(pool: Sequence[Facet], size: int) -> list[Facet]:
    chosen: list[Facet] = []
    for facet in pool:
        if len(chosen) == size:
            break
        if not any(contradicts(a, b) for f in chosen for a in f.claims for b in facet.claims):
            chosen.append(facet)
    return chosen


def _grouped(facets: Sequence[Facet], style: str, rng: random.Random) -> list[Facet]:
    """Facets of one layer together, so that a small model does not mix layers up; from the surface down where the style asks for it."""
    layers = list(dict.fromkeys(f.claims[0].layer for f in facets))
    rng.shuffle(layers)
    if style == "layers":
        layers.sort(key=layer_depth)
    return [f for layer in layers for f in facets if f.claims[0].layer == layer]


def _fact(facet: Facet, rng: random.Random) -> str:
    """A clause that begins with its layer where there is one: what follows is bound to it."""
    layer = facet.claims[0].layer
    first = [c for c in facet.clauses if c.startswith(f"{layer_name(layer).noun} ")] if layer not in ("", WHOLE) else []
    return rng.choice(first) if first else facet.clauses[0]


def _variables(
    unit: Unit, facets: Sequence[Facet], style: str, scene: Scene, named: bool, feedback: str, rng: random.Random
) -> dict[str, object]:
    compared = next((c.compared_to for f in facets for c in f.claims if c.compared_to), ())
    return {
        "subject": _subject(unit.region, scene, named),
        "named": named,
        "facts": [_fact(f, rng) for f in facets],
        "words": WORDS.get(style, 50),
        "other": area_names(scene.regions.get(compared[0]), compared[0])[0] if compared else "",
        "feedback": feedback,
    }


def _subject(region: str, scene: Scene, named: bool) -> str:
    if scene.of_cells:
        return region if named else f"this {scene.subject.noun}"
    return area_names(scene.regions.get(region), region)[0] if named else "this area"
