"""Names that a phrase speaks of, the prepositions of places, and the subjects of a clause: what the search for regions and layers shares."""

from __future__ import annotations

from dataclasses import dataclass

from cytoscribe.literature_mining.claims.model import Clause, Node
from cytoscribe.literature_mining.claims.tokens import UNKNOWN

PLACES = frozenset(
    ["of", "in", "within", "inside", "at", "for", "throughout", "among", "on", "over", "across", "through",
     "in the case of", "in case of", "as to", "as for", "as regards", "as concerns", "concerning", "regarding", "with respect to"]
)  # fmt: skip
DEPTH = 8


@dataclass(frozen=True)
class Scope:
    """Names, and where they were found: own, below, holder, subject, place, front, antecedent, before, later, label or context.

    `foreign`: what was found is an area that the table lacks, so that nothing may be claimed.
    """

    names: tuple[str, ...] = ()
    how: str = ""
    foreign: bool = False

    def __bool__(self) -> bool:
        return bool(self.names) or self.foreign

    @property
    def known(self) -> tuple[str, ...]:
        """Names that the table lists."""
        return tuple(n for n in self.names if n != UNKNOWN)


NONE = Scope()


def effective_subjects(clause: Clause, depth: int = 0) -> list[Node]:
    """Subjects of a clause, its own or those it shares."""
    if clause.subjects or depth > DEPTH:
        return clause.subjects
    if clause.shares and clause.leans is not None:
        return effective_subjects(clause.leans, depth + 1)
    return []
