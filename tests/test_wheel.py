"""The wheel holds every package, every template and every data file, and nothing else."""

from __future__ import annotations

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
    files = (f for package in PACKAGES for f in (REPOSITORY / package).rglob("*") if f.is_file())
    return {str(Path(f).relative_to(REPOSITORY)) for f in files if "__pycache__" not in f.parts}


def test_every_package_file_is_in_the_wheel(wheel: set[str]) -> None:
    assert source_files() - wheel == set()


def test_templates_and_type_marks_are_among_them(wheel: set[str]) -> None:
    assert any(name.startswith("prompts/") and name.endswith(".jinja") for name in wheel)
    assert {f"{package}/py.typed" for package in PACKAGES} <= wheel


def test_nothing_but_packages_and_metadata_is_in_the_wheel(wheel: set[str]) -> None:
    tops = {name.split("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)
