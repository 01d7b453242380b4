"""What an unnamed subject means, and what headings and paragraphs make of it."""

from __future__ import annotations

from cytoscribe.literature_mining.claims.context import PATIENCE, Context, new_paragraph, under_heading


def test_the_topic_is_meant_before_the_heading() -> None:
    assert Context(topic=("Qa1",), headings=("Qa2",)).regions == ("Qa1",)
    assert Context(headings=("Qa2",)).regions == ("Qa2",)


def test_nobody_can_tell_after_a_stranger_or_after_too_many_sentences() -> None:
    assert Context(topic=("Qa1",), lost=True).regions == ()
    assert Context(topic=("Qa1",), age=PATIENCE).regions == ("Qa1",)
    assert Context(topic=("Qa1",), age=PATIENCE + 1).regions == ()


def test_a_heading_sets_the_topic_and_forgets_what_was_spoken_of() -> None:
    before = Context(topic=("Qa1",), layers=("II",), pair=("Qa1", "Qa2"), lost=True)
    after = under_heading(before, ("Rb3",))
    assert (after.regions, after.layers, after.pair) == (("Rb3",), (), ("Qa1", "Qa2"))
    assert under_heading(before, ("Rb3", "Rb4")).pair == ("Rb3", "Rb4")


def test_a_heading_of_a_stranger_means_no_region() -> None:
    assert under_heading(Context(topic=("Qa1",)), (), foreign=True).lost
    assert under_heading(Context(topic=("Qa1",)), ()).regions == ()


def test_a_paragraph_goes_back_to_its_heading() -> None:
    strayed = Context(topic=("Qa1",), headings=("Rb3",), layers=("II",), age=3)
    assert new_paragraph(strayed) == Context(topic=("Rb3",), headings=("Rb3",))
    assert new_paragraph(Context(lost=True, headings=("Rb3",))).regions == ("Rb3",)


def test_without_a_heading_a_paragraph_goes_on_about_the_area_and_not_its_layer() -> None:
    context = Context(topic=("Qa1",), layers=("II",), noun="layer", cells=("II",), age=2)
    assert new_paragraph(context) == Context(topic=("Qa1",), age=2)
