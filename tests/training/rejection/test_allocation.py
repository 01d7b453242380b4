"""What is freed stays with the process, so the next block of the same size costs no new pages."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource
import torch
from cytoscribe.training.rejection.allocation import keep_freed_memory
if {keep}:
    assert keep_freed_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    torch.zeros(16, 2**20)
before = faults()
for _ in range(20):
    torch.zeros(16, 2**20)
print(faults() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another allocator than glibc's")
def test_a_freed_block_is_used_again() -> None:
    kept, given_back = (
        int(subprocess.run([sys.executable, "-c", PROGRAM.format(keep=keep)], capture_output=True, text=True, check=True).stdout)
        for keep in (True, False)
    )
    assert kept < 0.3 * given_back
