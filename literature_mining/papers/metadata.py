"""What a paper states about itself in its text: doi, year, licence, authors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from cytoscribe.literature_mining.papers.assemble import Metadata
from cytoscribe.literature_mining.papers.clean_text import clean

_DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"<>\[\]|{}]+")
_UNHYPHENED = re.compile(r"(10\.\d{4,9}/s\d{5})[ \n](\d{3})[ \n](\d{4,5})[ \n]([\da-z])(?![\w-])", re.IGNORECASE)
"""A DOI of Springer's form (s, journal, year, number, check character) whose hyphens a converter made spaces."""
_DATED = re.compile(
    r"(?P<word>published(?: online)?|accepted(?: for publication)?|available online|received(?: in revised form)?)\s*:?\s*"
    r"(?:\d{1,2}\.?\s+\w+\.?,?\s+|\w+\.?\s+\d{1,2},?\s+|\w+\s+|\d{1,2}[./-]\d{1,2}[./-])?(?P<year>(?:19|20)\d\d)(?!\d)"
    r"|(?P<mark>©|\(c\)|copyright|the author\(s\))[^\d.]{0,60}?(?P<marked>(?:19|20)\d\d)(?!\d)",
    re.IGNORECASE,
)
_LICENCE_URL = re.compile(r"creativecommons\.org/(?:licenses|publicdomain)/([a-z-]+)(?:/(\d\.\d))?", re.IGNORECASE)
_LICENCE_CODE = re.compile(r"\bCC[ -](BY(?:-(?:NC|SA|ND))*|0)(?:[ -]?v?(\d\.\d))?\b")
_LICENCE_NAME = re.compile(
    r"Creative Commons[\s(]*(?:CC[ -]BY\S*\s*)?((?:Attribution|CC0|Zero)(?:[-\s/,]|Non-?[Cc]ommercial|Share[- ]?Alike|No[- ]?Deriv\w*)*)"
    r"(?:License|Licence|Works)?\s*(\d\.\d)?"
)
_NAME_PARTS = (("Non", "NC"), ("Share", "SA"), ("Deriv", "ND"))
_MARKS = re.compile(r"\[[\d,\s*a-z–-]*\]|[\d*†‡§¶#✉✝©]+|\(&\)|\b(?:MD|PhD|MSc|Dr|Prof)\b\.?")
_NAME = re.compile(r"(?:[^\W\d_][\w’'.-]*\s+){1,4}[^\W\d_][\w’'-]*$")
_PARTICLES = frozenset(
    ["van", "von", "de", "der", "den", "di", "da", "del", "la", "le", "el", "zu", "af", "ten", "ter", "dos", "bin", "al"]
)


def stated_metadata(text: str, title: str = "", authors: Sequence[str] = ()) -> Metadata:
    """DOI, year and licence as a paper's text states them; the first of each counts."""
    text = clean(text)
    return Metadata(title, tuple(authors), year_in(text), doi_in(text), licence_in(text))


def doi_in(text: str) -> str:
    """The first DOI in a text, whole, without the punctuation around it; "" where there is none."""
    found = _DOI.search(_UNHYPHENED.sub(r"\1-\2-\3-\4", text))
    if found is None:
        return ""
    doi = found[0].rstrip(".,;:_*'’”")
    while doi.endswith(")") and doi.count(")") > doi.count("("):
        doi = doi[:-1].rstrip(".,;:_*")
    return doi


def year_in(text: str) -> int | None:
    """The year of publication: beside "Published", "Available online", a copyright mark, "Accepted" or "Received", in this order."""
    dated = [((m["word"] or m["mark"]).lower(), m["year"] or m["marked"]) for m in _DATED.finditer(text)]
    for wanted in ("publ", "avail", "the ", "©", "(c", "copy", "acc", "rec"):
        for word, year in dated:
            if word.startswith(wanted):
                return int(year)
    return None


def licence_in(text: str) -> str:
    """A Creative Commons licence by its short name, e.g. "CC BY 4.0"; "" where none is stated."""
    if url := _LICENCE_URL.search(text):
        return _short(url[1].upper().removeprefix("ZERO") or "0", url[2])
    if code := _LICENCE_CODE.search(text):
        return _short(code[1], code[2])
    name = _LICENCE_NAME.search(text)
    if name is None:
        return ""
    if "Zero" in name[1] or "CC0" in name[1]:
        return _short("0", name[2])
    return _short("-".join(["BY", *(short for word, short in _NAME_PARTS if word.lower() in name[1].lower())]), name[2])


def _short(terms: str, version: str | None) -> str:
    name = "CC0" if terms == "0" else f"CC {terms}"
    return f"{name} {version}" if version else name


def names_in(lines: Iterable[str]) -> tuple[str, ...]:
    """Names of people in the lines of a by-line, superscripts and marks removed; empty where they do not read as names."""
    text = _MARKS.sub(" ", " ".join(lines))
    parts = [" ".join(p.split()).strip(" .") for p in re.split(r"\s*[·•;,|]\s*|\s+(?:and|&)\s+|\s*\+\s*", text)]
    names = [p for p in parts if _is_name(p)]
    return tuple(names) if names and len(names) >= 0.7 * sum(len(p) > 1 for p in parts) else ()


def _is_name(text: str) -> bool:
    words = text.split()
    return bool(_NAME.match(text)) and len(text) < 60 and all(w[0].isupper() or w.lower() in _PARTICLES or "-" in w for w in words)
