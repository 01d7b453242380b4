"""Publish a folder to a Hub: nothing is converted, only what belongs to the dataset or model goes up, private by default."""

from __future__ import annotations

import contextlib
import fnmatch
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cytoscribe.captions.card_head import check_licence, model_index, read_figures, with_head
from cytoscribe.captions.croissant import FILE as CROISSANT
from cytoscribe.captions.croissant import croissant
from cytoscribe.captions.image_shards import split_counts, write_images
from cytoscribe.core.errors import CytoscribeError, InputError
from cytoscribe.core.runs import read_bytes, write_json, write_text
from cytoscribe.core.tables import read_images

if TYPE_CHECKING:
    from huggingface_hub import HfApi

DATASET_FILES = ("README.md", "data/*.parquet", "evidence.parquet", "statements.parquet", "quality.json")
MODEL_FILES = (
    *("README.md", "config.json", "regions.json", "calibration.json", "calibration.safetensors", "adapter/*", "merged/*"),
    *(
        "captioner.safetensors",
        "joint.json",
        "bank.safetensors",
        "knowledge.json",
        "claims.parquet",
        "captions.parquet",
        "decoder/*",
    ),
)


@dataclass(frozen=True)
class PublishSettings:
    """folder: a dataset of captions or a model folder; repo: "user/name"; endpoint: another Hub, "" for the usual one; licence: its
    identifier, "" leaves it to the card; metrics: metrics.json whose figures the card shows; images: table of images that go with the
    captions, whose label is in `region_column`."""

    folder: Path
    repo: str
    kind: Literal["dataset", "model"] = "dataset"
    private: bool = True
    endpoint: str = ""
    message: str = "Upload by cytoscribe"
    licence: str = ""
    metrics: Path | None = None
    images: Path | None = None
    region_column: str = "region"


def files_of(settings: PublishSettings) -> list[Path]:
    """What would go up, relative to the folder. Raises InputError where the folder is not a dataset (or model) with a card."""
    folder, patterns = settings.folder, DATASET_FILES if settings.kind == "dataset" else MODEL_FILES
    found = sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file() and _wanted(p.relative_to(folder), patterns))
    names = {str(p) for p in found}
    needed = "data/*.parquet" if settings.kind == "dataset" else "config.json"
    if "README.md" not in names or not any(fnmatch.fnmatch(n, needed) for n in names):
        raise InputError(f"no card or no {needed}", where=folder, fix="name the folder that the stage wrote with --out")
    return found


