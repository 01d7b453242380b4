"""The stage end to end on made-up images: resume, export, rejection, and refusals. Weights are random and small."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import RunFolder, read_json, write_json
from cytoscribe.core.tables import read_csv, read_images, write_csv
from cytoscribe.training import checkpoints, held_out, loop
from cytoscribe.training.clip_fit import train
from cytoscribe.training.model import export
from cytoscribe.training.model.alignment import information
from cytoscribe.training.model.base_models import load_base
from cytoscribe.training.model.lora import Tuning
from cytoscribe.training.model.model_config import name_place
from cytoscribe.training.model.model_folder import TrainedModel
from cytoscribe.training.optimisation import Optimisation
from cytoscribe.training.rejection.conformal import Rejection
from cytoscribe.training.settings import ImageOptions, TrainSettings

Drawn = tuple[Path, Path]
TOY = str(Path(__file__).with_name("toy_base.json"))


def toy(drawn: Drawn, out: Path, **changes: object) -> TrainSettings:
    given = TrainSettings(
        images=drawn[0],
        captions=(drawn[1],),
        base=TOY,
        out=out,
        precision="fp32",
        device="cpu",
        optimisation=Optimisation(epochs=3, batch_size=8, learning_rate=3e-3, head_rate=3e-3, checkpoint_steps=2),
        image=ImageOptions(augmentation="mild", workers=0),
    )
    return replace(given, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def finished(drawn: Drawn, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder of a full fine-tuning that ran undisturbed."""
    out = tmp_path_factory.mktemp("full") / "model"
    train(toy(drawn, out))
    return out


@pytest.fixture(scope="module")
def adapted(drawn: Drawn, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder of a LoRA run on both towers."""
    out = tmp_path_factory.mktemp("lora") / "model"
    train(toy(drawn, out, tuning=Tuning("lora", rank=4, depthwise=True)))
    return out


@pytest.fixture(scope="module")
def with_bert(drawn: Drawn, bert_base: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder of a LoRA run whose text tower is a Hugging Face model."""
    out = tmp_path_factory.mktemp("bert") / "model"
    train(toy(drawn, out, base=str(bert_base[0]), tuning=Tuning("lora", rank=2)))
    return out


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "merged" / "open_clip_model.safetensors")


class KilledError(Exception):
    """Stands for SIGKILL at a chosen step."""


