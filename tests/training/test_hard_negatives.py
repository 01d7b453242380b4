"""Twins of captions with one claim false: which are made and drawn, what they cost, and that a model learns to tell them apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from cytoscribe.captions.evidence import EVIDENCE, ClaimEvidence
from cytoscribe.core.records import Caption, ImageRecord, image_claim_id
from cytoscribe.core.runs import read_json
from cytoscribe.core.tables import read_images, write_csv, write_records
from cytoscribe.training import hard_negatives as module
from cytoscribe.training import loop
from cytoscribe.training.clip_fit import train
from cytoscribe.training.data.caption_files import read_caption_folders, read_evidence
from cytoscribe.training.data.embeddings import read_embeddings
from cytoscribe.training.data.pairs import CaptionPool, Variant, build_pool, wordings
from cytoscribe.training.hard_negatives import HardNegatives, HardTerm, hard_negatives, twin_contrast
from cytoscribe.training.losses import Objective
from cytoscribe.training.model.base_models import load_base
from cytoscribe.training.model.encoding import reads_whole
from cytoscribe.training.model.model_folder import TrainedModel
from cytoscribe.training.optimisation import Optimisation
from cytoscribe.training.settings import ImageOptions
from tests.training.data.test_embeddings import vectors_of
from tests.training.test_clip_fit import TOY, toy

Drawn = tuple[Path, Path]
TRAITS = {"AA1": ("dark", "small"), "AA2": ("dark", "large"), "AA3": ("pale", "small"), "AA4": ("pale", "large")}
"""Stain and size of the cells of four made-up regions."""


def everything(texts: list[str]) -> bool:
    return True


def image(region: str, **attributes: str) -> ImageRecord:
    return ImageRecord(path=Path("x"), region=region, attributes=attributes)


def twins_of(pool: CaptionPool, evidence: Sequence[ClaimEvidence], seed: int, reads: Callable[[list[str]], bool]) -> HardNegatives:
    """Twins of captions of which some can be made false."""
    found = hard_negatives(pool, evidence, seed, reads)
    assert found is not None
    return found


def attribute_pool() -> CaptionPool:
    records = [image("a", tone="dark", spots="few"), image("a", tone="pale", spots="few"), image("b", tone="dark", spots="many")]
    stated = [("a", "tone=dark"), ("a", "tone=pale"), ("a", "spots=few"), ("b", "tone=dark"), ("b", "spots=many")]
    variants = [
        Variant(f"{r} {c}", r, frozenset([image_claim_id(*c.split("="))]), (image_claim_id(*c.split("=")),)) for r, c in stated
    ]
    return build_pool(records, variants, ("a", "b"))


def test_every_set_of_claims_gets_twins_of_its_own() -> None:
    pool = attribute_pool()
    made = twins_of(pool, [], 0, everything)
    assert len(made.pairs) == 5
    for caption, pairs in enumerate(made.of_caption):
        column, value = pool.sources[caption][0].removeprefix("image:").split("=")
        for true, false in made.pairs[pairs]:
            assert value in made.texts[true]
            assert value not in made.texts[false]
            assert column in made.texts[true]
            assert column in made.texts[false]


def test_the_number_of_twins_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    made = twins_of(attribute_pool(), [], 0, everything)
    assert len(made.pairs) == 3
    assert sum(map(len, made.of_caption)) == 3


def test_texts_that_the_tower_would_cut_are_left_out() -> None:
    made = twins_of(attribute_pool(), [], 0, lambda texts: not any("dark" in text for text in texts))
    assert not [text for text in made.texts if "dark" in text]
    assert len(made.pairs) == 2


def test_captions_without_claims_have_no_twins() -> None:
    pool = attribute_pool()
    silent = replace(pool, sources=((),) * len(pool.texts))
    papers = replace(pool, sources=(("paper-1",),) * len(pool.texts))
    assert hard_negatives(silent, [], 0, everything) is None
    assert hard_negatives(papers, [], 0, everything) is None


def term(negatives: HardNegatives, most: int = 16, weight: float = 1.0) -> HardTerm:
    return HardTerm(negatives, 100, most, weight)


def test_twins_are_drawn_for_captions_that_are_true_of_their_image() -> None:
    pool = attribute_pool()
    negatives = twins_of(pool, [], 0, everything)
    images, captions = np.array([0, 1, 2]), np.array([0, 0, 4, 2, 1, 3])  # image 1 is not dark
    drawn = term(negatives).draw(pool, images, captions, np.random.default_rng(0))
    assert drawn.rows.tolist() == [0, 2, 0, 1, 2]
    true, false = np.split(drawn.texts - 100, 2)
    for caption, one, other in zip([0, 4, 2, 1, 3], true, false, strict=True):
        assert (negatives.pairs[negatives.of_caption[caption]] == [one, other]).all(1).any()
    again = term(negatives).draw(pool, images, captions, np.random.default_rng(0))
    assert (again.texts == drawn.texts).all()
    assert len(term(negatives, most=2).draw(pool, images, captions, np.random.default_rng(0)).rows) == 2
    nothing = term(negatives).draw(pool, np.array([1]), np.array([0]), np.random.default_rng(0))
    assert len(nothing.texts) == 0
    assert float(term(negatives).loss(torch.ones(1, 4), torch.ones(0, 4), nothing, torch.tensor(10.0))) == 0


def test_the_loss_is_the_share_of_the_true_text_among_the_two() -> None:
    generator = torch.Generator().manual_seed(0)
    images, true, false = (torch.nn.functional.normalize(torch.randn(5, 8, generator=generator), dim=1) for _ in range(3))
    scale = torch.tensor(7.0)
    logits = scale * torch.stack([(images * true).sum(1), (images * false).sum(1)], dim=1)
    expected = -torch.log_softmax(logits, dim=1)[:, 0].mean()
    assert float(twin_contrast(images, true, false, scale)) == pytest.approx(float(expected), abs=1e-6)
    assert float(twin_contrast(images, true, true, scale)) == pytest.approx(float(torch.log(torch.tensor(2.0))))


def test_the_scale_learns_nothing_from_twins() -> None:
    pool = attribute_pool()
    negatives = twins_of(pool, [], 0, everything)
    hard = term(negatives, weight=0.5)
    drawn = hard.draw(pool, np.array([0, 2]), np.array([0, 4]), np.random.default_rng(0))
    scale = torch.tensor(3.0, requires_grad=True)
    features, texts = torch.randn(2, 4, requires_grad=True), torch.randn(4, 4)
    loss = hard.loss(features, texts, drawn, scale)
    loss.backward()
    assert scale.grad is None
    assert features.grad is not None
    assert bool(features.grad.any())
    assert loss.item() == pytest.approx(0.5 * twin_contrast(features, texts[:2], texts[2:], scale).item())


def drawn_region(stain: str, size: str, rng: np.random.Generator, px: int = 32) -> np.ndarray:
    """(px, px, 3) uint8: cells of one size and one stain, as squares on a light ground."""
    y, x = np.mgrid[:px, :px]
    side = 8 if size == "large" else 2
    cells = (y // side + x // side) % 2 == 0
    picture = np.full((px, px, 3), 235, np.int16)
    picture[cells] = (60, 40, 110) if stain == "dark" else (190, 170, 225)
    return np.clip(picture + rng.integers(-10, 10, picture.shape), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def cortex(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    """(images.csv, captions folder with evidence): drawn regions, whose captions state claims of papers."""
    folder = tmp_path_factory.mktemp("cortex")
    rng = np.random.default_rng(0)
    rows, captions, evidence = [], [], []
    for region, (stain, size) in TRAITS.items():
        for split, count in (("train", 8), ("val", 4), ("test", 8)):
            for i in range(count):
                Image.fromarray(drawn_region(stain, size, rng)).save(folder / f"{region}_{split}_{i}.png")
                rows.append([f"{region}_{split}_{i}.png", region, split])
        facts = [("II", "staining", stain), ("V", "cell_size", size)]
        evidence += [ClaimEvidence(f"{region}-{i}", region, "p.pdf", "", 1, *fact, True, ()) for i, fact in enumerate(facts)]
        worded = [f"Layer II is stained {stain}.", f"Layer V has {size} cells."]
        texts = {worded[0]: (f"{region}-0",), worded[1]: (f"{region}-1",), " ".join(worded): (f"{region}-0", f"{region}-1")}
        for text, ids in texts.items():
            captions.append(
                Caption(f"c{len(captions)}", region, f"{region}: {text}", text, "short", "own", "template", ids, 8, 1.0)
            )
    write_csv(folder / "images.csv", ["image_path", "region", "split"], rows)
    write_records(folder / "captions" / "data" / "train-00000-of-00001.parquet", Caption, captions)
    write_records(folder / "captions" / EVIDENCE, ClaimEvidence, evidence)
    return folder / "images.csv", folder / "captions"


def cortex_twins(cortex: Drawn) -> tuple[CaptionPool, HardNegatives]:
    """The twins that a training on these regions makes."""
    records = [r for r in read_images(cortex[0]) if r.split == "train"]
    pool = build_pool(records, wordings(read_caption_folders([cortex[1]])), tuple(TRAITS))
    return pool, twins_of(pool, read_evidence([cortex[1]]), 0, partial(reads_whole, load_base(TOY).tokenize))


def test_claims_of_papers_are_made_false_by_value_layer_and_denial(cortex: Drawn) -> None:
    _, negatives = cortex_twins(cortex)
    assert all(len(pairs) for pairs in negatives.of_caption)
    assert not [text for text in negatives.texts if "AA" in text]
    both = [(negatives.texts[t], negatives.texts[f]) for t, f in negatives.pairs]
    assert [f for _, f in both if " not " in f or " no " in f.lower()]
    assert [f for t, f in both if "layer V" not in t and "layer V" in f]


def told_apart(folder: Path, cortex: Drawn, vectors: Path) -> float:
    """Share of held-out images and twins of their region's captions for which the true text lies nearer, ties not counted."""
    pool, negatives = cortex_twins(cortex)
    model = TrainedModel.load(folder, "cpu", read_embeddings(vectors, cortex[0].parent))
    records = [r for r in read_images(cortex[0]) if r.split == "test"]
    scores = model.encode_images(records) @ model.encode_texts(list(negatives.texts)).T  # (N, T)
    won = []
    for row, record in zip(scores, records, strict=True):
        own = np.flatnonzero(pool.regions == pool.names.index(record.region))
        pairs = negatives.pairs[np.concatenate([negatives.of_caption[c] for c in own])]
        won += [bool(row[true] > row[false]) for true, false in pairs]
    return float(np.mean(won))


