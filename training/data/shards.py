"""Images of a table as WebDataset shards (tar files whose members share a key), and shards as a table of images again."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cytoscribe.core.digests import file_digest, is_file
from cytoscribe.core.errors import InputError
from cytoscribe.core.plain_text import line
from cytoscribe.core.progress import track
from cytoscribe.core.runs import RunFolder, atomic_path, read_bytes
from cytoscribe.core.tables import Row, read_csv, read_images, write_csv

MOST_MEMBER = 1 << 30
_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff")


@dataclass(frozen=True)
class PackSettings:
    """images: a table of images; out: folder of the shards; per_shard: images in one; overwrite: forget an earlier run's."""

    images: Path
    out: Path
    per_shard: int = 10_000
    overwrite: bool = False


def pack(settings: PackSettings) -> tuple[int, int]:
    """Write `images-000000.tar` and on: of each image its own bytes and the table's other columns as JSON. Equal tables give equal
    files. Returns the numbers of images and of shards. Raises InputError where an image is missing."""
    if settings.per_shard < 1:
        raise InputError("a shard holds at least one image", fix="give --per-shard 10000")
    rows = read_csv(settings.images, ["image_path"])
    records = read_images(settings.images, region_column="region" if "region" in rows[0][1] else "image_path")
    for record in records:
        if not is_file(record.path):
            raise InputError("no such image", where=record.path, fix="check the image_path column")
    starts = range(0, len(rows), settings.per_shard)
    with RunFolder(
        settings.out,
        "pack-images",
        {"per_shard": settings.per_shard},
        {"images": file_digest(settings.images)},
        overwrite=settings.overwrite,
    ) as run:
        for number, start in enumerate(track(starts, "packing", unit="shards")):
            part = slice(start, start + settings.per_shard)
            with atomic_path(run.path / f"images-{number:06}.tar") as temporary:
                _write(temporary, start, rows[part], [r.path for r in records[part]])
        run.finish({"images": len(rows), "shards": len(starts)})
    return len(rows), len(starts)


def _write(path: Path, start: int, rows: Sequence[Row], pictures: Sequence[Path]) -> None:
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as shard:
        for number, ((_, row), picture) in enumerate(zip(rows, pictures, strict=True), start=start):
            key = f"{number:09}"
            _add(shard, f"{key}{picture.suffix.lower() or '.png'}", read_bytes(picture))
            told = json.dumps({**row, "image_path": PurePosixPath(row["image_path"].replace("\\", "/")).name}, ensure_ascii=False)
            _add(shard, f"{key}.json", told.encode())


def _add(shard: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)  # no time, no owner: equal content gives equal files
    member.size = len(content)
    shard.addfile(member, io.BytesIO(content))


def unpack(shards: Sequence[Path], out: Path, *, overwrite: bool = False) -> int:
    """Write the images of shards into `out`/images and a table images.csv beside it; returns how many.

    A sample is one picture and a JSON object of its columns, `region` among them; a member `cls` or `txt` may give the region instead.
    Raises InputError where a shard cannot be read, a sample has no picture or no region, or a key appears twice.
    """
    inputs = {"shards": [file_digest(path) for path in shards]}
    with RunFolder(out, "unpack-images", {}, inputs, overwrite=overwrite) as run:
        rows: list[dict[str, str]] = []
        seen: set[str] = set()
        for path in track(shards, "unpacking", unit="shards"):
            for key, members in _samples(path):
                if key in seen:
                    raise InputError(f"key '{line(key)}' appears twice", where=path, fix="give each sample a key of its own")
                seen.add(key)
                name, row = _row(members, path, key)
                picture = run.path / "images" / f"{len(rows):09}{name}"
                with atomic_path(picture) as temporary:
                    temporary.write_bytes(members[name])
                rows.append({**row, "image_path": f"images/{picture.name}"})
        if not rows:
            raise InputError("no sample in the shards", where=out, fix="give shards with pictures")
        columns = list(dict.fromkeys(("image_path", "region", *(c for row in rows for c in row))))
        write_csv(run.path / "images.csv", columns, [[row.get(c, "") for c in columns] for row in rows])
        run.finish({"images": len(rows)})
    return len(rows)


def _samples(path: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Key to its members by their endings, in the order of the shard: members of one key lie side by side."""
    key, members = "", {}
    try:
        with tarfile.open(path, "r:*") as shard:
            for member in shard:
                if not member.isfile():
                    continue
                if member.size > MOST_MEMBER:
                    raise InputError(f"a member of {member.size:,} bytes", where=path, fix="leave it out")
                folder, _, base = member.name.rpartition("/")
                stem, dot, ending = base.partition(".")
                name = f"{folder}/{stem}"
                if name != key and members:
                    yield key, members
                    members = {}
                key = name
                content = shard.extractfile(member)
                members[f"{dot}{ending.lower()}"] = content.read() if content else b""
    except (tarfile.TarError, OSError, EOFError) as error:
        raise InputError(f"not a readable tar ({line(str(error))[:100]})", where=path, fix="write the shard again") from error
    if members:
        yield key, members


def _row(members: dict[str, bytes], path: Path, key: str) -> tuple[str, dict[str, str]]:
    """The ending of the picture and the sample's columns."""
    name = next((ending for ending in members if ending in _PICTURES), None)
    if name is None:
        raise InputError(f"sample '{line(key)}' has no picture", where=path, fix=f"give each one of {', '.join(_PICTURES)}")
    try:
        told = json.loads(members.get(".json", b"{}"))
        row = {str(k): "" if v is None else str(v) for k, v in told.items()}
        region = row.get("region") or (members.get(".cls") or members.get(".txt") or b"").decode().strip()
    except (ValueError, AttributeError, RecursionError) as error:
        raise InputError(
            f"sample '{line(key)}' has columns that are no JSON object", where=path, fix="write the shard again"
        ) from error
    if not region:
        raise InputError(f"sample '{line(key)}' has no region", where=path, fix="give it in its JSON, or as a member .cls")
    return name, {**row, "region": region}
