"""How long a request may take to arrive: ASGI middleware that gives up on a body which trickles in or never ends.

Only reading is limited, never answering: a reply that streams and a page that waits for news take as long as they take.
"""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECONDS = 20.0
"""What may be waited for a body altogether, however short it is."""

BYTES_PER_SECOND = 32 * 1024
"""Each so many bytes that came give it another second: the largest photo comes through over a slow line."""


class ReadingTime:
    """Answers 408 where a request's body does not arrive in time, whatever the app makes of it, and hangs up."""

    def __init__(self, app: ASGIApp, *, seconds: float = SECONDS) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, its body under the limit."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        reading = _Reading(receive, send, self._seconds)
        try:
            await self._app(scope, reading.receive, reading.send)
        except ClientDisconnect:
            if not reading.is_late:
                raise
        if reading.is_late and not reading.is_answered:
            refusal = PlainTextResponse("The request took too long to arrive", 408, {"Connection": "close"})
            await refusal(scope, receive, send)


class _Reading:
    """One request's body. Time in which nobody asks for it, while an upload waits for its turn say, does not count."""

    def __init__(self, receive: Receive, send: Send, seconds: float) -> None:
        self._receive = receive
        self._send = send
        self._left = seconds
        self._is_read = False
        self.is_late = False
        self.is_answered = False

    async def receive(self) -> Message:
        """The next piece of the body; that the client has gone, once it took too long."""
        if self._is_read:
            return await self._receive()
        clock = asyncio.get_running_loop()
        begun = clock.time()
        try:
            async with asyncio.timeout(self._left):
                message = await self._receive()
        except TimeoutError:
            self.is_late = self._is_read = True
            return {"type": "http.disconnect"}
        self._left += len(message.get("body", b"")) / BYTES_PER_SECOND - (clock.time() - begun)
        self._is_read = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Pass on what is answered, unless that is about a body that never came."""
        if self.is_late and not self.is_answered:
            return
        self.is_answered = True
        await self._send(message)
