"""The rules look again at what a language model states: they agree, do not know, or contradict."""

from __future__ import annotations

from dataclasses import dataclass

from cytoscribe.literature_mining.claims.findings import Statement
from cytoscribe.literature_mining.claims.llm.vocabulary import Vocabulary

RULES, MODEL = "rules", "llm"
"""Names of the readers in `supported_by`."""


@dataclass(frozen=True)
class SecondLook:
    """What the rules make of a model's claims, by the vocabulary's opposites."""

    vocabulary: Vocabulary

    def agrees(self, one: Statement, other: Statement) -> bool:
        """Both say the same of the same layer, in whichever words: a sharp border denied is a blurred one stated."""
        return _place(one) == _place(other) and self._folded(one) == self._folded(other)

    def contradicts(self, one: Statement, other: Statement) -> bool:
        """Both speak of the same trait of the same layer, in comparison with the same regions, and cannot both hold."""
        if _place(one) != _place(other) or set(one.compared_to) != set(other.compared_to):
            return False
        (value, stated), (against, also) = self._folded(one), self._folded(other)
        if value == against:
            return stated != also
        opposed = self.vocabulary.opposites.get(value) == against or self.vocabulary.opposites.get(against) == value
        return stated and also and (opposed or one.attribute in self.vocabulary.exclusive)

    def _folded(self, claim: Statement) -> tuple[str, bool]:
        other = "" if claim.polarity else self.vocabulary.denied.get(f"{claim.attribute}={claim.value}", "")
        return (other.partition("=")[2], True) if other else (claim.value, claim.polarity)


def _place(claim: Statement) -> tuple[str, str, str]:
    return (claim.region, claim.layer, claim.attribute)
