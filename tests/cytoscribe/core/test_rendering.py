"""Templates of the package: strict, and safe against what is filled in."""

from __future__ import annotations

import pytest
from jinja2 import UndefinedError

from cytoscribe.core.rendering import render


def test_a_shipped_template_is_filled_in_and_never_run() -> None:
    shown = render("cytoscribe.captions", "data/judge.jinja", {"facts": ["{{ 7 * 7 }}"], "caption": "{% raw %}"})
    assert "{{ 7 * 7 }}" in shown
    assert "49" not in shown


def test_what_is_missing_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        render("cytoscribe.captions", "data/judge.jinja", {})
