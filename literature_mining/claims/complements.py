"""Noun phrases and adjectives on the walk: subjects, objects, new clauses, gapped ones."""

from __future__ import annotations

from cytoscribe.literature_mining.claims.model import Node, Phrase
from cytoscribe.literature_mining.claims.walk import Walk

_OBJECT_ENDINGS = frozenset(["with", "into", "from", "to"])


class Complements(Walk):
    """Steps that take what a clause speaks of and what it says."""

    def _take_np(self, at: int, phrase: Phrase) -> int:
        self._partner_node = None
        if phrase is self._skip:
            return at + 1
        if self._negate and phrase.noun == "region" and self.current.verb is not None and not phrase.traits:
            self.current.excluded.append(self._node(phrase))
            self._conj = ""
            return at + 1
        if self._conj and self._repeats_with_place(at):
            return self._repeat(at, negated=False)
        gapped = bool(self._conj) and self._is_gapped(at)
        if self._begins_clause(at):
            said = self.current
            self._new_subject(phrase)
            if gapped and said.verb_class == "have" and phrase.noun == "region":  # "A has a broad layer III, B | a thin one"
                node = self._node(phrase)
                self.current.subjects.append(node)
                self.current.verb_class, self._last = "have", None
                return at + 1
        node = self._node(phrase)
        if self._conj and self._last is not None:
            node.joined = _root(self._last)
        if (
            self._last is not None
            and self._last.phrase.kind == "adj"
            and not self._conj
            and self._last.phrase.text.split()[-1] in _OBJECT_ENDINGS
        ):
            node.prep, node.holder = self._last.phrase.text.split()[-1], self._last  # "merges with | layer IV"
            self._last.pps.append(node)
        else:
            self.current.said.append(node)
        self._last, self._conj = node, ""
        return at + 1

    def _repeats_with_place(self, at: int) -> bool:
        """`A has small cells in layer II, B | in layer V`: a subject and a place, and no verb."""
        phrases = self._phrases[at : at + 4]
        if (
            len(phrases) < 3
            or phrases[0].noun != "region"
            or phrases[0].traits
            or self.current.verb_class not in ("have", "consist")
        ):
            return False
        ends = len(phrases) == 3 or phrases[3].kind in ("stop", "conj", "sub")
        return (
            ends and phrases[1].kind == "prep" and phrases[1].text == "in" and phrases[2].noun == "layer" and not phrases[2].traits
        )

    def _take_adj(self, at: int, phrase: Phrase) -> int:
        outer = self.current.leans
        if (
            self._conj
            and self.current.kind == "part"
            and self.current.said
            and outer is not None
            and outer.verb_class in ("be", "become")
        ):
            self.current = outer  # "is devoid of layer IV, and | agranular"
        node = self._node(phrase)
        clause = self.current
        if self._conj == "but" and clause.negated and clause.said:
            node.negated = True  # "not thick but dense": the denial ends
        if any(w.pos == "verb" for t in phrase.traits for w in t.words):
            if clause.verb is not None or clause.verb_class == "trait":
                self._next_predicate(phrase)
                node.clause = clause = self.current
            clause.verb_class = "trait"
            clause.subjects += clause.said
            clause.said = []
        elif (
            clause.verb is None
            and any(n.phrase.kind == "np" for n in clause.said)  # "layer IV: thin, | dense" goes on with what is said
            and clause.kind in ("main", "coord", "sub", "label")
            and not clause.subjects
        ):
            clause.subjects, clause.said = clause.said, []
            clause.verb_class = clause.leans.verb_class if clause.kind == "coord" and clause.leans else "be"
        if self._conj and self._last is not None:
            node.joined = self._last
        clause.said.append(node)
        self._last, self._conj = node, ""
        return at + 1


def _root(node: Node) -> Node:
    while node.holder is not None:
        node = node.holder
    return node
