"""Facts in words show in the phantom that follows from them."""

from __future__ import annotations

import numpy as np
import pytest

from cytoscribe.phantom.areas import Fact, apply, area, areas
from cytoscribe.phantom.draw import PhantomSpec

BASE = PhantomSpec("base", area("FG2").base, 2700.0)


def layer(spec: PhantomSpec, name: str):
    return next(s for s in spec.layers if s.name == name)


def test_twelve_areas_are_known_and_four_are_kept_from_training() -> None:
    assert [a.split for a in areas()] == [""] * 12 + ["unseen"] * 4
    assert len({name for a in areas() for name in (a.name, *a.aliases)}) == sum(1 + len(a.aliases) for a in areas())


def test_unknown_area_names_those_there_are() -> None:
    with pytest.raises(KeyError, match="hOc1"):
        area("V9")


@pytest.mark.parametrize(
    ("fact", "name", "measure", "sign"),
    [
        (Fact("IV", "cell_density", "high"), "IV", lambda s: s.density, 1),
        (Fact("III", "cell_density", "low"), "IIIb", lambda s: s.density, -1),
        (Fact("IIIc", "cell_size", "large"), "IIIc", lambda s: s.cells[0].diameter_um, 1),
        (Fact("V", "layer_thickness", "thin"), "Va", lambda s: s.fraction, -1),
        (Fact("V", "arrangement", "columnar"), "Vb", lambda s: s.columns, 1),
        (Fact("V", "staining", "dark"), "Va", lambda s: s.stain, 1),
        (Fact("III-IV", "border", "sharp"), "IIIc", lambda s: s.lower_border_um, -1),
        (Fact("VI-WM", "border", "sharp", False), "VI", lambda s: s.lower_border_um, 1),
        (Fact("Vb", "cell_type", "Betz"), "Vb", lambda s: s.cells[-1].diameter_um, 1),
    ],
)
def test_a_fact_moves_its_layer_the_right_way(fact: Fact, name: str, measure, sign: int) -> None:
    before, after = measure(layer(BASE, name)), measure(layer(apply([fact], BASE), name))
    assert (after - before) * sign > 0


def test_a_denied_trait_is_not_drawn() -> None:
    assert apply([Fact("III", "arrangement", "columnar", False), Fact("V", "cell_type", "Betz", False)], BASE) == BASE


def test_agranular_areas_have_no_layer_iv() -> None:
    for known in areas():
        absent = Fact("IV", "layer_visibility", "absent") in known.facts
        assert absent == (not any(s.name.startswith("IV") for s in known.spec.layers)) or known.name == "CA1"


def test_a_denied_gradient_makes_layer_iii_even() -> None:
    sizes = [s.cells[0].diameter_um for s in apply([Fact("III", "size_gradient", "increases with depth", False)], BASE).layers[2:5]]
    assert np.ptp(sizes) == pytest.approx(0)
