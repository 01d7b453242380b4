"""The mining stage from files to tables: sound provenance, bad papers, resuming, any number of workers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import Claim, Description
from cytoscribe.core.runs import SHARDS
from cytoscribe.core.tables import read_records
from cytoscribe.literature_mining.miner import MineSettings, mine
from cytoscribe.literature_mining.papers.open import read_document
from cytoscribe.literature_mining.regions.table import read_regions
from cytoscribe.literature_mining.report.html import Paper

PAPERS = {
    "first.md": "# Areas Aa1 and Aa2\n\nArea Aa1 has a thin layer IV. Layer V contains large pyramidal cells.\n\n"
    "Layer III of Aa2 is more densely packed than that of Aa1.\n",
    "second.md": "# More on Aa1\n\nIn Aa1 layer IV is thin, and the border to the white matter is sharp.\n",
    "third.txt": "Area Aa2 <script>alert(1)</script> shows a broad layer III. It is agranular.\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "papers").mkdir()
    for name, text in PAPERS.items():
        (tmp_path / "papers" / name).write_text(text, encoding="utf-8")
    (tmp_path / "regions.csv").write_text("region,aliases,parent\nAa1,area Aa1,lobe\nAa2,area Aa2,lobe\n", encoding="utf-8")
    return tmp_path


def _settings(project: Path, out: str = "out", workers: int = 1, seconds: float = 0) -> MineSettings:
    return MineSettings(project / "regions.csv", (project / "papers",), project / out, workers=workers, seconds=seconds)


def test_every_claim_points_to_its_sentence(project: Path) -> None:
    result = mine(_settings(project))
    texts = {p.name: read_document(p).text for p in (project / "papers").iterdir()}
    claims = read_records(project / "out" / "claims.parquet", Claim)
    assert claims == list(result.claims)
    assert {(c.region, c.layer, c.value) for c in claims} >= {
        ("Aa1", "IV", "thin"),
        ("Aa2", "III", "high"),
        ("Aa2", "all", "agranular"),
    }
    for claim in claims:
        assert texts[claim.document][claim.sentence_start : claim.sentence_end] == claim.sentence
        assert claim.span in claim.sentence


def test_agreeing_papers_are_merged_and_text_is_traceable(project: Path) -> None:
    mine(_settings(project))
    descriptions = {d.region: d for d in read_records(project / "out" / "descriptions.parquet", Description)}
    claims = {c.claim_id: c for c in read_records(project / "out" / "claims.parquet", Claim)}
    aa1 = descriptions["Aa1"]
    assert aa1.text.count("thin") == 1
    assert aa1.documents == ("first.md", "second.md")
    assert {claims[i].region for i in aa1.claim_ids} == {"Aa1"}
    assert read_regions(project / "out" / "regions.csv").names == ("Aa1", "Aa2")


def test_script_in_a_paper_is_only_text_in_the_report(project: Path) -> None:
    mine(_settings(project))
    report = (project / "out" / "report.html").read_text(encoding="utf-8")
    assert "<script>alert(1)" not in report
    assert "&lt;script&gt;alert(1)" in report
    assert "<mark>broad layer III</mark>" in report


def test_a_bad_paper_is_named_and_never_stops_the_run(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "papers" / "broken.pdf").write_bytes(b"%PDF-1.7 nothing follows")
    (project / "papers" / "empty.txt").write_bytes(b"")
    result = mine(_settings(project))
    assert [p.name for p in result.unread] == ["broken.pdf", "empty.txt"]
    assert len(result.papers) == len(PAPERS)
    assert "broken.pdf" in capsys.readouterr().err
    assert "broken.pdf" in (project / "out" / "report.html").read_text(encoding="utf-8")


def test_files_of_other_formats_are_named_and_listed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("notes.docx", "draft.tex", "page.rst", "README.rst"):
        (project / "papers" / name).write_text("Area Aa1 has a thin layer IV.", encoding="utf-8")
    (project / "papers" / "page.html").write_text("<p>Area Aa1 has a broad layer II.</p>", encoding="utf-8")
    result = mine(_settings(project))
    said = capsys.readouterr().err
    assert "not read, 3 files" in said
    assert "draft.tex, notes.docx, page.rst" in said
    assert len(result.papers) == len(PAPERS) + 1
    listed = {p.name: p.readable for p in read_records(project / "out" / "papers.parquet", Paper)}
    assert listed["notes.docx"] is False
    assert listed["page.html"] is True


def test_a_list_that_no_paper_names_is_said(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine(_settings(project, "named"))
    assert "no name of the list" not in capsys.readouterr().err
    (project / "others.csv").write_text("region\nZz8\n", encoding="utf-8")
    result = mine(replace(_settings(project), regions=project / "others.csv"))
    assert result.claims == ()
    assert "no name of the list occurs in any of the 3 papers (looked for Zz8)" in capsys.readouterr().err


def test_nothing_readable_is_an_error(project: Path) -> None:
    for paper in (project / "papers").iterdir():
        paper.write_bytes(b"")
    with pytest.raises(InputError, match="none of the 3 papers can be read"):
        mine(_settings(project))


@pytest.mark.slow
def test_results_do_not_depend_on_workers_or_on_a_break(project: Path) -> None:
    mine(_settings(project, "one"))
    mine(_settings(project, "two", workers=2, seconds=60))
    broken = project / "broken"
    mine(_settings(project, "broken"))
    shards = sorted((broken / SHARDS).iterdir())
    shards[0].unlink()
    (broken / "claims.parquet").unlink()
    mine(_settings(project, "broken"))
    for name in ("claims.parquet", "descriptions.parquet", "report.html", "figures.parquet"):
        assert (project / "one" / name).read_bytes() == (project / "two" / name).read_bytes()
        assert (project / "one" / name).read_bytes() == (broken / name).read_bytes()


def test_ids_are_the_same_in_every_run(project: Path) -> None:
    first, again = mine(_settings(project, "one")), mine(_settings(project, "two"))
    assert [c.claim_id for c in first.claims] == [c.claim_id for c in again.claims]
    assert len({c.claim_id for c in first.claims}) == len(first.claims)


def test_regions_without_a_claim_are_named_and_with_them_the_spelling_of_the_papers(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "regions.csv").write_text("region\nAA 1\naa-2\nZz9\n", encoding="utf-8")
    result = mine(_settings(project))
    assert result.silent == ("AA 1", "aa-2", "Zz9")
    said = capsys.readouterr().err
    assert "AA 1 (the papers write Aa1), aa-2 (the papers write Aa2); correct the names" in said
    assert "AA 1 (the papers write Aa1), aa-2 (the papers write Aa2), Zz9" in (project / "out" / "report.html").read_text()


def test_a_copy_of_a_paper_is_no_second_paper(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    once = mine(_settings(project, "once"))
    (project / "papers" / "a copy of second.md").write_text(PAPERS["second.md"], encoding="utf-8")
    assert mine(_settings(project)).claims == once.claims
    assert "left out, the same file again: a copy of second.md is second.md" in capsys.readouterr().err


def test_where_no_paper_can_be_read_nothing_is_left(project: Path) -> None:
    (project / "zip.pdf").write_bytes(b"PK\x03\x04 not a paper")
    with pytest.raises(InputError, match="the only paper cannot be read"):
        mine(replace(_settings(project), papers=(project / "zip.pdf",)))
    assert not (project / "out").exists()
