"""What a phantom is made of: cell classes, layers, the preparation of the section, and the truth that comes with the picture.

Lengths are micrometres, densities cells per cubic millimetre of tissue as it lies on the slide (after shrinkage).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from cytoscribe.core.errors import InputError

Shape = Literal["round", "pyramidal", "fusiform"]
SHAPES: tuple[Shape, ...] = ("round", "pyramidal", "fusiform")


@dataclass(frozen=True)
class CellClass:
    """One population of cell bodies. diameter_um: mean of the circle of equal area; spread: its coefficient of variation;
    share: part of the layer's cells, in [0, 1]; the shares of a layer sum to 1."""

    shape: Shape = "pyramidal"
    diameter_um: float = 14.0
    spread: float = 0.2
    share: float = 1.0


@dataclass(frozen=True)
class LayerSpec:
    """One layer, from pia to white matter in the order of `PhantomSpec.layers`.

    fraction: share of the cortical thickness, in (0, 1]; density: cells/mm3; lower_border_um: standard deviation of the depth at
    which single cells change over to the next layer (small = sharp border); stain: optical density of its cell bodies relative to
    the preparation's; columns: strength in [0, 1] of the radial columns; islands_um: width of the nests into which the cells
    gather, 0 for none.
    """

    name: str
    fraction: float
    density: float
    cells: tuple[CellClass, ...] = (CellClass(),)
    lower_border_um: float = 40.0
    stain: float = 1.0
    columns: float = 0.0
    islands_um: float = 0.0


@dataclass(frozen=True)
class PhantomSpec:
    """The tissue of one area: layers from pia to white matter.

    thickness_um: pia to white matter; column_um: distance of the radial columns' axes; glia and white_glia: glial cells/mm3 in the
    grey and in the white matter.
    """

    name: str
    layers: tuple[LayerSpec, ...]
    thickness_um: float = 2800.0
    column_um: float = 90.0
    glia: float = 8e3
    white_glia: float = 3e4

    @property
    def borders(self) -> np.ndarray:
        """(layers + 1,) depths of the layers' borders as shares of the thickness, 0 at the pia and 1 at the white matter."""
        fractions = np.array([layer.fraction for layer in self.layers])
        return np.concatenate([[0.0], np.cumsum(fractions) / fractions.sum()])


@dataclass(frozen=True)
class Preparation:
    """How the section was cut, stained and photographed; all that differs between subjects but says nothing of the area.

    stain: `cresyl` (violet), `silver` (black) or `thionin` (blue); section_um: thickness of the section; optical_density of a cell
    body; neuropil: optical density of the ground; thickness and density: factors on the area's own; tilt_deg and fold_um: slope and
    undulation of the pia; margin_um: glass above the pia; blur_um: Gaussian of the optics; noise: standard deviation of grey
    values, of 255; vessels: per mm2; gain: contrast of the camera.
    """

    stain: Literal["cresyl", "silver", "thionin"] = "cresyl"
    section_um: float = 20.0
    optical_density: float = 1.3
    neuropil: float = 0.07
    thickness: float = 1.0
    density: float = 1.0
    tilt_deg: float = 0.0
    fold_um: float = 60.0
    margin_um: float = 120.0
    blur_um: float = 4.0
    noise: float = 2.5
    vessels: float = 1.5
    gain: float = 1.2


@dataclass(frozen=True)
class CellTable:
    """Every drawn cell body, as parallel arrays of length N.

    x_um, y_um: centre from the picture's upper left corner; area_um2: of the visible profile (a cell cut by the section's face
    shows less than its whole); angle: direction of the apical dendrite or long axis in radians, image coordinates; layer: index as
    in the layer map; shape: index in SHAPES; glia: True for glial cells; stain: optical density.
    """

    x_um: np.ndarray
    y_um: np.ndarray
    area_um2: np.ndarray
    angle: np.ndarray
    layer: np.ndarray
    shape: np.ndarray
    glia: np.ndarray
    stain: np.ndarray

    def __len__(self) -> int:
        return len(self.x_um)

    def where(self, keep: np.ndarray) -> CellTable:
        """The cells that the (N,) bool array keeps, or that an index array picks."""
        return CellTable(**{name: getattr(self, name)[keep] for name in self.__dataclass_fields__})


@dataclass(frozen=True)
class Phantom:
    """A picture and its truth.

    image: (H, W, 3) uint8, dark cells on a light ground; layer_map: (H, W) uint8, 0 glass, i + 1 the spec's layer i, len(layers) + 1
    white matter; mask: (H, W) bool, True in the cortex.
    """

    image: np.ndarray
    layer_map: np.ndarray
    cells: CellTable
    spec: PhantomSpec
    pixel_size_um: float
    preparation: Preparation = field(default_factory=Preparation)

    @property
    def mask(self) -> np.ndarray:
        return (self.layer_map > 0) & (self.layer_map <= len(self.spec.layers))

    @property
    def layer_names(self) -> tuple[str, ...]:
        """Names by the values of the layer map."""
        return ("glass", *(layer.name for layer in self.spec.layers), "white matter")


def check(spec: PhantomSpec) -> None:
    """Raise InputError where a spec cannot be drawn: no layers, a fraction or a size that is not positive, shares that do not sum to 1."""
    if not spec.layers or spec.thickness_um <= 0:
        raise InputError("a phantom needs at least one layer and a positive thickness", where=spec.name, fix="complete the spec")
    for layer in spec.layers:
        if layer.fraction <= 0 or layer.density < 0 or any(c.diameter_um <= 0 for c in layer.cells):
            raise InputError(
                f"layer {layer.name} has a size or density out of range",
                where=spec.name,
                fix="fraction > 0, diameter > 0, density >= 0",
            )
        if not layer.cells or abs(sum(c.share for c in layer.cells) - 1) > 1e-6:
            raise InputError(f"the cell shares of layer {layer.name} do not sum to 1", where=spec.name, fix="adjust the shares")
