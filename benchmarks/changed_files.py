"""Files with bytes and values changed, and every reader that must take them in one clear line; used by bad_days.py."""

from __future__ import annotations

import hashlib
import random
import resource
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cytoscribe.core.errors import InputError

MEMORY, LONGEST = 3_000_000_000, 30


@dataclass(frozen=True)
class Reader:
    """A function that reads a file of a kind, and a good file of that kind to begin from."""

    name: str
    read: Callable[[Path], Any]
    good: Path


def readers(folder: Path) -> list[Reader]:
    """Every reader of files that strangers write, each with a good file."""
    from cytoscribe.captions.morphology.masks import read_mask
    from cytoscribe.captions.wording.image_attributes import read_phrases
    from cytoscribe.core.images import read_image
    from cytoscribe.core.outlines import read_outlines
    from cytoscribe.core.records import Caption, Claim
    from cytoscribe.core.runs import read_json
    from cytoscribe.core.tables import read_csv, read_images, read_records
    from cytoscribe.core.verify import damage
    from cytoscribe.literature_mining.claims.lexicon import load_lexicon
    from cytoscribe.literature_mining.papers.open import read_document
    from cytoscribe.literature_mining.regions.table import read_regions
    from cytoscribe.training.data.embeddings import read_embeddings
    from cytoscribe.training.data.sections import read_groups, read_labels
    from cytoscribe.training.data.slides import open_slide, window
    from cytoscribe.training.model.tensors import read_tensors

    drawn, cut = folder / "phantom", folder / "calm-cut"
    made = made_files(folder)
    return [
        Reader("images.csv", read_images, cut / "images.csv"),
        Reader("regions.csv", read_regions, folder / "regions.csv"),
        Reader("groups.csv", read_groups, drawn / "groups.csv"),
        Reader("table.csv", lambda p: read_csv(p, ["region"]), folder / "regions.csv"),
        Reader("claims.parquet", lambda p: read_records(p, Claim), folder / "mined" / "claims.parquet"),
        Reader("captions.parquet", lambda p: read_records(p, Caption), next((folder / "captions" / "data").glob("*.parquet"))),
        Reader("run.json", lambda p: damage(p.parent), cut / "run.json"),
        Reader("phrases.json", read_phrases, made["phrases.json"]),
        Reader("any.json", read_json, made["phrases.json"]),
        Reader("outlines.geojson", read_outlines, made["outlines.geojson"]),
        Reader("weights.safetensors", lambda p: read_tensors(p, "mend it"), made["weights.safetensors"]),
        Reader("picture.png", read_image, next((cut / "tiles").iterdir())),
        Reader("labels.png", read_labels, next(p for p in (drawn / "labels").iterdir() if p.suffix == ".png")),
        Reader("lexicon.toml", lambda p: load_lexicon.__wrapped__(p), made["lexicon.toml"]),
        Reader("vectors.npz", lambda p: read_embeddings(p, folder), made["vectors.npz"]),
        Reader("vectors.parquet", lambda p: read_embeddings(p, folder), made["vectors.parquet"]),
        Reader("mask.tif", lambda p: read_mask(p, (64, 96)), made["mask.tif"]),
        Reader("slide.tif", lambda p: window(open_slide(p), 0, 0, 64, 64), made["slide.tif"]),
        Reader("paper.md", read_document, folder / "papers" / "0one.md"),
        Reader("paper.txt", read_document, folder / "papers" / "0two.txt"),
    ]


