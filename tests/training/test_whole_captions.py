"""Captions that state everything an images table says."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cytoscribe.core.records import ImageRecord
from cytoscribe.training.whole_captions import whole_captions


def image(**attributes: str) -> ImageRecord:
    return ImageRecord(path=Path("x"), region="secret", attributes=attributes)


def everything(texts: list[str]) -> bool:
    return True


IMAGES = [image(stripes="broad", spots="few"), image(stripes="thin", spots="few"), image(stripes="broad", spots="few"), image()]


def test_every_wording_states_all_that_the_image_shows() -> None:
    whole = whole_captions(IMAGES, ("stripes", "spots"), 3, seed=0, reads=everything)
    assert whole is not None
    assert whole.of_image.shape == (4, 3)
    assert (whole.of_image[0] == whole.of_image[2]).all()
    assert (whole.of_image[3] == -1).all()
    for text in (whole.texts[i] for i in whole.of_image[1]):
        assert "thin" in text
        assert "few" in text
        assert "secret" not in text


def test_a_caption_fits_the_images_that_it_was_composed_for() -> None:
    whole = whole_captions(IMAGES, ("stripes", "spots"), 2, seed=0, reads=everything)
    assert whole is not None
    fits = whole.fits(np.arange(4), np.arange(len(whole.texts)))
    assert fits[0].tolist() == fits[2].tolist() != fits[1].tolist()
    assert not fits[3].any()
    assert fits[:2].any(0).all()


def test_draws_are_distinct_own_captions_and_no_more_than_asked_for() -> None:
    whole = whole_captions(IMAGES, ("stripes", "spots"), 2, seed=0, reads=everything)
    assert whole is not None
    drawn = whole.draw(np.array([3, 0, 1]), 1, np.random.default_rng(0))
    assert len(drawn) == 1
    assert whole.fits(np.array([0]), drawn).all()
    assert len(whole.draw(np.array([0, 2, 1]), 3, np.random.default_rng(0))) in (2, 3)
    assert len(whole.draw(np.array([3]), 3, np.random.default_rng(0))) == 0


def test_nothing_to_state_is_no_captions() -> None:
    assert whole_captions([image(), image()], ("stripes",), 2, seed=0, reads=everything) is None
    assert whole_captions(IMAGES, (), 2, seed=0, reads=everything) is None
    assert whole_captions(IMAGES, ("stripes",), 0, seed=0, reads=everything) is None


def test_a_wording_that_the_tower_would_cut_is_written_tersely_or_left_out() -> None:
    def reads(texts: list[str]) -> bool:
        return all(text.count(".") < 2 for text in texts)  # a paragraph has several sentences

    images = [image(**dict.fromkeys(("a", "b", "c", "d", "e", "f"), "broad"))]
    columns = tuple(images[0].attributes)
    long = whole_captions(images, columns, 2, seed=0, reads=everything)
    short = whole_captions(images, columns, 2, seed=0, reads=reads)
    assert long is not None
    assert short is not None
    assert not reads(list(long.texts))
    assert reads(list(short.texts))
    assert whole_captions(images, columns, 2, seed=0, reads=lambda texts: False) is None
