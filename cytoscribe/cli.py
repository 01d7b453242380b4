"""The front door: every stage as a subcommand of `cytoscribe`, in the order of the pipeline, and as a script of its own.

A stage's module is imported only when its command is called, so `--help` is quick and a stage nobody calls costs nothing.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from cytoscribe import __version__
from cytoscribe.errors import CytoscribeError

STAGES: dict[str, str] = {
    "quickstart": "cytoscribe.quickstart.cli:quickstart",
    "doctor": "cytoscribe.doctor:doctor",
    "mine-descriptions": "literature_mining.cli:mine_descriptions",
    "generate-captions": "captions.cli:generate_captions",
    "cut-tiles": "training.cli:cut_tiles",
    "train-lora": "training.cli:train_lora",
    "evaluate": "eval.cli:evaluate",
    "describe": "eval.cli:describe",
    "compare": "eval.cli:compare",
}
"""Command name to `module:function`; the function is a Typer command."""


class LazyGroup(TyperGroup):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(STAGES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return command(cmd_name) if cmd_name in STAGES else None


def command(name: str) -> Any:
    """The click command of one stage."""
    module, function = STAGES[name].split(":")
    app = typer.Typer(add_completion=False, rich_markup_mode="rich")
    app.command(name)(getattr(importlib.import_module(module), function))
    return typer.main.get_command(app)


app = typer.Typer(cls=LazyGroup, add_completion=False, no_args_is_help=True, rich_markup_mode="rich")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cytoscribe {__version__}")
        raise typer.Exit


@app.callback()
def cytoscribe(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version and end."),
) -> None:
    """From papers and labelled sections to grounded captions and a model that knows what it has not seen."""


def run(entry: Callable[..., Any], arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; an error of ours is one line on standard error, never a traceback."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        entry(args=arguments, standalone_mode=True)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0
    except CytoscribeError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("stopped; the same command goes on where it left off", file=sys.stderr)
        return 130
    return 0


def main() -> None:
    """Entry of `cytoscribe`."""
    sys.exit(run(typer.main.get_command(app)))


def _script(name: str) -> None:
    sys.exit(run(command(name)))


def mine_descriptions() -> None:
    """Entry of `mine-descriptions`."""
    _script("mine-descriptions")


def generate_captions() -> None:
    """Entry of `generate-captions`."""
    _script("generate-captions")


def cut_tiles() -> None:
    """Entry of `cut-tiles`."""
    _script("cut-tiles")


def train_lora() -> None:
    """Entry of `train-lora`."""
    _script("train-lora")


def evaluate() -> None:
    """Entry of `evaluate`."""
    _script("evaluate")


def describe() -> None:
    """Entry of `describe`."""
    _script("describe")
