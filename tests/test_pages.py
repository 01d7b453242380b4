"""Pages that people open: what holds for all templates, whoever renders them."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from cytoscribe.eval.metrics import catalogue

REPOSITORY = Path(__file__).parents[1]
TEMPLATES = sorted(
    path
    for package in ("literature_mining", "captions", "training", "eval", "cytoscribe/quickstart")
    for path in (REPOSITORY / package).rglob("*.html*")
    if "<html" in path.read_text(encoding="utf-8")
)
FAMILIES = {title for title, _ in catalogue.FAMILIES}
"""Headings that a template fills in."""


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_two_regions_of_a_page_have_one_label(path: Path) -> None:
    labels = re.findall(r'role="region"[^>]*aria-label="([^"{]+)"', path.read_text(encoding="utf-8"))
    assert not [label for label, count in Counter(labels).items() if count > 1 or label in FAMILIES]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_page_names_its_language_and_fits_narrow_and_dark_screens(path: Path) -> None:
    page = path.read_text(encoding="utf-8")
    assert '<html lang="en"' in page
    assert 'name="viewport"' in page
    assert "prefers-color-scheme" in page
