"""The house in figures: modules, lines, longest files and functions, complexity, and how soon commands and packages answer.

    uv run benchmarks/house.py              # everything; about three minutes on an idle machine
    uv run benchmarks/house.py --no-times   # only what is counted

Each figure is printed with its limit and a verdict. Times are medians of three starts of a new interpreter; on a busy machine only the
processor time means something.
"""

from __future__ import annotations

import argparse
import ast
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = ("cytoscribe", "literature_mining", "prompts", "captions", "training", "eval")
ALL = (*PRODUCT, "tests", "benchmarks")
APIS = ("literature_mining", "captions", "training", "eval")
MODULES, LINES, FILE_LINES, FUNCTION_LINES, COMPLEXITY, HELP_S, IMPORT_S = 165, 27281, 400, 50, 20, 0.5, 1.0


def main() -> None:
    """Print the table of figures, and under it what is beyond its limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-times", action="store_true", help="count only; start nothing")
    options = parser.parse_args()
    print("| figure | value | limit | verdict |\n|---|---|---|---|")
    beyond = _counted()
    if not options.no_times:
        beyond += _timed()
    print("".join(f"\n- {line}" for line in beyond) or "\nNothing is beyond its limit.")


def files(tops: Sequence[str]) -> list[Path]:
    """Python files of the folders, each once: links from one folder into another are not followed."""
    found = (path for top in tops for path in sorted((ROOT / top).rglob("*.py")))
    return [path for path in found if not any(parent.is_symlink() for parent in path.parents)]


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Each function of a file with its lines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def _counted() -> list[str]:
    product = files(PRODUCT)
    beyond = _row("modules of the packages", len(product), MODULES)
    beyond += _row("lines of the packages", sum(map(_lines, product)), LINES)
    long_files = [f"{_short(p)}: {n} lines" for p in files(ALL) if (n := _lines(p)) > FILE_LINES]
    _row(f"files over {FILE_LINES} lines", len(long_files), 0)
    long_functions = [f"{_short(p)}: {name}, {n} lines" for p in files(ALL) for name, n in functions(p) if n > FUNCTION_LINES]
    _row(f"functions over {FUNCTION_LINES} lines", len(long_functions), 0)
    complicated = _complicated()
    _row(f"functions of complexity over {COMPLEXITY}", len(complicated), 0)
    return [*beyond, *long_files, *long_functions, *complicated]


def _complicated() -> list[str]:
    setting = f"lint.mccabe.max-complexity={COMPLEXITY}"
    checked = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--select", "C901", "--config", setting, "--output-format", "concise", "."],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return [line for line in checked.stdout.splitlines() if "C901" in line]


def _timed() -> list[str]:
    from cytoscribe.cli import STAGES

    slow = []
    for name in STAGES:
        code = f"import sys; from cytoscribe.cli import main; sys.argv = ['cytoscribe', '{name}', '--help']; main()"
        slow += _time_rows(f"`{name} --help`", code, HELP_S)
    for name in APIS:
        every = f"import cytoscribe.{name} as package; [getattr(package, name) for name in package.__all__]"
        slow += _time_rows(f"`import cytoscribe.{name}`", f"import cytoscribe.{name}", IMPORT_S)
        _time_rows(f"every name of `cytoscribe.{name}`", every, None)
    return slow


def _time_rows(what: str, code: str, limit: float | None) -> list[str]:
    """Medians of three starts: processor time, which other programs hardly change, and the time that a user waits."""
    wall, used = [], []
    for _ in range(3):
        start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        wall.append(time.perf_counter() - start)
        used.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    _row(f"{what}, s of processor time", statistics.median(used), None)
    return _row(f"{what}, s", statistics.median(wall), limit)


def _row(what: str, value: float, limit: float | None) -> list[str]:
    shown = f"{value:.2f}" if isinstance(value, float) else f"{value}"
    verdict = "" if limit is None else "reached" if value <= limit else "MISSED"
    print(f"| {what} | {shown} | {'' if limit is None else limit} | {verdict} |", flush=True)
    return [f"{what}: {shown}, limit {limit}"] if verdict == "MISSED" else []


def _short(path: Path) -> str:
    return str(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
