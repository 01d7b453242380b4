"""The whole path, small: every stage's files appear, a second call repeats nothing, and another seed is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cytoscribe.core.errors import RunMismatchError
from cytoscribe.quickstart.run import run
from cytoscribe.quickstart.stages import QuickstartSettings
from cytoscribe.quickstart.summary import next_commands, show


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("quickstart") / "out"


@pytest.mark.slow
def test_the_whole_path_runs_goes_on_and_refuses_to_mix(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = QuickstartSettings(folder, seed=5, images_per_region=8, subjects=(2, 1, 1), epochs=1)
    show(run(settings))
    out = capsys.readouterr().out
    assert "macro-F1" in out
    assert "train-lora" in out
    assert (folder / "captioner" / "captioner.safetensors").is_file()
    assert "caption:" in out
    metrics = json.loads((folder / "evaluation" / "metrics.json").read_text(encoding="utf-8"))
    assert 0 <= metrics["zero_shot.macro_f1"] <= 1
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.count("<article") == 16
    assert all((folder / name).is_file() for name in ("quickstart.png", "pictures/hOc1.jpg", "mined/report.html"))

    weights = folder / "model" / "merged" / "open_clip_model.safetensors"
    before = weights.stat().st_mtime_ns
    run(settings)
    assert weights.stat().st_mtime_ns == before
    with pytest.raises(RunMismatchError, match="seed"):
        run(replace(settings, seed=6))


def test_the_next_commands_are_commands_that_exist() -> None:
    from cytoscribe.cli import STAGES

    lines = [line.split()[0] for line in next_commands("out") if line.startswith("  ")]
    assert len(lines) == 7
    assert set(lines) <= set(STAGES)
