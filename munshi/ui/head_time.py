"""How long the head of a request may take to arrive: uvicorn's protocol, which by itself would wait for ever.

Whoever opens connections and says nothing, or a letter now and then, would take all of a server's descriptors.
"""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

SECONDS = 20.0
"""From the opening of a connection, or the first byte of a further request, to the end of the head."""


class HeadTime(H11Protocol):
    """Hangs up on a request whose head does not arrive in time; what comes after it is limited by `ReadingTime`."""

    seconds = SECONDS
    _ending: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a first request."""
        super().connection_made(transport)
        self._ending = self.loop.call_later(self.seconds, transport.close)

    def data_received(self, data: bytes) -> None:
        """Wait for what is missing of a head, and no more once it is there."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._wait_no_more()
        elif self._ending is None:
            self._ending = self.loop.call_later(self.seconds, self.transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing."""
        self._wait_no_more()
        super().connection_lost(exc)

    def _wait_no_more(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None
