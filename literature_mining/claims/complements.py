"""Noun phrases and adjectives on the walk: subjects, objects, new clauses, gapped ones."""

from __future__ import annotations

from dataclasses import replace

from cytoscribe.literature_mining.claims.model import Clause, Node, Phrase
from cytoscribe.literature_mining.claims.walk import Walk

_OBJECT_ENDINGS = frozenset(["with", "into", "from", "to"])


class Complements(Walk):
    """Steps that take what a clause speaks of and what it says."""

    def _take_np(self, at: int, phrase: Phrase) -> int:
        self._partner_node = None
        if phrase is self._skip:
            return at + 1
        if self._negate and self._excludes(at, phrase):
            self.current.excluded.append(self._node(phrase))
            self._conj = ""
            return at + 1
        if self._conj and self._ends_absence(phrase) and self.current.leans is not None:
            self.current = self.current.leans
        if self._conj and self._repeats_with_place(at):
            return self._repeat(at, negated=False)
        gapped = bool(self._conj) and self._is_gapped(at)
        if self._begins_clause(at):
            said = self.current
            self._new_subject(phrase)
            if (
                gapped and said.verb_class == "have" and (phrase.noun == "region" or phrase.back == "pointed")
            ):  # "A has a broad layer III, B | a thin one"
                node = self._node(phrase)
                self.current.subjects.append(node)
                self.current.verb_class, self._last = "have", None
                return at + 1
        if self._goes_without_verb(phrase):  # "A has a thin layer I; B | a broad one"
            clause = self.current
            clause.subjects, clause.said, self._conj, self._last = clause.said, [], "", None
            clause.verb_class = clause.leans.verb_class if clause.leans is not None else ""
        if self._last is not None and not self._conj and self._last.phrase.text.split()[-2:] in (["poor", "in"], ["rich", "in"]):
            phrase = self._held(self._last, phrase)
        node = self._node(
            phrase, "rich in" if phrase.types and self._last is not None and self._last.phrase.text.endswith("rich in") else ""
        )
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
        elif node.prep == "rich in" and (described := self._described()) is not None:
            node.holder = described
            described.pps.append(node)
        else:
            self.current.said.append(node)
        self._last, self._conj = node, ""
        return at + 1

    def _described(self) -> Node | None:
        """`a layer III | rich in spindle cells`: the noun just before the adjective, where the clause has a verb that it is the object of."""
        said = self.current.said
        before = said[-2] if len(said) > 1 and said[-1] is self._last else None
        return before if before is not None and before.phrase.kind == "np" and before.phrase.end == said[-1].start else None

    def _held(self, holder: Node, phrase: Phrase) -> Phrase:
        """`poor in large cells` says that these are few, `rich in spindle cells` that these are many: neither how many cells there are."""
        if phrase.noun == "cells" and not phrase.traits and not phrase.types:
            return phrase
        holder.phrase = replace(holder.phrase, traits=holder.phrase.traits[:-1])
        return phrase if holder.phrase.text.endswith("rich in") else replace(phrase, traits=(), types=())

    def _ends_absence(self, phrase: Phrase) -> bool:
        """`the disappearance of layer IV and | the appearance of large cells`."""
        verb = self.current.verb
        named = self.current.kind == "part" and verb is not None and verb.text.endswith((" of", " in")) and bool(self.current.said)
        return named and phrase.determined and phrase.noun in ("arrangement", "") and phrase.back == ""

    def _is_postnominal(self, at: int, phrase: Phrase) -> bool:
        """`the cells | present in layer V are large`: an adjective between a noun and its verb says only where it is."""
        if self._last is None or self._last.phrase.kind != "np" or not _only_exists(phrase):
            return False
        after = self._phrases[at + 1 :]
        verb = next((i for i, p in enumerate(after) if p.kind == "verb"), None)
        return bool(verb) and after[0].kind == "prep" and all(p.kind in ("prep", "np", "other") for p in after[:verb])

    def _goes_without_verb(self, phrase: Phrase) -> bool:
        clause = self.current
        if (
            clause.verb is not None
            or clause.kind != "main"
            or clause.leans is None
            or clause.leans.verb_class not in ("have", "lack")
        ):
            return False
        alone = len(clause.said) == 1 and not clause.subjects and not clause.said[0].phrase.traits
        return alone and (clause.said[0].noun == "region" or clause.said[0].phrase.back == "pointed") and phrase.determined

    def _excludes(self, at: int, phrase: Phrase) -> bool:
        """`A, but not B, has ...`, `in layer III, but not layer V`, `not layer V but layer III has ...`: what the denial is of."""
        clause = self.current
        if phrase.traits or phrase.noun not in ("region", "layer"):
            return False
        begun = bool(clause.subjects or clause.said)
        if not begun and clause.verb is None:
            return at + 1 < len(self._phrases) and self._phrases[at + 1].text == "but"
        exists = clause.verb_class in ("have", "lack") and not any(n.phrase.traits or n.pps for n in clause.said)
        return not (phrase.noun == "layer" and (exists or self._conj != "but"))

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
        if self._is_postnominal(at, phrase):
            return at + 1
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
            clause.verb_class == "be"
            and clause.fronted
            and not clause.subjects
            and clause.said
            and not clause.said[-1].phrase.traits
        ):
            clause.subjects, clause.said = clause.said, []  # "only in A is layer IV | thin"
        elif clause.verb is None and clause.fronted and not clause.said and clause.kind == "main" and _is_said(clause.leans):
            clause.shares, clause.verb_class = True, "be"  # "layer IV is thin in A; in B, | broad"
        elif (
            clause.verb is None
            and any(n.phrase.kind == "np" for n in clause.said)  # "layer IV: thin, | dense" goes on with what is said
            and clause.kind in ("main", "coord", "sub", "label", "rel")
            and not clause.subjects
        ):
            clause.subjects, clause.said = clause.said, []
            clause.verb_class = clause.leans.verb_class if clause.kind in ("coord", "rel") and clause.leans else "be"
        if self._conj and self._last is not None:
            node.joined = self._last
        clause.said.append(node)
        self._last, self._conj = node, ""
        return at + 1


def _only_exists(phrase: Phrase) -> bool:
    return all(s[1] in ("visible", "sharp", "clear") for t in phrase.traits for w in t.words for s in w.senses.values())


def _is_said(clause: Clause | None) -> bool:
    return clause is not None and clause.verb_class in ("be", "become", "trait")


def _root(node: Node) -> Node:
    while node.holder is not None:
        node = node.holder
    return node
