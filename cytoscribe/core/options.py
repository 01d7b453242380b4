"""Options of a command, read off the fields of its settings.

A settings dataclass is the single place for a default and its help text:

    epochs: int = field(default=6, metadata=option("Passes over the training images.", least=1))

`command` turns such a class into a Typer function: nested settings become panels, and `--config FILE.toml` gives values by the
options' names, which the command line overrides.
"""

from __future__ import annotations

import dataclasses
import difflib
import inspect
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import typer

from cytoscribe.core.errors import InputError
from cytoscribe.core.plain_text import line
from cytoscribe.core.remote import local, url_of
from cytoscribe.core.toml import read_toml

T = TypeVar("T")
_KEY = "option"
_LARGEST = 2**63 - 1
"""What generators of random numbers and tables hold."""
ADVANCED = "Advanced"


@dataclass(frozen=True)
class Option:
    """How a field reads on the command line.

    flag: its spelling, "" for `--field-name`; panel: heading in the help, "" for the panel of its group; least and most: bounds;
    choices: all values; parse: from the text to the value, where the type does not say; shown: the default as the user would write
    it; repeat: may be given several times (tuples otherwise take commas); argument: name of a positional argument, "" for an option;
    required: whether a field without a default must be given.
    """

    help: str
    flag: str = ""
    panel: str = ""
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()
    parse: Callable[[str], Any] | None = None
    shown: str | None = None
    repeat: bool = False
    argument: str = ""
    required: bool = True


@dataclass(frozen=True)
class Group:
    """How nested settings read on the command line. when: whether they are made at all, from all values by flag; None: always."""

    panel: str = ""
    when: Callable[[Mapping[str, Any]], bool] | None = None


def option(help: str, **more: Any) -> dict[str, Any]:
    """Metadata that make a field an option; `more` as the fields of `Option`."""
    return {_KEY: Option(help, **more)}


def group(panel: str = "", when: Callable[[Mapping[str, Any]], bool] | None = None) -> dict[str, Any]:
    """Metadata of a field that holds nested settings."""
    return {_KEY: Group(panel, when)}


def length_parser(flag: str) -> Callable[[str], float | None]:
    """A parser of lengths in any unit: None for 0; it raises InputError, naming the flag, for anything but a number of at least 0."""

    def parse(text: str) -> float | None:
        try:
            length = float(text)
        except ValueError:
            length = -1.0
        if not 0 <= length < float("inf"):
            raise InputError(f"{flag} must be a number of at least 0, got '{text}'")
        return length or None

    return parse


OUT = option("Folder for the results, created if missing. The same command on the same folder resumes.")
SEED = option("Seed of everything drawn at random.", least=0, panel=ADVANCED)
OVERWRITE = option("Start over if --out holds a run with other settings.")
STRICT = option("Stop at the first bad item. Off: it is named, counted and skipped.", panel=ADVANCED)
WORKERS = option("Processes at once. 1: this one only. 0: one per core.", least=0, panel="Many at once")
RAY = option(
    "Address of a Ray cluster that does the work, on folders that all its machines see; `local` starts one. Default: none.",
    panel="Many at once",
)
VERIFY = option(
    "Hash inputs above 64 MiB whole and compare them with what an earlier start of this run read. Off: by size, time and samples; "
    "smaller inputs are always hashed whole.",
    panel=ADVANCED,
)
DEVICE = option("auto, cpu, cuda, cuda:1 or mps.", panel=ADVANCED)

Out = Annotated[Path, typer.Option("--out", help=OUT[_KEY].help)]
Seed = Annotated[int, typer.Option("--seed", min=0, help=SEED[_KEY].help)]
Overwrite = Annotated[bool, typer.Option("--overwrite", help=OVERWRITE[_KEY].help)]
Verify = Annotated[bool, typer.Option("--verify", help=VERIFY[_KEY].help)]


@dataclass(frozen=True)
class _Leaf:
    """One option: the field, its type without None, the panel of its group, and whether it may be left out."""

    field: dataclasses.Field[Any]
    kind: Any
    option: Option
    panel: str
    optional: bool

    @property
    def flag(self) -> str:
        return self.option.flag or "--" + self.field.name.replace("_", "-")

    @property
    def name(self) -> str:
        return self.flag.lstrip("-").replace("-", "_")


def command(settings: type[T], run: Callable[[T], None], about: str) -> Callable[..., None]:
    """A Typer function whose options are the fields of `settings`; it builds them and calls `run`. about: its help text."""
    leaves = tuple(_leaves(settings))

    def called(**values: Any) -> None:
        values.pop("config")
        run(build(settings, {leaf.flag: _value(leaf, values[leaf.name]) for leaf in leaves}))

    parameters = [_parameter(leaf) for leaf in leaves]
    called.__signature__ = inspect.Signature([*parameters, _config(leaves)])  # type: ignore[attr-defined]
    called.__annotations__ = {p.name: p.annotation for p in (*parameters, _config(leaves))}
    called.__doc__ = about
    return called


def build(settings: type[T], values: Mapping[str, Any]) -> T:
    """Settings from values by flag; a field whose flag is missing keeps its default."""
    hints = get_type_hints(settings)
    given: dict[str, Any] = {}
    for field in dataclasses.fields(settings):  # type: ignore[arg-type]
        about = field.metadata.get(_KEY)
        kind = _bare(hints[field.name])
        if dataclasses.is_dataclass(kind):
            if not isinstance(about, Group) or about.when is None or about.when(values):
                given[field.name] = build(kind, values)  # type: ignore[arg-type]
        elif isinstance(about, Option):
            flag = about.flag or "--" + field.name.replace("_", "-")
            if flag in values:
                given[field.name] = values[flag]
    return settings(**given)


