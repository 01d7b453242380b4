"""The sample papers are real files of their kinds, marked as samples, and say what the areas' facts say."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pymupdf
import pytest

from cytoscribe.literature_mining.miner import MineSettings, mine
from cytoscribe.phantom.areas import areas
from cytoscribe.phantom.images import write_regions
from cytoscribe.quickstart.papers import write_papers
from cytoscribe.quickstart.sample_texts import NOTICE, papers


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("papers")
    write_papers(path)
    return path


@pytest.mark.slow
def test_every_paper_says_that_it_is_a_sample(folder: Path) -> None:
    for path in folder.iterdir():
        text = pymupdf.open(path)[0].get_text() if path.suffix == ".pdf" else path.read_text(encoding="utf-8")
        assert NOTICE in text


def test_pdf_pages_have_two_columns_hyphens_and_a_figure(folder: Path) -> None:
    page = pymupdf.open(folder / "sensory.pdf")[0]
    words: Any = page.get_text("words")
    lefts = {round(w[0]) for w in words}
    assert {54, 308} <= lefts
    assert "-\n" in page.get_text()
    assert len(page.get_images()) == 1
    inside = pymupdf.Rect(40, 20, page.rect.width - 40, page.rect.height - 20)
    assert all(inside.contains(pymupdf.Rect(w[:4])) for w in page.get_text("words"))


def test_jats_is_well_formed_and_sections_nest(folder: Path) -> None:
    root = ElementTree.parse(folder / "broca.xml").getroot()
    titles = [t.text for t in root.findall("./body/sec/sec/title")]
    assert titles == ["Area 44", "Area 45"]


@pytest.mark.slow
def test_the_same_seed_writes_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    write_papers(tmp_path)
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes()


def test_all_formats_are_there() -> None:
    assert {p.format for p in papers()} == {"pdf", "jats", "md"}


@pytest.mark.slow
def test_what_is_mined_from_the_papers_is_what_the_areas_are_known_for(folder: Path, tmp_path: Path) -> None:
    """The papers state the facts in prose, so the miner can be held against them; the bounds lie below what it reaches."""
    mined = mine(MineSettings(write_regions(tmp_path), (folder,), tmp_path / "mined")).claims
    found = {(c.region, c.layer, c.attribute, c.value, c.polarity) for c in mined}
    known = {(a.name, f.layer, f.attribute, f.value, f.polarity) for a in areas() for f in a.facts}
    assert len(found & known) / len(known) > 0.94
    assert len(found & known) / len(found) > 0.93
    denials = {(region, layer, attribute, value, not polarity) for region, layer, attribute, value, polarity in known}
    assert not found & denials  # a claim turned into its opposite is the worst error there is
