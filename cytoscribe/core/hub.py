"""The Hugging Face Hub where there may be no network: a name that cannot be fetched fails in seconds, not after minutes of retries."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

SECONDS = 4.0
"""How long the Hub may take to accept a connection before work continues with its cache only."""


def reachable(url: str, seconds: float = SECONDS) -> bool:
    """True where the host of an address accepts a connection; or a proxy that the environment names."""
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme)
    if proxy and parts.hostname and not proxy_bypass(parts.hostname):
        parts = urlsplit(proxy if "//" in proxy else f"//{proxy}")
    try:
        address = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        with closing(socket.create_connection(address, seconds)):
            return True
    except (OSError, ValueError):
        return False


@contextmanager
def quickly() -> Iterator[bool]:
    """Within the block the Hub's client reads its cache alone where the Hub cannot be reached. Yields whether it can be.

    The client waits and retries by itself for minutes, which no setting of it shortens for all libraries on top.
    """
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    there = not before and reachable(constants.ENDPOINT)
    constants.HF_HUB_OFFLINE = not there
    try:
        yield there
    finally:
        constants.HF_HUB_OFFLINE = before
