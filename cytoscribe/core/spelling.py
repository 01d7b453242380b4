"""Names that mean the same but are written otherwise: letter case, decomposed accents, blanks, and 17.0 for 17."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from cytoscribe.core.errors import InputError

GAPS = ("nan", "<na>", "#n/a", "n/a", "null")
"""What programs write into a cell without a value."""
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
"""Marks without a picture of their own, which come along when names are copied from a PDF, a web page or a word processor."""
_WHOLE = re.compile(r"(\d+)\.0+")


def plain(name: str) -> str:
    """A name without what its way through tables and file systems changes: composed, one blank between words, no
    invisible marks, `17.0` as `17`."""
    words = " ".join(unicodedata.normalize("NFC", name).replace("\u00a0", " ").split())
    words = _UNSEEN.sub("", words).strip()
    whole = _WHOLE.fullmatch(words)
    return whole.group(1) if whole else words


def key(name: str) -> str:
    """What two spellings of one name have in common: `plain`, and no difference of letter case."""
    return plain(name).casefold()


def respelled(names: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """Name to the known one that it is another spelling of; names that are known as they stand, or resemble none, are left out.

    Where only letter case distinguishes two known names (CP and cp), only a name that differs otherwise is matched by case.
    Raises InputError where a name may be either of two known ones.
    """
    known = list(dict.fromkeys(known))
    exact = set(known)
    found: dict[str, str] = {}
    for name in dict.fromkeys(names):
        if name in exact:
            continue
        near = [k for k in known if plain(k) == plain(name)] or [k for k in known if key(k) == key(name)]
        if len(near) > 1:
            raise InputError(f"'{name}' may be '{near[0]}' or '{near[1]}'", fix="write it exactly like one of them")
        if near:
            found[name] = near[0]
    return found


def shown(changes: Mapping[str, str], most: int = 4) -> str:
    """`'a' as 'b'` of each change, the first few."""
    told = ", ".join(f"'{old}' as '{new}'" for old, new in list(changes.items())[:most])
    return told + (" ..." if len(changes) > most else "")
