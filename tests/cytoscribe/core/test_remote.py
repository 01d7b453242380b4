"""Tables and images in object stores: fsspec's own store in memory, and a real S3 server on this machine where moto is installed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import fsspec
import numpy as np
import pytest
from PIL import Image

from cytoscribe.core.errors import InputError
from cytoscribe.core.images import read_image
from cytoscribe.core.remote import beside, copy_of, local, url_of
from cytoscribe.core.tables import read_images

TABLE = "image_path,region\nimages/a.png,A\n{scheme}://bucket/images/b.png,B\nimages/gone.png,B\n"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CYTO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def png(grey: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.full((8, 9, 3), grey, np.uint8)).save(file, "PNG")
    return file.getvalue()


def fill(store: object, scheme: str) -> None:
    for name, content in {
        "images.csv": TABLE.format(scheme=scheme).encode(),
        "images/a.png": png(10),
        "images/b.png": png(20),
    }.items():
        with store.open(f"{scheme}://bucket/{name}", "wb") as file:  # type: ignore[attr-defined]
            file.write(content)


@pytest.fixture
def memory() -> Iterator[object]:
    store = fsspec.filesystem("memory")
    fill(store, "memory")
    yield store
    store.rm("/bucket", recursive=True)


def check(scheme: str) -> None:
    table = local(Path(f"{scheme}://bucket/images.csv"))
    records = read_images(table)
    assert [int(read_image(r.path)[0, 0, 0]) for r in records[:2]] == [10, 20]
    with pytest.raises(InputError, match="no such image"):
        read_image(records[2].path)
    folder = local(Path(f"{scheme}://bucket/images"))
    assert sorted(p.name for p in folder.iterdir() if not p.name.startswith(".")) == ["a.png", "b.png"]
    with pytest.raises(InputError, match="no such object"):
        local(Path(f"{scheme}://bucket/nothing"))


def test_a_table_and_its_images_from_a_store(memory: object) -> None:
    check("memory")


def test_a_changed_object_is_fetched_again_and_others_are_not(memory: object, monkeypatch: pytest.MonkeyPatch) -> None:
    path = local(Path("memory://bucket/images/a.png"))
    with memory.open("memory://bucket/images/a.png", "wb") as file:  # type: ignore[attr-defined]
        file.write(png(99))
    assert int(read_image(local(Path("memory://bucket/images/a.png")))[0, 0, 0]) == 99
    monkeypatch.setattr(type(memory), "get_file", None)
    assert local(Path("memory://bucket/images/a.png")) == path


def test_addresses_survive_pathlib_and_stay_within_the_cache(cache: Path) -> None:
    assert url_of(Path("s3://bucket/a.png")) == url_of("s3://bucket/a.png") == "s3://bucket/a.png"
    assert url_of("C:/images/a.png") is None
    assert url_of("images/a.png") is None
    assert beside("x/b.png", cache / "objects" / "s3" / "bucket") == "s3://bucket/x/b.png"
    assert beside("x/b.png", cache) is None
    with pytest.raises(InputError, match="not the address"):
        copy_of("s3://bucket/../../etc/passwd")


def test_a_real_s3_server(monkeypatch: pytest.MonkeyPatch) -> None:
    server = pytest.importorskip("moto.server", reason="the package moto[server] is not installed")
    s3fs = pytest.importorskip("s3fs", reason="the package s3fs is not installed")

    running = server.ThreadedMotoServer(port=0, verbose=False)
    running.start()
    try:
        host, port = running.get_host_and_port()
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://{host.replace('0.0.0.0', '127.0.0.1')}:{port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)
        store = s3fs.S3FileSystem(skip_instance_cache=True)
        store.mkdir("bucket")
        fill(store, "s3")
        s3fs.S3FileSystem.clear_instance_cache()
        check("s3")
    finally:
        running.stop()
