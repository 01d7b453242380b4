"""Validate prompt templates as a run would use them: they render with and without a name, and fit a small model's context."""

from __future__ import annotations

from pathlib import Path

from cytoscribe.core.errors import InputError
from cytoscribe.prompts.loader import PromptSet, load_prompts

EXAMPLE = {
    "subject": "area 4",
    "named": True,
    "facts": ["layer IV is absent", "layer V contains Betz cells", "layer V is thicker than in area 3"],
    "words": 40,
    "other": "area 3",
    "feedback": "",
}
MOST_WORDS = 600
"""Longer prompts leave a small model's context little room."""


def check(folder: Path | None = None, style: str = "") -> str:
    """A table of the templates, or one rendered example. Raises InputError at the first fault, naming template and variable."""
    prompts = load_prompts(folder)
    lines = [f"{'style':14s} words  digest"]
    for name in prompts.styles:
        words = max(len(" ".join(_render(prompts, name, named)).split()) for named in (True, False))
        if words > MOST_WORDS:
            raise InputError(f"{words} words where at most {MOST_WORDS} are sensible", where=f"{name}.jinja", fix="shorten it")
        lines.append(f"{name:14s} {words:5d}  {prompts.digests[name]}")
    if style:
        system, user = prompts.render(style, EXAMPLE)
        lines += ["", f"--- {style}: system ---", system, "", f"--- {style}: user ---", user]
    return "\n".join(lines)


def _render(prompts: PromptSet, style: str, named: bool) -> tuple[str, str]:
    system, user = prompts.render(style, {**EXAMPLE, "named": named, "feedback": "" if named else "too long"})
    missing = [f for f in EXAMPLE["facts"] if str(f) not in user]  # type: ignore[union-attr]
    if missing:
        raise InputError(
            f"the facts do not reach the prompt ('{missing[0]}')", where=f"{style}.jinja", fix="list {{ facts }} in the user part"
        )
    return system, user
