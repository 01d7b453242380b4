"""Options of a command, read off the fields of its settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cytoscribe.cli import run
from cytoscribe.core.errors import InputError
from cytoscribe.core.options import build, command, group, option, read_config


@dataclass(frozen=True)
class Speed:
    steps: int = field(default=4, metadata=option("Steps.", least=1))
    rate: float | None = field(
        default=None, metadata=option("Rate.", parse=lambda text: None if text == "auto" else float(text), shown="auto")
    )


@dataclass(frozen=True)
class Server:
    url: str = field(default="", metadata=option("Server.", flag="--endpoint"))


@dataclass(frozen=True)
class Settings:
    images: Path = field(metadata=option("Table."))
    captions: tuple[Path, ...] = field(metadata=option("Folders.", repeat=True))
    names: tuple[str, ...] = field(default=(), metadata=option("Names."))
    kind: str = field(default="a", metadata=option("Kind.", choices=("a", "b")))
    loud: bool = field(default=False, metadata=option("Loud."))
    figures: bool = field(default=True, metadata=option("Figures."))
    speed: Speed = field(default_factory=Speed, metadata=group("Speed"))
    server: Server | None = field(default=None, metadata=group("Server", when=lambda values: bool(values["--endpoint"])))
    internal: int = 7


REQUIRED = ["--images", "i.csv", "--captions", "c"]


def called(arguments: list[str]) -> Settings:
    found: list[Settings] = []
    app = typer.Typer()
    app.command()(command(Settings, found.append, "Do it."))
    assert run(typer.main.get_command(app), arguments) == 0
    return found[0]


def test_defaults_are_those_of_the_settings() -> None:
    assert called(REQUIRED) == Settings(Path("i.csv"), (Path("c"),))


def test_every_kind_of_option_reaches_its_field() -> None:
    given = [
        "--captions",
        "d",
        "--names",
        "x,y",
        "--kind",
        "b",
        "--loud",
        "--no-figures",
        "--steps",
        "9",
        "--rate",
        "0.5",
        "--endpoint",
        "http://host",
    ]
    assert called(REQUIRED + given) == Settings(
        Path("i.csv"), (Path("c"), Path("d")), ("x", "y"), "b", True, False, Speed(9, 0.5), Server("http://host")
    )


def test_a_file_gives_values_and_the_command_line_overrides_it(tmp_path: Path) -> None:
    told = tmp_path / "run.toml"
    told.write_text('images = "i.csv"\ncaptions = ["c"]\nnames = ["x", "y"]\nfigures = false\n[speed]\nsteps = 9\nrate = 0.5\n')
    assert called(["--config", str(told), "--steps", "3"]) == Settings(
        Path("i.csv"), (Path("c"),), ("x", "y"), figures=False, speed=Speed(3, 0.5)
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("step = 3", "'step' is not an option; did you mean 'steps'"),
        ("steps = ", "not valid TOML"),
        ("x = 1", "see --help"),
    ],
)
def test_a_faulty_file_is_refused_in_one_line(tmp_path: Path, text: str, words: str) -> None:
    told = tmp_path / "run.toml"
    told.write_text(text)
    with pytest.raises(InputError, match=words):
        read_config(told, {"steps": None})


@pytest.mark.parametrize("arguments", [["--steps", "0"], ["--kind", "c"], ["--steps", "x"], ["--steps", "9" * 40]])
def test_values_out_of_range_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    app = typer.Typer()
    app.command()(command(Settings, lambda settings: None, "Do it."))
    assert run(typer.main.get_command(app), [*REQUIRED, *arguments]) == 2
    assert arguments[0] in capsys.readouterr().err


def test_help_names_panels_and_defaults() -> None:
    app = typer.Typer()
    app.command()(command(Settings, lambda settings: None, "Do it."))
    shown = CliRunner().invoke(app, ["--help"]).output
    assert all(word in shown for word in ("Do it.", "Speed", "--no-figures", "auto", "--config"))
    assert "internal" not in shown


def test_settings_are_built_from_what_is_given() -> None:
    made = build(Settings, {"--images": Path("i"), "--captions": (), "--steps": 2, "--endpoint": ""})
    assert (made.speed.steps, made.server, made.internal) == (2, None, 7)
