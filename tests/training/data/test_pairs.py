"""Which captions fit which images, and draws that a seed fixes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import Caption, ImageRecord, image_claim_id
from cytoscribe.training.data.pairs import Variant, build_pool, class_captions, draw_captions, draw_images, wordings


def image(region: str, **attributes: str) -> ImageRecord:
    return ImageRecord(Path(f"{region}.png"), region, attributes=attributes)


def says(text: str, region: str, **attributes: str) -> Variant:
    return Variant(text, region, frozenset(image_claim_id(c, v) for c, v in attributes.items()))


IMAGES = [image("A", size="big", shape="round"), image("A", size="small", shape="round"), image("B", size="big", shape="long")]
CAPTIONS = [
    says("big", "A", size="big"),
    says("round", "A", shape="round"),
    says("small and round", "A", size="small", shape="round"),
    says("any A", "A"),
    says("big B", "B", size="big"),
    says("stranger", "C"),
]


def test_a_caption_fits_where_all_it_claims_of_the_image_holds() -> None:
    pool = build_pool(IMAGES, CAPTIONS, ("A", "B"))
    assert [sorted(pool.texts[c] for c in choice) for choice in pool.choices] == [
        ["any A", "big", "round"],
        ["any A", "round", "small and round"],
        ["big B"],
    ]
    every_image, every_caption = np.arange(3), np.arange(5)
    fits = pool.fits(every_image, every_caption)
    assert fits[0].tolist() == [True, True, False, True, False]
    assert (fits <= pool.same_region(every_image, every_caption)).all()


def test_captions_of_other_regions_never_enter() -> None:
    assert "stranger" not in build_pool(IMAGES, CAPTIONS, ("A", "B")).texts


def test_region_without_captions_is_named() -> None:
    with pytest.raises(InputError, match=r"no caption for 1 of 2 regions \(D\)"):
        build_pool([*IMAGES, image("D")], CAPTIONS, ("A", "D"))


def test_captions_of_other_names_than_the_images_are_named_beside_them() -> None:
    with pytest.raises(InputError, match=r"no caption for 1 of 1 regions \(D\); the captions are about A, B.*same names in both"):
        build_pool([image("D")], CAPTIONS, ("D",))


def test_image_that_no_caption_fits_takes_its_regions() -> None:
    pool = build_pool([image("B", size="small")], CAPTIONS, ("B",))
    assert pool.texts[pool.choices[0][0]] == "big B"


def test_draws_hang_on_the_seed_and_change_with_the_epoch() -> None:
    pool = build_pool(IMAGES * 20, CAPTIONS, ("A", "B"))
    np.testing.assert_array_equal(draw_images(pool, 1, 0), draw_images(pool, 1, 0))
    assert (draw_images(pool, 1, 0) != draw_images(pool, 1, 1)).any()
    assert sorted(draw_images(pool, 1, 0)) == list(range(60))


def test_balanced_draws_give_rare_regions_their_share() -> None:
    pool = build_pool([IMAGES[0]] * 90 + [IMAGES[2]] * 10, CAPTIONS, ("A", "B"))
    drawn = np.concatenate([draw_images(pool, 0, epoch, "balanced") for epoch in range(20)])
    assert 0.45 < (drawn >= 90).mean() < 0.55


def test_each_drawn_caption_fits_its_image() -> None:
    pool = build_pool(IMAGES, CAPTIONS, ("A", "B"))
    images = np.array([0, 1, 2, 0])
    captions = draw_captions(pool, images, np.random.default_rng(0), each=3)
    assert len(captions) == 12
    assert all(captions[i] in pool.choices[images[i % 4]] for i in range(12))


def test_class_captions_are_those_that_fit_most_images() -> None:
    pool = build_pool(IMAGES, CAPTIONS, ("A", "B"))
    assert set(class_captions(pool, most=2)["A"]) == {"round", "any A"}


def test_wordings_hide_or_keep_the_name() -> None:
    caption = Caption("c", "A", "A is round.", "It is round.", "s", "t", "m", ("image:shape=round", "paper-1"), 5, 1.0)
    assert [v.text for v in wordings([caption, caption])] == ["It is round."]
    assert [v.text for v in wordings([caption], "both")] == ["It is round.", "A is round."]
    assert wordings([caption])[0].claims == {"image:shape=round"}
