"""What README tells a new user to type can be typed: options exist, folders do not collide, and the first stages run as they stand."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cytoscribe import cli
from cytoscribe.cli import STAGES, command, run
from tests.conftest import REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
LINES = [shlex.split(line) for block in BLOCKS for line in block.splitlines() if line.strip()]
PAGES = [page.read_text(encoding="utf-8") for page in sorted((REPOSITORY / "docs").glob("*.md"))]
MORE = [
    shlex.split(line)
    for page in (*PAGES, (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    for line in block.splitlines()
    if line.strip()
]
PAPER = (
    "# Areas hOc1 and hOc2\n\nArea hOc1 has a broad layer IV. Layer III of hOc1 is densely packed.\n\nLayer V of hOc2 is thin.\n"
)


def _command(words: list[str]) -> tuple[str, list[str]] | None:
    """A command of ours with its arguments; None for other programs."""
    names = [i for i, word in enumerate(words) if word in STAGES]
    return (words[names[0]], words[names[0] + 1 :]) if names else None


OURS = [found for words in LINES if (found := _command(words))]
DOCUMENTED = [*OURS, *(found for words in MORE if (found := _command(words)) and found not in OURS)]


def _out(arguments: list[str]) -> str:
    return arguments[arguments.index("--out") + 1] if "--out" in arguments else ""


def test_there_are_commands_to_look_at() -> None:
    assert {"quickstart", "mine-descriptions", "generate-captions", "cut-tiles", "train-lora", "evaluate", "describe"} <= {
        n for n, _ in OURS
    }


@pytest.mark.parametrize(("name", "arguments"), DOCUMENTED, ids=[" ".join((n, *a))[:60] for n, a in DOCUMENTED])
def test_every_command_can_be_parsed(name: str, arguments: list[str]) -> None:
    command(name).make_context(name, list(arguments))


def test_no_two_commands_write_into_one_folder_and_none_into_the_checkout() -> None:
    outs = [out for _, arguments in OURS if (out := _out(arguments))]
    assert len(set(outs)) == len(outs)
    assert all(out.startswith("runs/") for out in outs)


@pytest.mark.slow
def test_the_first_stages_run_as_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    drawn = ["--out", "drawn", "--images", "0", "--sections", "3", "--pixel-size-um", "20", "--area", "hOc1", "--area", "hOc2"]
    assert run(command("phantom"), drawn) == 0
    for name in ("sections", "labels", "groups.csv"):
        shutil.move(tmp_path / "drawn" / name, tmp_path / name)
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "paper.md").write_text(PAPER)
    (tmp_path / "regions.csv").write_text("region,aliases\nhOc1,area hOc1\nhOc2,area hOc2\n")
    for name, arguments in OURS[1:4]:
        assert name in ("mine-descriptions", "generate-captions", "cut-tiles")
        assert run(command(name), list(arguments)) == 0
        assert run(command("verify"), [_out(arguments)]) == 0


@pytest.mark.slow
def test_the_python_example_runs_as_it_stands(tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "paper.md").write_text(PAPER)
    (tmp_path / "regions.csv").write_text("region,aliases\nhOc1,area hOc1\nhOc2,area hOc2\n")
    (tmp_path / "example.py").write_text(example)
    done = subprocess.run([sys.executable, "example.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "hOc1" in done.stdout


def test_the_readme_fits_a_hundred_lines() -> None:
    assert len(README.splitlines()) <= 100


def test_every_command_of_the_front_door_is_documented() -> None:
    commands = (REPOSITORY / "docs" / "commands.md").read_text(encoding="utf-8")
    assert [name for name in (*STAGES, *cli.GROUPS) if name not in commands] == []
