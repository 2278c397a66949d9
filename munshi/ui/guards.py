"""What stands between a browser and the chat window: ASGI middleware, one concern a class.

Gradio serves far more than a chat needs (a proxy for other hosts, uploads, an API with its own pages, run history), and
its page names other hosts. Only the paths in use are let through here, and what goes out is tied to this server.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from html import escape

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "munshi_chat"
COOKIE_SECONDS = 30 * 24 * 3600
_TOKEN = re.compile(r"[0-9a-f]{32}")

_IN_USE = re.compile(
    r"/healthz|/readyz|/metrics|/webhooks/(whatsapp|twilio)|/new|/upload|/files/\d{1,19}/\d{1,2}|/papers|/favicon\.ico|/ui/.+"
    r"|(/papers)?/(|theme\.css|(assets|static)/.+)"
    r"|/v1/(messages|sessions/[^/]+|openapi\.json|docs(/static/[\w.-]+)?)"
    r"|(/papers)?/gradio_api/(app_id|heartbeat/\w+)|/gradio_api/queue/(join|data)|/papers/gradio_api/run/predict"
)
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'self'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
}
_PAGE_POLICY = (
    "default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; object-src 'none'; frame-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
_NAMES_GRADIO = re.compile(rb"""<meta\s+(?:property="og:|name="twitter:)[^>]*>|<link rel="manifest"[^>]*>""")


Greet = Callable[[HTTPConnection, Response], None]


class OnlyPathsInUse:
    """Answers 404 to every path that neither the chat window, the owner's page nor a webhook needs."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the paths in use through."""
        if scope["type"] == "http" and not _IN_USE.fullmatch(scope["path"]):
            await PlainTextResponse("Not found", status_code=404)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


class SafeHeaders:
    """Puts the security headers on every response that does not bring its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers when the response starts."""

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, add if scope["type"] == "http" else send)


class OwnPage:
    """Makes a page the shop's own: its title, our style and script, and no word to other hosts.

    `greet` may give its response to a browser something to come back with.

    Scripts in the page run by a nonce that changes with every response; nothing else runs that this server did not
    send as a file.
    """

    def __init__(
        self, app: ASGIApp, *, title: str, description: str, greet: Greet, path: str = "/", assets: str = "./ui/chat"
    ) -> None:
        """`path` is where the page stands, `assets` its style and script but for `.css` and `.js`."""
        self._app = app
        self._path = path
        self._greet = greet
        self._head = (
            f"<title>{escape(title)}</title>"
            f'<meta name="description" content="{escape(description)}" />'
            f'<meta property="og:title" content="{escape(title)}" />'
            f'<meta property="og:description" content="{escape(description)}" />'
            f'<link rel="stylesheet" href="{assets}.css" />'
            f'<script defer src="{assets}.js"></script></head>'
        ).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Rewrite the page; pass everything else on."""
        if scope["type"] != "http" or scope["path"] != self._path or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        plain = Headers(scope=scope).mutablecopy()
        del plain["accept-encoding"]  # compressed, it could not be rewritten
        start: Message = {}
        body = b""

        async def keep(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
            else:
                body += message.get("body", b"")

        await self._app({**scope, "headers": plain.raw}, receive, keep)
        await self._respond(scope, start, body)(scope, receive, send)

    def _respond(self, scope: Scope, start: Message, body: bytes) -> Response:
        nonce = secrets.token_urlsafe(18)
        page = _NAMES_GRADIO.sub(b"", body).replace(b"</head>", self._head, 1)
        page = page.replace(b"<script", f'<script nonce="{nonce}"'.encode())
        response = Response(page, status_code=start["status"], media_type="text/html")
        response.headers["Content-Security-Policy"] = _PAGE_POLICY.format(nonce=nonce)
        response.headers["Cache-Control"] = "no-store"
        self._greet(HTTPConnection(scope), response)
        return response


def session_of(cookies: Mapping[str, str]) -> str | None:
    """The chat that a browser's cookie names; None without one that this server could have given.

    The prefix keeps a browser from naming a chat of another channel.
    """
    token = cookies.get(COOKIE, "")
    return f"web-{token}" if _TOKEN.fullmatch(token) else None


def greet_customer(connection: HTTPConnection, response: Response) -> None:
    """Give a browser that has no chat one of its own."""
    if session_of(connection.cookies) is None:
        start_chat(response, secure=connection.url.scheme == "https")


def start_chat(response: Response, *, secure: bool) -> None:
    """Give the browser a chat of its own. Whoever holds the token may read the chat, so no script can read it."""
    response.set_cookie(
        COOKIE, secrets.token_hex(16), max_age=COOKIE_SECONDS, httponly=True, samesite="lax", secure=secure
    )
