"""A trained model as a folder, read back: encoders, the regions it knows, and its rejector.

Layout: `merged/` loads in plain open_clip, `adapter/` in plain peft over the base; `regions.json` holds the regions and their
class captions, `calibration.json` and `calibration.safetensors` the rejection, `config.json` how it was trained.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cytoscribe.core.errors import InputError
from cytoscribe.core.progress import say, track
from cytoscribe.core.records import ImageRecord
from cytoscribe.core.runs import read_json, write_json
from cytoscribe.core.shapes import check, entries, listed, mapping, number, text, whole
from cytoscribe.core.verify import record_files
from cytoscribe.training.data.embeddings import Embeddings, give_vectors, takes_vectors
from cytoscribe.training.data.normalisation import AS_IS, LEAST_IMAGES, Normalisation
from cytoscribe.training.images import Skipped, describe_skipped, read_square
from cytoscribe.training.model import encoding, source
from cytoscribe.training.model.alignment import Alignment
from cytoscribe.training.model.encoding import Model
from cytoscribe.training.model.model_config import (
    OPEN_CLIP_CONFIG,
    OPEN_CLIP_WEIGHTS,
    name_place,
    read_config,
    text_tower_place,
    tokenizer_of,
)
from cytoscribe.training.model.tensors import put_weights, read_tensors
from cytoscribe.training.rejection.appearance import ARTEFACTS, STAIN, Appearance, measure
from cytoscribe.training.rejection.conformal import Rejection
from cytoscribe.training.rejection.scores import knn

MERGED = "merged"
ADAPTER = "adapter"
REGIONS_FILE = "regions.json"
CONFIG_FILE = "config.json"


_MOST = 100_000
_NAMED = listed(text(), most=_MOST, least=1)
_REGIONS = entries({"regions": _NAMED, "class_captions": mapping(_NAMED, most=_MOST), "logit_scale": number(0, 1e4)})
_SETTINGS = entries({}, {"views": whole(1, 4), "regions": _NAMED, "notes": listed(text()), "images": mapping(whole(0, 10**9))})


@dataclass(frozen=True)
class TrainedModel:
    """What `train-lora` made. regions: the known ones, in the order of every (K, ...) array; class_captions: region to texts;
    settings: config.json; logit_scale: factor of the cosine in the trained softmax."""

    folder: Path
    model: Model
    tokenize: Callable[[list[str]], Tensor]
    regions: tuple[str, ...]
    class_captions: dict[str, list[str]]
    rejection: Rejection
    settings: dict[str, Any]
    logit_scale: float
    image_px: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    device: torch.device
    embeddings: Embeddings | None = None
    normalisation: Normalisation = AS_IS
    alignment: Alignment | None = None
    appearance: Appearance | None = None

    @staticmethod
    def load(folder: str | Path, device: str = "auto", embeddings: Embeddings | None = None) -> TrainedModel:
        """Read a model folder; embeddings: vectors of the images that it will describe, for a model that takes such.

        Raises InputError where the folder is none or a part is missing, and where the vectors do not fit the model.
        """
        from cytoscribe.training.model.base_models import default_preprocess

        folder = Path(folder)
        if not (folder / REGIONS_FILE).is_file() or not (folder / MERGED).is_dir():
            raise InputError("not a model folder", where=folder, fix="give the --out folder of a finished train-lora run")
        told = check(read_json(folder / REGIONS_FILE), _REGIONS, folder / REGIONS_FILE, "train the model again")
        regions = tuple(told["regions"])
        where = encoding.pick_device(device)
        model, tokenize, config = load_merged(folder / MERGED)
        _check_vectors(folder, config, embeddings)
        preprocess = {**default_preprocess(), **config.get("preprocess_cfg", {})}
        size = config["model_cfg"]["vision_cfg"].get("image_size", 224)
        return TrainedModel(
            folder=folder,
            model=model.to(where, memory_format=torch.channels_last).eval(),
            tokenize=tokenize,
            regions=regions,
            class_captions={r: list(told["class_captions"].get(r, ())) for r in regions},
            rejection=Rejection.load(folder, regions),
            settings=read_model_settings(folder),
            logit_scale=float(told["logit_scale"]),
            image_px=int(size if isinstance(size, int) else size[0]),
            mean=tuple(preprocess["mean"]),
            std=tuple(preprocess["std"]),
            device=where,
            embeddings=embeddings,
            appearance=None if takes_vectors(model) else Appearance.load(folder),
        )

    def encode_images(self, records: Sequence[ImageRecord], batch_size: int = 64, skipped: list[Skipped] | None = None) -> Tensor:
        """(N, D) L2-normalised float32 on the CPU, one row a record.

        An image that cannot be read raises InputError; with a list as `skipped` it is added there, its row is NaN, and one
        line says how many were skipped.
        """
        starts = range(0, len(records), batch_size)
        parts = [self._encode_batch(records[s : s + batch_size], skipped) for s in track(starts, "encoding images", unit="batches")]
        if skipped:
            say(describe_skipped(skipped))
        return torch.cat(parts) if parts else torch.zeros(0, self.rejection.context.classes.shape[1])

    def _encode_batch(self, records: Sequence[ImageRecord], skipped: list[Skipped] | None) -> Tensor:
        squares = [self._input(r) for r in records]
        broken = [s for s in squares if isinstance(s, Skipped)]
        if broken and skipped is None:
            raise InputError(f"image cannot be used ({broken[0].reason})", where=broken[0].path, fix="correct or remove that row")
        if skipped is not None:
            skipped.extend(broken)
        good = [torch.from_numpy(s) for s in squares if not isinstance(s, Skipped)]
        width = self.rejection.context.classes.shape[1]
        features = torch.full((len(records), width), float("nan"))
        if good:
            rows = [i for i, s in enumerate(squares) if not isinstance(s, Skipped)]
            features[rows] = encoding.image_features(
                self.model, torch.stack(good), self.mean, self.std, self.device, len(good), self.views, self.balanced
            )
            if self.alignment is not None:
                features[rows] = self.alignment.of(features[rows])
        return features

    def measures(self, records: Sequence[ImageRecord]) -> np.ndarray:
        """(N, 13) what the pixels say of each image (`appearance.measure`); NaN where it cannot be read."""
        found = np.full((len(records), len(ARTEFACTS) + len(STAIN)), np.nan)
        for i, record in enumerate(records):
            square = self._input(record)
            if not isinstance(square, Skipped):
                found[i] = measure(square[None])[0]
        return found

    def _input(self, record: ImageRecord) -> np.ndarray | Skipped:
        """What the vision side is given: a picture (3, px, px) uint8, or a vector (E,) float32."""
        if not takes_vectors(self.model):
            return read_square(record, self.image_px, self.normalisation)
        if self.embeddings is None:
            raise InputError("the model takes vectors instead of images", where=self.folder, fix="give them with --embeddings FILE")
        row = self.embeddings.find(record)
        if row is None:
            return Skipped(record.path, record.row, f"no vector in {self.embeddings.path.name}")
        return self.embeddings.vectors[row]

    def normalised_to(self, records: Sequence[ImageRecord]) -> TrainedModel:
        """The same model for images of another microscope: it brings them near those of training, by steps that look at no label
        and are kept where the images' names become clearer (see `training.model.source`). Says what was done.

        Raises InputError where there are too few images, and for a model that takes vectors.
        """
        if takes_vectors(self.model):
            raise InputError("vectors cannot be normalised", where=self.folder, fix="leave --normalise out")
        if len(records) < LEAST_IMAGES:
            raise InputError(
                f"{len(records)} images are too few to represent a microscope",
                fix=f"give at least {LEAST_IMAGES}, or leave --normalise out",
            )
        found = source.fitted(self, records)
        for line in found.said:
            say(line)
        return replace(self, normalisation=found.normalisation, alignment=found.alignment)

    def features_of(self, records: Sequence[ImageRecord]) -> Tensor:
        """(M, D) features of those of the records that can be read. Raises InputError where none can."""
        features = torch.cat([self._encode_batch(records[s : s + 64], []) for s in range(0, len(records), 64)])
        readable = features[torch.isfinite(features).all(1)]
        if not len(readable):
            raise InputError("none of the images can be read", where=records[0].path, fix="check the paths")
        return readable

    def strangeness(self, features: Tensor) -> float:
        """How many times as far from the training images these (N, D) lie as held-out ones, by the lower quartiles of the distance to
        the tenth nearest: unseen regions among them move it little, another microscope much. 1 where nothing was held out."""
        held_out = self.rejection.held_out
        if held_out is None or not len(features):
            return 1.0
        context = self.rejection.context
        usual, here = (float(knn(f, context).quantile(0.25)) for f in (held_out.features, features))
        return here / max(usual, 1e-6)

    @property
    def views(self) -> int:
        """Views of an image whose features are averaged, as when the rejection was calibrated."""
        return int(self.settings.get("views", 1))

    @property
    def balanced(self) -> bool:
        """Whether images are shown to the model with their background made white, as in training."""
        return bool(self.settings.get("balanced", False))

    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        """(N, D) L2-normalised float32 on the CPU."""
        return encoding.text_features(self.model, self.tokenize, list(texts), self.device)

    def class_features(self, class_captions: Mapping[str, Sequence[str]] | None = None) -> Tensor:
        """(K, D) mean text feature of each region, normalised, in the order of `regions`.

        class_captions: region to texts, default the model's own. Raises InputError where a known region has no text.
        """
        if class_captions is None:
            return self.rejection.context.classes
        missing = [r for r in self.regions if not class_captions.get(r)]
        if missing:
            raise InputError(f"no class caption for '{missing[0]}'", fix="give every region that the model knows at least one text")
        texts = {r: list(class_captions[r]) for r in self.regions}
        return encoding.class_features(self.encode_texts, self.regions, texts)


def read_model_settings(folder: Path) -> dict[str, Any]:
    """config.json of a model folder. Raises InputError where it is broken or of another form."""
    return check(read_json(folder / CONFIG_FILE), _SETTINGS, folder / CONFIG_FILE, "train the model again")


def load_merged(folder: Path) -> tuple[Model, Any, dict[str, Any]]:
    """Model, tokenizer and config of an exported open_clip folder, wherever the folder is now.

    Raises InputError where a part is missing, broken, or names what is not in the folder.
    """
    from cytoscribe.training.model.base_models import build_clip

    settle(folder)
    config = read_config(folder / OPEN_CLIP_CONFIG)
    model_cfg = config["model_cfg"]
    model_cfg["vision_cfg"]["timm_model_pretrained"] = False
    if text_tower_place(config):
        name_place(config, folder)
    weights = read_tensors(folder / OPEN_CLIP_WEIGHTS, "train the model again")
    model = build_clip(model_cfg, str(folder))
    if "embeddings" in config:
        give_vectors(model, config["embeddings"]["width"], model_cfg["embed_dim"])
    put_weights(model, weights, folder / OPEN_CLIP_WEIGHTS)
    return model, tokenizer_of(model_cfg["text_cfg"], folder, folder), config


def _check_vectors(folder: Path, config: dict[str, Any], embeddings: Embeddings | None) -> None:
    width = config.get("embeddings", {}).get("width", 0)
    if embeddings is None or embeddings.width == width:
        return
    if not width:
        raise InputError("the model looks at images, not at vectors", where=folder, fix="leave --embeddings out")
    raise InputError(
        f"vectors of {embeddings.width} numbers, the model takes {width}",
        where=embeddings.path,
        fix="compute them with the model that training's came from",
    )


def settle(folder: Path) -> None:
    """Write the new place of a moved merged folder into its config, so that plain open_clip loads it there too.

    open_clip hands the text tower's place to transformers unchanged, and transformers knows Hub names, full paths and paths
    from the working folder: no config can say "beside me". Does nothing where the named place still exists or is a Hub name,
    where the folder holds no such tower, or where it may not be written (this package reads it all the same).
    """
    path = folder / OPEN_CLIP_CONFIG
    config = read_config(path)
    place = text_tower_place(config)
    if not Path(place).is_absolute() or Path(place).is_dir() or not (folder / "config.json").is_file():
        return
    name_place(config, folder)
    with contextlib.suppress(OSError):
        write_json(path, config)
        record_files(folder.parent)
