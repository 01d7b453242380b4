"""What each step of the walk over the phrases of a sentence needs: the open clause, looking ahead, new clauses."""

from __future__ import annotations

from collections.abc import Sequence

from cytoscribe.literature_mining.claims.model import Clause, Node, Phrase
from cytoscribe.literature_mining.claims.tokens import Token
from cytoscribe.literature_mining.word_lists import word_list

_AUXILIARIES = frozenset(word_list("auxiliaries"))
_GAPPED = frozenset(["layer", "cells", "region", "border", "density", "size", "lamination", "thickness"])


class Walk:
    """State of the walk over a sentence's phrases, and what every step of it needs; `current` is the clause that takes the next one."""

    def __init__(self, tokens: Sequence[Token], phrases: Sequence[Phrase]) -> None:
        self._tokens, self._phrases = tokens, phrases
        self.clauses: list[Clause] = []
        self.current = self._open("main", 0)
        self._last: Node | None = None  # the noun phrase or adjective just before, None after a break
        self._conj = ""  # the conjunction just before
        self._negate = False
        self._outer: list[Clause] = []
        self._label: Clause | None = None
        self._markers = 0
        self._skip: Phrase | None = None
        self._partner_node: Node | None = None

    def _open(self, kind: str, start: int, **given: object) -> Clause:
        clause = Clause(kind, len(self.clauses), start=start, **given)  # type: ignore[arg-type]
        self.clauses.append(clause)
        return clause

    def _begin(self, kind: str, start: int, **given: object) -> Clause:
        self.current = self._open(kind, start, leans=self.current, label=self.current.label, **given)
        self._last, self._conj, self._negate = None, "", False
        return self.current

    def _repeat(self, at: int, *, negated: bool) -> int:
        """A clause that says the same as the one before, of the noun phrase at `at`."""
        while self.current.leans is not None and not any(True for _ in self.current.nodes()):
            self.current = self.current.leans
        clause = self._begin("coord", self._phrases[at].start, repeats=True)
        clause.negated = negated
        node = Node(self._phrases[at], clause)
        clause.subjects.append(node)
        clause.verb_class = clause.leans.verb_class if clause.leans else ""
        self._last = node
        return at + 1

    def _node(self, phrase: Phrase, prep: str = "", holder: Node | None = None) -> Node:
        negated, self._negate = self._negate, False
        return Node(phrase, self.current, prep, holder, negated=negated)

    def _new_subject(self, phrase: Phrase) -> None:
        before = self.current
        kind = "coord"
        if before.kind == "rel" and before.subjects and self._conj == "and" and self._phrases[self._index(phrase) - 2].text != ",":
            self.current = self._open("rel", phrase.start, leans=before, antecedent=before.antecedent, label=before.label)
            self._last, self._negate = None, False
            return  # "in which layer IV is thin and the cells are large"
        while before.kind in ("rel", "part", "aside") and before.leans is not None and not self._outer:
            before = before.leans
        self.current = self._open(kind, phrase.start, leans=before, label=before.label)
        self._last, self._negate = None, False

    def _index(self, phrase: Phrase) -> int:
        return next(i for i, p in enumerate(self._phrases) if p is phrase)

    def _begins_clause(self, at: int) -> bool:
        """Whether this noun phrase is the subject of a new clause: a verb of its own follows, or a gapped predicate."""
        clause = self.current
        outer = clause.leans
        if clause.kind == "part" and not clause.said and outer is not None and outer.verb is None and outer.said:
            return False  # "the neurons populating | layer III are large"
        full = self._is_full(clause)
        if (
            full
            and self._subject_ahead(at)
            and not (clause.kind in ("rel", "sub") and not clause.subjects and not clause.said and clause.verb is None)
        ):
            begun = bool(clause.said or clause.places or clause.partners)
            return (
                bool(self._conj)
                or (begun and self._phrases[at].noun in ("region", "layer"))
                or clause.kind in ("part", "rel", "sub")
            )
        return bool(self._conj) and (self._is_gapped(at) or self._ends_list(at))

    def _ends_list(self, at: int) -> bool:
        """`thin layer I, dense layer II, and layer V is broad`: after a list without a verb a subject that has one."""
        clause, phrase = self.current, self._phrases[at]
        listed = clause.verb is None and bool(clause.said) and all(n.noun == "layer" and n.phrase.traits for n in clause.said)
        verb = self._phrases[at + 1].kind == "verb" if at + 1 < len(self._phrases) else False
        return listed and verb and phrase.noun == "layer" and not phrase.traits

    def _is_full(self, clause: Clause) -> bool:
        """Whether a clause has its predicate: a verb, a trait that is one, or what a gapped clause says of its subject."""
        return (
            clause.verb is not None
            or clause.verb_class == "trait"
            or (clause.kind == "coord" and bool(clause.said) and (bool(clause.subjects) or clause.shares))
        )

    def _subject_ahead(self, at: int) -> bool:
        """A noun phrase with its prepositional phrases, and then a verb."""
        if at >= len(self._phrases) or self._phrases[at].kind not in ("np", "prep"):
            return False
        seen, inside = False, False
        for k in range(at, len(self._phrases)):
            phrase = self._phrases[k]
            if phrase.text in ("(", ")") or inside:
                inside = phrase.text != ")"  # "layer IV (though thin) is ..."
            elif phrase.kind == "np":
                seen = True
            elif phrase.kind == "verb":
                return seen and not self._is_participle(k, phrase)
            elif phrase.kind == "adj" and any(w.pos == "verb" for t in phrase.traits for w in t.words):
                return seen
            elif phrase.kind not in ("prep", "other") and not (phrase.kind == "conj" and self._in_list(k)):
                return False
        return False

    def _in_list(self, at: int) -> bool:
        """`layer V and layer VI are`: a conjunction between subjects."""
        before, after = self._phrases[at - 1], self._phrases[at + 1] if at + 1 < len(self._phrases) else None
        return (
            after is not None
            and before.kind == "np"
            and after.kind == "np"
            and (before.noun == after.noun or not before.noun)
            and self._phrases[at].text != ","
        )

    def _is_gapped(self, at: int) -> bool:
        """`layer III is broad and layer IV | thin`; `A has a broad layer III, B | a thin one`."""
        clause = self.current
        while clause.kind == "part" and clause.leans is not None:
            clause = clause.leans
        phrase = self._phrases[at]
        ahead = at + 1
        while (
            ahead + 1 < len(self._phrases)
            and self._phrases[ahead].kind == "prep"
            and self._phrases[ahead + 1].kind == "np"
            and self._phrases[ahead].text == "of"
        ):
            ahead += 2
        while ahead < len(self._phrases) and self._phrases[ahead].kind == "other":
            ahead += 1
        if ahead >= len(self._phrases) or clause.verb_class not in ("be", "become", "have", "trait"):
            return False
        after = self._phrases[ahead]
        if clause.verb_class in ("be", "become", "trait"):
            return (
                (phrase.noun in _GAPPED or phrase.back == "pointed" or phrase.text in ("that", "those"))
                and not phrase.traits
                and after.kind == "adj"
            )
        whole = phrase.noun == "region" or phrase.back == "pointed"
        return whole and not phrase.traits and after.kind in ("np", "adj") and after.determined

    def _is_participle(self, at: int, phrase: Phrase) -> bool:
        words = phrase.text.split()
        if words[-1] in ("being", "having") and phrase.negated:
            return True  # "far from being dense"
        if any(w in _AUXILIARIES for w in words):
            return words[0] == "having" or (words[0] == "being")
        if words[0].endswith("ing"):
            return True
        if (
            phrase.verb in ("have", "consist")
            and words[-1] in ("by", "of", "with", "through", "from")
            and words[0] not in ("consists", "consisted", "consist", "comprises")
        ):
            return True
        after = self._phrases[at + 1] if at + 1 < len(self._phrases) else None
        return (
            phrase.verb in ("other", "place")
            and words[0].endswith("ed")
            and after is not None
            and after.kind == "prep"
            and self._finite_ahead(at + 1)
        )

    def _finite_ahead(self, at: int) -> bool:
        for phrase in self._phrases[at:]:
            if phrase.kind == "verb":
                return True
            if phrase.kind in ("stop", "sub"):
                return False
        return self.current.verb is not None

    def _next_predicate(self, phrase: Phrase) -> None:
        """A second verb: of the clause around this one, or of the same subject."""
        outer = self.current.leans
        while self.current.kind in ("rel", "part", "aside") and outer is not None:
            if outer.verb is None and (outer.subjects or outer.said) and outer.kind != "label":
                self.current = outer
                return
            if self._conj and outer.verb is not None and self.current.verb is not None and self.current.kind == "part":
                break
            outer = outer.leans
        before = self.current
        kind = before.kind if before.kind in ("rel",) and not self._outer else "coord"
        antecedent = before.antecedent if before.kind in ("rel", "part") else None
        self.current = self._open(kind, phrase.start, leans=before, shares=True, antecedent=antecedent, label=before.label)
