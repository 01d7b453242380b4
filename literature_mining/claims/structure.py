"""The clauses of a sentence: who is spoken of, which verb, what is said, and which clause leans on which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from literature_mining.claims.phrases import Phrase, chunk
from literature_mining.claims.tokens import Token

_PLACE_PREPOSITIONS = frozenset(
    ["of", "in", "within", "inside", "at", "for", "throughout", "among", "on", "over", "across", "along", "through", "around", "near",
     "between", "towards", "toward", "beneath", "below", "above", "under", "to", "into", "from", "in the case of", "in case of"]
)  # fmt: skip
_OBJECT_ENDINGS = frozenset(["with", "into", "from", "to"])
_ADVERBIAL = frozenset(
    ["however", "nevertheless", "in contrast", "by contrast", "on the contrary", "on the other hand", "conversely", "therefore", "thus", "hence", "in turn",
     "respectively", "for example", "i.e.", "that is", "so"]
)  # fmt: skip


@dataclass(eq=False)
class Node:
    """A phrase in its place. `prep`: what governs it; `holder`: the node that it hangs on; `pps`: what hangs on it."""

    phrase: Phrase
    clause: Clause
    prep: str = ""
    holder: Node | None = None
    pps: list[Node] = field(default_factory=list)
    negated: bool = False
    joined: Node | None = None
    """The node before it in a coordination."""

    @property
    def start(self) -> int:
        """Index of its first token."""
        return self.phrase.start

    @property
    def noun(self) -> str:
        """Kind of thing that it is about."""
        return self.phrase.noun

    def below(self) -> Iterator[Node]:
        """Nodes that hang on it, nearest first, each before what hangs on it."""
        for node in self.pps:
            yield node
            yield from node.below()


@dataclass(frozen=True, eq=False)
class Partner:
    """What a comparison compares with. `kind`: than, like or unlike; `group` counts the markers of the sentence; `negated`: `but not`."""

    kind: str
    node: Node
    group: int
    negated: bool = False


@dataclass(eq=False)
class Clause:
    """One predication. `kind`: main, coord (goes on from the clause before), sub, rel, part (participles, `with ...`), aside or label.

    `leans`: the clause it takes its subject or its antecedent from; `shares`: it has that clause's subject; `repeats`: it says the
    same as that clause of another region or layer ("and so has area B").
    """

    kind: str
    index: int
    leans: Clause | None = None
    antecedent: Node | None = None
    subjects: list[Node] = field(default_factory=list)
    verb: Phrase | None = None
    verb_class: str = ""
    said: list[Node] = field(default_factory=list)
    fronted: list[Node] = field(default_factory=list)
    places: list[Node] = field(default_factory=list)
    partners: list[Partner] = field(default_factory=list)
    excluded: list[Node] = field(default_factory=list)
    shares: bool = False
    repeats: bool = False
    negated: bool = False
    label: Clause | None = None
    start: int = 0

    def nodes(self) -> Iterator[Node]:
        """Every node of the clause with what hangs on it."""
        seen: set[int] = set()
        for node in [*self.fronted, *self.subjects, *self.said, *self.places]:
            for one in (node, *node.below()):
                if id(one) not in seen:
                    seen.add(id(one))
                    yield one


@dataclass
class Sentence:
    """All clauses of a sentence, in order, and its tokens."""

    tokens: Sequence[Token]
    clauses: list[Clause]
    respectively: bool = False


def parse(tokens: Sequence[Token]) -> Sentence:
    """Clauses of a sentence."""
    return _Builder(tokens, chunk(tokens)).build()


def _alike(phrase: Phrase, node: Node) -> bool:
    """Whether two nouns can be objects of one preposition: of one kind, both measures, or the sides of a border."""
    measures = ("size", "density", "thickness")
    return phrase.noun == node.noun or node.prep == "between" or (phrase.noun in measures and node.noun in measures)


def _root(node: Node) -> Node:
    while node.holder is not None:
        node = node.holder
    return node


class _Builder:
    """Walks the phrases from left to right; `current` is the clause that takes the next one."""

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

    def build(self) -> Sentence:
        """The sentence."""
        at = 0
        while at < len(self._phrases):
            at = self._take(at)
        self._find_later_antecedents()
        respectively = any(t.lower == "respectively" for t in self._tokens)
        return Sentence(
            self._tokens, [c for c in self.clauses if any(True for _ in c.nodes()) or c.verb or c.partners], respectively
        )

    def _find_later_antecedents(self) -> None:
        """`With a thin layer IV, area A ...`: the antecedent of an opening phrase is the subject that follows."""
        for clause in self.clauses:
            if clause.kind == "part" and clause.antecedent is None:
                after = (c for c in self.clauses[clause.index + 1 :] if c.subjects and c.kind in ("coord", "main"))
                clause.antecedent = next((c.subjects[0] for c in after), None)

    def _open(self, kind: str, start: int, **given: object) -> Clause:
        clause = Clause(kind, len(self.clauses), start=start, **given)  # type: ignore[arg-type]
        self.clauses.append(clause)
        return clause

    def _take(self, at: int) -> int:
        phrase = self._phrases[at]
        step = getattr(self, f"_take_{phrase.kind}", None)
        if step is None:
            return at + 1
        return step(at, phrase)

    # -------------------------------------------------------------- breaks

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
            and self._phrases[at + 1].noun in ("region", "layer", "area")
            and (after is None or after.kind in ("stop", "conj", "sub", "prep"))
        )

    def _repeat(self, at: int, *, negated: bool) -> int:
        """A clause that says the same as the one before, of the noun phrase at `at`."""
        clause = self._begin("coord", self._phrases[at].start, repeats=True)
        clause.negated = negated
        node = Node(self._phrases[at], clause)
        clause.subjects.append(node)
        clause.verb_class = clause.leans.verb_class if clause.leans else ""
        self._last = node
        return at + 1

    def _compares_equally(self) -> bool:
        said = self.current.said[-1:] or self.current.subjects[-1:]
        return any(t.compares in ("equal", "less") for n in said for t in n.phrase.traits)

    def _begin(self, kind: str, start: int, **given: object) -> Clause:
        self.current = self._open(kind, start, leans=self.current, label=self.current.label, **given)
        self._last, self._conj, self._negate = None, "", False
        return self.current

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
        self._begin("rel", phrase.start, antecedent=antecedent)
        return at + 1

    def _take_conj(self, at: int, phrase: Phrase) -> int:
        self._conj = phrase.text if phrase.text != "," or not self._conj else self._conj
        return at + 1

    def _take_neg(self, at: int, phrase: Phrase) -> int:
        if phrase.text == "nor" and self._is_ellipsis(at + 1):
            return self._repeat(at + 2, negated=True)
        self._negate = True
        if phrase.text == "neither" and self.current.verb is None and not self.current.subjects:
            self.current.negated = True
            self._negate = False
        elif phrase.text in ("neither", "nor") and self.current.negated:
            self._negate = False
        return at + 1

    # -------------------------------------------------------------- verbs

    def _take_verb(self, at: int, phrase: Phrase) -> int:
        if self._is_participle(at, phrase):
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

    def _is_participle(self, at: int, phrase: Phrase) -> bool:
        words = phrase.text.split()
        if any(
            w
            in (
                "is",
                "are",
                "was",
                "were",
                "been",
                "be",
                "can",
                "could",
                "may",
                "has",
                "have",
                "had",
                "do",
                "does",
                "did",
                "cannot",
                "might",
                "will",
            )
            for w in words
        ):
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

    def _begin_participle(self, phrase: Phrase) -> None:
        holder = self._last or (self.current.subjects or self.current.said or [None])[-1]
        if (
            holder is not None
            and holder.noun not in ("layer", "region", "area", "cells", "zone", "pronoun")
            and holder.holder is None
        ):
            holder = (self.current.subjects or [holder])[0]
        self._begin("part", phrase.start, antecedent=holder)

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

    # -------------------------------------------------------------- noun phrases and adjectives

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

    def _node(self, phrase: Phrase, prep: str = "", holder: Node | None = None) -> Node:
        negated, self._negate = self._negate, False
        return Node(phrase, self.current, prep, holder, negated=negated)

    def _new_subject(self, phrase: Phrase) -> None:
        before = self.current
        kind = "coord"
        while before.kind in ("rel", "part", "aside") and before.leans is not None and not self._outer:
            before = before.leans
        self.current = self._open(kind, phrase.start, leans=before, label=before.label)
        self._last, self._negate = None, False

    def _begins_clause(self, at: int) -> bool:
        """Whether this noun phrase is the subject of a new clause: a verb of its own follows, or a gapped predicate."""
        clause = self.current
        full = clause.verb is not None or clause.verb_class == "trait"
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
        return bool(self._conj) and self._is_gapped(at)

    def _subject_ahead(self, at: int) -> bool:
        """A noun phrase with its prepositional phrases, and then a verb."""
        if at >= len(self._phrases) or self._phrases[at].kind not in ("np", "prep"):
            return False
        seen = False
        for k in range(at, len(self._phrases)):
            phrase = self._phrases[k]
            if phrase.kind == "np":
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
                phrase.noun in ("layer", "cells", "region", "border", "density", "size", "lamination", "thickness")
                and not phrase.traits
                and after.kind == "adj"
            )
        return phrase.noun == "region" and not phrase.traits and after.kind == "np" and after.determined

    def _take_adj(self, at: int, phrase: Phrase) -> int:
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
        elif clause.verb is None and clause.said and clause.kind in ("main", "coord", "sub", "label") and not clause.subjects:
            clause.subjects, clause.said = clause.said, []
            clause.verb_class = clause.leans.verb_class if clause.kind == "coord" and clause.leans else "be"
        if self._conj and self._last is not None:
            node.joined = self._last
        clause.said.append(node)
        self._last, self._conj = node, ""
        return at + 1

    # -------------------------------------------------------------- prepositions and comparisons

    def _take_prep(self, at: int, phrase: Phrase) -> int:
        self._partner_node = None
        token = self._tokens[phrase.start]
        inner = at + 1
        while inner < len(self._phrases) and self._phrases[inner].kind == "other":
            inner += 1
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
        if phrase.text in ("by", "through") and self._brings_traits(inner):
            return self._take_by(inner, following)
        if self._conj and phrase.text not in ("of",) and self._subject_after_front(inner):
            self._new_subject(phrase)
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
        while at + 1 < len(self._phrases) and self._phrases[at].kind == "conj" and self._phrases[at + 1].kind == "np":
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

    def _subject_is(self, at: int) -> bool:
        return (self.current.verb is not None) and self._subject_ahead(at)

    def _subject_after_front(self, at: int) -> bool:
        """`and in area B the cells are ...`: place first, then a subject with its verb."""
        if self.current.verb is None:
            return False
        k = at + 1
        while k + 1 < len(self._phrases) and self._phrases[k].kind == "prep" and self._phrases[k + 1].kind == "np":
            k += 2
        if k < len(self._phrases) and self._phrases[k].kind == "conj" and self._phrases[k].text == ",":
            k += 1
        return k < len(self._phrases) and self._phrases[k].kind == "np" and self._subject_ahead(k)

    def _attach(self, node: Node) -> None:
        """Hang a prepositional phrase on the phrase just before it, else on the clause."""
        clause, last = self.current, self._last
        excluded = node.negated and node.noun in ("region", "area", "layer", "pronoun") and not node.phrase.traits
        if excluded:
            clause.excluded.append(node)
            return
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
        ):
            self._negate = denied
            return
        holder: Node | None = last
        if last is not None and last.noun not in ("layer", "region", "area", "zone", "pronoun"):
            above = last.holder
            while above is not None and above.noun not in ("layer", "region", "area"):
                above = above.holder
            holder = above or next((s for s in clause.subjects), None) or last
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
