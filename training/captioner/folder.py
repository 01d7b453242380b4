"""A trained captioner as a folder: its own weights alone, how it was made, what it may say, and its calibrated rejection.

Layout: `captioner.safetensors` (resampler, cross-attentions, adapters), `config.json`, `joint.json`, `bank.safetensors` (training images'
features, where the vision model has no rejection of its own), `knowledge.json`, `claims.parquet`, `captions.parquet`, `decoder/` (of the
small decoder alone), `images.csv`, `README.md`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.core.plain_text import code, markdown
from cytoscribe.core.records import ImageRecord
from cytoscribe.core.runs import read_json, write_json, write_text
from cytoscribe.core.shapes import anything, check, entries, listed, mapping, text, whole
from cytoscribe.training.captioner.cache import EncodedImages, encoded
from cytoscribe.training.captioner.decoder import Decoder, open_decoder, save_small, small_from
from cytoscribe.training.captioner.joint import Joint, Verdicts, VisionScores
from cytoscribe.training.captioner.knowledge import Knowledge
from cytoscribe.training.captioner.model import CaptionerNet
from cytoscribe.training.captioner.resampler import Seen, Shape
from cytoscribe.training.captioner.settings import SMALL, Adapter
from cytoscribe.training.captioner.speaking import Voice
from cytoscribe.training.captioner.vision import Encoder, Vision, open_vision, without_grid
from cytoscribe.training.clip_fit import use_bf16
from cytoscribe.training.model.encoding import pick_device
from cytoscribe.training.model.tensors import read_tensors, write_tensors

WEIGHTS_FILE, CONFIG_FILE, DECODER = "captioner.safetensors", "config.json", "decoder"
_ADAPTER = entries({name: whole(0, 100_000) for name in asdict(Adapter())})
_CONFIG = entries(
    {
        "kind": text(20),
        "regions": listed(text(), most=100_000, least=1),
        "vision": text(),
        "llm": text(),
        "image_px": whole(0, 100_000),
        "adapter": _ADAPTER,
        "shape": entries({name: whole(0, 10**7) for name in ("tokens", "width", "vector")}),
    },
    {"notes": listed(text()), "settings": mapping(anything()), "weights": mapping(text()), "four_bit": anything()},
)


@dataclass(frozen=True)
class Captioner:
    """A captioner ready to be asked. regions: those known, in the order of every (N, K) array; settings: config.json."""

    folder: Path
    regions: tuple[str, ...]
    voice: Voice
    vision: Vision
    vision_scores: VisionScores
    joint: Joint
    knowledge: Knowledge
    settings: dict[str, Any]

    @staticmethod
    def load(
        folder: str | Path,
        *,
        vision: str = "",
        llm: str = "",
        embeddings: Path | None = None,
        start: Path = Path(),
        weights: dict[str, str] | None = None,
        device: str = "auto",
        precision: str = "auto",
    ) -> Captioner:
        """Read a captioner's folder. vision, llm: where the frozen models lie now, "" for where they were in training; embeddings:
        vectors of the images, for a captioner that was trained on such, with paths that count from `start`.

        Raises InputError where a part is missing or does not fit.
        """
        folder = Path(folder)
        told = _config(folder)
        where = pick_device(device)
        bf16 = use_bf16(precision, where)
        if not told["vision"] and embeddings is None and not vision:
            raise InputError("the captioner takes vectors instead of images", where=folder, fix="give --embeddings FILE")
        eye = open_vision(
            vision or told["vision"],
            where,
            bf16=bf16,
            embeddings=embeddings,
            start=start,
            weights=weights or told.get("weights"),
            px=told["image_px"],
        )
        if isinstance(eye, Encoder) and eye.clip is not None and not told["shape"]["tokens"]:
            eye = without_grid(eye)
        decoder = _decoder(folder, llm, told, bf16=bf16)
        shape = Shape(**told["shape"])
        net = CaptionerNet(decoder.model, shape, Adapter(**told["adapter"]), decoder.whole)
        _put(net, folder / WEIGHTS_FILE)
        if not told.get("four_bit"):
            net.to(where)
        return Captioner(
            folder=folder,
            regions=tuple(told["regions"]),
            voice=Voice(net, decoder, where),
            vision=eye,
            vision_scores=VisionScores.load(folder),
            joint=Joint.load(folder),
            knowledge=Knowledge.load(folder),
            settings=told,
        )

    def encode(self, records: Sequence[ImageRecord], cache: Path | None = None) -> EncodedImages:
        """Tokens of images; those that cannot be read are among `skipped`. cache: folder that keeps what was encoded."""
        found = encoded(self.vision, records, cache)
        if len(found) and found.seen.shape != (shape := self.voice.net.resampler.shape):
            raise InputError(
                f"the encoder gives {found.seen.shape}, the captioner was trained on {shape}",
                where=self.folder,
                fix="give the vision model that training had",
            )
        return found

    def labels(self, seen: Seen) -> np.ndarray:
        """(N, K + 1) log-probabilities of the label that an answer begins with; the last is that of `unseen`."""
        return self.voice.label_scores(seen, self.regions)

    def judge(self, seen: Seen, labels: np.ndarray) -> Verdicts:
        """Whether the images show a known region."""
        return self.joint.verdicts(labels, self.vision_scores.scores(self.vision, seen))


def save(folder: Path, net: CaptionerNet, decoder: Decoder, told: Mapping[str, Any]) -> None:
    """Write weights, decoder where it is the captioner's own, config and card."""
    write_tensors(folder / WEIGHTS_FILE, net.own_state())
    if decoder.whole:
        save_small(decoder, folder / DECODER)
    write_json(folder / CONFIG_FILE, told)
    write_text(folder / "README.md", _card(told))


