"""The front door: every command explains itself, and every user's mistake is one line and exit code 2."""

from __future__ import annotations

import subprocess
import sys

import pytest

from cytoscribe import cli
from cytoscribe.cli import STAGES, command, run
from cytoscribe.core.errors import InputError


@pytest.mark.slow
@pytest.mark.parametrize("name", STAGES)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command(name), ["--help"]) == 0
    shown = capsys.readouterr().out
    assert "--help" in shown
    assert len(shown.splitlines()) > 5


def test_help_of_the_whole_lists_the_stages_in_pipeline_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(cli.typer.main.get_command(cli.app), ["--help"]) == 0
    shown = capsys.readouterr().out
    rows = [words[1] for line in shown.splitlines() if len(words := line.split()) > 1 and words[0] == "│"]
    assert [row for row in rows if row in STAGES] == list(STAGES)


def test_an_input_error_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    def fails(**_: object) -> None:
        raise InputError("no column 'region'", where="regions.csv", fix="add\nit")

    assert run(fails) == 2
    assert capsys.readouterr().err == "error: regions.csv: no column 'region'; add it\n"


@pytest.mark.slow
def test_help_is_quick_because_nothing_heavy_is_imported() -> None:
    code = (
        "import sys; from cytoscribe import cli; cli.run(cli.typer.main.get_command(cli.app), ['--help']);"
        "sys.exit(any(m in sys.modules for m in ('torch', 'transformers', 'spacy', 'pymupdf', 'datasets')))"
    )
    assert subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=False).returncode == 0


def test_a_misspelt_command_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(cli.typer.main.get_command(cli.app), ["evalute"]) == 2
    assert "Did you mean 'evaluate'?" in capsys.readouterr().err


def test_an_option_of_another_stage_is_answered_with_that_stage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command("mine-descriptions"), ["--min-score", "0.6"]) == 2
    assert "No such option: --min-score (an option of generate-captions" in capsys.readouterr().err
    assert run(command("mine-descriptions"), ["--zzz", "1"]) == 2
    assert "an option of" not in capsys.readouterr().err


def test_no_row_of_the_help_is_without_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    run(cli.typer.main.get_command(cli.app), ["--help"])
    shown = capsys.readouterr().out
    assert all(f" {name} " in shown for name in (*STAGES, *cli.GROUPS))


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"),
        RuntimeError("CUDA out of memory. Tried"),
    ],
)
def test_memory_that_runs_out_is_one_line(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    def fails(**_: object) -> None:
        raise error

    assert run(fails) == 1
    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith("error: not enough memory (")


def test_other_faults_of_a_program_stay_what_they_are() -> None:
    def fails(**_: object) -> None:
        raise RuntimeError("shapes differ")

    with pytest.raises(RuntimeError, match="shapes differ"):
        run(fails)