class KilledError(Exception):
    """Stands for SIGKILL at a chosen step."""


@pytest.mark.slow
def test_a_killed_run_with_twins_ends_in_the_weights_of_an_undisturbed_one(
    cortex: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = toy(cortex, tmp_path / "whole", objective=Objective(hard_weight=0.5), image=ImageOptions())
    short = Optimisation(epochs=2, batch_size=8, checkpoint_steps=1, hard_a_step=4)
    asked = replace(asked, embeddings=vectors_of(cortex, tmp_path / "v.npz"), optimisation=short)
    train(asked)
    calls, real = [0], loop.backward

    def dying(*arguments: object) -> float:
        calls[0] += 1
        if calls[0] == 7:  # the first call is the trial that looks for dead adapters
            raise KilledError
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(loop, "backward", dying)
    with pytest.raises(KilledError):
        train(replace(asked, out=tmp_path / "killed"))
    monkeypatch.setattr(loop, "backward", real)
    train(replace(asked, out=tmp_path / "killed"))
    whole, resumed = (load_file(tmp_path / name / "merged" / "open_clip_model.safetensors") for name in ("whole", "killed"))
    assert all(torch.equal(whole[k], resumed[k]) for k in whole)


@pytest.fixture(scope="module")
def shares(cortex: Drawn, tmp_path_factory: pytest.TempPathFactory) -> dict[float, float]:
    """Weight of the term to what a model that was trained with it tells apart."""
    out = tmp_path_factory.mktemp("hard")
    vectors = vectors_of(cortex, out / "v.npz")  # cheaper than images, and the claims are learned by the text tower
    optimisation = Optimisation(epochs=20, batch_size=8, learning_rate=1e-2, head_rate=1e-2)
    asked = toy(cortex, out, optimisation=optimisation, embeddings=vectors, image=ImageOptions())
    found = {}
    for weight in (0.0, 1.0):
        train(replace(asked, out=out / str(weight), objective=Objective(hard_weight=weight)))
        found[weight] = told_apart(out / str(weight), cortex, vectors)
    assert read_json(out / "1.0" / "config.json")["hard_negatives"] > 0
    assert read_json(out / "0.0" / "config.json")["hard_negatives"] == 0
    return found


@pytest.mark.slow
def test_a_model_learns_to_tell_true_captions_from_their_false_twins(shares: dict[float, float]) -> None:
    assert shares[1.0] > 0.85
    assert shares[1.0] > shares[0.0] + 0.1
