"""Inputs in object stores (s3://, gs://, https:// ...): fetched once through fsspec and read from a copy on this disk.

Copies lie below `$CYTO_CACHE/objects` (default `~/.cache/cytoscribe/objects`) in the store's own tree, so that a relative path in a
table that was fetched is found beside it. A copy is fetched again when the store's own mark of the object has changed.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any

from cytoscribe.core.errors import InputError, unwritable
from cytoscribe.core.runs import atomic_path

SCHEMES = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "http", "https", "memory")
_URL = re.compile(rf"({'|'.join(SCHEMES)}):/{{1,2}}(?=[^/])(.*)", re.DOTALL)
_PACKAGES = {"s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs", "abfss": "adlfs"}
_AT_ONCE = 16
_MARKS = ("ETag", "etag", "md5", "content_md5", "mtime", "LastModified", "last_modified", "created", "size")


def url_of(path: str | Path) -> str | None:
    """The address in an object store that a path is, be it written as one or as `pathlib` shortens it; None for other paths."""
    found = _URL.fullmatch(str(path))
    return f"{found.group(1)}://{found.group(2)}" if found else None


def root() -> Path:
    """The folder of all copies."""
    return Path(os.environ.get("CYTO_CACHE") or Path.home() / ".cache" / "cytoscribe") / "objects"


def copy_of(url: str) -> Path:
    """Where the copy of an object lies. Raises InputError where its name leads out of the folder of copies."""
    scheme, _, rest = url.partition("://")
    parts = PurePosixPath(rest).parts
    if not parts or ".." in parts:
        raise InputError("not the address of an object", where=url, fix="give scheme://bucket/key")
    return root().joinpath(scheme, *parts)


def beside(text: str, folder: Path) -> str | None:
    """The address that a table in `folder` means by `text`: one that it writes, or a path relative to a table that was fetched."""
    if (url := url_of(text)) is not None:
        return url
    if PurePosixPath(text).is_absolute() or not folder.is_relative_to(root()):
        return None
    scheme, *parts = folder.relative_to(root()).parts
    return f"{scheme}://{PurePosixPath(*parts, text)}"


def local(path: Path) -> Path:
    """The path, or the copy of what it names in an object store: an object, or every object below a folder.

    Raises InputError where there is none, it may not be read, or the store's package is missing.
    """
    url = url_of(path)
    if url is None:
        return path
    store = _store(url)
    try:
        if store.isfile(url):
            return _fetch(store, url)
        inside = [f"{url.partition('://')[0]}://{name.lstrip('/')}" for name in store.find(url)]
    except InputError:
        raise
    except Exception as error:  # every store fails in its own ways
        raise _unread(error, url) from error
    if not inside:
        raise InputError("no such object or folder", where=url, fix="check the address")
    fetched_all(inside)
    return copy_of(url)


def fetched_all(urls: Iterable[str]) -> Mapping[str, Path]:
    """Copies of many objects, several at a time. One that does not exist has a path at which there is nothing."""
    urls = list(dict.fromkeys(urls))
    stores = {scheme: _store(f"{scheme}://") for scheme in {u.partition("://")[0] for u in urls}}

    def one(url: str) -> Path:
        try:
            return _fetch(stores[url.partition("://")[0]], url)
        except FileNotFoundError:
            copy_of(url).unlink(missing_ok=True)
            return copy_of(url)
        except InputError:
            raise
        except Exception as error:  # every store fails in its own ways
            raise _unread(error, url) from error

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip(urls, pool.map(one, urls), strict=True))


def _fetch(store: Any, url: str) -> Path:
    copy = copy_of(url)
    mark = copy.with_name(f".{copy.name}.mark")
    about = store.info(url)
    now = hashlib.sha256(repr([(k, str(about[k])) for k in _MARKS if k in about]).encode()).hexdigest()
    if copy.is_file() and mark.is_file() and mark.read_text() == now:
        return copy
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(copy) as temporary:
            store.get_file(url, str(temporary))
        mark.write_text(now)
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno is None:
            raise
        raise unwritable(error, copy) from error
    return copy


def _store(url: str) -> Any:
    scheme = url.partition("://")[0]
    try:
        import fsspec

        return fsspec.filesystem(scheme)
    except ImportError as error:
        package = _PACKAGES.get(scheme, "fsspec[http]")
        raise InputError(
            f"{scheme}:// is read through the package {package}, which is not installed", where=url, fix=f"pip install {package}"
        ) from error


def _unread(error: Exception, url: str) -> InputError:
    reason = " ".join(str(error).split())[:120] or type(error).__name__
    return InputError(f"cannot be read from its store ({reason})", where=url, fix="check the address and your rights to it")
