"""An option that could not take effect stops the run by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import Caption
from cytoscribe.core.tables import write_records
from cytoscribe.training.clip_fit import train
from cytoscribe.training.data.caption_files import read_caption_folders
from cytoscribe.training.idle_options import refuse_idle
from cytoscribe.training.losses import Objective
from cytoscribe.training.model.base_models import load_base
from cytoscribe.training.model.lora import Tuning
from cytoscribe.training.optimisation import Optimisation
from cytoscribe.training.settings import ImageOptions
from tests.training.test_clip_fit import TOY, toy

Drawn = tuple[Path, Path]
IDLE = {
    "--rank": {"tuning": Tuning("full", rank=4)},
    "--dropout": {"tuning": Tuning("full", dropout=0.1)},
    "--depthwise": {"tuning": Tuning("full", depthwise=True)},
    "--freeze": {"tuning": Tuning("full", frozen=("visual.trunk",))},
    "--claim-weight": {"objective": Objective("clip", claim_weight=0.5)},
    "--region-positives": {"objective": Objective("clip", region_positives="mean")},
    "--whole-weight": {"objective": Objective("sigmoid", whole_weight=0.0)},
    "--hard-per-step": {"optimisation": Optimisation(hard_a_step=4)},
    "--laminar": {"image": ImageOptions(augmentation="none", laminar=True)},
}


@pytest.mark.parametrize("option", IDLE)
def test_an_option_without_effect_is_named(drawn: Drawn, tmp_path: Path, option: str) -> None:
    asked = toy(drawn, tmp_path / "model", **IDLE[option])
    with pytest.raises(InputError, match=f"{option} has no effect"):
        refuse_idle(asked, load_base(TOY), True)


def test_dropout_without_adapters_and_patience_without_images_are_named(drawn: Drawn, tmp_path: Path) -> None:
    base = load_base(TOY)
    with pytest.raises(InputError, match="--dropout has no effect with --towers none"):
        refuse_idle(toy(drawn, tmp_path, tuning=Tuning("lora", "none", dropout=0.2)), base, True)
    with pytest.raises(InputError, match="--patience has no effect without held-out images"):
        refuse_idle(toy(drawn, tmp_path, optimisation=Optimisation(patience=2)), base, False)


def test_options_that_act_pass(drawn: Drawn, tmp_path: Path) -> None:
    base = load_base(TOY)
    refuse_idle(toy(drawn, tmp_path), base, True)
    refuse_idle(
        toy(drawn, tmp_path, tuning=Tuning("lora", "vision", rank=4, dropout=0.1), optimisation=Optimisation(patience=1)),
        base,
        True,
    )


def test_hard_negatives_without_claims_are_named(drawn: Drawn, tmp_path: Path) -> None:
    silent = [replace(caption, claim_ids=()) for caption in read_caption_folders([drawn[1]])]
    write_records(tmp_path / "captions" / "data" / "train-00000-of-00001.parquet", Caption, silent)
    asked = toy((drawn[0], tmp_path / "captions"), tmp_path / "model", objective=Objective(hard_weight=0.5))
    with pytest.raises(InputError, match="--hard-weight has no effect where no caption makes a claim"):
        train(asked)
    assert not (tmp_path / "model" / "merged").exists()
    refuse_idle(replace(asked, optimisation=Optimisation(hard_a_step=4)), load_base(TOY), True)


def test_a_run_stops_before_it_trains(drawn: Drawn, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--dropout has no effect"):
        train(toy(drawn, tmp_path / "model", tuning=Tuning("full", dropout=0.1)))
    assert not (tmp_path / "model" / "merged").exists()
    with pytest.raises(InputError, match="--weights has no effect on base 'ViT-B-32'"):
        train(replace(toy(drawn, tmp_path / "other"), base="ViT-B-32", weights={"vision": "x.safetensors"}))
