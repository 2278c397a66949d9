"""Keeps the owner's pages from everybody else: ASGI middleware.

Without a password they are there for this computer alone, and for the rest of the world they are not there at all. A
proxy on this computer makes every visitor look local, so that a request which tells of one does not count as local; nor
does one under a name that is not this computer's, which a page elsewhere could have had pointed here.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

TRIES = 5
"""Different wrong passwords that one address may try before it has to wait."""
WAIT_SECONDS = 300.0

_ADDRESSES = 4096
_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="The papers of this shop", charset="UTF-8"', "Cache-Control": "no-store"}
_SAME_SITE = ("same-origin", "none")


class OwnerOnly:
    """Lets nobody but the owner in under `path`: by `password`, or without one whoever sits at this computer."""

    def __init__(self, app: ASGIApp, *, path: str, password: str = "") -> None:
        self._app = app
        self._path = path
        self._password = password.encode()
        self._guesses = Guesses()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with what keeps its sender out."""
        if scope["type"] == "lifespan" or not self._covers(scope["path"]):
            await self._app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        else:
            refusal = self._refusal(scope)
            await (self._app if refusal is None else refusal)(scope, receive, send)

    def _covers(self, path: str) -> bool:
        return path == self._path or path.startswith(f"{self._path}/")

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if not self._password:
            if not is_local(scope, headers):
                return PlainTextResponse("Not found", status_code=404)
        elif (refusal := self._asks(scope, headers)) is not None:
            return refusal
        if scope["method"] == "POST" and not from_own_page(headers):
            return PlainTextResponse("This can only be asked from the page itself", status_code=403)
        return None

    def _asks(self, scope: Scope, headers: Headers) -> Response | None:
        """What a visitor without the right password gets; None for the owner."""
        address = _address(scope)
        if (wait := self._guesses.wait(address)) > 0:
            told = {"Retry-After": str(int(wait) + 1), "Cache-Control": "no-store"}
            return PlainTextResponse("Too many wrong passwords. Please wait a while.", status_code=429, headers=told)
        given = _password_of(headers)
        if given is not None and hmac.compare_digest(given, self._password):
            return None
        if given:
            self._guesses.add(address, given)
        return PlainTextResponse("This page asks for the owner's password", status_code=401, headers=_CHALLENGE)


class Guesses:
    """Wrong passwords by the address that they came from. The same one twice is a browser that remembers, not a try.

    What is kept are keyed fingerprints, of the latest addresses alone. Safe for several threads.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._tried: OrderedDict[str, dict[bytes, float]] = OrderedDict()

    def add(self, address: str, password: bytes) -> None:
        """A wrong password came from there."""
        mark = hashlib.blake2b(password, key=self._key, digest_size=16).digest()
        with self._lock:
            tried = self._recent(address)
            tried.setdefault(mark, self._clock())
            self._tried[address] = tried
            self._tried.move_to_end(address)
            while len(self._tried) > _ADDRESSES:
                self._tried.popitem(last=False)

    def wait(self, address: str) -> float:
        """Seconds until another try from there is looked at; 0 where it is at once."""
        with self._lock:
            tried = self._recent(address)
        return max(tried.values()) + WAIT_SECONDS - self._clock() if len(tried) >= TRIES else 0.0

    def _recent(self, address: str) -> dict[bytes, float]:
        since = self._clock() - WAIT_SECONDS
        return {mark: when for mark, when in self._tried.get(address, {}).items() if when > since}


def from_own_page(headers: Headers) -> bool:
    """Whether a request comes from no other site: an older browser names only where from, other programs nothing."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None or origin is None:
        return site in (None, *_SAME_SITE)
    try:
        return urlsplit(origin).netloc == headers.get("host")
    except ValueError:
        return False


def is_local(scope: Scope, headers: Headers) -> bool:
    """Whether a request comes from this computer, by its address and by the name it calls the server."""
    client = scope.get("client")
    if client is None or not is_loopback(client[0]) or any(name in headers for name in _FORWARDED):
        return False
    hosts = headers.getlist("host")
    return len(hosts) == 1 and is_loopback(_host(hosts[0]))


def is_loopback(host: str) -> bool:
    """Whether a name or an address is this computer's own."""
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback


def _host(header: str) -> str:
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


def _address(scope: Scope) -> str:
    """Whom a guess is counted for: an IPv6 visitor has a whole /64 to come from."""
    host = str(scope["client"][0]) if scope.get("client") else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or address.exploded[:19])
    return host


def _password_of(headers: Headers) -> bytes | None:
    """The password of a Basic Authorization header (RFC 7617), whatever the name before it; None without one."""
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        _, separator, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return None
    return password if separator else None
