"""How often one address may come: ASGI middleware before everything that makes Munshi work."""

from __future__ import annotations

import re
from collections.abc import Callable

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

Allow = Callable[[str], bool]

_COUNTED = re.compile(r"/(new|upload)|/v1/.*|(/papers)?/gradio_api/(queue/join|run/.*)")
"""Not the pages' own polling and files; nor webhooks, which one address brings for all customers, and signs."""


class AddressRate:
    """Answers 429 where an address comes more often than `allow` lets it."""

    def __init__(self, app: ASGIApp, *, allow: Allow) -> None:
        self._app = app
        self._allow = allow

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count a request, and let it through or not."""
        if scope["type"] == "http" and _COUNTED.fullmatch(scope["path"]) and not self._allow(_address(scope)):
            refusal = PlainTextResponse("Too many requests. Please wait a minute.", 429, {"Retry-After": "60"})
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _address(scope: Scope) -> str:
    """The client's address, as the server or a trusted proxy on this computer tells it."""
    client = scope.get("client")
    return f"address {client[0]}" if client else "address"
