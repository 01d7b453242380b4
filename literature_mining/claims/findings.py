"""What every reader of claims gives: claims with the words that carry them, and how each was put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Evidence:
    """How a claim was put together, for its score. `region` and `layer`: where they were found (scope.py); `bearer`: kind of thing
    that the trait was said of; `place`: "attributive", "predicate" or "nominal"; `clauses`: clauses of the sentence; `age`:
    sentences since the region was named, 0 where the sentence names it; `rivals`: regions of the sentence that it was not given to."""

    region: str = "own"
    layer: str = "own"
    bearer: str = ""
    place: str = ""
    clauses: int = 1
    age: int = 0
    rivals: int = 0
    hedged: bool = False
    unknown: int = 0


@dataclass(frozen=True)
class FoundClaim:
    """One claim of a text: `text[start:end]` are the words that carry it; `score` is the probability that it is right.

    `relative`: the value is one of a comparison, with `compared_to` where the text names the regions, else with a layer or unnamed.
    """

    region: str
    layer: str
    attribute: str
    value: str
    polarity: bool
    compared_to: tuple[str, ...]
    start: int
    end: int
    score: float
    relative: bool = False
    evidence: Evidence = Evidence()

    @property
    def identity(self) -> tuple[str, str, str, str, bool]:
        """What two readers must agree on for the claim to be the same."""
        return (self.region, self.layer, self.attribute, self.value, self.polarity)


class Statement(Protocol):
    """What a claim says, whichever record holds it: found in a sentence, stored, or merged over papers."""

    @property
    def region(self) -> str: ...
    @property
    def layer(self) -> str: ...
    @property
    def attribute(self) -> str: ...
    @property
    def value(self) -> str: ...
    @property
    def polarity(self) -> bool: ...
    @property
    def compared_to(self) -> tuple[str, ...]: ...
