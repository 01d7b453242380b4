"""LaTeX that converters leave in a text (`$\\mathrm{IV}$`, `$III_{c}$`): its words, raised and lowered parts as HTML tags."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from cytoscribe.literature_mining.papers.clean_text import word_set

_DISPLAY = re.compile(r"(?<!\\)\$\$(?:[^$]|\$(?!\$)){1,1500}?\$\$|\\\[[^\[\]]{1,1500}\\\]")
_INLINE = re.compile(
    r"(?:(?<![\\$])\$(?!\$)((?:[^$\n]|\n(?!\s*\n)){1,600}?)(?<!\\)\$(?!\$)|\\\(((?:[^\n\\]|\\(?!\))|\n(?!\s*\n)){1,600}?)\\\))(?:[ \t]+(?=[,.;:)\]]))?"
)
_SECTION = re.compile(r"^\\((?:sub){0,2})section\*?\{([^{}\n]{1,250})\}[ \t]*$", re.MULTILINE)
_MARKS = re.compile(r"[\\_^{}]")
_PROSE = re.compile(r"[A-Za-z]{2,}\s+[A-Za-z]{2,}|^\s*[a-z]{3,}\s*$")
_TOKEN = re.compile(r"\\([A-Za-z]+)\*?|\\(.)|([{}^_])|(\s+)|(.)", re.DOTALL)
_DEPTH = 20
_TEXT = word_set("text textrm textit textbf textsf texttt textup mbox hbox textnormal")
_SPACES = word_set("quad qquad space enspace thinspace")
_SIGNS = {
    "times": "×", "pm": "±", "cdot": "·", "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥", "approx": "≈", "sim": "~", "simeq": "≈",
    "neq": "≠", "ne": "≠", "circ": "°", "degree": "°", "prime": "′", "infty": "∞", "rightarrow": "→", "to": "→", "lt": "<",
    "gt": ">", "ldots": "…", "dots": "…", "cdots": "…", "percent": "%", "micro": "µ", "ast": "*", "star": "*", "dagger": "†",
    "ell": "l", "textdegree": "°", "textmu": "µ", "backslash": "\\", "mid": "|", "slash": "/", "div": "÷", "ll": "<<", "gg": ">>",
}  # fmt: skip


def without_maths(text: str) -> str:
    """A text whose formulas set apart are gone, and whose formulas in a line are their plain words.

    Raised and lowered parts come as `<sup>` and `<sub>`; sums of money stay ("$5 and $10").
    """
    if "$" not in text and "\\" not in text:
        return text
    text = _SECTION.sub(lambda m: f"{'#' * (2 + m[1].count('sub'))} {m[2]}", text)
    return _INLINE.sub(_inline, _DISPLAY.sub(" ", text))


def _inline(match: re.Match[str]) -> str:
    dollars, brackets = match[1], match[2]
    if dollars is not None:
        plain = dollars.strip() == dollars and len(dollars) < 40 and not _PROSE.search(dollars)
        return _formula(dollars) if _MARKS.search(dollars) or plain else match[0]
    if not _MARKS.search(brackets) and _PROSE.search(brackets):
        return f"({brackets})"  # a bracket that a converter escaped
    return _formula(brackets)


def _formula(source: str) -> str:
    text, _ = _parsed(list(_TOKEN.finditer(source)), 0, math=True, depth=0)
    return " ".join(_tagged(text).split())


def _tagged(text: str) -> str:
    """Comparison signs as entities, so that none reads as a tag; the tags of raised and lowered parts stay."""
    return re.sub(r"<(?!/?su[bp]>)", "&lt;", text)


def _parsed(tokens: list[re.Match[str]], at: int, *, math: bool, depth: int) -> tuple[str, int]:
    """The plain words of a group, and the place behind its closing brace."""
    out: list[str] = []
    while at < len(tokens) and tokens[at][3] != "}":
        word, at = _term(tokens, at, math=math, depth=depth)
        out.append(word)
    return "".join(out), at + 1


def _term(tokens: list[re.Match[str]], at: int, *, math: bool, depth: int) -> tuple[str, int]:
    """The plain words of one token and its arguments, and the place behind them."""
    command, escaped, mark, space, letter = tokens[at].groups()
    if mark == "{":
        return _parsed(tokens, at + 1, math=math, depth=depth + 1) if depth < _DEPTH else ("", at + 1)
    if mark in ("^", "_"):
        inside, at = _argument(tokens, at + 1, math=math, depth=depth)
        bare = inside.strip()
        tag = "sup" if mark == "^" else "sub"
        return (bare if bare and not bare.strip("′'°*†") else f"<{tag}>{bare}</{tag}>" if bare else ""), at
    if command in _TEXT:
        return _argument(tokens, at + 1, math=False, depth=depth)
    if command in ("frac", "dfrac", "tfrac"):
        above, at = _argument(tokens, at + 1, math=math, depth=depth)
        below, at = _argument(tokens, at, math=math, depth=depth)
        return f"{above}/{below}", at
    if command is not None:
        return (" " if command in _SPACES else _SIGNS.get(command) or _greek(command)), at + 1
    if escaped is not None:
        return (" " if escaped in " ,;:!" else escaped), at + 1
    if space:
        return ("" if math else " "), at + 1
    return (" " if letter == "~" else letter or ""), at + 1


def _argument(tokens: list[re.Match[str]], at: int, *, math: bool, depth: int) -> tuple[str, int]:
    while at < len(tokens) and tokens[at][4]:
        at += 1
    if at >= len(tokens) or tokens[at][3] == "}" or depth >= _DEPTH:
        return "", at
    return _term(tokens, at, math=math, depth=depth + 1)


@cache
def _greek(name: str) -> str:
    """The Greek letter of that name, or nothing: a command of style whose argument follows."""
    kind = "CAPITAL" if name[0].isupper() else "SMALL"
    name = name.removeprefix("var").upper().replace("LAMBDA", "LAMDA")
    try:
        return unicodedata.lookup(f"GREEK {kind} LETTER {name}")
    except KeyError:
        return ""
