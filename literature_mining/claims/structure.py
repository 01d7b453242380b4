"""The clauses of a sentence: who is spoken of, which verb, what is said, and which clause leans on which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cytoscribe.literature_mining.claims.attachments import Attachments
from cytoscribe.literature_mining.claims.complements import Complements
from cytoscribe.literature_mining.claims.model import Clause, Node, Phrase, Sentence
from cytoscribe.literature_mining.claims.phrases import chunk
from cytoscribe.literature_mining.claims.tokens import Token

_ADVERBIAL = frozenset(
    ["however", "nevertheless", "in contrast", "by contrast", "on the contrary", "on the other hand", "conversely", "therefore", "thus", "hence", "in turn",
     "respectively", "for example", "i.e.", "that is", "so"]
)  # fmt: skip


def parse(tokens: Sequence[Token]) -> Sentence:
    """Clauses of a sentence."""
    return _Builder(tokens, chunk(tokens)).build()


class _Builder(Complements, Attachments):
    """Walks the phrases from left to right."""

    def build(self) -> Sentence:
        """The sentence."""
        at = 0
        while at < len(self._phrases):
            at = self._take(at)
        self._find_later_antecedents()
        for clause in self.clauses:
            self._repeat_denied(clause)
        respectively = any(t.lower == "respectively" for t in self._tokens)
        return Sentence(
            self._tokens, [c for c in self.clauses if any(True for _ in c.nodes()) or c.verb or c.partners], respectively
        )

    def _find_later_antecedents(self) -> None:
        """`With a thin layer IV, area A ...`: the antecedent of an opening phrase is the subject that follows."""
        for clause in self.clauses:
            passes = clause.kind == "sub" and clause.verb_class == "other" and {"from", "to"} <= {n.prep for n in clause.nodes()}
            if (clause.kind == "part" or passes) and clause.antecedent is None:
                after = (c for c in self.clauses[clause.index + 1 :] if c.subjects and c.kind in ("coord", "main"))
                following = next(after, None)
                if following is None:
                    continue
                if clause.verb_class == "other" and any(n.prep == "from" for n in clause.places):  # "on passing from A to B, ..."
                    following.fronted += [one for n in clause.places for one in (n, *n.below())]
                if passes:
                    continue  # "as one goes from A to B, ..."
                clause.antecedent = following.subjects[0]

    def _repeat_denied(self, clause: Clause) -> None:
        """`while A is granular, B is not`: the clause before, denied."""
        words = clause.verb.text.split() if clause.verb is not None else []
        alone = clause.negated and not clause.said and not clause.places and len(clause.subjects) == 1
        if alone and words[-1:] == ["not"] and clause.leans is not None and clause.leans.said:
            clause.repeats = clause.subjects[0].noun in ("region", "layer")

    def _take(self, at: int) -> int:
        phrase = self._phrases[at]
        step = getattr(self, f"_take_{phrase.kind}", None)
        if step is None:
            return at + 1
        return step(at, phrase)

    def _take_stop(self, at: int, phrase: Phrase) -> int:
        if phrase.text in ("(", "["):
            self._outer.append(self.current)
            holder = self._last
            self.current = self._open("aside", phrase.start, leans=self.current, antecedent=holder, label=self.current.label)
        elif phrase.text in (")", "]"):
            if self._outer:
                self.current = self._outer.pop()
        elif phrase.text == ":" or (phrase.text in ("-", "\u2014") and self.current.verb is None):
            label = self.current if self.current.verb is None else None
            if label is not None and (label.subjects or label.said):
                label.kind = "label"
                label.subjects, label.said = [*label.subjects, *label.said], []
                label.label = self._label if self._label is not label else None
                self._label = label
            self.current = self._open("main", phrase.start, label=self._label, leans=self.current if label is None else None)
        else:
            self.current = self._open("main", phrase.start, label=self._label if phrase.text == ";" else None, leans=self.current)
        self._last, self._conj, self._negate = None, "", False
        return at + 1

    def _take_sub(self, at: int, phrase: Phrase) -> int:
        if phrase.text in ("so", "as") and self._is_ellipsis(at + 1):
            return self._repeat(at + 2, negated=False)
        if phrase.text in _ADVERBIAL:
            return at + 1
        if phrase.text == "as" and self._compares_equally():
            return self._partner(at, phrase, "than")
        if phrase.text == "as" and not self._subject_ahead(at + 1):
            return self._take_prep(at, phrase)
        self._begin("sub", phrase.start)
        return at + 1

    def _is_ellipsis(self, at: int) -> bool:
        """`so has B`, `as does B`: an auxiliary, then a subject, and nothing else."""
        if at + 1 >= len(self._phrases) or self._phrases[at].kind != "verb" or self._phrases[at + 1].kind != "np":
            return False
        auxiliary = self._phrases[at].text.split()[-1] in ("has", "have", "had", "does", "do", "did", "is", "are", "was", "were")
        after = self._phrases[at + 2] if at + 2 < len(self._phrases) else None
        return (
            auxiliary
            and (self._phrases[at + 1].noun in ("region", "layer", "area") or self._phrases[at + 1].text in ("that", "those"))
            and (after is None or after.kind in ("stop", "conj", "sub", "prep"))
        )

    def _compares_equally(self) -> bool:
        said = self.current.said[-1:] or self.current.subjects[-1:]
        return any(t.compares in ("equal", "less") for n in said for t in n.phrase.traits)

    def _take_rel(self, at: int, phrase: Phrase) -> int:
        antecedent = (
            self._partner_node or self._last or next(reversed([n for n in self.current.nodes() if n.phrase.kind == "np"]), None)
        )
        if (
            antecedent is not None
            and antecedent.holder is not None
            and antecedent.noun == "region"
            and antecedent.holder.noun in ("layer", "border")
        ):
            antecedent = antecedent.holder
        if (
            phrase.text == "whose"
            and antecedent is not None
            and antecedent.phrase.head is not None
            and antecedent.phrase.head.is_("unknown")
        ):
            antecedent = Node(
                replace(antecedent.phrase, foreign=True), antecedent.clause
            )  # "the indusium griseum, whose layers ..."
        if phrase.text == "of which" and self._last is not None and self._last in self.current.said and not self._last.noun:
            antecedent = self._counted(self._last)
        self._begin("rel", phrase.start, antecedent=antecedent)
        return at + 1

    def _counted(self, number: Node) -> Node:
        """`layers II and V, both of which are`: those before it; "many of which" means a part of them that nothing names."""
        self.current.said.remove(number)
        whole = [n for n in self.current.nodes() if n.start < number.start and n.phrase.kind == "np"]
        if number.phrase.text in ("both", "all", "each") and whole:
            return max(whole, key=lambda n: n.start)
        return Node(replace(number.phrase, foreign=True), number.clause)

    def _take_conj(self, at: int, phrase: Phrase) -> int:
        self._conj = phrase.text if phrase.text != "," or not self._conj else self._conj
        return at + 1

    def _take_neg(self, at: int, phrase: Phrase) -> int:
        if phrase.text == "nor" and self._is_ellipsis(at + 1):
            return self._repeat(at + 2, negated=True)
        if phrase.text.startswith("nor ") and self.current.verb is not None:
            self._begin("coord", phrase.start)
            self.current.negated = True
            return at + 1
        self._negate = True
        if phrase.text == "neither" and self.current.verb is None and not self.current.subjects:
            self.current.negated = True
            self._negate = False
        elif phrase.text == "neither" and self.current.verb_class in ("be", "become") and self._phrases[at + 1].kind == "adj":
            self.current.negated = True  # "is neither thin nor dense"
            self._negate = False
        elif phrase.text in ("neither", "nor") and self.current.negated:
            self._negate = False
        if phrase.text == "nor":
            self._conj = "nor"
        return at + 1

    def _take_verb(self, at: int, phrase: Phrase) -> int:
        if self.current.verb_class == "modal" and self.current.said and not self.current.subjects:
            pass  # "in neither does layer V | contain ..."
        elif self._is_participle(at, phrase):
            self._begin_participle(phrase)
        elif self.current.verb is not None or self._is_predicate(self.current):
            self._next_predicate(phrase)
        self.current.verb, self.current.verb_class = phrase, phrase.verb
        self.current.negated = self.current.negated or phrase.negated
        if self.current.kind not in ("part",):
            self.current.subjects += [n for n in self.current.said if n not in self.current.subjects]
            self.current.said = []
        self._last, self._conj, self._negate = None, "", False
        return at + 1

    def _is_predicate(self, clause: Clause) -> bool:
        """A clause whose verb is itself a trait ("widens", "lacks")."""
        return any(n.phrase.kind == "adj" for n in clause.said) and bool(clause.subjects) and clause.verb_class == "trait"

    def _begin_participle(self, phrase: Phrase) -> None:
        holder = self._last or (self.current.subjects or self.current.said or [None])[-1]
        if (
            holder is not None
            and holder.noun not in ("layer", "region", "area", "cells", "zone", "pronoun")
            and holder.holder is None
        ):
            subjects = self.current.subjects or [holder]
            holder = next((s for s in reversed(subjects) if s.noun in ("layer", "cells")), subjects[0])
        self._begin("part", phrase.start, antecedent=holder)