def _decoder(folder: Path, llm: str, told: dict[str, Any], *, bf16: bool) -> Decoder:
    """The language model: the small one lies in the folder, others where `llm` or the training names them."""
    if told["llm"] == SMALL:
        return small_from(folder / DECODER)
    return open_decoder(llm or told["llm"], bf16=bf16, four_bit=told.get("four_bit") is True)


def _config(folder: Path) -> dict[str, Any]:
    if not (folder / WEIGHTS_FILE).is_file():
        raise InputError("not a captioner's folder", where=folder, fix="give the --out folder of a finished train-captioner run")
    return check(read_json(folder / CONFIG_FILE), _CONFIG, folder / CONFIG_FILE, "train the captioner again")


def _put(net: CaptionerNet, path: Path) -> None:
    weights = read_tensors(path, "train the captioner again")
    wanted = net.own_state()
    wrong = [n for n in {*wanted, *weights} if n not in weights or n not in wanted or weights[n].shape != wanted[n].shape]
    if wrong:
        raise InputError(
            f"weights that do not fit the language model ({sorted(wrong)[0]})", where=path, fix="give the --llm that training had"
        )
    net.load_state_dict(weights, strict=False)


def _shown(name: str) -> str:
    """A model's name without the folders of the machine that it lay on."""
    return Path(name).name if Path(name).is_absolute() else name


def _card(told: Mapping[str, Any]) -> str:
    """README.md, the model card, from what config.json holds."""
    figures = ", ".join(f"{k} {v:g}" for k, v in (told.get("validation") or {}).items() if k != "epoch")
    lines = [
        "---",
        "library_name: cytoscribe",
        "pipeline_tag: image-to-text",
        "tags: [cytoarchitecture, microscopy, captioning, open-set]",
        "---",
        "",
        "# Captioner",
        "",
        f"Describes images of {len(told['regions'])} regions, and says where an image shows none of them. Made by `train-captioner` of "
        f"cytoscribe {told['cytoscribe']}.",
        "",
        f"- vision, frozen: `{code(Path(told['vision']).name or 'vectors computed elsewhere')}`",
        f"- language model: `{code(_shown(told['llm']))}`"
        + (" (learned from the captions, in `decoder/`)" if told["llm"] == SMALL else " (frozen, not in this folder)"),
        f"- weights of its own: {told['own_weights']:,}; captions: {told['captions']}; epochs: {told['epochs']}; seed: {told['seed']}",
        f"- images: {', '.join(f'{n} {split}' for split, n in sorted(told['images'].items()))}; held out: {figures or 'nothing'}",
        f"- rejection at alpha {told['alpha']:g}, calibrated on {told['calibration']} held-out images of known regions (`joint.json`)",
        *[f"- note: {markdown(note)}" for note in told["notes"]],
        "",
        "## Use",
        "",
        "```",
        "describe --captioner THIS_FOLDER IMAGE...",
        "evaluate --captioner THIS_FOLDER --images images.csv --out RESULTS",
        "```",
        "",
        "`describe` strikes out every sentence that the region's claims do not bear out, and names paper and page of those that stay.",
        "",
        "## Regions",
        "",
        *[f"- {markdown(region)}" for region in told["regions"]],
        "",
        "## Limits",
        "",
        "Captions were paired with images by the region's label alone: a caption says what is written of the region, not what was measured "
        "in the image. The error rate of the rejection holds for images like the held-out ones. How many images of unseen regions it "
        "accepts has to be measured with `evaluate`.",
    ]
    return "\n".join(lines) + "\n"
