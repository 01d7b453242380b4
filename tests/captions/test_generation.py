"""The stage as a whole: diversity, faithfulness by construction, splits, resuming, and refusing bad input."""

from __future__ import annotations

import importlib
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from cytoscribe.captions import generation as stage
from cytoscribe.captions.acceptance import normal_form
from cytoscribe.captions.backends.base import Prompt
from cytoscribe.captions.backends.template import TemplateBackend
from cytoscribe.captions.dataset import Rejected, read_captions
from cytoscribe.captions.generation import GenerateSettings, generate
from cytoscribe.captions.units import AttributeSettings
from cytoscribe.core.errors import InputError, RunMismatchError
from cytoscribe.core.records import image_claim_id
from cytoscribe.core.tables import read_records
from cytoscribe.llm.base import Completion
from tests.captions.conftest import STATED, write_mined


@pytest.mark.slow
def test_twenty_different_captions_of_every_region_that_is_not_unseen(mined: Path, tmp_path: Path) -> None:
    result = generate(GenerateSettings(out=tmp_path / "out", descriptions=mined))
    captions = read_captions(tmp_path / "out")
    assert list(result.captions) == captions
    assert Counter(c.region for c in captions) == {"BA4": 20, "BA17": 20}
    assert len({(c.region, normal_form(c.caption)) for c in captions}) == 40
    assert len({c.style for c in captions}) >= 6
    assert all(2 < c.n_tokens <= 77 for c in captions)
    assert not result.shortages


def test_claim_ids_are_the_regions_own_and_masks_hold(mined: Path, tmp_path: Path) -> None:
    generate(GenerateSettings(out=tmp_path / "out", descriptions=mined))
    for caption in read_captions(tmp_path / "out"):
        assert caption.claim_ids
        assert all(i.startswith(f"made-{caption.region}-") for i in caption.claim_ids)
        for name in ("BA4", "BA17", "area 4", "V1", "primary", "gyrus"):
            assert name not in caption.masked_caption


@pytest.mark.slow
def test_same_seed_same_captions_other_seed_others(mined: Path, tmp_path: Path) -> None:
    runs = [generate(GenerateSettings(out=tmp_path / str(i), descriptions=mined, seed=s)).captions for i, s in enumerate((0, 0, 1))]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_quotas_set_the_number_of_captions_of_a_style(mined: Path, tmp_path: Path) -> None:
    quotas = (("terse", 5), ("paragraph", 0), ("comparison", 3))
    result = generate(GenerateSettings(out=tmp_path / "out", descriptions=mined, per_region=12, quotas=quotas))
    styles = {r: Counter(c.style for c in result.captions if c.region == r) for r in ("BA4", "BA17")}
    assert {r: sum(n.values()) for r, n in styles.items()} == {"BA4": 12, "BA17": 12}
    assert styles["BA17"]["terse"] == styles["BA4"]["terse"] == 5
    assert not result.long
    assert not styles["BA17"]["paragraph"]
    assert styles["BA17"]["comparison"] == 3
    assert styles["BA4"]["comparison"] == 0  # nothing is known of BA4 that compares
    assert result.outcome.short == {("BA4", "comparison"): (0, 3)}
    free = [n for s, n in styles["BA17"].items() if s not in dict(quotas)]
    assert max(free) - min(free) <= 1


def test_attributes_give_captions_of_train_rows_only(images: Path, tmp_path: Path) -> None:
    table = AttributeSettings(images, region_column="label", per_set=6)
    result = generate(GenerateSettings(out=tmp_path / "out", attributes=table, per_region=10))
    captions = read_captions(tmp_path / "out")
    assert {c.region for c in captions} == {"eosinophil", "lymphocyte"}
    ids = {i for c in captions for i in c.claim_ids}
    assert image_claim_id("granule_colour", "red") in ids
    assert not any("several" in i or "purple" in i or "coarse" in i for i in ids)
    assert not any("eosinophil" in c.masked_caption.lower() or "lymphocyte" in c.masked_caption.lower() for c in captions)
    named = sum("eosinophil" in c.caption.lower() or "lymphocyte" in c.caption.lower() for c in captions)
    assert 0 < named < len(captions)
    assert "erythroblast" in (tmp_path / "out" / "README.md").read_text()
    assert not result.long


