"""What the parts of the extractor hand to one another: context, heads, bindings and the claims found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from literature_mining.claims.clauses import Clause
from literature_mining.claims.patterns import Item


@dataclass(frozen=True)
class FoundClaim:
    """One claim of a text: `text[start:end]` are the words that carry it; `score` in [0, 1] is lower for inferred regions."""

    region: str
    layer: str
    attribute: str
    value: str
    polarity: bool
    compared_to: tuple[str, ...]
    start: int
    end: int
    score: float


def united(first: Sequence[FoundClaim], second: Sequence[FoundClaim]) -> list[FoundClaim]:
    """Claims of two extractors; one that both state has full agreement (score 1), another keeps its own score."""
    said, known = {_identity(c) for c in second}, {_identity(c) for c in first}
    agreed = [replace(c, score=1.0) if _identity(c) in said else c for c in first]
    return agreed + [c for c in second if _identity(c) not in known]


def _identity(claim: FoundClaim) -> tuple[str, str, str, str, bool]:
    return (claim.region, claim.layer, claim.attribute, claim.value, claim.polarity)


@dataclass(frozen=True)
class Context:
    """What the sentences so far speak of. `topic`: the regions meant by an unnamed subject; `pair`: the last two spoken of
    together; `rivals`: what comparatives without "than" compare with; `layers`: the layers last named, the subject of the last
    sentence where `about_layer`; `age` in sentences; `headed`: a heading named the pair."""

    topic: tuple[str, ...] = ()
    pair: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    about_layer: bool = False
    age: int = 0
    headed: bool = False


@dataclass(frozen=True)
class Head:
    """The noun, layer or region that a word qualifies. `before`: the word stands before it (attributive)."""

    item: Item
    at: int
    kind: str
    before: bool
    clause: Clause
    tail: tuple[Item, ...] = field(default=())

    @property
    def nobody(self) -> bool:
        """True where the clause has no noun to qualify, so the word speaks of the region itself."""
        return self.item.start < 0


@dataclass(frozen=True)
class Binding:
    """A claim's region, the regions it is compared with, and how sure the binding is; `moved`: it is what a border changes to."""

    region: str
    compared_to: tuple[str, ...]
    score: float
    moved: bool = False
