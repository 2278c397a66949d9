"""What stands in Meta's place while load is measured: it takes what the shop sends, and signs what customers write."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "app-secret"


@dataclass(frozen=True, slots=True)
class Said:
    """A message of the load: its id, its customer's phone, when it was written (seconds since 1970), what it says."""

    id: str
    phone: str
    at: int
    text: str


def webhook(*messages: Said) -> tuple[bytes, dict[str, str]]:
    """The request that brings messages: body and headers."""
    told = [
        {"from": one.phone, "id": one.id, "timestamp": str(one.at), "type": "text", "text": {"body": one.text}}
        for one in messages
    ]
    value = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": "1"}, "messages": told}
    change = {"field": "messages", "value": value}
    payload = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
    body = json.dumps(payload).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return body, {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signature}"}


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_request: object) -> None:
        """A caller that was killed in the midst of its call is no fault of this server's."""


@dataclass
class Meta:
    """The send endpoint. `taken` holds what it was given, in order: to whom, and the shop's name of the part."""

    taken: list[tuple[str, str]] = field(default_factory=list)

    def __enter__(self) -> Meta:
        meta = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # head and body are written apart, and the second would wait for the first

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                if len(body) == length:  # else its sender was killed in the midst of it
                    self._answer(meta.take(json.loads(body)))

            def _answer(self, told: dict[str, Any]) -> None:
                body = json.dumps(told).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_line: object) -> None:
                return

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def take(self, given: dict[str, Any]) -> dict[str, Any]:
        """Take a part, and answer as Meta does."""
        if given.get("status") == "read":
            return {"success": True}
        self.taken.append((str(given.get("to")), str(given.get("biz_opaque_callback_data"))))
        return {"messages": [{"id": f"wamid.out.{len(self.taken)}"}]}
