"""What a comparison compares with: the partners that a sentence names, and those that it leaves to be understood."""

from __future__ import annotations

from collections.abc import Sequence

from cytoscribe.literature_mining.claims.model import Clause, Node, Partner
from cytoscribe.literature_mining.claims.scope import RegionScopes
from cytoscribe.literature_mining.claims.scope_names import Scope
from cytoscribe.literature_mining.claims.tokens import UNKNOWN

_LIKE = frozenset(["like", "as in", "just as in", "like in", "as is", "as are"])


class ComparisonScopes(RegionScopes):
    """Finds the regions that the comparisons of one sentence compare with."""

    def partners(self, clause: Clause, after: int, own: Sequence[str] = ()) -> tuple[tuple[str, ...], bool]:
        """Regions that a comparative at token `after` compares with, and whether any partner is named. `own`: the claim's regions."""
        later = [
            c for c in self._sentence.clauses if c.index > clause.index and c.kind == "coord" and not self._subject_region(c).known
        ]
        for one in (clause, *later, *self._leaning(clause)):
            stated = [p for p in one.partners if p.kind in ("than", "unlike") and not p.negated]
            ahead = [p for p in stated if one is not clause or p.node.start > after]
            first = [p for p in ahead if p.group == ahead[0].group] if ahead else []
            behind = [p for p in stated if one is clause and p.node.start < after]
            for group in (first, behind):
                if group:
                    return self._named_partners(group), True
        for one in (clause, *self._leaning(clause)):
            opposed = tuple(n for n in self._opposed(one, own))
            if opposed:
                return opposed, True
        return (), False

    def refused_partners(self, clause: Clause, after: int) -> tuple[str, ...]:
        """`denser than in A, but not than in B`: the regions with which the comparison does not hold."""
        return self._named_partners([p for p in clause.partners if p.negated and p.node.start > after])

    def alike(self, clause: Clause) -> tuple[str, ...]:
        """`like area B`, `as in area B`: regions that have the same trait."""
        return self._named_partners([p for p in clause.partners if p.kind == "like" and p.node.prep in _LIKE])

    def alike_layers(self, clause: Clause) -> tuple[str, ...]:
        """`as is layer II`: layers that have the same trait."""
        stated = [p.node for p in clause.partners if p.kind == "like" and p.node.prep in _LIKE and not p.node.phrase.regions]
        return tuple(x for n in stated for x in n.phrase.layers)

    def _named_partners(self, partners: Sequence[Partner]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(n for p in partners for n in self._partner_region(p.node).known))

    def _opposed(self, clause: Clause, own: Sequence[str]) -> list[str]:
        """`is distinguished from B`, `the transition from B to A`, `of the two areas A and B`: the other region of the sentence."""
        found = [
            n
            for node in clause.nodes()
            if node.prep in ("from", "with", "to", "of", "between") and node.noun == "region"
            for n in node.phrase.regions
        ]
        pointed = [
            n
            for node in clause.nodes()
            if "latter" in node.phrase.text or "former" in node.phrase.text
            for n in self._named_before(node)
        ]
        return [n for n in dict.fromkeys([*found, *pointed]) if n not in own and n != UNKNOWN]

    def named_before(self, at: int, own: str) -> tuple[str, ...]:
        """The one other region that a sentence has named before token `at`; none where it is a likeness, or where there are more."""
        if any(c.partners for c in self._sentence.clauses):
            return ()
        named = {n for t in self._sentence.tokens if t.is_("region") for n in t.names} - {own}
        before = {n for t in self._sentence.tokens[:at] if t.is_("region") for n in t.names} - {own, UNKNOWN}
        return tuple(before) if len(named) == len(before) == 1 else ()

    def _named_before(self, node: Node) -> list[str]:
        return [n for t in self._sentence.tokens[: node.start] if t.is_("region") for n in t.names]

    def _partner_region(self, node: Node) -> Scope:
        return self._own_region(node) or self._pointed(node)
