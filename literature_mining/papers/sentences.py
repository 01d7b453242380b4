"""Sentences: where they begin and end in a document, by rules made for scientific prose ("Fig. 4", "et al.", "layer V. The ...")."""

from __future__ import annotations

import re

from cytoscribe.core.records import Block, Document, Sentence
from cytoscribe.literature_mining.papers.clean_text import word_set

_CLOSERS = "\"'”’»)\\]"
_STOP = re.compile(rf"(?<=[.!?…])(?:\[\d[\d,;–-]*\])?[{_CLOSERS}]*(?:\[\d[\d,;–-]*\])?(?: +|$)")
# What may begin a sentence in lower case: names such as hOc4v, v.d.*, and the letter of a figure's panel ("b Border between").
_NAMELIKE = re.compile(r"[a-z]+[-–]?[A-Z0-9]|(?!e\.g|i\.e)[a-z]+\.(?:[a-z]+\.)+\*")
_PANEL = re.compile(r"[a-z](?:[,–-]\s?[a-z])*\s+[A-Z0-9(]")
_CLOSED = re.compile(rf"[.!?…][{_CLOSERS}]*(?:\[\d[\d,;–-]*\])?[{_CLOSERS}]*$")
_OPENERS = "\"'“‘«([*#•–—-"
# Words that end in a full stop without ending the sentence, whatever comes next.
_NEVER = word_set(
    """
    e.g eg i.e ie cf vs viz fig figs figure tab eq eqs eqn ref refs sect sec suppl supp supplementary approx ca resp prof dr
    mr mrs ms st no nos nr pp vol vols ed eds incl dept univ abb bzw vgl z.b d.h u.a esp max min avg ibid op loc cit a.k.a aka
    gen sp chap ch app ext int lat med ant post sup inf dors ventr rostr caud lt rt bd bds
    """
)
# Of these, the ones that may well end a sentence: they bind only to a number, or to a lower-case word.
_BEFORE_NUMBER = word_set(
    """
    no nos nr pp p vol vols ed eds max min st ca app post ms ant inf sup lat med int ext gen op ch tab figure sp
    """
)
_STARTERS = word_set(
    """
    The This That These Those There Then Thus Therefore They In It Its If As At An On Our We Within While When Where Whereas
    Which With Both By But For From Furthermore Further Finally First Second Third Here However Hence Moreover Most Many No
    Not Nevertheless Of Or Only Other Similarly Since Some Such So To Total Two Three Four Five Under Unlike Upon Using Layer
    Layers Area Areas All Also Although After Another Accordingly Additionally Because Before Between Based Compared
    Conversely Consequently Due During Each Figure Figs Interestingly Indeed Instead Like Lower More Note Notably Recently
    Results Regarding See Several Subsequently Table Taken Today Together Until Upper What Cells Pyramidal Neurons
    """
)
_ROMAN = re.compile(r"(?:[ivx]+[abc]?|[a-z]?\d+[a-z]?)$", re.IGNORECASE)
_FUNCTION_WORDS = word_set(
    "a an and are as at between by for from in into is its of on or see than that the their these this to was were which with"
)
_NUMBERING = re.compile(r"[A-Z]?\d+(?:\.\d+)*")
_BEFORE_NAMES = word_set(
    "and author after although as but by from for like of see that the to van vande von with while whereas where und nach"
)
_AFTER_NOUN = word_set(
    """
    layer layers lamina laminae sublayer sublayers stratum area areas region field fields type types group groups phase panel
    panels figure table case class cluster hemisphere brain vitamin part subject patient zone stage section grade step
    experiment
    """
)


def split_sentences(document: Document) -> list[Sentence]:
    """Sentences of every block in order; `document.text[s.start:s.end] == s.text` holds for each.

    No sentence runs over a block's end. A heading is one sentence. `page` is the page on which the sentence starts.
    """
    return [sentence for index, block in enumerate(document.blocks) for sentence in _of_block(document, index, block)]


def _of_block(document: Document, index: int, block: Block) -> list[Sentence]:
    text = document.text[block.start : block.end]
    spans = [(0, len(text))] if block.kind in ("heading", "furniture") else spans_of(text)
    sentences = []
    for start, end in spans:
        words = text[start:end]
        lead = len(words) - len(words.lstrip())
        words = words.strip()
        if words:
            at = block.start + start + lead
            page = document.page_of(at) if block.kind == "body" else block.page
            sentences.append(Sentence(words, at, at + len(words), page, block.kind, index, block.headings))
    return sentences


