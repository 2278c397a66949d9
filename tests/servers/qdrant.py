"""A Qdrant server on loopback: real HTTP in Qdrant's words, as far as the vector store speaks them.

    with QdrantServer() as server:
        open_store(f"qdrant:{server.url}/papers", encoder, business="shop")
        server.keys           # the API keys that were sent, None where there was none
        server.down = True    # from now on every request gets 503

What is asked is answered by Qdrant's own local mode, in memory.
"""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from qdrant_client import QdrantClient, models


class QdrantServer:
    """The server, while the `with` block lasts."""

    def __init__(self) -> None:
        self.client = QdrantClient(":memory:")
        self.keys: list[str | None] = []
        self.down = False
        self.lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()

    def answer(self, method: str, path: str, body: dict[str, Any]) -> Any:
        """The result of a request, as JSON has it."""
        found = re.fullmatch(r"/collections/(\w+)(?:/(.*))?", path)
        assert found is not None, path
        name, what = found[1], found[2] or ""
        client = self.client
        match method, what:
            case "GET", "exists":
                return {"exists": client.collection_exists(name)}
            case "GET", "":
                return client.get_collection(name).model_dump(mode="json")
            case "PUT", "":
                return client.create_collection(name, models.VectorParams(**body["vectors"]))
            case "PUT", "points":
                points = [models.PointStruct(**point) for point in body["points"]]
                return client.upsert(name, points).model_dump(mode="json")
            case "POST", "points/delete":
                return client.delete(name, body["points"]).model_dump(mode="json")
            case "POST", "points/scroll":
                points, after = client.scroll(name, limit=min(body["limit"], 3), offset=body.get("offset"))
                return {"points": [point.model_dump(mode="json") for point in points], "next_page_offset": after}
            case "POST", "points/query":
                return client.query_points(name, body["query"]["nearest"], limit=body["limit"]).model_dump(mode="json")
        raise AssertionError(f"{method} {path}")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def respond(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                server.keys.append(self.headers.get("api-key"))
                if server.down:
                    self.send_error(503)
                    return
                with server.lock:
                    result = server.answer(self.command, self.path.partition("?")[0], json.loads(body or "{}"))
                sent = json.dumps({"result": result, "status": "ok", "time": 0.0}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            do_GET = do_PUT = do_POST = respond  # noqa: N815 - the base class's names

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing on stderr."""

        return Handler
