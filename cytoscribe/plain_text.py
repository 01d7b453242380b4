"""Text of strangers where a program gives some of it a meaning: terminals, Markdown, spreadsheets."""

from __future__ import annotations

import re
import unicodedata

_MEANT = re.compile(r"([\\`*_{}\[\]<>#|~$!&])")
_FORMULA = "=+-@\t\r"


def visible(text: str) -> str:
    """Text for a terminal: control characters other than line ends and tabs, and marks that turn the direction, become `?`."""
    return "".join(c if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") else "?" for c in text)


def storable(text: str) -> str:
    """Text that UTF-8 can hold: half a surrogate pair, as in the name of a file that is no text, becomes `?`."""
    return text.encode("utf-8", "replace").decode()


def line(text: str) -> str:
    """Text on one line, whatever its marks for line ends."""
    return visible(" ".join(text.split()))


def markdown(text: str) -> str:
    """Text that Markdown shows as it stands: on one line, without links, HTML, tables or emphasis of its own."""
    return _MEANT.sub(r"\\\1", line(text))


def code(text: str) -> str:
    """Text that may stand between backticks."""
    return line(text).replace("`", "'")


def to_cell(value: object) -> object:
    """A cell that a spreadsheet takes as text: what would be a formula gets an apostrophe in front; numbers stay numbers."""
    if isinstance(value, str) and value.startswith((*_FORMULA, "'")) and not _is_number(value):
        return f"'{value}"
    return value


def from_cell(text: str) -> str:
    """What `to_cell` was given."""
    return text[1:] if text.startswith("'") and text[1:].startswith((*_FORMULA, "'")) and not _is_number(text[1:]) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
