"""Twilio's API on loopback: it takes messages, holds files, and can be told to refuse.

with TwilioServer() as twilio:
    twilio.address                      # for MUNSHI_TWILIO_API
    twilio.refusals = [(429, 20429)]    # of the next calls: status and code
    twilio.sent[-1]["Body"]
    twilio.files["/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1"] = b"..."
"""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl

ACCOUNT, TOKEN = "AC1", "12345"


class TwilioServer:
    """The server."""

    def __init__(self) -> None:
        self.sent: list[dict[str, str]] = []
        self.refusals: list[tuple[int, int]] = []
        self.files: dict[str, bytes] = {}
        self._server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> TwilioServer:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Any

    def do_POST(self) -> None:
        owner: TwilioServer = self.server.owner
        form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        if not self._known() or self.path != f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json":
            self._answer(401, {"code": 20003, "message": "Authenticate"})
        elif owner.refusals:
            status, code = owner.refusals.pop(0)
            self._answer(status, {"code": code, "message": f"Not to {form['To']}"} if code else {})
        else:
            owner.sent.append(form)
            self._answer(201, {"sid": f"SM{len(owner.sent)}"})

    def do_GET(self) -> None:
        content = self.server.owner.files.get(self.path) if self._known() else None
        self.send_response(404 if content is None else 200)
        self.end_headers()
        self.wfile.write(content or b"")

    def _known(self) -> bool:
        wanted = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        return self.headers["Authorization"] == f"Basic {wanted}"

    def _answer(self, status: int, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        return
