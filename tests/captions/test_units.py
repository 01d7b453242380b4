"""What guards the truth is not optional: without the table that marks unseen regions nothing is written of any."""

from __future__ import annotations

from pathlib import Path

import pytest

from captions.units import AttributeSettings, attribute_material, literature_material
from cytoscribe.errors import InputError
from cytoscribe.tables import write_csv


def test_unseen_regions_have_no_unit(mined: Path) -> None:
    material = literature_material(mined, 5)
    assert material.unseen == ("BA3",)
    assert {u.region for u in material.units} == {"BA4", "BA17"}


def test_a_mining_folder_without_its_table_is_refused(mined: Path) -> None:
    (mined / "regions.csv").unlink()
    with pytest.raises(InputError, match=r"regions\.csv.*no such file.*which regions are unseen"):
        literature_material(mined, 5)


def test_a_table_that_lacks_a_described_region_is_refused(mined: Path) -> None:
    write_csv(mined / "regions.csv", ["region", "split"], [["BA4", ""], ["BA17", ""]])
    with pytest.raises(InputError, match=r"no row for the region 'BA3'"):
        literature_material(mined, 5)


def test_columns_of_measurements_are_refused_with_a_way_out(tmp_path: Path) -> None:
    rows = [[f"{i}.png", "cell", 90 + i / 10, i, i % 3, "big"] for i in range(12)]
    write_csv(tmp_path / "cells.csv", ["image_path", "region", "area", "count", "grade", "size"], rows)
    for column in ("area", "count"):
        with pytest.raises(InputError, match=f"column '{column}' holds numbers.*measure-morphology"):
            attribute_material(AttributeSettings(tmp_path / "cells.csv", ("size", column)), 5)
    assert attribute_material(AttributeSettings(tmp_path / "cells.csv", ("size", "grade")), 5).units
