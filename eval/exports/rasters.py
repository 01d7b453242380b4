"""A map of labels as OME-TIFF, which Fiji, napari and QuPath open at its true size."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cytoscribe.core.runs import atomic_path
from cytoscribe.eval.exports.map_folder import MapFolder


def write_label_tiff(found: MapFolder, path: Path, pixel_size_um: float | None) -> None:
    """Write the labels, one pixel a cell, uint16, with the size of a cell in micrometres where the section's pixel size is known; the
    description lists what the values mean."""
    import tifffile

    size = {"PhysicalSizeX": found.step * pixel_size_um, "PhysicalSizeY": found.step * pixel_size_um} if pixel_size_um else {}
    legend = "; ".join(f"{value} = {name}" for value, name in enumerate(found.names))
    told = {"axes": "YX", "Name": "labels", "Description": f"region labels; {legend}", **size}
    with atomic_path(path) as temporary:
        tifffile.imwrite(
            temporary, found.labels.astype(np.uint16), ome=True, photometric="minisblack", compression="deflate", metadata=told
        )
