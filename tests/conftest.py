"""Fixtures that every test folder shares."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Shared machines pause at will, so a time limit on one example would fail for no fault of the code.
# The same examples every time, so that a change is judged by what it changes; `--hypothesis-profile exploring` draws new ones.
settings.register_profile("steady", deadline=None, max_examples=50, derandomize=True)
settings.register_profile("exploring", deadline=None, max_examples=300)
settings.load_profile("steady")

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real data: `CYTO_DATA`, else `../shared/data` beside the checkout; the test is skipped where there is none."""
    folder = Path(os.environ.get("CYTO_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder} (set CYTO_DATA)")
    return folder
