"""Files that customers sent, fetched from Meta: an id gives an address, and the address the bytes."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from munshi.bot.message import Media

_HOSTS = ("fbsbx.com", "fbcdn.net", "whatsapp.net", "facebook.com")
"""Where Meta keeps files: nobody else is shown the token."""


class MediaError(Exception):
    """A file that cannot be had; `key` names the sentence that tells the customer why."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(reason)
        self.key = key


def fetch(http: httpx.Client, media: Media, *, most: int) -> bytes:
    """The bytes of a file of at most `most` bytes, by a client of the API. Raises MediaError."""
    try:
        told = _told(http.get(media.id))
        if isinstance(told.get("file_size"), int) and told["file_size"] > most:
            raise MediaError("attachment_too_large", f"it has {told['file_size']} bytes")
        content = _content(http, _checked(str(told.get("url", "")), http), most)
    except httpx.HTTPError as error:
        raise MediaError("attachment_unavailable", type(error).__name__) from None
    if not _is_whole(content, str(told.get("sha256") or media.sha256)):
        raise MediaError("attachment_unavailable", "it is not what Meta says it is")
    return content


def _told(response: httpx.Response) -> Mapping[str, Any]:
    try:
        told = response.raise_for_status().json()
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise MediaError("attachment_unavailable", "Meta's answer cannot be read")
    return told


def _checked(url: str, http: httpx.Client) -> str:
    """The address, where it is Meta's own (or the stand-in's, which is the API's)."""
    try:
        address = urlsplit(url)
        place = (address.scheme, address.hostname, address.port)
    except ValueError:
        raise MediaError("attachment_unavailable", "its address cannot be read") from None
    api = http.base_url
    if place == (api.scheme, api.host, api.port):
        return url
    host = address.hostname or ""
    if address.scheme != "https" or not any(host == ours or host.endswith(f".{ours}") for ours in _HOSTS):
        raise MediaError("attachment_unavailable", "its address is not Meta's")
    return url


def _content(http: httpx.Client, url: str, most: int) -> bytes:
    with http.stream("GET", url) as response:
        return read_bytes(response, most)


def read_bytes(response: httpx.Response, most: int) -> bytes:
    """A streamed response's bytes. Raises MediaError where there are more than `most`, HTTPError where it failed."""
    content = bytearray()
    response.raise_for_status()
    for piece in response.iter_bytes():
        content += piece
        if len(content) > most:
            raise MediaError("attachment_too_large", f"it has more than {most} bytes")
    return bytes(content)


def _is_whole(content: bytes, told: str) -> bool:
    """Meta gives the fingerprint in hexadecimal in one place, in base64 in another, and sometimes not at all."""
    digest = hashlib.sha256(content).digest()
    return told.casefold() in ("", digest.hex()) or told == base64.b64encode(digest).decode()
