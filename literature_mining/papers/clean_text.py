"""Repair of the characters and line ends that typesetting leaves behind, before any offset is taken.

Everything here maps text to text; a `Document`'s offsets count in the repaired text, so that no second table of offsets is needed.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence


def word_set(words: str) -> frozenset[str]:
    """The words of a list that is written out as a text."""
    return frozenset(words.split())


LIGATURES = {
    "ﬀ": "ff",
    "ﬁ": "fi",
    "ﬂ": "fl",
    "ﬃ": "ffi",
    "ﬄ": "ffl",
    "ﬅ": "st",
    "ﬆ": "st",
}
_HYPHENS = "\u00ad\u2010\u2011\u2043\ufffe"
_INVISIBLE = (
    "\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_SPACES = "\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_TABLE = {
    **{ord(k): v for k, v in LIGATURES.items()},
    **{ord(c): "-" for c in _HYPHENS},
    **{ord(c): None for c in _INVISIBLE},
    **{ord(c): " " for c in _SPACES},
    **{c: " " for c in range(0x20) if chr(c) not in "\n"},
    **dict.fromkeys(range(127, 160), " "),
}
# The spacing accents that old fonts set beside their letter, as the combining mark that each stands for.
_ACCENTS = {"¨": "\u0308", "´": "\u0301", "ˆ": "\u0302", "˜": "\u0303", "¸": "\u0327", "ˇ": "\u030c", "˚": "\u030a", "`": "\u0300"}
_BASES = {
    "¨": "aeiouyAEIOUYı",
    "´": "aeiouyAEIOUYcnszCNSZı",
    "`": "aeiouAEIOUı",
    "ˆ": "aeiouAEIOUı",
    "˜": "anoANO",
    "¸": "csCSt",
    "ˇ": "cdenrstzCDENRSTZ",
    "˚": "aAuU",
}
_ACCENT = re.compile(f"[{''.join(map(re.escape, _ACCENTS))}]")
# Characters that stand for plain ones: mathematical letters, Roman numerals, wide forms, small letters set low.
_FOLDED = re.compile("[\U0001d400-\U0001d7ff\u2160-\u217f\uff01-\uff5e\u2090-\u209c]+")
# A prime behind an area's label ("24a′"), which must not become an accent.
_PRIME = re.compile(r"(?<=\d[a-z])[´ʹʼ‵](?![^\W\d_])")
_LETTERSPACED = re.compile(r"(?:[^\W\d_] ){4,}[^\W\d_]")
_LOOSE_ACCENT = re.compile(r"(?<=[aouAOU])¨ (?=[a-zß])")
_SPACE_RUN = re.compile(r" {2,}")
WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_LEFT_PART = re.compile(r"[\w']+(?:-[\w']+)*-$")
_TIGHT = re.compile(r"[\w)][/–—]$")
_RIGHT_PART = re.compile(r"\w+(?:-\w+)*")
# A fragment that is never the first half of a hyphenated compound: it binds without a hyphen.
_BOUND = word_set(
    """
    ab ad ana ante anti ap ar as auto be bi circum co com con contra cor counter cyto de di dia dif dis dys ef en endo epi
    equi es ex exo extra fore gen hemi hetero histo homo hyper hypo il im immuno in infra inter intra intro ir iso macro mal
    mega meta micro milli mis mono morpho multi myelo nano neuro ob oc of op ortho os out over para per peri phylo poly post
    pre pro proto pseudo psycho re retro semi soma stereo sub suc sup super supra sur sus sym syn ther thermo to trans tri
    ultra un under uni
    """
)

# Endings, which never stand as the second half of a compound.
_ENDINGS = word_set(
    """
    able al ally ance ances ant ar ary ate ated ation ed ence ent er ers est ible ic ical ically ied ies ing ings ion ism ist istic ity
    ive ized ly malized ment mented ments ned ness ning ous sion tic ting tion tional tions tive ture tures ular
    """
)
_HEADS = word_set("twenty thirty forty fifty sixty seventy eighty ninety self well non-")


# What the letters of the symbol fonts of older typesetting systems stand for where the file names no Unicode for them.
_SYMBOL_FONT = re.compile(r"(?:^|\+)Adv.*(?:SMP\d|symb|Sym|P4C4E|MathPi)", re.IGNORECASE)
_SYMBOLS = {"\\": "<", "[": ">", "9": "×", "?": "+", "B": "≤", "C": "≥", "&": "≈", "¼": "=", "\x02": "·", "\x03": "°", "l": "µ"}
_SYMBOLS |= dict(zip("abcdkrhvqpsxgu", "αβγδλσθχρπτωηυ", strict=True))


def symbols(font: str, text: str) -> str:
    """Text of one font run, a lone letter of an old symbol font replaced by the sign that it prints ("l" in "20 lm" is µ)."""
    bare = text.strip()
    if len(bare) != 1 or bare not in _SYMBOLS or not _SYMBOL_FONT.search(font):
        return text
    return text.replace(bare, _SYMBOLS[bare])


def unspaced(text: str) -> str:
    """A heading set letter by letter ("R e s u l t s") as a word, its first letter large; any other text as it is."""
    if not _LETTERSPACED.fullmatch(text):
        return text
    return text[0].upper() + text[1:].replace(" ", "")


def clean(text: str) -> str:
    """Repair single characters: ligatures, hyphen and space variants, invisible and control characters, detached accents.

    Line feeds stay. Plain ASCII comes back untouched but for control characters and runs of spaces.
    """
    if not (text.isascii() and text.isprintable()):
        text = unicodedata.normalize("NFC", text.translate(_TABLE))
        text = _PRIME.sub("′", text)
        if _FOLDED.search(text):
            text = _FOLDED.sub(lambda m: unicodedata.normalize("NFKC", m[0]), text)
        if _ACCENT.search(text):
            text = _attach_accents(_LOOSE_ACCENT.sub("¨", text))
    return _SPACE_RUN.sub(" ", text)


def _attach_accents(text: str) -> str:
    out: list[str] = []
    i = 0
    while i < len(text):
        accent, before, after = text[i], out[-1] if out else "", text[i + 1 : i + 2]
        bases = _BASES.get(accent, "")
        if not bases:
            out.append(accent)
        elif after == "ı" or (after and after in bases and (not before or before not in bases)):
            out.append(_compose("i" if after == "ı" else after, accent))
            i += 1
        elif before and before in bases and not (accent in "´`" and after in ("s", "", " ")):
            out[-1] = _compose(before, accent)
        else:
            out.append(accent)
        i += 1
    return "".join(out)


def _compose(letter: str, accent: str) -> str:
    return unicodedata.normalize("NFC", letter + _ACCENTS[accent])


def vocabulary(lines: Iterable[str]) -> Counter[str]:
    """Count the words of a document, lower case, compounds also by part; words cut by a line's end are left out."""
    words: Counter[str] = Counter()
    cut = False
    for line in lines:
        found = WORD.findall(line.lower())
        if cut and found:
            found.pop(0)
        cut = line.endswith("-")
        if found and cut:
            found.pop()
        words.update(found)
    for word, count in list(words.items()):
        if "-" in word:
            for part in word.split("-"):
                words[part] += count
    return words


