"""A good file of every kind that no stage of bad_days.py writes, and readers of what language models and their servers say."""

from __future__ import annotations

import gzip
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

RING = [[0, 0], [0, 9], [9, 9], [0, 0]]
TEXTS = {
    "sections.csv": "section,subject,pixel_size_um,split\ns1,a,0.5,train\ns2,b,0.5,test\n",
    "colours.csv": "colour,label\n#ff0000,V1\n#00ff00,V2\n0 0 255,V3\n",
    "layer_names.csv": 'value,region,name\n1,V1,"V1, Layer 1"\n2,V1,"V1, Layer 2/3"\n3,V2,"V2, Layer 4"\n',
    "borders.csv": "layer,from_percent,to_percent\nI,0,10\nII,10,30.5\nIV,30.5,100\n",
    "cells.csv": "x_um,y_um,area_um2\n1,2.5,30\n4,5,60\n",
    "detections.csv": "Name,Centroid X µm,Centroid Y µm,Area µm^2\nc,1,2,30\nc,3,4.5,60\n",
    "names.csv": 'lookupLabel,name,parents\nx_hOc1,"Area hOc1 (V1, 17, CalcS)",occipital\nx_FG1,"Area FG1 (FusG)",[\'fusiform\']\n',
    "second.csv": "image_path,size,shape\na.png,big,round\nb.png,small,oval\n",
    "predictions.csv": "image_path,row,region,known,predicted,probability,score,p_value,rejected,subject,section,recall\n"
    "a.png,2,V1,yes,V1,0.9,0.5,0.4,no,s,1,1\nb.png,3,V2,no,V1,0.3,1.5,0.01,yes,s,2,\n",
    "layers.csv": "image_path,region,layer,subject,section,area_mm2,cells,thickness_um,darkness\n"
    "a.png,V1,I,s,1,0.1,12,200,0.5\na.png,V1,IV,s,1,0.2,90,300,0.7\nb.png,V1,IV,t,2,0.2,80,310,\n",
    "lexicon.toml": '[[word]]\nforms = ["bulky"]\ncells = "cell_size = large"\n[nouns]\nother = ["thing"]\n',
    "vocabulary.toml": 'plural_names = true\n[attributes.size]\nabout = "how big"\nopposed = [["big", "small"]]\n[attributes.size.weaker]\n'
    'big = ["large"]\n[[word]]\nforms = ["bulky"]\ncells = "size = big"\n[cell_types.blood]\nblast = ["blasts"]\n',
    "own.jinja": "Write of {{ subject }}.\n=== user ===\n{% for fact in facts %}- {{ fact }}\n{% endfor %}{% if other %}{{ other }}{% endif %}\n",
    "card.md": "---\nlicense: mit\nconfigs:\n- config_name: default\n  data_files:\n  - split: train\n    path: data/*\n---\n# Captions\n",
    "answer.txt": '<think>so</think> ```json\n{"claims": [{"sentence": 1, "region": "Aa1", "layer": "IV", "trait": "width=thin", "stated": true,'
    ' "span": "thin layer IV", "compared_to": ["Aa2"]}], "faithful": true, "reason": "said"}\n```',
    "texts.jsonl": '{"region": "V1", "caption": "A thin layer IV.", "claims": [{"layer": "IV", "attribute": "width", "value": "thin"}]}\n'
    '{"region": "V1", "caption": "Broad.", "claims": []}\n',
}
CONTENTS: dict[str, Any] = {
    "phrases.json": {"subject": {"noun": "cell"}, "columns": {"size": {"values": {"big": {"with": ["a"]}}}}},
    "bins.json": {
        "cell": [
            {"column": "size", "measure": "cell_area", "limits": {"quantiles": [0.4]}, "values": ["small", "big"], "margin": 0.1},
            {"column": "lobes", "measure": "nucleus_lobes", "limits": [2.5, 3], "values": ["", "two", "more"]},
        ]
    },
    "class_captions.json": {"V1": ["a thin layer", "broad"], "V2": "one text"},
    "aliases.json": {"mine": "org/model", "_comment": "x"},
    "pool.json": {"region": 0.5, "tile": 1.5, "pieces": 12},
    "metrics.json": {"zero_shot.accuracy": 0.5, "zero_shot.accuracy.ci95": [0.4, 0.6], "zero_shot.accuracy.n": 100, "note": "x"},
    "tree.json": {
        "msg": [
            {
                "name": "cortex",
                "acronym": "CTX",
                "definition": "The grey sheet of the forebrain.",
                "children": [{"name": "V1", "acronym": "v", "children": []}],
            }
        ]
    },
    "nif.json": [{"label": "Brodmann area 17", "synonyms": ["V1"], "abbrev": "b17"}, {"label": "hippocampus", "synonyms": "HC"}],
    "outlines.geojson": {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [RING]}, "properties": {"name": "V1"}},
            {
                "type": "Feature",
                "geometry": {"type": "MultiPolygon", "coordinates": [[RING]]},
                "properties": {"classification": {"name": "V2"}},
            },
        ],
    },
    "corners.geojson": {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "geometry": {"type": "Point", "coordinates": [x, y]}, "properties": {"name": f"{end}_{side}"}}
            for end, y in (("top", 0), ("bottom", 90))
            for side, x in (("left", 0), ("right", 50))
        ],
    },
    "body.json": {
        "data": [{"id": "m"}],
        "choices": [{"message": {"content": "x"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3},
    },
    "stored.jsonl": {"key": "k", "text": "a text", "prompt_tokens": 3, "seconds": 0.5, "error": "", "stated": [[0, 3, ["c1"]]]},
}


def make(folder: Path) -> dict[str, Path]:
    """Write them all; path by name."""
    made = {name: folder / name for name in (*TEXTS, *CONTENTS)}
    for name, text in TEXTS.items():
        made[name].write_text(text, encoding="utf-8")
    for name, content in CONTENTS.items():
        made[name].write_text(json.dumps(content), encoding="utf-8")
    zipped = folder / "outlines.geojson.gz"
    zipped.write_bytes(gzip.compress(json.dumps(CONTENTS["outlines.geojson"]).encode()))
    toy = Path(__file__).parents[1] / "tests" / "training" / "toy_base.json"
    return {**made, zipped.name: zipped, "base.json": toy, **_vectors(folder), **_pictures(folder)}


def _vectors(folder: Path) -> dict[str, Path]:
    import pyarrow as pa
    import pyarrow.parquet as pq
    import torch

    from cytoscribe.training.model.tensors import write_tensors

    made = {name: folder / name for name in ("weights.safetensors", "vectors.npz", "vectors.parquet", "labels.npy")}
    write_tensors(made["weights.safetensors"], {"a": torch.ones(3, 2), "b": torch.zeros(4, dtype=torch.int64)})
    names, vectors = [f"{i}.png" for i in range(6)], np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    np.savez(made["vectors.npz"], image_path=np.array(names), embedding=vectors)
    pq.write_table(pa.table({"image_path": names, "embedding": vectors.tolist()}), made["vectors.parquet"])
    np.save(made["labels.npy"], np.arange(48, dtype=np.int16).reshape(6, 8) // 16)
    return made


def _pictures(folder: Path) -> dict[str, Path]:
    import tifffile
    from PIL import Image

    pixels = np.random.default_rng(0).integers(0, 255, (64, 96, 3), np.uint8)
    made = {name: folder / name for name in ("slide.tif", "mask.tif", "deep.tif", "ome.ome.tif")}
    tifffile.imwrite(made["slide.tif"], pixels, tile=(32, 32), compression="zlib", photometric="rgb")
    tifffile.imwrite(made["mask.tif"], (pixels[..., 0] > 128).astype(np.uint32))
    tifffile.imwrite(made["deep.tif"], pixels[..., 0].astype(np.uint16) * 16, resolution=(20_000, 20_000), resolutionunit=3)
    with tifffile.TiffWriter(made["ome.ome.tif"], ome=True) as writer:
        size = {"PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5, "PhysicalSizeXUnit": "µm", "PhysicalSizeYUnit": "µm"}
        writer.write(pixels, subifds=1, tile=(32, 32), photometric="rgb", metadata={"axes": "YXS", **size})
        writer.write(pixels[::2, ::2], subfiletype=1, tile=(32, 32), photometric="rgb")
    for kind in ("jpg", "bmp", "webp", "gif"):
        made[f"picture.{kind}"] = folder / f"picture.{kind}"
        Image.fromarray(pixels).save(made[f"picture.{kind}"])
    return made


def papers(folder: Path) -> list[Path]:
    """A PDF, a JATS and an HTML paper."""
    from cytoscribe.quickstart.papers import write_papers

    written = write_papers(folder / "good-papers")
    page = folder / "good-papers" / "page.html"
    page.write_text(
        "<html><head><title>Areas</title></head><body><article><h1>Areas</h1><section><h2>Results</h2><p>Area Aa1 has a thin layer IV."
        " Layer V of Aa1 contains large pyramidal cells.</p><table><tr><th>area</th><th>layer IV</th></tr><tr><td>Aa2</td><td>broad</td></tr>"
        "</table><figure><img src='f.png'><figcaption>Fig. 1 Area Aa2.</figcaption></figure></section></article></body></html>",
        encoding="utf-8",
    )
    return [next(p for p in written if p.suffix == ".pdf"), next(p for p in written if p.suffix == ".xml"), page]


@lru_cache(1)
def _checker() -> tuple[Any, Any]:
    from cytoscribe.core.records import Region
    from cytoscribe.literature_mining.claims.lexicon import load_lexicon
    from cytoscribe.literature_mining.claims.llm.checks import AnswerChecker
    from cytoscribe.literature_mining.claims.llm.vocabulary import load_vocabulary
    from cytoscribe.literature_mining.claims.llm.windows import Target, Window
    from cytoscribe.literature_mining.regions.mentions import RegionTable

    text = "Area Aa1 has a thin layer IV compared with Aa2."
    window = Window("Results", (), (), (Target(text, 0, len(text), 1, ("Aa1", "Aa2")),))
    return AnswerChecker(RegionTable((Region("Aa1"), Region("Aa2"))), load_vocabulary(load_lexicon())), window


def check_answer(text: str) -> None:
    """What mining and captioning make of an answer of a language model."""
    from cytoscribe.captions.acceptance import clean
    from cytoscribe.llm.base import Completion

    checker, window = _checker()
    checker.check(window, Completion("k", text))
    clean(text)


def read_body(path: Path) -> None:
    """What the client makes of the body of an HTTP answer: a completion, or another try."""
    from cytoscribe.llm.client import Reply, TransientError
    from cytoscribe.llm.server import _completion

    try:
        found = _completion("k", Reply(200, path.read_bytes().decode("utf-8", "replace")).json(), 0.0)
    except TransientError:
        return
    check_answer(found.text)


def read_store(path: Path) -> None:
    """The journal of completions, with what was read back."""
    from cytoscribe.llm.store import CompletionStore

    store = CompletionStore(path)
    try:
        if (found := store.get("k")) is not None:
            check_answer(found.text)
        store.compact()
    finally:
        store.close()