@pytest.mark.slow
def test_datasets_library_loads_the_folder(mined: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    datasets: Any = importlib.import_module("datasets")

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    generate(GenerateSettings(out=tmp_path / "out", descriptions=mined))
    loaded = datasets.load_dataset(str(tmp_path / "out"), split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded.column_names == [
        "caption_id",
        "region",
        "caption",
        "masked_caption",
        "style",
        "template",
        "model",
        "claim_ids",
        "n_tokens",
        "faithfulness",
    ]
    assert loaded["caption"][:] == [c.caption for c in read_captions(tmp_path / "out")]


class _Counting(TemplateBackend):
    """Counts what it is asked, and dies like a killed process once `left` is used up."""

    def __init__(self, left: int = 10**9) -> None:
        self.left, self.asked = left, [""][:0]

    def complete(self, prompts: Sequence[Prompt]) -> Iterator[Completion]:
        for completion in super().complete(prompts):
            if not self.left:
                raise KeyboardInterrupt
            self.left -= 1
            self.asked.append(completion.key)
            yield completion


def _with_backend(monkeypatch: pytest.MonkeyPatch, backend: _Counting) -> _Counting:
    monkeypatch.setattr(stage, "open_backend", lambda *_: backend)
    return backend


@pytest.mark.slow
def test_a_killed_run_goes_on_and_equals_an_undisturbed_one(mined: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = generate(GenerateSettings(out=tmp_path / "whole", descriptions=mined))
    first = _with_backend(monkeypatch, _Counting(left=17))
    with pytest.raises(KeyboardInterrupt):
        generate(GenerateSettings(out=tmp_path / "cut", descriptions=mined))
    journal = next((tmp_path / "cut" / ".shards").iterdir())
    journal.write_text(journal.read_text() + '{"key": "torn')
    second = _with_backend(monkeypatch, _Counting())
    resumed = generate(GenerateSettings(out=tmp_path / "cut", descriptions=mined))
    assert resumed.captions == whole.captions
    assert resumed.rejected == whole.rejected
    assert not set(first.asked) & set(second.asked)


@pytest.mark.slow
def test_only_the_region_whose_claims_changed_is_written_again(
    mined: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = GenerateSettings(out=tmp_path / "out", descriptions=mined)
    before = generate(settings)
    changed = {**STATED, "BA4": [*STATED["BA4"], ("III", "cell_size", "large", True, ())]}
    shutil.rmtree(mined)
    write_mined(mined, changed)
    backend = _with_backend(monkeypatch, _Counting())
    after = generate(settings)
    assert backend.asked
    kept = [c for c in before.captions if c.region == "BA17"]
    assert [c for c in after.captions if c.region == "BA17"] == kept
    assert after.reused >= len(kept)
    assert len(backend.asked) < len(after.captions)


@pytest.mark.slow
def test_two_models_share_the_work(mined: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = TemplateBackend()
    other.name = "other"
    monkeypatch.setattr(stage, "open_backend", lambda name, *_: other if name == "other" else TemplateBackend())
    result = generate(GenerateSettings(out=tmp_path / "out", descriptions=mined, models=("template", "other")))
    assert Counter(c.model for c in result.captions) == {"template": 20, "other": 20}


class _Parrot(TemplateBackend):
    """A model that says the same whatever it is asked."""

    def complete(self, prompts: Sequence[Prompt]) -> Iterator[Completion]:
        for prompt in prompts:
            yield Completion(prompt.key, "" if prompt.style == "terse" else "Caption: 'the cortex is agranular'")


def test_repetitions_and_empty_answers_are_rejected_with_reasons(
    mined: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "open_backend", lambda *_: _Parrot())
    result = generate(GenerateSettings(out=tmp_path / "out", descriptions=mined, per_region=4, attempts=2))
    reasons = Counter(r.reason.split(":")[0] for r in read_records(tmp_path / "out" / "rejected.parquet", Rejected))
    assert {"duplicate", "empty"} <= set(reasons)
    assert set(result.shortages) == {"BA4", "BA17"}


def test_other_settings_do_not_mix(mined: Path, tmp_path: Path) -> None:
    generate(GenerateSettings(out=tmp_path / "out", descriptions=mined, per_region=2))
    with pytest.raises(RunMismatchError, match="seed"):
        generate(GenerateSettings(out=tmp_path / "out", descriptions=mined, per_region=2, seed=5))
    generate(GenerateSettings(out=tmp_path / "out", descriptions=mined, per_region=2, seed=5, overwrite=True))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"styles": ("sonnet",)}, "unknown style 'sonnet'"),
        ({"quotas": (("sonnet", 2),)}, "unknown style 'sonnet'"),
        ({"quotas": (("terse", 15), ("short", 6))}, "the quotas add up to 21 where 20 captions are wanted"),
        ({"quotas": (("terse", 15),), "styles": ("terse",)}, "leave one style without a quota"),
        ({"descriptions": None}, "no source"),
        ({"attributes": Path("images.csv")}, "two sources"),
        ({"prompts": Path("/nowhere")}, "no templates"),
        ({"models": ("/nowhere/model.gguf",)}, "no such GGUF file"),
        ({"descriptions": Path("/nowhere")}, "no such file"),
    ],
)
def test_bad_input_is_one_line_and_leaves_no_folder(mined: Path, tmp_path: Path, change: dict[str, object], message: str) -> None:
    settings = GenerateSettings(**{"out": tmp_path / "out", "descriptions": mined, **change})  # type: ignore[arg-type]
    with pytest.raises(InputError, match=message):
        generate(settings)
    assert not (tmp_path / "out").exists()


def test_missing_column_names_the_columns_there_are(images: Path, tmp_path: Path) -> None:
    table = AttributeSettings(images, columns=("cell_sise",), region_column="label")
    with pytest.raises(InputError, match=r"no column 'cell_sise'.*cell_size"):
        generate(GenerateSettings(out=tmp_path / "out", attributes=table))
