"""The wheel holds every package, every template and every data file, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

PACKAGES = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
BUILD = "import os, sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-c", BUILD, str(folder)], cwd=REPOSITORY, check=True)
    (built,) = folder.glob("*.whl")
    return set(zipfile.ZipFile(built).namelist())


def source_files() -> set[str]:
    """What the source tree holds of each package, by-products of Python left out."""
    walked = (
        Path(folder) / name
        for top in PACKAGES
        for folder, _, names in os.walk(REPOSITORY / top, followlinks=True)
        for name in names
    )
    return {str(path.relative_to(REPOSITORY)) for path in walked if "__pycache__" not in path.parts}


def test_every_package_file_is_in_the_wheel(wheel: set[str]) -> None:
    assert source_files() - wheel == set()


def test_templates_and_type_marks_are_among_them(wheel: set[str]) -> None:
    assert any(name.startswith("cytoscribe/prompts/") and name.endswith(".jinja") for name in wheel)
    assert "cytoscribe/py.typed" in wheel


def test_one_name_on_the_path_holds_every_package(wheel: set[str]) -> None:
    packages = {name.split("/")[1] for name in wheel if name.startswith("cytoscribe/") and name.count("/") > 1}
    assert {"core", "literature_mining", "prompts", "captions", "training", "eval"} <= packages


def test_nothing_but_packages_and_metadata_is_in_the_wheel(wheel: set[str]) -> None:
    tops = {name.split("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)
