"""One odd paper never ends a run, and a disk that is full always does."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from cytoscribe.cli import command, run
from cytoscribe.core.errors import InputError, WriteError
from cytoscribe.literature_mining import read_paper
from cytoscribe.literature_mining.miner import MineSettings, mine

TEXT = "# Area Aa1\n\nArea Aa1 has a thin layer IV. Layer V contains large pyramidal cells.\n"
JATS = (
    '<article xmlns:xlink="http://www.w3.org/1999/xlink"><front><article-meta><title-group><article-title>On Aa1</article-title>'
    "</title-group><contrib-group><contrib contrib-type='author'><name><surname>{surname}</surname></name></contrib></contrib-group>"
    "<pub-date><year>{year}</year></pub-date></article-meta></front><body><p>Area Aa1 has a thin layer IV.</p></body></article>"
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "good.md").write_text(TEXT)
    (tmp_path / "regions.csv").write_text("region,aliases\nAa1,area Aa1\n")
    return tmp_path


def _settings(project: Path, **changes: object) -> MineSettings:
    given: dict[str, object] = {"seconds": 0, **changes}
    return MineSettings(project / "regions.csv", (project / "papers",), project / "out", **given)  # type: ignore[arg-type]


def _odd_papers(folder: Path) -> None:
    (folder / os.fsdecode(b"caf\xe9-\xff.md")).write_text(f"{TEXT} ")
    (folder / "two\u2028lines\u0085.md").write_text(f"{TEXT}  ")
    (folder / "marks.md").write_text("# Aa1\n\nArea Aa1\u2028 has a thin\u0085 layer IV. It is\x0b agranular.\n")
    for number, (surname, year) in enumerate(
        [(" ", "2001"), (",", "2001"), ("", "99999999999999999999999"), ("Ö\u2028z", "²⁰¹⁰"), ("x" * 5000, "-1"), ("Lee", "0")]
    ):
        (folder / f"odd{number}.xml").write_text(JATS.format(surname=surname, year=year))


def test_odd_names_years_and_marks_are_read_and_resumed(project: Path) -> None:
    _odd_papers(project / "papers")
    first = mine(_settings(project))
    assert not first.unread
    assert len(first.papers) == 10
    again = mine(_settings(project))
    assert len(again.claims) == len(first.claims)


def test_pipes_loops_and_folders_are_no_papers(project: Path) -> None:
    os.mkfifo(project / "papers" / "pipe.md")
    (project / "papers" / "loop.md").symlink_to("loop.md")
    (project / "papers" / "folder.md").mkdir()
    (project / "papers" / "round").symlink_to(project / "papers")
    assert [p.name for p in mine(_settings(project)).papers] == ["good.md"]


def test_a_bad_paper_is_passed_over_unless_strict(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "papers" / "bad.pdf").write_bytes(b"no pdf")
    arguments = ["--regions", str(project / "regions.csv"), "--papers", str(project / "papers"), "--seconds", "0"]
    assert run(command("mine-descriptions"), [*arguments, "--out", str(project / "lax")]) == 0
    assert "1 paper could not be read" in capsys.readouterr().out
    assert run(command("mine-descriptions"), [*arguments, "--out", str(project / "strict"), "--strict"]) == 2
    assert "bad.pdf" in capsys.readouterr().err


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
def test_a_picture_that_cannot_be_written_ends_the_run(project: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def full(*_: object) -> None:
        raise WriteError(f"cannot be written ({os.strerror(code)})", where="figure")

    monkeypatch.setattr(read_paper, "save_images", full)
    with pytest.raises(WriteError):
        mine(_settings(project))


@pytest.mark.slow
def test_a_writing_error_in_a_helper_process_ends_the_run_too(project: Path) -> None:
    from PIL import Image

    Image.new("RGB", (100, 100), "red").save(project / "papers" / "f.png")
    (project / "papers" / "figured.md").write_text(f"{TEXT}\n![Figure 1](f.png)\n\nFigure 1. Layer IV of Aa1.\n")
    assert len(mine(_settings(project)).figures) == 1
    settings = _settings(project, seconds=60, overwrite=True, seed=1)
    out = project / "out"
    figures = out / "figures"

    def block() -> None:
        for file in figures.iterdir():
            file.unlink()
        figures.rmdir()
        figures.write_text("a file where the folder must be")

    block()
    with pytest.raises(InputError, match="cannot be written"):
        mine(settings)
