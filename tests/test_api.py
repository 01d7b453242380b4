"""The public Python API: what each package offers, imported quickly, and usable from a plain script."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGES = ("literature_mining", "captions", "training", "eval")
HEAVY = ("torch", "transformers", "spacy", "pymupdf", "datasets", "matplotlib")


@pytest.mark.slow
@pytest.mark.parametrize("package", PACKAGES)
def test_every_offered_name_is_there(package: str) -> None:
    module = importlib.import_module(f"cytoscribe.{package}")
    assert all(getattr(module, name) is not None for name in module.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        module.nothing  # noqa: B018


@pytest.mark.slow
@pytest.mark.parametrize("package", PACKAGES)
def test_importing_a_package_loads_nothing_heavy(package: str) -> None:
    code = f"import sys, cytoscribe.{package}; sys.exit(any(m in sys.modules for m in {HEAVY}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.slow
def test_a_plain_script_without_a_guard_mines_and_captions(tmp_path: Path) -> None:
    (tmp_path / "regions.csv").write_text("region\nhOc1\n")
    (tmp_path / "paper.md").write_text("# A paper\n\n## Results\n\nLayer IV of hOc1 is broad. Layer II of hOc1 is thin.\n")
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\n"
        "from cytoscribe.captions import GenerateSettings, generate\n"
        "from cytoscribe.literature_mining import MineSettings, mine\n"
        "print('once')\n"
        "mined = mine(MineSettings(Path('regions.csv'), (Path('paper.md'),), Path('mined')))\n"
        "made = generate(GenerateSettings(Path('captions'), descriptions=Path('mined'), per_region=2))\n"
        "print(list(mined.table()['value']), made.dataset().num_rows)\n"
    )
    done = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["once", "['broad', 'thin'] 2"]
