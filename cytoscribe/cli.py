"""The front door: every stage as a subcommand of `cytoscribe`, in the order of the pipeline, and as a script of its own.

A stage's module is imported only when its command is called, so `--help` is quick and a stage nobody calls costs nothing.
"""

from __future__ import annotations

import contextlib
import difflib
import importlib
import io
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cytoscribe import __version__
from cytoscribe.core.errors import CytoscribeError, full_disk, out_of_memory
from cytoscribe.core.plain_text import line
from cytoscribe.core.progress import log_to, record

STAGES: dict[str, str] = {
    "quickstart": "cytoscribe.quickstart.cli:quickstart",
    "doctor": "cytoscribe.doctor:doctor",
    "verify": "cytoscribe.core.verify:verify",
    "phantom": "cytoscribe.phantom.cli:phantom",
    "convert-regions": "cytoscribe.literature_mining.regions.ontologies:convert_regions",
    "mine-descriptions": "cytoscribe.literature_mining.cli:mine_descriptions",
    "measure-morphology": "cytoscribe.captions.cli_morphology:measure_morphology",
    "measure-layers": "cytoscribe.captions.cli_layers:measure_layers",
    "generate-captions": "cytoscribe.captions.cli:generate_captions",
    "check-prompts": "cytoscribe.captions.cli_quality:check_prompts",
    "check-captions": "cytoscribe.captions.cli_quality:check_captions",
    "publish-captions": "cytoscribe.captions.cli_publish:publish_captions",
    "serve-llm": "cytoscribe.captions.cli_serve:serve_llm",
    "cut-tiles": "cytoscribe.training.cli_tiles:cut_tiles",
    "embed-images": "cytoscribe.training.cli_embed:embed_images",
    "pack-images": "cytoscribe.training.cli_shards:pack_images",
    "unpack-images": "cytoscribe.training.cli_shards:unpack_images",
    "train-lora": "cytoscribe.training.cli:train_lora",
    "recalibrate": "cytoscribe.training.cli:recalibrate",
    "extend-model": "cytoscribe.training.cli_extend:extend_model",
    "train-captioner": "cytoscribe.training.cli_captioner:train_captioner",
    "evaluate": "cytoscribe.eval.cli:evaluate",
    "describe": "cytoscribe.eval.cli_describe:describe",
    "export-answers": "cytoscribe.eval.cli_exports:export_answers",
    "monitor": "cytoscribe.eval.cli_monitor:monitor",
    "compare": "cytoscribe.eval.cli:compare",
    "compare-claims": "cytoscribe.eval.cli_compare_claims:compare_claims",
    "fuse-scales": "cytoscribe.eval.cli:fuse_scales",
    "publish-model": "cytoscribe.captions.cli_publish:publish_model",
}
"""Command name to `module:function`; the function is a Typer command."""

_INTERRUPTED = 130
"""Exit code of a run that the user stopped."""

GROUPS: dict[str, tuple[str, dict[str, str]]] = {
    "prompts": ("Prompt templates; `prompts check` validates them.", {"check": "cytoscribe.captions.cli_quality:check_prompts"}),
}
"""Group name to what it is about and its commands; each is also a command of its own with the verb in front."""

_OTHERS = 3
"""Commands that are named where another one has the option that was asked for."""
_LONGEST = 1200
"""Characters of an error's line: what a file held instead of a name may be a book."""


class LazyGroup(TyperGroup):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*STAGES, *GROUPS]

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        near = difflib.get_close_matches(args[0], self.list_commands(ctx), 1) if args else []
        if near and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            ctx.fail(f"No such command '{args[0]}'. Did you mean '{near[0]}'?")
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in GROUPS:
            return group(cmd_name)
        return command(cmd_name) if cmd_name in STAGES else None


def command(name: str) -> Any:
    """The click command of one stage."""
    app = typer.Typer(add_completion=False, rich_markup_mode="rich")
    app.command(name)(_function(STAGES[name]))
    made = typer.main.get_command(app)
    made.params.append(_log_option())
    return made