def _leaves(settings: type, panel: str = "", optional: bool = False) -> Iterator[_Leaf]:
    """All options of a settings class, those of nested settings in their place."""
    hints = get_type_hints(settings)
    for field in dataclasses.fields(settings):
        about = field.metadata.get(_KEY)
        kind = _bare(hints[field.name])
        if dataclasses.is_dataclass(kind):
            inner = about.panel if isinstance(about, Group) and about.panel else panel
            yield from _leaves(kind, inner, optional or (isinstance(about, Group) and about.when is not None))  # type: ignore[arg-type]
        elif isinstance(about, Option):
            yield _Leaf(field, kind, about, about.panel or panel, optional or kind is not hints[field.name])


def _bare(hint: Any) -> Any:
    """A type without `| None`."""
    if get_origin(hint) in (Union, types.UnionType):
        (hint,) = [part for part in get_args(hint) if part is not type(None)] or [str]
    return hint


def _default(leaf: _Leaf) -> Any:
    if leaf.field.default is not dataclasses.MISSING:
        return leaf.field.default
    if leaf.field.default_factory is not dataclasses.MISSING:
        return leaf.field.default_factory()
    return None if leaf.optional or not leaf.option.required else ...


def _is_tuple(leaf: _Leaf) -> bool:
    return get_origin(leaf.kind) is tuple


def _parameter(leaf: _Leaf) -> inspect.Parameter:
    """The parameter that Typer reads: type, flag, bounds, help and default."""
    about, default, kind = leaf.option, _default(leaf), leaf.kind
    if about.repeat:
        inside = str if about.parse else get_args(kind)[0]
        kind, default = (
            list[inside] if default is ... else list[inside] | None,
            ... if default is ... else (list(default or ()) or None),
        )
    elif about.parse or _is_tuple(leaf):
        kind = str
        default = default if default is ... else _written(leaf, default)
    elif about.choices:
        kind, default = StrEnum("Choice", {c: c for c in about.choices}), default if default is ... else str(default)
    elif leaf.kind is not bool and default is None:
        kind = kind | None
    if about.argument:
        made = typer.Argument(help=about.help, metavar=about.argument, show_default=False)
    else:
        flags = f"{leaf.flag}/--no-{leaf.flag[2:]}" if kind is bool and default is True else leaf.flag
        made = typer.Option(flags, help=about.help, rich_help_panel=leaf.panel or None, min=about.least, max=about.most)
    return inspect.Parameter(
        leaf.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if default is ... else default,
        annotation=Annotated[kind, made],
    )


def _written(leaf: _Leaf, default: Any) -> str:
    """A default as the user would write it."""
    if leaf.option.shown is not None:
        return leaf.option.shown
    return ",".join(map(str, default)) if isinstance(default, tuple) else str(default)


def _value(leaf: _Leaf, value: Any) -> Any:
    """A value as the settings want it, from what Typer gives; what lies in an object store has been fetched."""
    if isinstance(value, Path):
        return _fetched(leaf, value)
    _check_size(leaf, value)
    if leaf.option.repeat and value and isinstance(value[0], Path):
        value = [_fetched(leaf, path) for path in value]
    if leaf.option.repeat:
        parsed = tuple(value or ())
        return tuple(_parsed(leaf, v) for v in parsed) if leaf.option.parse else parsed
    if leaf.option.parse:
        return _parsed(leaf, value)
    if _is_tuple(leaf):
        inside = get_args(leaf.kind)[0]
        return tuple(_parsed(leaf, part.strip(), inside) for part in value.split(",") if part.strip())
    return value.value if isinstance(value, StrEnum) else value


def _check_size(leaf: _Leaf, value: Any) -> None:
    if isinstance(value, int) and abs(value) > _LARGEST:
        raise InputError("more than any number that is used", where=leaf.flag, fix=f"give at most {_LARGEST:,}")


def _fetched(leaf: _Leaf, path: Path) -> Path:
    if url_of(path) is None:
        return path
    if leaf.flag == "--out":
        raise InputError("results are written to a disk, not to an object store", where=leaf.flag, fix="name a folder and copy it")
    return local(path)


def _parsed(leaf: _Leaf, text: str, read: Callable[[str], Any] | None = None) -> Any:
    """A text as the option's value; raises InputError where it is none."""
    read = read or leaf.option.parse
    assert read is not None
    try:
        return read(text)
    except (ValueError, OverflowError) as error:
        raise InputError(f"'{line(text)}' is not a value", where=leaf.flag, fix="see --help") from error


def _config(leaves: tuple[_Leaf, ...]) -> inspect.Parameter:
    """`--config FILE`: values for all other options."""

    def read(context: typer.Context, path: Path | None) -> Path | None:
        if path is not None:
            context.default_map = {**(context.default_map or {}), **read_config(path, {leaf.name: leaf for leaf in leaves})}
        return path

    made = typer.Option(
        "--config", help="TOML file of options (epochs = 3); the command line overrides it.", is_eager=True, callback=read
    )
    return inspect.Parameter("config", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[Path | None, made])


def read_config(path: Path, known: Mapping[str, Any]) -> dict[str, Any]:
    """Options by parameter name from a TOML file; tables are for order only. Raises InputError for what is not an option."""
    told = read_toml(path)
    found: dict[str, Any] = {}
    for key, value in _flat(told):
        name = key.replace("-", "_")
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean '{near[0]}'?" if near else "see --help for the options"
            raise InputError(f"'{line(key)}' is not an option", where=path, fix=hint)
        if isinstance(value, list) and not known[name].option.repeat:
            value = ",".join(map(str, value))
        found[name] = value
    return found


def _flat(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value)
        else:
            yield key, value
