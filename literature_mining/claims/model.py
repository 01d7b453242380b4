"""A parsed sentence: traits, phrases, the nodes that hang on one another, and clauses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cytoscribe.literature_mining.claims.lexicon import Word
from cytoscribe.literature_mining.claims.tokens import Token


@dataclass(frozen=True)
class Trait:
    """A word that describes. `compares`: "more" or "less" than something, "equal" ("as dense as"), "" for a plain one.

    `group` counts the alternatives of one noun phrase ("a dense and a loose layer II" has groups 0 and 1); `contrasted`: after "but",
    where a denial ends ("not thick but dense").
    """

    token: Token
    start: int
    compares: str = ""
    negated: bool = False
    hedged: bool = False
    group: int = 0
    contrasted: bool = False

    @property
    def words(self) -> tuple[Word, ...]:
        """What the lexicon says of the form."""
        return self.token.words


@dataclass(frozen=True)
class Phrase:
    """One chunk. `kind`: np, adj, verb, prep, conj, sub, rel, than, like, neg, stop or other.

    np: `head` and its traits; `more`: "more" or "less" of it ("more granule cells"); `layers` and `regions` that it names itself; `foreign`: it speaks of an area that the table lacks;
    `stranger`: so it may, "the pulvinar" among unknown nouns; `part`: of a part of an area only, "the caudal part";
    verb: `verb` is its class, `negated` what denies it.
    """

    kind: str
    start: int
    end: int
    head: Token | None = None
    traits: tuple[Trait, ...] = ()
    types: tuple[Token, ...] = ()
    layers: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    foreign: bool = False
    back: str = ""
    negated: bool = False
    fewer: bool = False
    more: str = ""
    determined: bool = False
    unknown: tuple[str, ...] = ()
    verb: str = ""
    text: str = ""
    stranger: bool = False
    part: bool = False

    @property
    def noun(self) -> str:
        """Kind of thing that the phrase is about: "layer", "region", a kind of noun, "pronoun", or "" for an unknown one."""
        if self.head is None:
            return ""
        if self.head.is_("layer"):
            return "layer"
        if self.head.is_("region"):
            return "region"
        return self.head.noun or self.back_noun

    @property
    def back_noun(self) -> str:
        """Pronouns are nouns of their own kind."""
        return "pronoun" if self.back in ("pronouns_one", "pronouns_many", "one", "pointed") else ""


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