def _start_log(path: Path | None) -> None:
    if path is not None:
        log_to(path)


def _with_log(
    log: Annotated[
        Path | None,
        typer.Option(
            "--log",
            callback=_start_log,
            is_eager=True,
            help="File to which progress and errors are appended, with the time. Default: none.",
        ),
    ] = None,
) -> None:
    """A command of this option alone."""


def _log_option() -> Any:
    """`--log FILE`, which every command has beside its own options."""
    app = typer.Typer(add_completion=False)
    app.command()(_with_log)
    (option,) = (p for p in typer.main.get_command(app).params if p.name == "log")
    option.expose_value = False
    return option


def group(name: str) -> Any:
    """The click group of commands that share a noun, such as `prompts check`."""
    about, verbs = GROUPS[name]
    app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode="rich")
    app.callback(help=about)(lambda: None)  # with a callback even a single command keeps its name
    for verb, place in verbs.items():
        app.command(verb)(_function(place))
    made = typer.main.get_command(app)
    made.name = name
    return made


def _function(place: str) -> Callable[..., Any]:
    module, function = place.split(":")
    return getattr(importlib.import_module(module), function)


app = typer.Typer(cls=LazyGroup, add_completion=True, no_args_is_help=True, rich_markup_mode="rich")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cytoscribe {__version__}")
        raise typer.Exit


@app.callback()
def cytoscribe(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version and exit."),
) -> None:
    """From papers and labelled sections to grounded captions and a model that knows what it has not seen."""


def run(entry: Callable[..., Any], arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; an error of ours or a wrong option is one line on standard error, never a traceback."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a file's name need not be text
    try:
        ended = entry(args=arguments, standalone_mode=False)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0
    except typer.TyperException as error:
        return _misused(error)
    except CytoscribeError as error:
        return _told(error)
    except OSError as error:
        full = full_disk(error)
        if full is None:
            raise
        return _told(full)
    except (MemoryError, RuntimeError) as error:  # torch has errors of its own for both
        short = out_of_memory(error)
        if short is None:
            raise
        return _told(short)
    if ended == _INTERRUPTED:
        print("stopped; the same command resumes", file=sys.stderr)
    return ended if isinstance(ended, int) else 0


def _misused(error: typer.TyperException) -> int:
    """Report a wrong option or argument; without any arguments the help is shown instead."""
    context = getattr(error, "ctx", None)
    message = getattr(error, "format_message", lambda: str(error))()
    if context is None or not message:
        print(message, file=sys.stderr)
    elif type(error).__name__ == "NoArgsIsHelpError":
        print(context.get_help())
    else:
        told = f"{line(message).replace('Value error, ', '').rstrip('.')}{_elsewhere(error)}"
        print(f"error: {told}; see {context.command_path} --help", file=sys.stderr)
    return getattr(error, "exit_code", 2)


def _elsewhere(error: typer.TyperException) -> str:
    """Which commands have an option that this one lacks and that resembles none of its own; "" for any other mistake."""
    option = getattr(error, "option_name", None)
    if type(error).__name__ != "NoSuchOption" or getattr(error, "possibilities", None):
        return ""
    others = [name for name in STAGES if any(option in parameter.opts for parameter in command(name).params)]
    return f" (an option of {', '.join(others[:_OTHERS])}{', ...' if len(others) > _OTHERS else ''})" if others else ""


def _told(error: CytoscribeError) -> int:
    told = line(str(error))
    told = told if len(told) <= _LONGEST else f"{told[: _LONGEST // 2]} ... {told[-_LONGEST // 2 :]}"
    print(f"error: {told}", file=sys.stderr)
    with contextlib.suppress(CytoscribeError):  # the log itself may be what cannot be written
        record(f"error: {told}")
    return error.exit_code


def main() -> None:
    """Entry of `cytoscribe`."""
    sys.exit(run(typer.main.get_command(app)))


def script() -> None:
    """Entry of every script that bears a stage's name, such as `mine-descriptions`."""
    sys.exit(run(command(Path(sys.argv[0]).stem)))
