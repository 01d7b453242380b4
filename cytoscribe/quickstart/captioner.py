"""The quickstart's captioner: a small decoder that is learned from the captions, over the model that was just trained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cytoscribe.eval.captioner.describer import Captioned

FOLDER = "captioner"


def train_captioner(out: Path, seed: int, overwrite: bool, epochs: int) -> dict[str, Any]:
    """Train on the images, captions and model of the quickstart in `out`. epochs: of the model, a fifth and an eighth of which serve here
    for names and whole captions."""
    from cytoscribe.training.captioner.fit import train
    from cytoscribe.training.captioner.settings import SMALL, Adapter, CaptionerSettings, Schedule

    return train(
        CaptionerSettings(
            images=out / "images.csv",
            captions=(out / "captions",),
            out=out / FOLDER,
            vision=str(out / "model"),
            llm=SMALL,
            descriptions=out / "mined",
            seed=seed,
            overwrite=overwrite,
            adapter=Adapter(latents=4, width=128, layers=1),
            schedule=Schedule(epochs=max(1, epochs // 8), label_epochs=max(1, epochs // 5), least_steps=0, contrast=0.0),
        )
    )


def caption(out: Path, images: tuple[Path, ...]) -> tuple[Captioned, ...]:
    """What the captioner says of images. So short a training teaches names, not prose: captions are chosen among the region's own."""
    from cytoscribe.eval.captioner.describer import CaptionSettings, describe

    return tuple(describe(CaptionSettings(out / FOLDER, images, decoding="known")))


def told(captioned: tuple[Captioned, ...]) -> list[Captioned]:
    """One patch that is captioned and one that is rejected, the surest of each; fewer where there is none."""
    accepted = [c for c in captioned if c.problem is None and c.p_value > c.alpha]
    rejected = [c for c in captioned if c.problem is None and c.p_value <= c.alpha]
    return [*sorted(accepted, key=lambda c: -c.probability)[:1], *sorted(rejected, key=lambda c: c.p_value)[:1]]
