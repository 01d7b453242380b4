"""kill -9 in the middle of a run of the real command: the next run goes on, and the result equals an undisturbed one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cytoscribe.captions.dataset import read_captions
from cytoscribe.captions.generation import GenerateSettings, generate
from cytoscribe.captions.units import AttributeSettings

SCRIPT = """
import sys, time
from pathlib import Path
from cytoscribe.captions.backends import template
from cytoscribe.captions.generation import GenerateSettings, generate
from cytoscribe.captions.units import AttributeSettings
real = template.realise
template.realise = lambda p: (time.sleep(0.02), real(p))[1]
generate(GenerateSettings(out=Path(sys.argv[2]), attributes=AttributeSettings(Path(sys.argv[1]), region_column='label', per_set=20)))
"""


@pytest.mark.slow
def test_kill_dash_nine(images: Path, tmp_path: Path) -> None:
    table = AttributeSettings(images, region_column="label", per_set=20)
    whole = generate(GenerateSettings(out=tmp_path / "whole", attributes=table))
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(images), str(tmp_path / "cut")], env=os.environ)
    journal = tmp_path / "cut" / ".shards" / "completions.jsonl"
    until = time.monotonic() + 60
    while time.monotonic() < until and (not journal.exists() or journal.read_text().count("\n") < 15):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    stored = journal.read_text().count("\n")
    assert stored >= 15
    assert not (tmp_path / "cut" / "README.md").exists()
    resumed = generate(GenerateSettings(out=tmp_path / "cut", attributes=table))
    assert resumed.reused >= stored - 1
    assert resumed.captions == whole.captions
    assert read_captions(tmp_path / "cut") == read_captions(tmp_path / "whole")
    assert (tmp_path / "cut" / "README.md").read_text() == (tmp_path / "whole" / "README.md").read_text()
