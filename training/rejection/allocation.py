"""Memory of a training process on a CPU: freed blocks are kept for the next step instead of going back to the system."""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4  # parameters of mallopt(3)
_HOLD_BYTES = 2**31 - 1
_GROW_BYTES = 2**28


def keep_freed_memory() -> bool:
    """Have glibc hold on to what is freed; True where that was set, False on systems with another allocator.

    By default glibc maps every large block again and unmaps it when it is freed, so each activation of each step pays for pages that
    the system must find and clear: about a fifth of a step of EfficientNet-lite0 and MiniLM on two cores.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    settings = ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, _HOLD_BYTES), (_TOP_PAD, _GROW_BYTES))
    answers = [mallopt(parameter, value) for parameter, value in settings]
    return all(answers)
