"""Captions that state every attribute of an image."""

from __future__ import annotations

from pathlib import Path

from cytoscribe.captions.wording.exact import columns_of, compose_exact
from cytoscribe.core.records import Caption, ImageRecord


def image(**attributes: str) -> ImageRecord:
    return ImageRecord(path=Path("x"), region="secret", attributes=attributes)


def test_images_of_equal_attributes_share_a_caption_that_states_them_and_not_the_region() -> None:
    images = [image(stripes="broad", spots="few"), image(stripes="thin", spots="few"), image(stripes="broad", spots="few"), image()]
    found = compose_exact(images, ("stripes", "spots"))
    assert found.of_image[0] == found.of_image[2] != found.of_image[1]
    assert found.of_image[3] == -1
    assert len(found.texts) == 2
    for i, words in enumerate((("broad", "few"), ("thin", "few"))):
        text = found.texts[found.of_image[i]]
        assert all(w in text for w in words)
        assert "secret" not in text
    assert compose_exact(images, ("stripes", "spots")).texts == found.texts


def test_columns_are_those_that_captions_speak_of() -> None:
    captions = [
        Caption("1", "r", "t", "t", "s", "", "", ids, 1, 1.0) for ids in (("image:b=1", "paper"), ("image:a=x=y", "image:b=2"))
    ]
    assert columns_of(captions) == ("a", "b")
