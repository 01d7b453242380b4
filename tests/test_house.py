"""The house stays liveable: short files and functions, names that mean one thing, word lists as data, nothing that nobody calls."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

from benchmarks.house import ALL, FILE_LINES, FUNCTION_LINES, PRODUCT, files, functions
from tests.conftest import REPOSITORY

TEXTS = {path: path.read_text(encoding="utf-8") for path in files(ALL)}
PRODUCT_TEXTS = {path: TEXTS[path] for path in files(PRODUCT)}
DISPATCHED = re.compile(r"__|_take_|call_binop$|write_vectors$")
"""Names that a dispatch by name calls, or that override a library's."""
LITERAL = re.compile(r"""\s*r?["'][^"']*["'],?""")
LONGEST_LIST = 20
"""Lines in a row with one literal each; longer lists are data files."""
SHARED = {"Evidence", "Statement", "Sentence", "Word", "Encoder", "Grounded", "Material", "Voice", "Reading", "Source"}
"""Class names that two rooms use although each means its own thing."""
RENAMED = {"open-clip-torch": "open_clip", "pillow": "PIL", "scikit-image": "skimage", "scikit-learn": "sklearn"}
"""Distributions that are imported under another name."""
UNIMPORTED = {"tokenizers": "transformers loads tokenizers through it", "gguf": "transformers reads GGUF files through it"}


def test_files_are_short() -> None:
    assert [str(path) for path, text in TEXTS.items() if len(text.splitlines()) > FILE_LINES] == []


def test_functions_are_short() -> None:
    assert [f"{path}: {name}" for path in TEXTS for name, lines in functions(path) if lines > FUNCTION_LINES] == []


def test_word_lists_are_data() -> None:
    for path, text in PRODUCT_TEXTS.items():
        run = 0
        for line in text.splitlines():
            run = run + 1 if LITERAL.fullmatch(line) else 0
            assert run <= LONGEST_LIST, path


def test_everything_is_called_from_somewhere() -> None:
    """Functions and classes that only tests name are dead. Those of a dispatch by name, or that override a library's, are not."""
    used = defaultdict(int)
    others = [p.read_text(encoding="utf-8") for p in REPOSITORY.glob("pyproject.toml")]
    shipped = [p for top in PRODUCT for end in ("jinja", "html") for p in (REPOSITORY / top).rglob(f"*.{end}")]
    others += [p.read_text(encoding="utf-8") for p in shipped]
    for text in (*(t for p, t in TEXTS.items() if "tests" not in p.parts), *others):
        for word in re.findall(r"\w+", text):
            used[word] += 1
    defined = {
        name: path.name for path, text in PRODUCT_TEXTS.items() for name in re.findall(r"^ *(?:def|class) (\w+)", text, re.M)
    }
    assert {name: place for name, place in defined.items() if used[name] <= 1 and not DISPATCHED.match(name)} == {}


def test_a_class_name_means_one_thing() -> None:
    found = defaultdict(list)
    for path, text in PRODUCT_TEXTS.items():
        for node in ast.parse(text).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and node.name not in SHARED:
                found[node.name].append(str(path.relative_to(REPOSITORY)))
    assert {name: places for name, places in found.items() if len(places) > 1} == {}


def test_templates_are_filled_in_by_one_function() -> None:
    makers = {
        path.relative_to(REPOSITORY).as_posix()
        for path, text in PRODUCT_TEXTS.items()
        if re.search(r"Environment\(\w*$", text, re.M)
    }
    assert makers == {"cytoscribe/core/rendering.py", "prompts/loader.py"}


def _dependencies() -> list[str]:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [re.split(r"[\[<>=]", requirement)[0].replace("_", "-").lower() for requirement in project["dependencies"]]


@pytest.mark.parametrize("name", _dependencies())
def test_every_dependency_is_imported(name: str) -> None:
    module = RENAMED.get(name, name.replace("-", "_"))
    assert name in UNIMPORTED or any(re.search(rf"^\s*(?:from|import) {module}\b", t, re.M) for t in PRODUCT_TEXTS.values())


def test_the_doctor_names_only_extras_that_exist() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = set(re.findall(r"cytoscribe\[(\w+)\]", "".join(PRODUCT_TEXTS.values())))
    named |= set(re.findall(r"extra '(\w+)'", "".join(PRODUCT_TEXTS.values())))
    assert named <= set(project["optional-dependencies"])


def test_runs_lock_their_folder_on_every_system() -> None:
    assert not [path for path, text in PRODUCT_TEXTS.items() if re.search(r"^\s*import fcntl", text, re.M)]


def test_this_very_file_is_among_those_looked_at() -> None:
    assert Path(__file__) in TEXTS