def is_closed(text: str) -> bool:
    """Whether a line's last sentence ends with it: it has an end mark that is not an abbreviation's ("et al.", "Fig.")."""
    found = _CLOSED.search(text)
    if found is None:
        return False
    return found[0][0] != "." or not is_abbreviated(text[: found.start()])


def is_abbreviated(text: str) -> bool:
    """Whether a text ends with a word that a full stop only cuts short ("Fig", "vol", "et al")."""
    word = text.rpartition(" ")[2].lower().strip("([")
    return word in _NEVER or word == "al" or (len(word) == 1 and word not in "iv")


def is_open(text: str) -> bool:
    """Whether a line's last word shows that its sentence continues: an article, a preposition, a comma, a cut word."""
    return text.endswith((",", "-", "(")) or text.rpartition(" ")[2].lower() in _FUNCTION_WORDS


def spans_of(text: str) -> list[tuple[int, int]]:
    """Half-open spans of the sentences of a stretch of prose; together with the spaces between them they cover it."""
    spans: list[tuple[int, int]] = []
    start = 0
    for line in _lines(text):
        start = line[0]
        for stop in _STOP.finditer(text, line[0], line[1]):
            if stop.end() >= line[1] or _ends(text, start, stop.start(), stop.end()):
                spans.append((start, stop.end()))
                start = stop.end()
        if start < line[1]:
            spans.append((start, line[1]))
    return spans


def _lines(text: str) -> list[tuple[int, int]]:
    """Spans of the lines: a line feed inside a block always ends a sentence (the rows of a table, the verses of a list)."""
    if "\n" not in text:
        return [(0, len(text))]
    return [m.span() for m in re.finditer(r"[^\n]+", text)]


def _ends(text: str, start: int, stop: int, after: int) -> bool:
    """Whether the mark before `stop` ends the sentence that began at `start`, the next word beginning at `after`."""
    following = text[after : after + 40]
    bare = following.lstrip(_OPENERS)
    if not bare:
        return True
    first = bare.split(None, 1)[0]
    if first[0].islower() and not (_NAMELIKE.match(first) or _PANEL.match(bare)):
        return False
    if text[stop - 1] != ".":
        return True
    before = text[max(start, stop - 40) : stop - 1].rpartition(" ")
    return _full_stop(before[2].lstrip("(["), before[0].rpartition(" ")[2], first, opening=stop - 1 - len(before[2]) <= start)


def _full_stop(word: str, previous: str, first: str, *, opening: bool) -> bool:
    """Whether "previous word." followed by `first` ends a sentence; opening: `word` is the first of its sentence."""
    low = word.lower().rstrip(".")
    starter = first.rstrip(",;:") in _STARTERS
    if low in _NEVER:
        return low in _BEFORE_NUMBER and not first[0].isdigit() and (starter or low not in ("st", "ed", "eds", "figure", "tab"))
    if low == "al" or low.endswith(".al"):
        return starter
    if opening and (_NUMBERING.fullmatch(word) or _ROMAN.match(word)):
        return False  # the number of a heading or of a list's item
    if len(word) == 1 and word.islower() and re.match(r"[A-Za-z]\.", first):
        return False  # "z. B.", "d. h."
    if len(word) == 1 and re.fullmatch(r"[a-z]\.", previous):
        return False
    if len(word) == 1 and word.isupper():
        return _not_initial(word, previous, starter)
    if re.fullmatch(r"(?:[A-Z]\.?-?)+", word) and "." in word:
        return starter  # several initials
    return True


def _not_initial(word: str, previous: str, starter: bool) -> bool:
    """Whether a lone capital ends its sentence ("in target B.") and is not an initial of a name ("by K. Brodmann")."""
    bare = previous.strip("(,;[")
    if starter or bare.lower() in _AFTER_NOUN:
        return True
    if word in "IVX" and _ROMAN.match(bare.lower()):
        return True
    return bare.islower() and len(bare) > 2 and bare not in _BEFORE_NAMES
