"""Where a text names a region: labels and aliases, coordinations and ranges, and the abbreviations a paper makes for itself.

A short sign that may mean something else (`44`, `4a`, `IN`) counts only where it reads as an area: after "area", in a coordination
with one, or bare in a paper that elsewhere uses it so or gives the region's full name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import spacy
from spacy.matcher import PhraseMatcher
from spacy.tokenizer import Tokenizer
from spacy.tokens import Doc

from cytoscribe.core.records import Region
from cytoscribe.literature_mining.regions.groups import GroupFinder
from cytoscribe.literature_mining.regions.parts import PartFinder
from cytoscribe.literature_mining.regions.table import RegionTable, is_label
from cytoscribe.literature_mining.word_lists import word_list

_ANY_SIGN = re.compile(r"[^\w\s]")
_NUMBER_LIKE = re.compile(r"\d+[a-z]{0,2}$", re.IGNORECASE)
_BARE_NUMBER = re.compile(r"\d+$")
_AREA_BEFORE = re.compile(
    r"(?:\b(?:areas?|fields?|regions?|subregions?|nucle(?:us|i)|BAs?|cortex|cortices|gyrus|Brodmann(?:['’]s)?)\s*(?:\(?BA\)?\s*)?)$",
    re.IGNORECASE,
)
_AREA_AFTER = re.compile(r"\s*(?:areas?|regions?|fields?|nucle(?:us|i)|cortex)\b", re.IGNORECASE)
_LISTED = re.compile(r"\b(?:areas|fields|regions|subfields|BAs?|Brodmann(?:['’]s)? areas?)\s+(?=[\w])", re.IGNORECASE)
_LIST_ITEM = re.compile(r"[A-Za-z0-9]+(?:[./*-][A-Za-z0-9*]+)*(?:\*|'(?!s\b))?")
_LIST_GLUE = re.compile(r"\s*(?:,\s*and|,\s*or|,|and|or|/|&|as well as|to|-)\s*(?:the\s+)?(?:areas?\s+|BA\s*)?")
_SAID_OF = re.compile(r"\b[Ll]ayers?\b|\b[Cc]ells?\b|\b[Nn]eurons?\b|granular\b")
_USED_AS_AREA = (
    r"(?:[Ll]ayers?|[Ll]amina[es]?|[Ss]ublayers?)\s+[IV1-6]+[a-c]?\s+(?:of|in)\s+(?:the\s+)?{sign}(?!\w)|"
    r"(?<![\w-]){sign}\s+(?:has|is|lacks|contains|shows|exhibits|possesses|displays|consists|differs)\s"
)
"""A doubtful sign that a text about layers or cells uses as the subject of a description, or as what a layer is of."""
_CELL_WORD = re.compile(r"(?:cells?|neurons?|fib(?:re|er)s?|potentials?|axons?)\s*$", re.IGNORECASE)
_FIGURE = re.compile(r"\b(?:figs?|figures?|tables?|sections?|panels?|eqs?)\.?\s*$", re.IGNORECASE)
_ABBREVIATION = re.compile(r"\s*\(\s*([A-Za-z][A-Za-z0-9./*-]{1,9})\s*[;,)]")
_SMALL_WORD = re.compile(r"\b(?:in|of|than|from|and|to|between)\s+$", re.IGNORECASE)
_GOES_ON = re.compile(r"[^\W_]|\.\d|'(?!s\b)(?=[\s,.;:)]|\Z)|[*]")
"""A label that continues after a match is another one: `Te1.1` is not Te1, `24a'` is not 24a."""
_FLAT = str.maketrans(
    {
        "\u2010": "-",
        "\u2011": "-",
        "\u2012": "-",
        "\u2013": "-",
        "\u2212": "-",
        "\u00a0": " ",
        "\n": " ",
        "’": "'",
        "\u2032": "'",
        "\u02b9": "'",
        "\u2018": "'",
        "\u00b4": "'",
    }
)


@dataclass(frozen=True)
class Mention:
    """`text[start:end]` names these regions, more than one where a coordination or a range does."""

    start: int
    end: int
    regions: tuple[str, ...]


def flatten(text: str) -> str:
    """The same text, character for character, with plain hyphens, quotes and spaces."""
    return text.translate(_FLAT)


class RegionFinder:
    """Finds the mentions of a table's regions in a text."""

    def __init__(self, table: RegionTable) -> None:
        self._nlp = spacy.blank("en")
        self._nlp.tokenizer = Tokenizer(
            self._nlp.vocab,
            prefix_search=re.compile(r"^[^\w\s]").search,
            suffix_search=re.compile(r"[^\w\s]$").search,
            infix_finditer=_ANY_SIGN.finditer,
        )
        self._table = table
        self._owner: dict[str, str] = {}
        self._signs, self._words = PhraseMatcher(self._nlp.vocab), PhraseMatcher(self._nlp.vocab, attr="LOWER")
        for region in table.regions:
            for name in region.names:
                self._add(name, region.name)
        self._parts = PartFinder(table.regions)
        self._groups = GroupFinder(table.regions)

    def _add(self, name: str, region: str) -> None:
        flat = flatten(name)
        key = flat if is_label(flat) else flat.casefold()
        if key in self._owner:
            return
        self._owner[key] = region
        (self._signs if is_label(flat) else self._words).add(key, [self._nlp.make_doc(flat)])

    def find(self, text: str, allowed: frozenset[str] | None = None) -> list[Mention]:
        """Mentions in order, not overlapping. `allowed`: the doubtful signs that this paper uses for areas (None: all of them)."""
        flat = flatten(text)
        doc = self._nlp.make_doc(flat)
        found = [m for m in self._matched(doc, flat) if self._reads_as_area(m, flat, allowed)]
        parts = [Mention(start, end, (name,)) for start, end, name in self._parts.find(flat)]
        parts += [Mention(start, end, names) for start, end, names in self._groups.find(flat)]
        found = _longest([*found, *self._listed(flat), *parts])
        return _joined(self._continued(found, flat), flat)

    def _matched(self, doc: Doc, flat: str) -> Iterable[Mention]:
        for matcher in (self._signs, self._words):
            for key, first, last in matcher(doc):
                start, end = doc[first].idx, doc[last - 1].idx + len(doc[last - 1])
                if flat[max(0, start - 1) : start].isalnum() or _GOES_ON.match(flat, end):
                    continue
                yield Mention(start, end, (self._owner[self._nlp.vocab.strings[key]],))

    def _reads_as_area(self, mention: Mention, flat: str, allowed: frozenset[str] | None) -> bool:
        sign = flat[mention.start : mention.end]
        if not is_doubtful(sign):
            return True
        before = flat[: mention.start]
        if _FIGURE.search(before[-12:]):
            return False
        if _AREA_BEFORE.search(before[-24:]) or _AREA_AFTER.match(flat, mention.end):
            return True
        if _BARE_NUMBER.match(sign):
            return False
        return allowed is None or sign in allowed or self._beside_a_sister(mention, flat)

    def _beside_a_sister(self, mention: Mention, flat: str) -> bool:
        """`in 9d ..., whereas in 9l ...`: two labels of one parent in a sentence, each behind a small word, are areas."""
        if not _SMALL_WORD.search(flat[: mention.start][-9:]):
            return False
        own = self._table.find(mention.regions[0])
        sisters = [r.name for r in self._table.regions if own and own.parent and r.parent == own.parent and r.name != own.name]
        return any(re.search(rf"\b(?:in|of|than|from|and|to|between)\s+{re.escape(s)}(?![\w']|\.\d)", flat) for s in sisters)

    def _listed(self, flat: str) -> Iterable[Mention]:
        """`areas 44 and 45`: every item after a plural is looked up as an area."""
        for match in _LISTED.finditer(flat):
            at = match.end()
            while item := _LIST_ITEM.match(flat, at):
                name = self._resolve(item.group().rstrip("."))
                if name:
                    yield Mention(item.start(), item.end(), (name,))
                glue = _LIST_GLUE.match(flat, item.end())
                if not name or not glue:
                    break
                at = glue.end()

    def _resolve(self, sign: str) -> str | None:
        for spelling in (sign, f"area {sign}", f"BA{sign}", f"BA {sign}", f"Brodmann area {sign}"):
            name = self._owner.get(spelling) or self._owner.get(spelling.casefold())
            if name:
                return name
        return None

    def _continued(self, mentions: Sequence[Mention], flat: str) -> list[Mention]:
        """`hOc3d/4d`, `OP1-4`, `Fo4-Fo7`: endings that go on from the label before them."""
        result: list[Mention] = []
        for mention in mentions:
            if result and mention.start < result[-1].end:
                continue
            result.append(self._with_endings(mention, flat))
        return self._ranges(result, flat)

    def _with_endings(self, mention: Mention, flat: str) -> Mention:
        label = flat[mention.start : mention.end]
        names, end = list(mention.regions), mention.end
        while is_label(label) and (tail := re.compile(r"(/|-|\s+and\s+|,\s*)([0-9]*[A-Za-z]{0,3}|[0-9.]+)\b").match(flat, end)):
            ending = tail.group(2)
            whole = next((label[:k] + ending for k in range(len(label) - 1, 0, -1) if label[:k] + ending in self._signs_known), "")
            if not ending or not whole or (tail.group(1).strip() in {"and", ","} and not ending[0].isdigit()):
                break
            names += _between(label, whole, self._owner) if tail.group(1) == "-" else [self._owner[whole]]
            end = tail.end()
        return Mention(mention.start, end, tuple(dict.fromkeys(names)))

    @cached_property
    def _signs_known(self) -> frozenset[str]:
        return frozenset(n for n in self._owner if is_label(n))

    def _ranges(self, mentions: list[Mention], flat: str) -> list[Mention]:
        result: list[Mention] = []
        for mention in mentions:
            if result and re.fullmatch(r"\s?-\s?", flat[result[-1].end : mention.start]):
                first, last = flat[result[-1].start : result[-1].end], flat[mention.start : mention.end]
                inner = _between(first, last, self._owner)
                if inner:
                    before = result.pop()
                    result.append(Mention(before.start, mention.end, tuple(dict.fromkeys([*before.regions, *inner]))))
                    continue
            result.append(mention)
        return result

    def paper_signs(self, text: str) -> frozenset[str]:
        """Doubtful signs that this paper uses for areas: beside the word "area", or beside the region's own full name."""
        flat = flatten(text)
        allowed = set()
        for sign, region in self._owner.items():
            if is_label(sign) and is_doubtful(sign) and sign in flat and self._used(sign, region, flat, text):
                allowed.add(sign)
        return frozenset(allowed)

    def _used(self, sign: str, region: str, flat: str, text: str) -> bool:
        if re.search(rf"\b(?:areas?|fields?|nucleus|BA|Brodmann area)\s+(?:[\w.*-]+\s+and\s+)?{re.escape(sign)}(?!\w)", flat):
            return True
        if not sign.isdigit() and re.search(rf"(?:^|\n)#*\s*{re.escape(sign)}\s*(?:\n|$)", text):
            return True  # a heading of its own
        if not sign.isdigit() and _SAID_OF.search(flat) and re.search(_USED_AS_AREA.format(sign=re.escape(sign)), flat):
            return True
        if any(_stands_for(sign, m.group(1)) for m in re.finditer(rf"((?:[\w-]+\s+){{1,5}})\(\s*{re.escape(sign)}\s*[);,]", flat)):
            return True
        record = self._table.find(region)
        full = [n for n in (record.names if record else ()) if not is_label(n) and len(n) > 6]
        folded = flat.casefold()
        return any(flatten(n).casefold() in folded for n in full)

    def learn(self, text: str) -> dict[str, str]:
        """Abbreviations that the paper itself gives in brackets after a region's full name, for `with_definitions`."""
        flat = flatten(text)
        learnt: dict[str, str] = {}
        for mention in self.find(flat):
            if is_label(flat[mention.start : mention.end]) or len(mention.regions) != 1:
                continue
            given = _ABBREVIATION.match(flat, mention.end)
            if (
                given
                and is_label(given.group(1))
                and any(c.isupper() for c in given.group(1))
                and not self._resolve(given.group(1))
            ):
                learnt.setdefault(given.group(1), mention.regions[0])
        return learnt

    def with_definitions(self, learnt: dict[str, str]) -> RegionFinder:
        """A finder that knows these abbreviations too; itself where there are none."""
        if not learnt:
            return self
        extra: dict[str, list[str]] = {}
        for sign, region in learnt.items():
            extra.setdefault(region, []).append(sign)
        regions = tuple(
            Region(r.name, (*r.aliases, *extra.get(r.name, ())), r.parent, r.split, r.extra, r.row) for r in self._table.regions
        )
        return RegionFinder(RegionTable(regions))