@pytest.mark.slow
@pytest.mark.parametrize("step", [3, 5, 8])
def test_a_killed_run_ends_in_the_weights_of_an_undisturbed_one(
    drawn: Drawn, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    calls, real = [0], loop.backward

    def dying(*arguments: object) -> float:
        calls[0] += 1
        if calls[0] == step + 2:  # the first call is the trial that looks for dead adapters
            raise KilledError
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(loop, "backward", dying)
    with pytest.raises(KilledError):
        train(toy(drawn, tmp_path / "model"))
    monkeypatch.setattr(loop, "backward", real)
    train(toy(drawn, tmp_path / "model"))
    undisturbed, resumed = weights(finished), weights(tmp_path / "model")
    assert undisturbed.keys() == resumed.keys()
    assert all(torch.equal(undisturbed[k], resumed[k]) for k in undisturbed)
    assert read_json(finished / "calibration.json") == read_json(tmp_path / "model" / "calibration.json")


PLACES: dict[str, tuple[Any, str]] = {
    "validation": (held_out, "class_features"),
    "adapter": (export, "save_adapter"),
    "merged": (export, "_put"),
    "calibration": (held_out, "calibrate_model"),
    "rejection": (Rejection, "save"),
    "card": (export, "save_card"),
    "regions": (export, "save_regions"),
    "finish": (RunFolder, "finish"),
}


def kill_at(place: str, asked: TrainSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    def dying(*arguments: object, **named: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        owner, name = PLACES[place]
        patch.setattr(owner, name, dying)
        with pytest.raises(KilledError):
            train(asked)
    assert read_json(asked.out / "run.json")["status"] == "running"


@pytest.fixture(scope="module")
def about_to_export(drawn: Drawn, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a LoRA run that was killed when its training was done."""
    out = tmp_path_factory.mktemp("killed") / "model"
    with pytest.MonkeyPatch.context() as patch:
        kill_at("adapter", toy(drawn, out, tuning=Tuning("lora", rank=4, depthwise=True)), patch)
    return out


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
def test_a_run_killed_while_it_validates_or_writes_ends_the_same(
    drawn: Drawn, adapted: Path, about_to_export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    if place != "validation":
        shutil.copytree(about_to_export, tmp_path / "model")
    asked = toy(drawn, tmp_path / "model", tuning=Tuning("lora", rank=4, depthwise=True))
    kill_at(place, asked, monkeypatch)
    train(asked)
    undisturbed, resumed = weights(adapted), weights(tmp_path / "model")
    assert all(torch.equal(undisturbed[k], resumed[k]) for k in undisturbed)
    assert read_json(adapted / "calibration.json") == read_json(tmp_path / "model" / "calibration.json")
    assert not [p for p in (tmp_path / "model").iterdir() if p.name.startswith((".merged", ".adapter", "checkpoint"))]


def test_the_unseen_region_leaves_no_trace(finished: Path) -> None:
    told = read_json(finished / "regions.json")
    assert told["regions"] == ["dense", "dotted", "pale", "striped"]
    assert "hidden" not in (finished / "regions.json").read_text() + (finished / "calibration.json").read_text()
    assert read_json(finished / "calibration.json")["n"] == 16


@pytest.mark.slow
def test_unseen_images_are_never_opened(drawn: Drawn, tmp_path: Path) -> None:
    rows = [row for _, row in read_csv(drawn[0], ["image_path"])]
    for number, row in enumerate(rows):
        hidden = row["split"] in ("unseen", "test")
        row["image_path"] = f"absent-{number}.png" if hidden else str(drawn[0].parent / row["image_path"])
    write_csv(tmp_path / "images.csv", list(rows[0]), [list(r.values()) for r in rows])
    summary = train(toy((tmp_path / "images.csv", drawn[1]), tmp_path / "model"))
    assert summary["skipped_images"] == 0


@pytest.mark.parametrize("kind", ["finished", "adapted"])
def test_merged_export_loads_in_plain_open_clip(drawn: Drawn, kind: str, request: pytest.FixtureRequest) -> None:
    import open_clip
    from PIL import Image

    folder: Path = request.getfixturevalue(kind)
    ours = TrainedModel.load(folder, "cpu")
    plain: Any
    preprocess: Any
    plain, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{folder / 'merged'}")
    tokenize = open_clip.get_tokenizer(f"local-dir:{folder / 'merged'}")
    plain.eval()
    records = read_images(drawn[0])[:6]
    with torch.no_grad():
        pictures = torch.stack([preprocess(Image.open(r.path).convert("RGB")) for r in records])
        images = torch.nn.functional.normalize(plain.encode_image(pictures), dim=-1)
        texts = torch.nn.functional.normalize(plain.encode_text(tokenize(["It shows lines."])), dim=-1)
    assert (images - ours.encode_images(records)).abs().max() < 1e-5
    assert (texts - ours.encode_texts(["It shows lines."])).abs().max() < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("told", ["by the reader that came first", "by an argument"])
def test_a_moved_model_with_a_hugging_face_text_tower_loads_in_plain_open_clip(
    drawn: Drawn, with_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    import open_clip

    before = TrainedModel.load(with_bert, "cpu")
    texts, records = ["It shows lines.", "A dark field."], read_images(drawn[0])[:3]
    wanted = before.encode_images(records), before.encode_texts(texts)
    first, moved = tmp_path / "first", tmp_path / "other machine" / "model"
    shutil.copytree(with_bert, first)
    config = read_json(first / "merged" / "open_clip_config.json")
    name_place(config, first / "merged")  # as if it had been trained there
    write_json(first / "merged" / "open_clip_config.json", config)
    moved.parent.mkdir()
    shutil.move(first, moved)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    place = str(moved / "merged")
    more = {}
    if told == "by an argument":
        more = {"text_cfg": config["model_cfg"]["text_cfg"] | {"hf_model_name": place}}
    else:
        TrainedModel.load(moved, "cpu")
        assert str(first) not in (moved / "merged" / "open_clip_config.json").read_text()
    plain = open_clip.create_model(f"local-dir:{place}", **more).eval()
    tokenize = open_clip.get_tokenizer(f"local-dir:{place}")
    with torch.no_grad():
        found = torch.nn.functional.normalize(plain.encode_text(tokenize(texts)), dim=-1)  # type: ignore[operator]
    assert (found - wanted[1]).abs().max() < 1e-5
    after = TrainedModel.load(moved, "cpu")
    assert torch.equal(after.encode_images(records), wanted[0])
    assert "text_cfg=text" in (moved / "README.md").read_text()


def test_a_moved_merged_folder_is_a_base_for_more_training(drawn: Drawn, with_bert: Path, tmp_path: Path) -> None:

    shutil.copytree(with_bert / "merged", tmp_path / "here")
    config = read_json(tmp_path / "here" / "open_clip_config.json")
    name_place(config, tmp_path / "gone")
    write_json(tmp_path / "here" / "open_clip_config.json", config)
    assert load_base(f"local-dir:{tmp_path / 'here'}").pretrained


def test_the_model_folder_says_what_training_saw(drawn: Drawn, finished: Path) -> None:
    written = {r.path.resolve(): r.split for r in read_images(finished / "images.csv")}
    assert written == {r.path.resolve(): r.split for r in read_images(drawn[0])}


def test_adapter_loads_in_plain_peft(drawn: Drawn, adapted: Path) -> None:
    from peft import PeftModel

    model: Any = PeftModel.from_pretrained(load_base(TOY).model, str(adapted / "adapter")).eval().get_base_model()
    ours = TrainedModel.load(adapted, "cpu")
    pictures = torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert (model.encode_image(pictures) - ours.model.encode_image(pictures)).abs().max() < 1e-5
    assert read_json(adapted / "adapter" / "adapter_config.json")["base_model_name_or_path"] == TOY


def test_only_safetensors_and_text_are_written(adapted: Path) -> None:
    suffixes = {p.suffix for p in adapted.rglob("*") if p.is_file()}
    assert suffixes <= {".safetensors", ".json", ".md", ".png", ".csv", ""}
    assert not list(adapted.glob("*checkpoint*"))


def test_model_reads_back_and_says_what_it_knows(drawn: Drawn, finished: Path) -> None:
    model = TrainedModel.load(finished, "cpu")
    features = model.encode_images([r for r in read_images(drawn[0]) if r.split == "test"])
    assert features.shape == (16, 16)
    assert torch.allclose(features.norm(dim=-1), torch.ones(16), atol=1e-5)
    assert torch.allclose(model.class_features(), model.class_features(model.class_captions), atol=1e-5)
    assert model.rejection.scores(features).shape == (16,)


def test_images_of_another_microscope_are_brought_near_those_of_training(drawn: Drawn, finished: Path, tmp_path: Path) -> None:
    from PIL import Image

    known = [r for r in read_images(drawn[0]) if r.split in ("train", "val")]
    other = []
    for record in known:
        tinted = np.asarray(Image.open(record.path)) * np.array([0.87, 1.0, 0.75])
        Image.fromarray(tinted.astype(np.uint8)).save(tmp_path / record.path.name)
        other.append(replace(record, path=tmp_path / record.path.name))
    model = TrainedModel.load(finished, "cpu")
    brought = model.normalised_to(other)
    classes, scale = model.class_features(), model.logit_scale
    then, now = (information(m.encode_images(other), classes, scale) for m in (model, brought))
    if brought.normalisation == model.normalisation:
        assert now == pytest.approx(then, abs=1e-4)
    else:
        assert now > then
    assert model.strangeness(model.encode_images([r for r in known if r.split == "val"])) == pytest.approx(1.0, abs=1e-3)
    with pytest.raises(InputError, match="too few to represent a microscope"):
        model.normalised_to(other[:19])


def test_a_moved_model_folder_still_loads(finished: Path, tmp_path: Path) -> None:
    shutil.copytree(finished, tmp_path / "elsewhere")
    assert TrainedModel.load(tmp_path / "elsewhere", "cpu").regions == TrainedModel.load(finished, "cpu").regions


@pytest.mark.slow
def test_broken_images_are_counted_in_training_and_marked_in_use(drawn: Drawn, tmp_path: Path) -> None:
    rows = [row for _, row in read_csv(drawn[0], ["image_path"])]
    for row in rows:
        row["image_path"] = str(drawn[0].parent / row["image_path"])
    (tmp_path / "broken.png").write_bytes(b"no image")
    rows[1]["image_path"] = str(tmp_path / "broken.png")
    write_csv(tmp_path / "images.csv", list(rows[0]), [list(r.values()) for r in rows])
    summary = train(toy((tmp_path / "images.csv", drawn[1]), tmp_path / "model"))
    assert summary["skipped_images"] == 1
    model, skipped = TrainedModel.load(tmp_path / "model", "cpu"), []
    features = model.encode_images(read_images(tmp_path / "images.csv")[:3], skipped=skipped)
    assert [s.path.name for s in skipped] == ["broken.png"]
    assert torch.isnan(features[1]).all()
    with pytest.raises(InputError, match=r"broken\.png.*cannot be used"):
        model.encode_images(read_images(tmp_path / "images.csv")[:3])


@pytest.mark.slow
def test_early_stopping_keeps_the_best_epoch(drawn: Drawn, tmp_path: Path) -> None:
    hasty = Optimisation(epochs=30, batch_size=8, learning_rate=1e-6, head_rate=1e-6, patience=2)
    summary = train(toy(drawn, tmp_path / "model", optimisation=hasty))
    assert summary["epochs"] < 30


@pytest.mark.slow
def test_memory_saving_parts_give_the_gradients_of_the_whole_batch(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first: list[float] = []
    real = checkpoints.save

    def watching(path: Path, model: torch.nn.Module, optimiser: object, progress: checkpoints.Progress) -> None:
        if not first or len(first) == 1:
            first.append(progress.losses[0])
        real(path, model, optimiser, progress)  # type: ignore[arg-type]

    monkeypatch.setattr(checkpoints, "save", watching)
    frozen = Tuning("lora", rank=2)  # batch statistics would differ between parts
    for parts in (1, 4):
        optimisation = Optimisation(epochs=1, batch_size=8, accumulate=parts, checkpoint_steps=1)
        train(toy(drawn, tmp_path / f"model{parts}", tuning=frozen, optimisation=optimisation))
    one, four = (weights(tmp_path / f"model{n}") for n in (1, 4))
    assert max(float((one[k].float() - four[k].float()).abs().max()) for k in one) < 1e-4


def test_other_settings_refuse_to_mix(drawn: Drawn, finished: Path) -> None:
    with pytest.raises(InputError, match="other settings"):
        train(toy(drawn, finished, seed=7))


def test_missing_captions_and_regions_are_named(drawn: Drawn, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no captions"):
        train(toy((drawn[0], tmp_path / "empty"), tmp_path / "model"))
    rows = [["a.png", "unknown", "train"], ["b.png", "unknown", "val"]]
    write_csv(tmp_path / "images.csv", ["image_path", "region", "split"], rows)
    with pytest.raises(InputError, match="no training image can be read"):
        train(toy((tmp_path / "images.csv", drawn[1]), tmp_path / "model"))
    assert not (tmp_path / "model" / "merged").exists()


@pytest.mark.slow
def test_table_without_splits_gets_them(drawn: Drawn, tmp_path: Path) -> None:
    rows = [row for _, row in read_csv(drawn[0], ["image_path"]) if row["region"] != "hidden"]
    kept = [[str(drawn[0].parent / r["image_path"]), r["region"], r["tone"], r["pattern"]] for r in rows]
    write_csv(tmp_path / "images.csv", ["image_path", "region", "tone", "pattern"], kept)
    train(toy((tmp_path / "images.csv", drawn[1]), tmp_path / "model"))
    written = read_images(tmp_path / "model" / "images.csv")
    assert {r.split for r in written} == {"train", "val", "test"}
    assert np.mean([r.split == "train" for r in written]) > 0.6


@pytest.mark.slow
@pytest.mark.parametrize(("towers", "frozen"), [("vision", "text.transformer."), ("text", "visual.trunk.")])
def test_a_tower_that_is_not_asked_for_stays_as_the_base_has_it(
    drawn: Drawn, bert_base: tuple[Path, Path], tmp_path: Path, towers: str, frozen: str
) -> None:
    given = toy(drawn, tmp_path / "model", base=str(bert_base[0]), tuning=Tuning("full", towers))
    train(replace(given, optimisation=replace(given.optimisation, epochs=1)))
    start, end = load_base(str(bert_base[0])).model.state_dict(), weights(tmp_path / "model")
    moved = {name for name, value in end.items() if not torch.equal(value, start[name])}
    assert not [name for name in moved if name.startswith(frozen)]  # batch statistics included
    other = "visual.trunk." if towers == "vision" else "text.transformer."
    assert any(name.startswith(other) for name in moved)
    assert {"text.proj.weight", "visual.head.proj.weight", "logit_scale"} <= moved
