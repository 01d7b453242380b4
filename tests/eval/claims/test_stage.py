"""`compare-claims` as a user runs it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from datasets import load_dataset
from PIL import Image

from cytoscribe.cli import command, run
from cytoscribe.core.records import Claim
from cytoscribe.core.tables import read_csv, write_records
from tests.eval.claims.test_verdicts import claim, measured


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Claims about regions A and C of a table that calls A by an alias, and measures of both."""
    claims, layers = tmp_path / "mined", tmp_path / "layers"
    for folder in (claims, layers):
        folder.mkdir()
    said = "Layer V of Alpha is broad."
    stated = [
        claim("V", "layer_thickness", "broad", region="Alpha", sentence=said, span="broad"),
        claim("V", "layer_thickness", "thin", region="C", sentence="Layer V of C is <b>thin</b>.", span="thin"),
        claim("IV", "cell_type", "granule", region="Alpha"),
    ]
    write_records(claims / "claims.parquet", Claim, [dataclasses.replace(c, claim_id=f"c{i}") for i, c in enumerate(stated)])
    (claims / "regions.csv").write_text("region,aliases,parent,split\nAlpha,A,,\nC,,,unseen\n")
    measured(layers)
    return claims, layers


def test_claims_get_verdicts_a_picture_a_page_and_captions(folders: tuple[Path, Path], tmp_path: Path, capsys) -> None:
    out = tmp_path / "out"
    asked = ["--claims", str(folders[0]), "--measured", str(folders[1]), "--out", str(out)]
    assert run(command("compare-claims"), asked) == 0
    assert "3 claims: 2 supported" in capsys.readouterr().out
    rows = [row for _, row in read_csv(out / "verdicts.csv", ["claim_id", "verdict", "ratio", "low", "high"])]
    assert [r["verdict"] for r in rows] == ["supported", "supported", "not measurable"]
    assert Image.open(out / "claims.png").size[0] > 500
    page = (out / "claims.html").read_text()
    assert "&lt;b&gt;thin" in page
    captions = load_dataset(str(out / "captions"), split="train")
    assert captions["region"] == ["Alpha"]  # C is unseen
    (text,) = captions["caption"]
    assert "2.00 times" in text
    assert "Alpha" not in captions["masked_caption"][0]


def test_regions_that_nobody_measured_are_refused(folders: tuple[Path, Path], tmp_path: Path, capsys) -> None:
    (folders[0] / "regions.csv").unlink()
    write_records(folders[0] / "claims.parquet", Claim, [claim("V", "layer_thickness", "broad", region="Omega")])
    asked = ["--claims", str(folders[0]), "--measured", str(folders[1]), "--out", str(tmp_path / "out")]
    assert run(command("compare-claims"), asked) == 2
    assert "no region of the claims was measured" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("option", "value"), [("--stain", "gold"), ("--min-score", "1.0"), ("--measured", "nowhere")])
def test_what_cannot_be_used_is_said(folders: tuple[Path, Path], tmp_path: Path, option: str, value: str) -> None:
    asked = {"--claims": str(folders[0]), "--measured": str(folders[1]), "--out": str(tmp_path / "out"), option: value}
    assert run(command("compare-claims"), [x for pair in asked.items() for x in pair]) == 2
