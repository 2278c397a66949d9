"""A stand-in for Meta's Cloud API on loopback: it takes what a business sends, or refuses it, as Meta would.

with MetaStandIn() as meta:                       # or the fixture `meta` of the tests
meta.address                                  # for MUNSHI_WHATSAPP_API
meta.faults.extend([131056, "timeout", 503])  # of the next messages and files, one each
meta.is_open = False                          # 24 hours went by: templates alone are taken
meta.templates["answer_ready", "en"] = "You have an answer from {{1}}. Reply to read it."
meta.sent[-1].message                         # what was taken
meta.files["photo-1"] = File(b"...", "image/jpeg")   # what a customer has sent
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self

from munshi.ui.meta_limits import complaint, file_complaint, filled, template_fault
from munshi.ui.meta_messages import File, Sent

TOKEN = "simulator"
NUMBER = "106540352242922"
VERSION = "v26.0"

Fault = int | Literal["timeout", "cut", "nonsense"]
"""What goes wrong with a call: an error code of Meta's, an HTTP status (400 to 599), no answer in time, a connection
that is cut after the message was taken, an answer that is no JSON."""

_STATUSES = range(400, 600)
_TITLES = {
    190: "Access token has expired",
    130429: "Rate limit hit",
    131026: "Message undeliverable",
    131047: "Re-engagement message",
    131056: "(Business Account, Consumer Account) pair rate limit hit",
    132000: "Number of parameters does not match the expected number of params",
    132001: "Template name does not exist in the translation",
    132005: "Translated text too long",
    132015: "Template is paused",
    132016: "Template is disabled",
}


@dataclass
class MetaStandIn:
    """The server. `on_sent` hears of each message that was taken, in the thread that took it."""

    port: int = 0
    token: str = TOKEN
    number: str = NUMBER
    timeout: float = 30.0
    """Seconds that a call waits which is to run into a timeout."""
    on_sent: Callable[[Sent], None] | None = None
    sent: list[Sent] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    typing: list[str] = field(default_factory=list)
    faults: deque[Fault] = field(default_factory=deque)
    files: dict[str, File] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    templates: dict[tuple[str, str], str] = field(default_factory=dict)
    """The texts that are approved, by name and language."""
    is_open: bool = True
    """Whether the customer wrote in the last 24 hours."""
    is_felt: bool = True
    """Whether the shop has tried to write since then: what the customer writes afterwards opens them again."""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._server = _Server(("127.0.0.1", self.port), _Handler)
        self._server.meta = self
        self.port = self._server.server_address[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="meta", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def address(self) -> str:
        """Where the API is, with its version."""
        return f"http://127.0.0.1:{self.port}/{VERSION}"

    def take(self, message: Mapping[str, Any]) -> Sent:
        """Take a message that is as it should be."""
        to = str(message.get("to") or message.get("recipient"))
        file = self.files.get(message.get(message["type"], {}).get("id", ""))
        with self._lock:
            template = message.get("template", {})
            text = self.templates.get((template.get("name"), template.get("language", {}).get("code")), "")
            shown = filled(template, text) if template else ""
            taken = Sent(f"wamid.out.{len(self.sent)}.{time.monotonic_ns():x}", to, message, file, shown)
            self.sent.append(taken)
        return taken

    def fault(self) -> Fault | None:
        """What is to go wrong with this call."""
        with self._lock:
            return self.faults.popleft() if self.faults else None

    def store(self, file: File) -> str:
        """Keep a file; returns its id."""
        with self._lock:
            id = f"file-{len(self.files)}"
            self.files[id] = file
        return id

    def wait(self) -> None:
        """Let a call run into its timeout."""
        self._closed.wait(self.timeout)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128
    meta: MetaStandIn


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self._may():
            return
        meta = self.server.meta
        if self.path == f"/{VERSION}/{meta.number}/media":
            self._upload(self._file(body))
        elif self.path == f"/{VERSION}/{meta.number}/messages":
            self._messages(body)
        else:
            self._refuse(404, 100, "Unknown path components")

    def do_GET(self) -> None:
        if not self._may():
            return
        meta, id = self.server.meta, self.path.partition("?")[0].rsplit("/", 1)[1]
        file, fault = meta.files.get(id), meta.fault()
        if file is None:
            self._refuse(404, 100, "Object does not exist")
        elif self.path.startswith("/files/"):
            self._bytes(200, file.content, file.mime_type)
        else:
            self._answer_or(fault, lambda: self._told(id, file))

    def _told(self, id: str, file: File) -> Mapping[str, Any]:
        return {
            "messaging_product": "whatsapp",
            "url": f"http://127.0.0.1:{self.server.meta.port}/files/{id}",
            "mime_type": file.mime_type,
            "sha256": hashlib.sha256(file.content).hexdigest(),
            "file_size": len(file.content),
            "id": id,
        }

    def _upload(self, file: File) -> None:
        meta = self.server.meta
        wrong = file_complaint(file.mime_type, len(file.content))
        if wrong:
            meta.refused.append(wrong)
            self._refuse(400, 100, wrong)
            return
        self._answer_or(meta.fault(), lambda: {"id": meta.store(file)})

    def _messages(self, body: bytes) -> None:
        meta = self.server.meta
        try:
            message = json.loads(body)
        except ValueError:
            self._refuse(400, 100, "The body is no JSON")
            return
        if message.get("status") == "read":
            meta.read.append(message["message_id"])
            if "typing_indicator" in message:
                meta.typing.append(message["message_id"])
            self._json(200, {"success": True})
            return
        wrong = complaint(message, meta.files)
        if wrong:
            meta.refused.append(wrong)
            self._refuse(400, 131009, wrong)
            return
        is_template, meta.is_felt = message["type"] == "template", True
        code = template_fault(message["template"], meta.templates) if is_template else 0 if meta.is_open else 131047
        self._answer_or(code or meta.fault(), lambda: self._taken(message), taken=lambda: meta.take(message))

    def _taken(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        meta = self.server.meta
        taken = meta.take(message)
        if meta.on_sent is not None:
            meta.on_sent(taken)
        contact = {"input": taken.to, "wa_id": taken.to}
        return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": taken.id}]}

    def _answer_or(
        self,
        fault: Fault | None,
        answer: Callable[[], Mapping[str, Any]],
        *,
        taken: Callable[[], object] = bool,
    ) -> None:
        """Answer a call, unless something is to go wrong with it; `taken` is done before a connection is cut."""
        match fault:
            case None:
                self._json(200, answer())
            case "timeout":
                self.server.meta.wait()
                self.close_connection = True
            case "cut":
                taken()
                self.close_connection = True
            case "nonsense":
                self._bytes(200, b"<html>", "text/html")
            case int(status) if status in _STATUSES:
                self._refuse(status, -1, "Something went wrong")
            case int(code):
                self._refuse(400 if code != 190 else 401, code, _TITLES.get(code, "Something went wrong"))

    def _file(self, body: bytes) -> File:
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        for part in self._parts(BytesParser(policy=HTTP).parsebytes(head + body)):
            if part.get_filename():
                return File(part.get_payload(decode=True), part.get_content_type())
        return File(b"", "")

    def _parts(self, form: Any) -> Iterator[Any]:
        return form.iter_parts() if form.is_multipart() else iter(())

    def _may(self) -> bool:
        if self.headers.get("Authorization") == f"Bearer {self.server.meta.token}":
            return True
        self._refuse(401, 190, "Invalid OAuth access token")
        return False

    def _refuse(self, status: int, code: int, title: str) -> None:
        error = {"message": f"(#{code}) {title}", "type": "OAuthException", "error_data": {"details": title}}
        self._json(status, {"error": {**error, **({"code": code} if code >= 0 else {})}})

    def _json(self, status: int, value: Mapping[str, Any]) -> None:
        self._bytes(status, json.dumps(value).encode(), "application/json")

    def _bytes(self, status: int, content: bytes, mime_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", mime_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the terminal belongs to the simulated phone."""
