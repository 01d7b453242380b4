"""The backend that needs no model: captions composed from phrase files, deterministic by the prompt's seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from cytoscribe.captions.backends.base import Prompt
from cytoscribe.captions.wording.compose import STYLES, Composed, compose
from cytoscribe.captions.wording.facets import Facet
from cytoscribe.captions.wording.image_attributes import joined_facets
from cytoscribe.captions.wording.voice import area_voice, image_voice
from cytoscribe.core.errors import InputError
from cytoscribe.llm.base import Completion


class TemplateBackend:
    """Writes by pattern; every completion states exactly the claims of its prompt."""

    name = "template"

    def complete(self, prompts: Sequence[Prompt]) -> Iterator[Completion]:
        for prompt in prompts:
            composed = realise(prompt)
            yield Completion(prompt.key, composed.text, stated=tuple((s.start, s.end, s.claim_ids) for s in composed.stated))

    def close(self) -> None:
        """Nothing to free."""


def realise(prompt: Prompt) -> Composed:
    """The caption of a prompt. Raises InputError for a style that has no patterns (a style of the user's own needs a model)."""
    if prompt.style not in STYLES:
        raise InputError(
            f"style '{prompt.style}' has no sentence patterns", fix="use it with a language model, or drop it from --styles"
        )
    rng = random.Random(prompt.seed)
    scene = prompt.scene
    facets = scene.facets(prompt.claims)
    rng.shuffle(facets)
    if scene.of_cells:
        voice = image_voice(prompt.region, scene.subject, rng, named=prompt.named)
        if scene.image and rng.random() < 0.5:
            facets = _with_joins(facets, joined_facets(facets, scene.book), rng)
    else:
        voice = area_voice(prompt.region, scene.regions.get(prompt.region), rng, named=prompt.named)
    return compose(prompt.style, facets, voice, rng)


def _with_joins(facets: list[Facet], joins: list[Facet], rng: random.Random) -> list[Facet]:
    for join in joins:
        if rng.random() < 0.75:
            left = [f for f in facets if not set(f.ids) <= set(join.ids)]
            left.insert(rng.randint(0, len(left)), join)
            facets = left
    return facets
