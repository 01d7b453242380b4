"""Templates of others end in one line, whatever they ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from cytoscribe.core.errors import InputError
from cytoscribe.prompts import loader
from cytoscribe.prompts.check import EXAMPLE
from cytoscribe.prompts.loader import load_prompts

LOOP = "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}{% endfor %}{% endfor %}{% endfor %}"


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (LOOP, "to compute"),
        ("{{ 'a' * 10000000000 }}", "memory"),
        ("{{ 'a' | center(9999999999) }}", "memory"),
        ("{{ 10 ** (10 ** 8) }}", "powers"),
        ("{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}", "without end"),
        ("{{ 'word ' * 100000 }}", "characters"),
    ],
)
def test_an_endless_template_is_one_clear_error(body: str, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "SECONDS", 0.2)
    (tmp_path / "caption").mkdir()
    (tmp_path / "caption" / "mine.jinja").write_text(f"say\n=== user ===\n{{{{ facts }}}}{body}\n", encoding="utf-8")
    with pytest.raises(InputError, match=fault):
        load_prompts(tmp_path).render("mine", EXAMPLE)
