"""Sample images keep subjects apart, hold unseen areas out of training, and are drawn once."""

from __future__ import annotations

from pathlib import Path

from cytoscribe.core.tables import read_csv, read_images
from cytoscribe.phantom.images import ImageSettings, plans, subjects, write_images, write_regions

SMALL = ImageSettings(per_region=4, subjects=(2, 1, 1), size_px=24, pixel_size_um=30.0)


def test_no_subject_and_no_unseen_area_is_on_both_sides(tmp_path: Path) -> None:
    records = read_images(write_images(tmp_path, SMALL))
    assert all(r.path.is_file() for r in records)
    known = [r for r in records if r.split != "unseen"]
    split_of = {r.subject: r.split for r in known}
    assert all(split_of[r.subject] == r.split for r in known)
    unseen = {r.region for r in records if r.split == "unseen"}
    assert unseen == {row["region"] for _, row in read_csv(write_regions(tmp_path), ["region"]) if row["split"] == "unseen"}
    assert not unseen & {r.region for r in known}
    assert {split_of[r.subject] for r in records if r.split == "unseen"} == {"test"}


def test_pictures_that_are_there_are_kept(tmp_path: Path) -> None:
    table = write_images(tmp_path, SMALL)
    first = read_images(table)[0].path
    before = first.stat().st_mtime_ns, first.read_bytes()
    read_images(table)[1].path.unlink()
    write_images(tmp_path, SMALL)
    assert (first.stat().st_mtime_ns, first.read_bytes()) == before
    assert read_images(table)[1].path.is_file()


def test_subjects_follow_the_seed_and_differ() -> None:
    assert subjects(3) == subjects(3)
    assert subjects(3) != subjects(4)
    assert len({s.preparation for s in subjects(3)}) == len(subjects(3))


def test_each_known_area_has_as_many_images() -> None:
    counts: dict[str, int] = {}
    for plan in plans(ImageSettings(per_region=60)):
        counts[plan.area.name] = counts.get(plan.area.name, 0) + 1
    assert sorted(set(counts.values())) == [12, 60]
