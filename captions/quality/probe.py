"""A text-only probe: how well does a classifier tell the region from masked captions, by what they say and by wording alone?

What is said of a region may well tell it. Wording may not: where claims are shuffled among regions, whatever the classifier still
recovers is a trace of the templates or of the mask, and a model trained on the captions could learn it in place of the tissue.
"""

from __future__ import annotations

import dataclasses
import random
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cytoscribe.captions.backends.base import Prompt
from cytoscribe.captions.backends.template import realise
from cytoscribe.captions.masking import mask_for
from cytoscribe.captions.quality.intervals import over_regions
from cytoscribe.captions.wording.compose import STYLES
from cytoscribe.captions.wording.scene import Scene, statement
from cytoscribe.core.records import Caption, Claim

_FOLDS = 5
_SHUFFLES = 5
"""How often the claims are shuffled; one shuffle may favour a region by chance."""


@dataclass(frozen=True)
class Probe:
    """accuracy: share of captions whose region is recovered in cross-validation, with its 95% interval over regions; chance: share
    of the most frequent region, which is what guessing without the text reaches. kind: "content" or "wording"."""

    kind: str
    captions: int
    regions: int
    accuracy: float
    ci95: tuple[float, float]
    chance: float

    @property
    def above_chance(self) -> bool:
        """True where the interval lies above chance."""
        return self.ci95[0] > self.chance


def probe_content(captions: Sequence[Caption], claims: Mapping[str, Claim], seed: int = 0) -> Probe | None:
    """The captions as they are. claims: by id, {} where only the ids are known. None where fewer than two regions can be probed."""
    rounds = [_recovered([c.masked_caption for c in captions], [c.region for c in captions], _sets(captions, claims), seed)]
    return _summed("content", rounds, seed)


def probe_wording(captions: Sequence[Caption], claims: Mapping[str, Claim], scene: Scene, seed: int = 0) -> Probe | None:
    """The same styles in the same numbers, by template, but each region's captions made from claims drawn among all regions.

    A caption keeps its region's names, and the mask takes them away again. None where fewer than two regions can be probed.
    """
    told = [c for c in captions if c.style in STYLES and all(i in claims for i in c.claim_ids) and c.claim_ids]
    regions = [c.region for c in told]
    rounds = []
    for number in range(_SHUFFLES):
        rng = random.Random(f"{seed}/{number}")
        dealt = [(c.style, tuple(claims[i] for i in c.claim_ids)) for c in told]
        rng.shuffle(dealt)
        texts = [_shuffled(region, given, style, scene, rng) for region, (style, given) in zip(regions, dealt, strict=True)]
        rounds.append(_recovered(texts, regions, [frozenset(statement(c) for c in given) for _, given in dealt], seed))
    return _summed("wording", rounds, seed)


def _sets(captions: Sequence[Caption], claims: Mapping[str, Claim]) -> list[Hashable]:
    """What each caption states: claims of several papers that say the same count once."""
    return [frozenset(statement(claims[i]) if i in claims else i for i in c.claim_ids) for c in captions]


def _moved(claim: Claim, region: str) -> Claim:
    """The claim said of another region; one that compared with that region compares with the claim's own instead."""
    compared = tuple(claim.region if other == region else other for other in claim.compared_to)
    return dataclasses.replace(claim, region=region, compared_to=compared)


def _shuffled(region: str, given: tuple[Claim, ...], style: str, scene: Scene, rng: random.Random) -> str:
    """A masked caption of the region that states another's claims."""
    named = rng.random() < 0.75
    claims = tuple(_moved(claim, region) for claim in given)
    prompt = Prompt("", region, claims, style, f"caption/{style}", scene, rng.getrandbits(63), named)
    return mask_for(region, scene.regions.values(), scene.subject if scene.of_cells else None).apply(realise(prompt).text)


Round = tuple[list[bool], list[str]]
"""Whether each caption's region was recovered, and the region."""


def _recovered(texts: Sequence[str], regions: Sequence[str], sets: Sequence[Hashable], seed: int) -> Round | None:
    """TF-IDF and a linear classifier, cross-validated; captions of one set of claims are never split between folds."""
    kept = _enough(regions, sets)
    if len({regions[i] for i in kept}) < 2:
        return None
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    text, labels = [texts[i] for i in kept], np.asarray([regions[i] for i in kept])
    numbers = {s: n for n, s in enumerate(dict.fromkeys(sets))}
    groups = [numbers[sets[i]] for i in kept]
    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LinearSVC())
    folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=seed)
    won = np.equal(np.asarray(cross_val_predict(model, text, labels, groups=groups, cv=folds)), labels)
    return won.tolist(), labels.tolist()


def _summed(kind: str, rounds: Sequence[Round | None], seed: int) -> Probe | None:
    done = [r for r in rounds if r is not None]
    if not done:
        return None
    won, regions = [w for r in done for w in r[0]], [x for r in done for x in r[1]]
    counts = Counter(regions)
    chance = max(counts.values()) / len(regions)
    return Probe(kind, len(done[0][0]), len(counts), float(np.mean(won)), over_regions(won, regions, seed=seed), chance)


def _enough(regions: Sequence[str], sets: Sequence[Hashable]) -> list[int]:
    """Captions of regions whose sets of claims reach into every fold."""
    held: dict[str, set[Hashable]] = defaultdict(set)
    for region, group in zip(regions, sets, strict=True):
        held[region].add(group)
    return [i for i, region in enumerate(regions) if len(held[region]) >= _FOLDS]
