"""Templates that ship with a package. What is filled in is data: it never runs, and in HTML it is escaped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment


def render(package: str, name: str, content: Mapping[str, Any], filters: Mapping[str, Callable[..., Any]] | None = None) -> str:
    """The template `name` (a path inside `package`) filled in. Values are escaped in templates of HTML.

    Raises jinja2.UndefinedError where it names something that `content` lacks.
    """
    html = ".html" in name
    environment = _environment(package, html)
    environment.filters |= dict(filters or {})
    return environment.get_template(name).render(content)


@lru_cache(maxsize=16)
def _environment(package: str, html: bool) -> SandboxedEnvironment:
    from jinja2 import FunctionLoader, StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    def load(name: str) -> str:
        return files(package).joinpath(name).read_text(encoding="utf-8")

    return SandboxedEnvironment(
        loader=FunctionLoader(load),
        autoescape=html,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=not html,
    )
