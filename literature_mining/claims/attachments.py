"""Prepositional phrases and comparisons on the walk: what hangs on which phrase, and what is compared with what."""

from __future__ import annotations

from cytoscribe.literature_mining.claims.model import Clause, Node, Partner, Phrase
from cytoscribe.literature_mining.claims.walk import Walk

_PLACE_PREPOSITIONS = frozenset(
    ["of", "in", "within", "inside", "at", "for", "throughout", "among", "on", "over", "across", "along", "through", "around", "near",
     "between", "towards", "toward", "beneath", "below", "above", "under", "to", "into", "from", "in the case of", "in case of"]
)  # fmt: skip


class Attachments(Walk):
    """Steps that take prepositions and markers of comparison."""

    def _take_prep(self, at: int, phrase: Phrase) -> int:
        self._partner_node = None
        token = self._tokens[phrase.start]
        inner = at + 1
        while inner < len(self._phrases) and self._phrases[inner].kind == "other":
            inner += 1
        following = self._phrases[inner] if inner < len(self._phrases) else None
        if following is not None and following.text == "neither":  # "present in neither A nor B"
            self.current.negated, inner = True, inner + 1
            following = self._phrases[inner] if inner < len(self._phrases) else None
        if token.is_("with", "without", "presence"):
            self._begin_with(phrase, token.is_("without"), following)
            return at + 1
        if following is None or following.kind != "np":
            return at + 1
        if token.is_("excepting"):
            node = self._node(following)
            self.current.excluded.append(node)
            self._last, self._partner_node = None, node
            return inner + 1
        outer = self.current.leans
        if (
            phrase.text == "by"
            and self._conj
            and outer is not None
            and self.current.verb is not None
            and self.current.verb.text.startswith("by ")
        ):
            self.current = outer  # "by the absence of layer IV and | by large cells"
        if phrase.text in ("by", "through") and self._brings_traits(inner):
            return self._take_by(inner, following)
        if self._conj and phrase.text not in ("of",) and self._subject_after_front(inner):
            self._new_subject(phrase)
        if self._conj and self._is_place_of_gap(inner):
            said = self.current
            self._new_subject(phrase)
            self.current.shares, self.current.verb_class = True, said.verb_class
        node = self._node(following, phrase.text)
        self._attach(node)
        self._last, self._conj = node, ""
        return self._list_goes_on(inner + 1, node)

    def _brings_traits(self, at: int) -> bool:
        """`differs from B by a broader layer III`: the means of a verb is what its subject has."""
        clause = self.current
        return (
            clause.verb is not None
            and clause.verb_class in ("other", "place", "be")
            and (bool(self._phrases[at].traits) or self._phrases[at].noun in ("layer", "cells", "density", "size"))
        )

    def _take_by(self, at: int, following: Phrase) -> int:
        clause = self.current
        clause.verb_class = "have"
        node = self._node(following)
        clause.said.append(node)
        self._last, self._conj = node, ""
        return at + 1

    def _list_goes_on(self, at: int, node: Node) -> int:
        """`in layer III of A and layer V of B`: more objects of the same preposition."""
        while at + 1 < len(self._phrases) and _joins(self._phrases[at]) and self._phrases[at + 1].kind == "np":
            following = self._phrases[at + 1]
            if self._phrases[at].text == "," or not _alike(following, node) or following.traits or self._subject_is(at + 1):
                break
            self._conj = self._phrases[at].text
            if self._is_gapped(at + 1):
                self._conj = ""
                break
            other = self._node(following, node.prep)
            other.joined = node
            (node.holder.pps if node.holder else self.current.places if self.current.verb else self.current.fronted).append(other)
            other.holder = node.holder
            self._last, self._conj = other, ""
            at += 2
        return at

    def _is_place_of_gap(self, at: int) -> bool:
        """`large in layer V, | in layer VI small`, `A has large cells in layer V, | in layer VI small ones`."""
        if self._phrases[at].noun not in ("layer", "region") or self._phrases[at].traits:
            return False
        clause, k = self.current, at + 1
        while k + 1 < len(self._phrases) and self._phrases[k].text == "of" and self._phrases[k + 1].kind == "np":
            k += 2
        after = self._phrases[k] if k < len(self._phrases) else None
        ends = k + 1 >= len(self._phrases) or self._phrases[k + 1].kind in ("stop", "conj")
        if after is None or not ends:
            return False
        if clause.verb_class in ("be", "become", "trait"):
            return after.kind == "adj" and bool(clause.said) and not after.determined
        return clause.verb_class == "have" and after.kind == "np" and bool(after.traits) and bool(clause.said)

    def _subject_is(self, at: int) -> bool:
        return (self.current.verb is not None) and self._subject_ahead(at)

    def _subject_after_front(self, at: int) -> bool:
        """`and in area B the cells are ...`: place first, then a subject with its verb."""
        if not self._is_full(self.current):
            return False
        k = at + 1
        while k + 1 < len(self._phrases) and self._phrases[k].kind == "prep" and self._phrases[k + 1].kind == "np":
            k += 2
        if k < len(self._phrases) and self._phrases[k].kind == "conj" and self._phrases[k].text == ",":
            k += 1
        if k + 1 < len(self._phrases) and self._phrases[k].verb == "place" and self._phrases[k + 1].kind == "np":
            return True  # "in layer II of A lie giant cells"
        return k < len(self._phrases) and self._phrases[k].kind == "np" and self._subject_ahead(k)

    def _attach(self, node: Node) -> None:
        """Hang a prepositional phrase on the phrase just before it, else on the clause."""
        clause, last = self.current, self._last
        excluded = node.negated and node.noun in ("region", "area", "layer", "pronoun") and not node.phrase.traits
        if excluded:
            clause.excluded.append(node)
            return
        if node.prep == "from" and last is not None and _is_missing(last):
            node.prep = "in"  # "layer IV is absent from area A"
        if last is not None and (not self._conj or node.prep == "of"):
            node.holder = last
            last.pps.append(node)
            return
        if self._conj and last is not None and last.prep == node.prep and last.holder is not None:
            node.holder, node.joined = last.holder, last
            last.holder.pps.append(node)
            return
        if clause.verb is None and not clause.subjects and not clause.said and clause.kind != "part":
            clause.fronted.append(node)
        else:
            clause.places.append(node)

    def _begin_with(self, phrase: Phrase, denies: bool, following: Phrase | None) -> None:
        """`with a thin layer IV`, `lacking giant cells`: a clause of its own about the noun before it, or about the subject."""
        clause, last = self.current, self._last
        denied = self._negate
        if (
            phrase.text == "with"
            and last is not None
            and following is not None
            and following.noun in ("layer", "area", "region")
            and (last.noun == "border" or last.phrase.kind == "adj")
        ):
            node = Node(following, clause, "with", last)  # "a sharp border with layer V"
            last.pps.append(node)
            self._skip = following
            self._last = node
            return
        if (
            phrase.text in ("presence of", "existence of", "emergence of", "occurrence of", "addition of")
            and clause.verb is not None
            and clause.verb.verb in ("have", "consist")
            and not (following is not None and following.noun == "layer" and not following.traits)
        ):
            self._negate = denied
            return
        holder: Node | None = last
        if last is not None and last.noun not in ("layer", "region", "area", "zone", "pronoun"):
            above = last.holder
            while above is not None and above.noun not in ("layer", "region", "area"):
                above = above.holder
            holder = above or next((s for s in clause.subjects), None) or last
        if last is not None and last.phrase.part:
            holder = last
        if last is not None and clause.kind == "part" and _is_beside(clause) and last in clause.said:
            holder = clause.antecedent  # "abutting the ventricle with a magnocellular part"
        if phrase.text.startswith("by ") and clause.subjects:
            holder = clause.subjects[0]  # "A differs from B by the absence of layer IV"
        if last is None:
            holder = next((s for s in clause.subjects), None) or (clause.antecedent if clause.kind in ("rel", "part") else None)
        self._begin("part", phrase.start, antecedent=holder)
        self.current.verb, self.current.verb_class = phrase, "lack" if denies != denied else "have"
        if phrase.text in ("presence of", "existence of", "emergence of", "occurrence of"):
            self.current.verb_class = "presence"

    def _take_than(self, at: int, phrase: Phrase) -> int:
        return self._partner(at, phrase, "than")

    def _take_like(self, at: int, phrase: Phrase) -> int:
        return self._partner(at, phrase, "like")

    def _partner(self, at: int, phrase: Phrase, kind: str) -> int:
        """`than in area B`, `compared to those of B and C`: what follows is the partner, not a place."""
        last, conj, negated = self._last, self._conj, self._negate
        self._negate = False
        self._markers += 1
        inner, found = at + 1, False
        while inner < len(self._phrases):
            following = self._phrases[inner]
            if following.kind == "np":
                if found and following.noun not in ("region", "layer"):
                    break
                node = Node(following, self.current, phrase.text)
                self.current.partners.append(Partner(kind if phrase.text != "unlike" else "unlike", node, self._markers, negated))
                self._partner_node = node
                found = True
                informative = (
                    following.noun in ("region", "layer", "area") or "latter" in following.text or "former" in following.text
                )
                inner += 1
                if informative and not self._partner_goes_on(inner):
                    break
            elif (following.kind in ("prep", "other") and (not found or self._points(inner))) or (
                following.kind == "conj" and found and self._partner_goes_on(inner)
            ):
                inner += 1
            else:
                break
        self._last, self._conj = (None, "") if found else (last, conj)
        return inner

    def _points(self, at: int) -> bool:
        """`those in B`, `layer V of B`: a preposition between the partner's thing and its region."""
        return self._phrases[at].kind == "other" or self._phrases[at].text in _PLACE_PREPOSITIONS

    def _partner_goes_on(self, at: int) -> bool:
        if at + 1 >= len(self._phrases):
            return False
        here, after = self._phrases[at], self._phrases[at + 1]
        if here.kind == "prep" and here.text in ("of", "in", "within"):
            return after.kind == "np" and after.noun in ("region", "area", "layer")
        if here.kind == "conj" and here.text in ("and", "or", "as well as"):
            k = at + 2 if after.kind == "prep" else at + 1
            following = self._phrases[k] if k < len(self._phrases) else None
            return (
                following is not None
                and following.kind == "np"
                and following.noun == "region"
                and not following.traits
                and not self._subject_is(k)
            )
        return False


def _is_beside(clause: Clause) -> bool:
    return clause.verb_class == "other" and clause.verb is not None and clause.verb.text.endswith("ing")


def _joins(phrase: Phrase) -> bool:
    return phrase.kind == "conj" or phrase.text == "nor"


def _is_missing(node: Node) -> bool:
    senses = [s for t in node.phrase.traits for w in t.words for s in w.senses.values()] if node.phrase.kind == "adj" else []
    return ("layer_visibility", "absent") in senses


def _alike(phrase: Phrase, node: Node) -> bool:
    """Whether two nouns can be objects of one preposition: of one kind, both measures, or the sides of a border."""
    measures = ("size", "density", "thickness")
    return phrase.noun == node.noun or node.prep == "between" or (phrase.noun in measures and node.noun in measures)
