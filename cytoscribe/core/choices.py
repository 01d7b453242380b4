"""Words that options and settings choose from, where more than one part of the program names them."""

from __future__ import annotations

import re
from typing import Literal

from cytoscribe.core.errors import InputError

GalleryWording = Literal["masked", "named"]
NameBy = Literal["captions", "images", "both"]
Normalise = Literal["none", "source"]
Pooling = Literal["auto", "equal"]
Profile = Literal["cell", "tissue", "cortex"]
Ground = Literal["light", "dark"]
Pia = Literal["guess", "top", "right", "bottom", "left"]
_DEVICE = re.compile(r"auto|cpu|mps|cuda(?::\d+)?")


def check_device(name: str) -> None:
    """Raise InputError where a device's name is of no known form, before torch is loaded to ask whether it is there."""
    if not _DEVICE.fullmatch(name):
        raise InputError(f"unknown device '{name}'", where="--device", fix="use auto, cpu, cuda, cuda:1 or mps")
