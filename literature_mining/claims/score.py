"""The score of a claim: the probability that it is right, by a logistic model of how the claim was put together.

The coefficients are data (data/claim_score.json), fitted by benchmarks/claim_score.py on annotated sentences.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from cytoscribe.literature_mining.claims.findings import FoundClaim

MODEL_FILE = "data/claim_score.json"
_CARRIED = frozenset({"context", "heading"})
_MOST = {"clauses": 4, "age": 3, "rivals": 3, "unknown": 2}
"""The number from which counts share a level: larger ones are too rare to be told apart."""


@dataclass(frozen=True)
class ScoreModel:
    """A logistic model: `weights[feature]` in log odds, added to `intercept`; a feature that is not listed weighs 0."""

    intercept: float
    weights: Mapping[str, float]

    def probability(self, claim: FoundClaim) -> float:
        """The probability that a claim is right, in (0, 1)."""
        odds = self.intercept + sum(self.weights.get(name, 0.0) for name in features(claim))
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, odds))))


def probability(claim: FoundClaim) -> float:
    """The probability that a claim is right, in (0, 1), by the model that comes with the package."""
    return load_model().probability(claim)


def features(claim: FoundClaim) -> tuple[str, ...]:
    """What the model knows of a claim, as names such as "attribute=border"; each has the value 1, all others 0."""
    evidence = claim.evidence
    counts = {name: min(getattr(evidence, name), most) for name, most in _MOST.items()}
    levels = {
        "attribute": claim.attribute,
        "polarity": claim.polarity,
        "relative": claim.relative,
        "named": evidence.region not in _CARRIED,
        "region": evidence.region,
        "layer": evidence.layer,
        "bearer": evidence.bearer,
        "place": evidence.place,
        "hedged": evidence.hedged,
        **counts,
    }
    return tuple(f"{name}={str(level).lower()}" for name, level in levels.items())


@lru_cache(maxsize=1)
def load_model() -> ScoreModel:
    """The model that comes with the package."""
    table = json.loads(resources.files("cytoscribe.literature_mining").joinpath(MODEL_FILE).read_text(encoding="utf-8"))
    return ScoreModel(float(table["intercept"]), table["weights"])
