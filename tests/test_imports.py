"""Imports run one way: between packages, and between the rooms of a package without a circle."""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

FLOORS = ("cytoscribe.core", "cytoscribe.llm", "cytoscribe.prompts", "cytoscribe.literature_mining", "cytoscribe.captions",
          "cytoscribe.training", "cytoscribe.eval", "cytoscribe.phantom", "cytoscribe.quickstart")  # fmt: skip
"""Each package may import those before it. The front door (cli, doctor, verify) may import all, and only when it is called."""
TOPS = ("literature_mining", "prompts", "captions", "training", "eval")


def modules() -> dict[str, Path]:
    """Dotted name to source file of the whole package."""
    inside = [p for folder in ("cytoscribe", *TOPS) for p in (REPOSITORY / folder).rglob("*.py") if not _linked(p)]
    return {_name(path): path for path in inside}


def _linked(path: Path) -> bool:
    return any(parent.is_symlink() for parent in path.parents)


def _name(path: Path) -> str:
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    dotted = ".".join(parts if parts[0] == "cytoscribe" else ("cytoscribe", *parts))
    return dotted.removesuffix(".__init__")


def imported(path: Path, known: dict[str, Path], at_import: bool) -> Iterator[str]:
    """Modules of ours that a file imports; at_import: only those imported along with it, not inside functions or for types."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in _top(tree) if at_import else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            inside = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in known else node.module for name in inside if name in known or node.module in known)


def _top(tree: ast.Module) -> Iterator[ast.stmt]:
    for node in tree.body:
        if isinstance(node, ast.Try):
            yield from node.body
        yield node


def floor(name: str) -> int | None:
    """Height of the package that a module belongs to; None for the front door."""
    return next((height for height, package in enumerate(FLOORS) if name == package or name.startswith(f"{package}.")), None)


def test_no_import_runs_up() -> None:
    known = modules()
    wrong = [
        f"{name} imports {other}"
        for name, path in known.items()
        for other in imported(path, known, at_import=False)
        if floor(name) is not None
        and other != "cytoscribe"
        and ((floor(other) if floor(other) is not None else 99) or 0) > (floor(name) or 0)
    ]
    assert not wrong


def test_modules_form_no_circle() -> None:
    known = modules()
    graph = {name: {other for other in imported(path, known, at_import=True) if other != name} for name, path in known.items()}
    graphlib.TopologicalSorter(graph).prepare()


def test_every_source_file_imports_through_the_one_name() -> None:
    wrong = [
        f"{path}:{node.lineno}"
        for path in modules().values()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").split(".")[0] in TOPS)
    ]
    assert not wrong


@pytest.mark.parametrize("package", [*(f"cytoscribe.{top}" for top in TOPS), "cytoscribe.core", "cytoscribe.llm"])
def test_every_package_says_what_it_is(package: str) -> None:
    tree = ast.parse(modules()[package].read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