def joined_with(left: str, right: str, words: Counter[str]) -> str:
    """What separates a line's end from the next line's start: nothing for a rejoined word (then the hyphen of `left` goes too).

    Returns " " (separate words), "-" (the two belong together as they stand: a real hyphen, a dash or a slash) or "" (the hyphen
    only broke a word).
    """
    if _TIGHT.search(left):
        return "-" if right[:1].isalnum() else " "
    if not left.endswith("-"):
        return " "
    head, tail = _LEFT_PART.search(left), _RIGHT_PART.match(right)
    if head is None or tail is None:
        return " " if tail is None or left.endswith((" -", "--")) else "-"
    if tail[0] in ("and", "or", "und", "oder", "to"):
        return " "  # "supra- and infragranular"
    return "-" if _is_compound(head[0][:-1], tail[0], words) else ""


def _is_compound(head: str, tail: str, words: Counter[str]) -> bool:
    if not tail[0].islower() or head[-1].isdigit() or (len(head) > 1 and head[-1].isupper()):
        return True
    whole, stem = head.lower(), head.lower().rpartition("-")[2]
    end = tail.lower().partition("-")[0]
    hyphenated, plain = words[f"{whole}-{tail.lower()}"] + words[f"{stem}-{end}"], words[stem + end]
    if hyphenated or plain:
        return hyphenated > plain
    if stem in _BOUND or end in _ENDINGS or len(end) < 3:
        return False
    return stem in _HEADS or (words[stem] > 0 and words[end] > 0)


def join_lines(lines: Sequence[str], words: Counter[str]) -> tuple[str, list[int]]:
    """Join a paragraph's lines into one, removing line-end hyphens. Returns the text and where each line starts in it."""
    parts: list[str] = []
    starts: list[int] = []
    length = 0
    for line in lines:
        if parts and line:
            between = joined_with(parts[-1], line, words)
            if between == "":
                parts[-1] = parts[-1][:-1]
                length -= 1
            elif between == " ":
                parts.append(" ")
                length += 1
        starts.append(length)
        if line:
            parts.append(line)
            length += len(line)
    return "".join(parts), starts
