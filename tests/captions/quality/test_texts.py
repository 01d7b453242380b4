"""Captions that anybody wrote, judged line by line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cytoscribe.cli import command, run

THIN = {"layer": "IV", "attribute": "layer_thickness", "value": "thin"}


def _lines(path: Path, *rows: object) -> Path:
    path.write_text("".join(r if isinstance(r, str) else json.dumps(r) + "\n" for r in rows))
    return path


def test_verdicts_in_order_and_bad_lines_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = _lines(
        tmp_path / "texts.jsonl",
        {"region": "Zz1", "caption": "Layer IV is thin.", "claims": [THIN]},
        "{broken\n",
        {"region": "Zz1", "caption": "Layer IV is broad.", "claims": [THIN]},
        {"region": "Zz1", "claims": [THIN]},
        {"region": "Zz1", "caption": "x", "claim_ids": ["a"]},
    )
    assert run(command("check-captions"), ["--texts", str(texts)]) == 0
    shown = capsys.readouterr()
    rows = [json.loads(line) for line in shown.out.splitlines()]
    assert [(r["line"], r["accepted"]) for r in rows] == [(1, True), (3, False)]
    assert rows[0]["supported"] == ["Zz1-0"]
    assert rows[1]["reasons"]
    for said in ("line 2", "line 4: 'caption'", "line 5: 'claim_ids' need --descriptions", "1 of 2 captions accepted; 3 lines"):
        assert said in shown.err


def test_claims_by_id_from_a_mining_run(mined: Path, tmp_path: Path) -> None:
    texts = _lines(
        tmp_path / "texts.jsonl",
        {"region": "primary motor cortex", "caption": "Layer IV is absent.", "claim_ids": ["made-BA4-0"]},
        {"region": "BA4", "caption": "Layer IV is absent.", "claim_ids": ["unknown"]},
    )
    out = tmp_path / "verdicts.jsonl"
    assert run(command("check-captions"), ["--texts", str(texts), "--descriptions", str(mined), "--out", str(out)]) == 0
    (row,) = (json.loads(line) for line in out.read_text().splitlines())
    assert row["accepted"]
    assert row["supported"] == ["made-BA4-0"]


@pytest.mark.parametrize("arguments", [[], ["--texts", "/nowhere.jsonl"], ["folder", "--texts", "texts.jsonl"]])
def test_bad_use_is_code_two(arguments: list[str]) -> None:
    assert run(command("check-captions"), arguments) == 2


def test_inline_claims_use_any_word_of_the_vocabulary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = _lines(
        tmp_path / "texts.jsonl",
        {"region": "Zz1", "caption": "Layer IV is thin.", "claims": [{**THIN, "layer": "4", "value": "narrow"}]},
        {"region": "Zz1", "caption": "Layer IV is thin.", "claims": [{**THIN, "attribute": "thickness"}]},
        {"region": "Zz1", "caption": "Layer IV is thin.", "claims": [{**THIN, "value": "blue"}]},
    )
    assert run(command("check-captions"), ["--texts", str(texts)]) == 0
    shown = capsys.readouterr()
    (row,) = (json.loads(line) for line in shown.out.splitlines())
    assert row["accepted"]
    assert "line 2: unknown attribute 'thickness' (use " in shown.err
    assert "line 3: unknown value 'blue' of layer_thickness (use broad, thin" in shown.err


def test_cells_are_judged_by_their_own_vocabulary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    claims = [{"attribute": "nucleus_shape", "value": "two lobes"}, {"attribute": "granules", "value": "large"}]
    texts = _lines(
        tmp_path / "texts.jsonl",
        {"region": "basophil", "caption": "Basophils have a bilobed nucleus and large granules.", "claims": claims},
        {"region": "basophil", "caption": "Basophils have a bilobed nucleus and fine granules.", "claims": claims},
    )
    assert run(command("check-captions"), ["--texts", str(texts), "--vocabulary", "blood_cells"]) == 0
    assert [json.loads(line)["accepted"] for line in capsys.readouterr().out.splitlines()] == [True, False]