def publish(settings: PublishSettings) -> str:
    """Upload and return the URL of the commit. The token is the one that the Hub's client has (HF_TOKEN or its login).

    Raises InputError where the folder, the name or the token cannot be used, or where a repository that is public already would get
    what should be private; CytoscribeError where the Hub refuses.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError, OfflineModeIsEnabled

    files_of(settings)
    check(settings)
    api = HfApi(endpoint=settings.endpoint or None)
    try:
        _open_repository(api, settings)
        with staged(settings) as (folder, files):
            commit = api.upload_folder(
                repo_id=settings.repo,
                folder_path=folder,
                repo_type=settings.kind,
                allow_patterns=[str(f) for f in files],
                commit_message=settings.message,
            )
    except LocalTokenNotFoundError as error:
        raise InputError("no token", fix="set HF_TOKEN or run `hf auth login`") from error
    except OfflineModeIsEnabled as error:
        raise InputError("the Hub is switched off", where="HF_HUB_OFFLINE", fix="unset it to publish") from error
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else "?"
        if status in (401, 403):
            raise InputError(f"the Hub refuses ({status})", where=settings.repo, fix="check HF_TOKEN and its rights") from error
        raise CytoscribeError(f"{settings.repo}: the Hub answers {status}; try again later") from error
    except CytoscribeError:
        raise
    except Exception as error:
        if not isinstance(error, OSError) and not type(error).__module__.startswith("httpx"):
            raise  # the client's transport, whichever version it uses, is no subclass of OSError
        raise CytoscribeError(f"{settings.repo}: the Hub cannot be reached ({type(error).__name__}); try again later") from error
    return str(commit.commit_url)


def check(settings: PublishSettings) -> None:
    """Raise InputError where name, licence, metrics or images cannot be used, before anything is sent."""
    _check_name(settings.repo)
    check_licence(settings.licence)
    if settings.metrics:
        read_figures(settings.metrics)
    if settings.images:
        split_counts(read_images(settings.images, region_column=settings.region_column))


@contextlib.contextmanager
def staged(settings: PublishSettings) -> Iterator[tuple[Path, list[Path]]]:
    """The folder that goes up and its files: the stage's own, with what is added to it in a copy that is gone afterwards."""
    files = files_of(settings)
    with tempfile.TemporaryDirectory(prefix="cytoscribe-publish-") as place:
        folder = Path(place)
        for name in files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(settings.folder / name, folder / name)
        added: dict[str, Any] = {}
        if settings.images:
            records = read_images(settings.images, region_column=settings.region_column)
            added["configs"] = [write_images(records, folder)]
        write_text(folder / "README.md", card_of(settings, added))
        if settings.kind == "dataset":
            there = sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
            home = (settings.endpoint or "https://huggingface.co").rstrip("/")
            write_json(folder / CROISSANT, croissant(folder, there, settings.repo, settings.licence, home))
        yield folder, sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())


def card_of(settings: PublishSettings, added: Mapping[str, Any] | None = None) -> str:
    """The card as it goes up: the folder's own, with licence, figures and configs in its head, and the repository's name in its text."""
    card = read_bytes(settings.folder / "README.md").decode("utf-8", "replace").replace("THIS_REPOSITORY", settings.repo)
    head = dict(added or {})
    if settings.licence:
        head["license"] = settings.licence
    if settings.metrics:
        head["model-index"] = model_index(settings.repo.rpartition("/")[2], read_figures(settings.metrics))
    return with_head(card, head) if head else card


def _check_name(repo: str) -> None:
    """Raise InputError where the Hub would not take the name, before anything is sent."""
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(repo)
    except HFValidationError as error:
        raise InputError(f"'{repo}' is not a repository name", where="--repo", fix="write user/name") from error


def _open_repository(api: HfApi, settings: PublishSettings) -> None:
    """Make the repository where it is missing; one that exists keeps its visibility, which must not be wider than asked for."""
    from huggingface_hub.errors import HfUriError

    with contextlib.suppress(HfUriError):  # the client cannot name an existing repository of another Hub, and it exists then
        api.create_repo(settings.repo, private=settings.private, repo_type=settings.kind, exist_ok=True)
    if settings.private and not api.repo_info(settings.repo, repo_type=settings.kind).private:
        raise InputError("the repository is public already", where=settings.repo, fix="pass --public, or choose another --repo")


def preview(settings: PublishSettings) -> str:
    """What `publish` would do, in full: files, sizes, visibility, and the card."""
    files = files_of(settings)
    check(settings)
    sizes = [(settings.folder / f).stat().st_size for f in files]
    lines = [
        f"{'private' if settings.private else 'PUBLIC'} {settings.kind} {settings.repo}: {len(files)} files, {sum(sizes):,} bytes"
    ]
    lines += [f"  {size:>12,}  {file}" for size, file in zip(sizes, files, strict=True)]
    if settings.images:
        counts = split_counts(read_images(settings.images, region_column=settings.region_column))
        lines.append(f"  and as images/*.parquet: {', '.join(f'{n} images of {split}' for split, n in counts.items())}")
    return "\n".join([*lines, "", card_of(settings)])


def _wanted(path: Path, patterns: Sequence[str]) -> bool:
    hidden = any(part.startswith(".") for part in path.parts)
    return not hidden and any(fnmatch.fnmatch(str(path), p) for p in patterns)
