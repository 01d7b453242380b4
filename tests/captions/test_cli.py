"""The commands as a user types them: results on standard output, one line and code 2 on bad input, nothing left by a dry run."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from cytoscribe.cli import app, command, run


def test_a_run_says_what_came_of_it(mined: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(command("generate-captions"), ["--descriptions", str(mined), "--per-region", "3", "--out", str(tmp_path / "out")])
    assert code == 0
    assert "6 captions of 2 regions" in capsys.readouterr().out


def test_a_dry_run_shows_prompts_and_writes_nothing(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--attributes", str(images), "--region-column", "label", "--dry-run", "--out", str(tmp_path / "out")]
    assert run(command("generate-captions"), arguments) == 0
    assert "sample:" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--engine", "steam"], "'steam' is not one of"),
        (["--endpoint", "localhost"], "is not a URL"),
        (["--styles", "sonnet"], "unknown style"),
        (["--model", "/nowhere.gguf"], "no such GGUF file"),
        (["--quota", "terse"], "'terse' is not a quota"),
        (["--quota", "terse=2", "--quota", "terse=3"], "style 'terse' has two quotas"),
        (["--judge", "oracle"], "unknown judge"),
        (["--attributes", "/nowhere.csv"], "no such file"),
    ],
)
def test_bad_input_is_one_line_and_code_two(
    mined: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert run(command("generate-captions"), ["--descriptions", str(mined), "--out", str(tmp_path / "out"), *arguments]) == 2
    error = capsys.readouterr().err.strip()
    assert message in error
    assert error.count("\n") == 0


def test_quality_and_publishing_commands(mined: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    run(command("generate-captions"), ["--descriptions", str(mined), "--per-region", "3", "--out", str(out)])
    assert run(command("check-captions"), [str(out), "--descriptions", str(mined), "--least-claims", "4"]) == 0
    assert run(command("publish-captions"), [str(out), "--repo", "me/captions", "--dry-run"]) == 0
    assert run(command("check-prompts"), ["--style", "short"]) == 0
    shown = capsys.readouterr().out
    assert "0 leaks" in shown
    assert "private dataset me/captions" in shown
    assert "=" not in shown.split("--- short: system ---")[1].split("--- short: user ---")[0]


def test_prompts_check_is_a_command_spelt_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(typer.main.get_command(app), ["prompts", "check"]) == 0
    one = capsys.readouterr().out
    assert run(command("check-prompts"), []) == 0
    assert one == capsys.readouterr().out
    assert "comparison" in one
    assert run(typer.main.get_command(app), ["prompts", "check", "--prompts", "/nowhere"]) == 2
    assert "no templates" in capsys.readouterr().err


def test_quotas_that_cannot_be_met_are_told(mined: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--descriptions", str(mined), "--per-region", "4", "--out", str(tmp_path / "out"), "--quota", "comparison=2"]
    assert run(command("generate-captions"), arguments) == 0
    assert "fewer of a style than its quota: comparison 0 of 2: BA4" in capsys.readouterr().out
    assert "comparison 0 of 2: BA4." in (tmp_path / "out" / "README.md").read_text()