def made_files(folder: Path) -> dict[str, Path]:
    """Good files of the kinds that no stage above writes."""
    import json

    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    import tifffile
    import torch

    from cytoscribe.training.model.tensors import write_tensors

    names = (
        "phrases.json",
        "outlines.geojson",
        "weights.safetensors",
        "slide.tif",
        "lexicon.toml",
        "vectors.npz",
        "vectors.parquet",
        "mask.tif",
    )
    made = {name: folder / name for name in names}
    made["phrases.json"].write_text(
        json.dumps({"subject": {"noun": "cell"}, "columns": {"size": {"values": {"big": {"with": ["a"]}}}}})
    )
    ring = [[0, 0], [0, 9], [9, 9], [0, 0]]
    feature = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": {"name": "V1"}}
    made["outlines.geojson"].write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    write_tensors(made["weights.safetensors"], {"a": torch.ones(3, 2), "b": torch.zeros(4, dtype=torch.int64)})
    pixels = np.random.default_rng(0).integers(0, 255, (64, 96, 3), np.uint8)
    tifffile.imwrite(made["slide.tif"], pixels, tile=(32, 32), compression="zlib", photometric="rgb")
    made["lexicon.toml"].write_text('[[word]]\nforms = ["bulky"]\ncells = "cell_size = large"\n[nouns]\nother = ["thing"]\n')
    names_of, vectors = [f"{i}.png" for i in range(6)], np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    np.savez(made["vectors.npz"], image_path=np.array(names_of), embedding=vectors)
    pq.write_table(pa.table({"image_path": names_of, "embedding": vectors.tolist()}), made["vectors.parquet"])
    tifffile.imwrite(made["mask.tif"], (pixels[..., 0] > 128).astype(np.uint32))
    return made


def misuse_readers(folder: Path, executions: int, seconds: float, draw: random.Random, keep: Path | None) -> tuple[int, list[str]]:
    """Read changed files; how many, and for each that broke a promise one line."""
    start, faults, found = time.monotonic(), [], readers(folder)
    (folder / "odd").mkdir()
    signal.signal(signal.SIGALRM, _too_long)
    for count in range(executions):
        if seconds and time.monotonic() - start > seconds:
            executions = count
            break
        reader = found[count % len(found)]
        path = folder / "odd" / reader.name
        path.write_bytes(changed(reader.good.read_bytes(), draw))
        fault = misused(reader, path)
        if fault:
            faults.append(f"{reader.name}: {fault}")
            if keep:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}-{reader.name}").write_bytes(path.read_bytes())
    if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 > MEMORY:
        faults.append("more than 3 GB of memory were taken")
    return executions, faults


class _TooLongError(Exception):
    """A reader that did not come back."""


def _too_long(*_: object) -> None:
    raise _TooLongError


def misused(reader: Reader, path: Path) -> str:
    """What is wrong with how a reader takes a file; "" where it returns or says in one line what is wrong."""
    signal.alarm(LONGEST)
    try:
        reader.read(path)
    except InputError as error:
        return "" if str(error).isprintable() or "\n" not in str(error) else "more than one line"
    except _TooLongError:
        return f"longer than {LONGEST} s"
    except Exception as error:  # what this looks for
        return f"{type(error).__name__}: {' '.join(str(error).split())[:100]}"
    finally:
        signal.alarm(0)
    return ""


TOKENS = (
    b"",
    b"\0",
    b"\xff",
    b"-1",
    b"NaN",
    b"1e999",
    b"null",
    b"[]",
    b"{}",
    b'"',
    b"\xe2\x80\xa8",
    b"\xed\xa0\x80",
    b"9" * 30,
    b"\n",
    b",",
    b"=cmd|",
)


def changed(content: bytes, draw: random.Random) -> bytes:
    """A file with some of its bytes flipped, cut, doubled, moved, or replaced by what formats stumble over."""
    raw = bytearray(content)
    for _ in range(draw.randint(1, 6)):
        at, length = draw.randrange(len(raw) + 1), draw.randint(0, 12)
        kind = draw.randrange(6)
        if kind == 0 and raw:
            raw[min(at, len(raw) - 1)] = draw.randrange(256)
        elif kind == 1:
            del raw[at:]
        elif kind == 2:
            raw[at : at + length] = raw[at : at + length] * draw.randint(2, 40)
        elif kind == 3:
            raw[at : at + length] = draw.choice(TOKENS)
        elif kind == 4:
            raw[at:at] = draw.choice(TOKENS)
        else:
            del raw[at : at + length]
    return bytes(raw)
