"""Load the Jinja templates of prompts: sandboxed, strict about variables, the user's own folder before the shipped one."""

from __future__ import annotations

import contextlib
import hashlib
import resource
import signal
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from types import FrameType
from typing import Any

from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined, Template, TemplateError, meta
from jinja2.exceptions import SecurityError
from jinja2.sandbox import SandboxedEnvironment

from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import read_bytes

VARIABLES: dict[str, str] = {
    "subject": "how to call the region or what the image shows, e.g. 'area FG1' or 'this area'",
    "named": "true where the caption may use the name, false where it must not",
    "facts": "list of plain sentences: the claims, and everything that the caption may say",
    "words": "most words that the caption may have",
    "other": "the region compared with, or '' where the style compares nothing",
    "feedback": "why the last attempt was refused, or ''",
}
"""What a caption template may use; anything else is an error that names the template."""

MOST_BYTES = 1 << 20
"""Of a template."""
USER_MARK = "=== user ==="
"""The line that divides the system part of a prompt from the user part."""


@dataclass(frozen=True)
class PromptSet:
    """Templates of one task, by style. foreign: some are of a user's own folder, and rendered within limits of time and memory."""

    task: str
    templates: Mapping[str, Template]
    digests: Mapping[str, str]
    environment: SandboxedEnvironment = field(repr=False)
    foreign: bool = False

    @property
    def styles(self) -> tuple[str, ...]:
        """Names of the styles, sorted."""
        return tuple(sorted(self.templates))

    def name(self, style: str) -> str:
        """What the `template` column holds for this style."""
        return f"{self.task}/{style}"

    def render(self, style: str, variables: Mapping[str, Any]) -> tuple[str, str]:
        """(system, user) of one prompt. Raises InputError that names template and variable where one is missing."""
        if style not in self.templates:
            raise InputError(f"no prompt of style '{style}'", fix=f"use one of {', '.join(self.styles)}")
        try:
            with bounded() if self.foreign else contextlib.nullcontext():
                text = self.templates[style].render(**variables)
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, ExhaustedError) as error:
            raise InputError(
                f"cannot be rendered ({error})", where=f"{self.name(style)}.jinja", fix="correct the template"
            ) from error
        if len(text) > MOST_CHARACTERS:
            raise InputError(f"a prompt of {len(text):,} characters", where=f"{self.name(style)}.jinja", fix="shorten the template")
        system, mark, user = text.partition(USER_MARK)
        if not mark:
            raise InputError(f"no line '{USER_MARK}'", where=f"{self.name(style)}.jinja", fix="put it between instruction and data")
        return system.strip(), user.strip()


def load_prompts(folder: str | Path | None = None, task: str = "caption") -> PromptSet:
    """Templates of a task: those shipped, with those of `folder/<task>/*.jinja` before them; names that begin with `_` are parts.

    Raises InputError where the folder has no templates of the task, or one is broken or uses an unknown variable.
    """
    roots = [*([Path(folder)] if folder else []), Path(str(files("cytoscribe.prompts")))]
    if folder and not list((Path(folder) / task).glob("*.jinja")):
        raise InputError(f"no templates {task}/*.jinja", where=folder, fix="put one file per style there")
    environment = BoundedEnvironment(
        loader=ChoiceLoader([FileSystemLoader(r) for r in roots]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
        optimized=False,  # else constant parts are computed while a template is read, outside all limits
    )
    for path in (p for root in roots for p in (root / task).glob("*.jinja")):
        read_bytes(path, MOST_BYTES)  # a pipe or a book is no template
    paths = {p.stem: p for root in reversed(roots) for p in sorted((root / task).glob("*.jinja")) if not p.stem.startswith("_")}
    parts = b"".join(p.read_bytes() for root in roots for p in sorted((root / task).glob("_*.jinja")))
    return PromptSet(
        task,
        {style: _template(environment, task, path) for style, path in paths.items()},
        {style: hashlib.sha256(path.read_bytes() + parts).hexdigest()[:16] for style, path in paths.items()},
        environment,
        foreign=bool(folder),
    )


def _template(environment: SandboxedEnvironment, task: str, path: Path) -> Template:
    try:
        with bounded():
            unknown = _undeclared(environment, f"{task}/{path.name}", set()) - set(VARIABLES)
            template = environment.get_template(f"{task}/{path.name}")
    except (TemplateError, UnicodeDecodeError, ExhaustedError) as error:
        line = getattr(error, "lineno", None)
        where = f"{path}, line {line}" if line else path
        raise InputError(f"not a template ({error})", where=where, fix="correct its Jinja syntax") from error
    if unknown:
        raise InputError(f"unknown variable '{sorted(unknown)[0]}'", where=path, fix=f"use only {', '.join(VARIABLES)}")
    return template


def _undeclared(environment: SandboxedEnvironment, name: str, seen: set[str]) -> set[str]:
    """Variables of a template and of every template that it extends or includes."""
    assert environment.loader is not None
    source, _, _ = environment.loader.get_source(environment, name)
    tree = environment.parse(source, name)
    seen.add(name)
    found = meta.find_undeclared_variables(tree)
    for other in meta.find_referenced_templates(tree):
        if other and other not in seen:
            found |= _undeclared(environment, other, seen)
    return found


SECONDS = 5.0
"""Of computing, however busy the machine is."""
MEGABYTES = 256
MOST_CHARACTERS = 200_000
"""Of a rendered prompt."""


class ExhaustedError(Exception):
    """A template took more time or memory than any prompt needs."""


class BoundedEnvironment(SandboxedEnvironment):
    """Jinja's sandbox without powers, which the interpreter computes in one step that no clock can end."""

    intercepted_binops = frozenset(["**"])

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        raise SecurityError("powers are not computed in templates")


@contextlib.contextmanager
def bounded() -> Iterator[None]:
    """Raise ExhaustedError where the block takes more than SECONDS (in the main thread, which alone can be woken) or MEGABYTES more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    with contextlib.suppress(ValueError, OSError):  # a limit that is tighter already stays
        resource.setrlimit(resource.RLIMIT_AS, (_size() + (MEGABYTES << 20), hard))
    wake = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGVTALRM, _too_long) if wake else None
    if wake:
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        yield
    except MemoryError as error:
        raise ExhaustedError(f"takes more than {MEGABYTES} MB of memory") from error
    except RecursionError as error:
        raise ExhaustedError("calls itself without end") from error
    finally:
        if wake:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.signal(signal.SIGVTALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _too_long(signum: int, frame: FrameType | None) -> None:
    raise ExhaustedError(f"takes more than {SECONDS:g} s to compute")


def _size() -> int:
    """Bytes of address space that the process has taken."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return 1 << 40  # a system without /proc, which does not keep this limit either
