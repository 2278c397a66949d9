"""An app behind a real uvicorn on loopback, in a thread."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn


@contextmanager
def served(app: Any, **config: Any) -> Iterator[tuple[str, int]]:
    """Serve for as long as the block runs; host and port."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", **config))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        yield listening.getsockname()
        server.should_exit = True
        thread.join(10)