def is_doubtful(sign: str) -> bool:
    """True for a sign that often means something else: at most two characters, a number with a letter, or a capitalised word."""
    return len(sign) <= 2 or bool(_NUMBER_LIKE.match(sign)) or sign.upper() in _WORDS


_WORDS = frozenset(word_list("capital_words"))


def _between(first: str, last: str, owner: dict[str, str]) -> list[str]:
    """Regions from `first` to `last`, both included, where the labels differ in their number only."""
    a, b = re.fullmatch(r"(.*?)(\d+)(\D?)", first), re.fullmatch(r"(.*?)(\d+)(\D?)", last)
    if not a or not b or a.group(1) != b.group(1) or not int(a.group(2)) < int(b.group(2)) <= int(a.group(2)) + 20:
        return []
    labels = [f"{a.group(1)}{n}{a.group(3)}" for n in range(int(a.group(2)), int(b.group(2)) + 1)]
    return [owner[x] for x in labels if x in owner]


def _longest(mentions: Sequence[Mention]) -> list[Mention]:
    kept: list[Mention] = []
    for mention in sorted(mentions, key=lambda m: (m.start - m.end, m.start)):
        if all(mention.end <= k.start or mention.start >= k.end for k in kept):
            kept.append(mention)
    return sorted(kept, key=lambda m: m.start)


def _joined(mentions: Sequence[Mention], flat: str) -> list[Mention]:
    """`posterior lateral occipital area hOc4lp`, `Te1 (primary auditory cortex)`: two names of one region side by side are one."""
    result: list[Mention] = []
    for mention in mentions:
        if result and result[-1].regions == mention.regions and re.fullmatch(r"\s*[(,]?\s*", flat[result[-1].end : mention.start]):
            result[-1] = Mention(result[-1].start, mention.end, mention.regions)
        else:
            result.append(mention)
    return result


def _stands_for(sign: str, words: str) -> bool:
    """Whether a sign in brackets is made of the initials of the words before it ("locus coeruleus (LC)"), which name no cells."""
    letters = [c.lower() for c in sign if c.isalpha()]
    initials = [w[0].lower() for w in words.split()]
    fits = len(letters) > 1 and initials[-len(letters) :] == letters
    return fits and not _CELL_WORD.search(words)
