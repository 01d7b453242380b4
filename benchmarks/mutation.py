"""Do the tests notice a fault? Changes one thing at a time in the gate, the losses and the conformal code, and runs their tests.

    uv run benchmarks/mutation.py            # 60 changes drawn by --seed
    uv run benchmarks/mutation.py -n 0       # all of them (hours)

A change swaps a comparison, an arithmetic or a logical operator, moves a number by one, or denies a condition. It is made in a copy
of the repository. A change after which every test still passes has survived: it is printed with its line. The score is the share of
changes that the tests noticed, with its 95% Wilson interval.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cytoscribe.eval.metrics.wilson import wilson

ROOT = Path(__file__).resolve().parents[1]
TARGETS: dict[str, tuple[str, ...]] = {
    "captions/gate/region.py": ("tests/captions/gate",),
    "captions/gate/entailment.py": ("tests/captions/gate",),
    "training/losses.py": ("tests/training/test_losses.py",),
    "training/rejection/conformal.py": ("tests/training/rejection",),
    "training/rejection/martingale.py": ("tests/training/rejection/test_martingale.py",),
}
"""Module to the tests that should notice its faults."""
SWAPS: dict[type, type] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn,
    ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip


@dataclass(frozen=True)
class Change:
    """`number` counts the places of a module that can be changed, in the order of `ast.walk`; `what` says it to people."""

    module: str
    number: int
    line: int
    what: str


def main() -> None:
    """Draw changes, try each, and print those that survived and the score."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=60, help="changes to try (default 60); 0: all")
    parser.add_argument("--seed", type=int, default=0, help="seed of the draw (default 0)")
    parser.add_argument(
        "--seconds", type=int, default=600, help="longest that the tests may take; longer counts as noticed (default 600)"
    )
    options = parser.parse_args()
    every = [change for module in TARGETS for change in changes(module)]
    tried = random.Random(options.seed).sample(every, min(options.n or len(every), len(every)))
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "copy"
        shutil.copytree(ROOT, copy, symlinks=True, ignore=shutil.ignore_patterns(".venv", ".git", "__pycache__", ".*_cache"))
        survived = [change for change in tried if not _noticed(change, copy, options.seconds)]
    for change in survived:
        print(f"survived: {change.module}:{change.line}: {change.what}")
    noticed = len(tried) - len(survived)
    low, high = wilson(noticed / len(tried), len(tried))
    print(f"{noticed} of {len(tried)} changes noticed ({len(every)} possible): {noticed / len(tried):.2f} [{low:.2f}, {high:.2f}]")


def changes(module: str) -> list[Change]:
    """Every change that can be made to a module."""
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    return [Change(module, i, line, what) for i, (_, line, what) in enumerate(_places(tree))]


def _places(tree: ast.AST) -> Iterator[tuple[ast.AST, int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            yield node, node.lineno, f"{type(node.ops[0]).__name__} becomes {SWAPS[type(node.ops[0])].__name__}"
        elif isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in SWAPS:
            yield node, node.lineno, f"{type(node.op).__name__} becomes {SWAPS[type(node.op)].__name__}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
            yield node, node.lineno, f"{node.value} becomes {node.value + 1}"
        elif isinstance(node, ast.If | ast.IfExp):
            yield node, node.lineno, "the condition is denied"


def changed(source: str, number: int) -> str:
    """The module's source with its `number`-th place changed."""
    tree = ast.parse(source)
    node = list(_places(tree))[number][0]
    if isinstance(node, ast.Compare):
        node.ops[0] = SWAPS[type(node.ops[0])]()
    elif isinstance(node, ast.BinOp | ast.BoolOp):
        node.op = SWAPS[type(node.op)]()
    elif isinstance(node, ast.Constant):
        assert isinstance(node.value, int | float)
        node.value = node.value + 1
    elif isinstance(node, ast.If | ast.IfExp):
        node.test = ast.UnaryOp(ast.Not(), node.test)
    return ast.unparse(ast.fix_missing_locations(tree))


def _noticed(change: Change, copy: Path, seconds: int) -> bool:
    path = copy / change.module
    source = path.read_text(encoding="utf-8")
    path.write_text(changed(source, change.number), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *TARGETS[change.module]]
    try:
        done = subprocess.run(
            command, cwd=copy, env={**os.environ, "PYTHONPATH": str(copy)}, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return True
    finally:
        path.write_text(source, encoding="utf-8")
    if done.returncode not in (0, 1, 2):
        raise RuntimeError(f"the tests could not be run: {done.stdout.decode(errors='replace')[-500:]}")
    return done.returncode != 0


if __name__ == "__main__":
    main()
