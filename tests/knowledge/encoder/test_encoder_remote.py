"""Embedding services on this computer: real HTTP, in the words of Ollama and of OpenAI, and what goes wrong there."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from munshi.knowledge.base import EncoderError
from munshi.knowledge.encoder import open_encoder
from munshi.knowledge.encoder_remote import BATCH, Patience, RemoteEncoder, ollama_encoder, openai_encoder

BRIEF = Patience(timeout=0.5, tries=3, pause=0.01)
Answer = tuple[int, bytes]


class Server(ThreadingHTTPServer):
    """Speaks both protocols; `answers` may put something else in place of the next answers, None for silence."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.answers: list[Answer | None] = []
        self.requests: list[tuple[str, dict[str, Any], str | None]] = []
        self.released = threading.Event()


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append((self.path, body, self.headers["Authorization"]))
        answer = self.server.answers.pop(0) if self.server.answers else self._vectors(body["input"])
        if answer is None:
            self.server.released.wait(10)
            return
        status, content = answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _vectors(self, texts: list[str]) -> Answer:
        vectors = [[len(text), 1.0, 2.0] for text in texts]
        if self.path == "/api/embed":
            return 200, json.dumps({"embeddings": vectors}).encode()
        rows = [{"index": place, "embedding": vector} for place, vector in enumerate(vectors)]
        return 200, json.dumps({"data": rows[::-1]}).encode()  # the protocol promises no order

    def log_message(self, *_: object) -> None:
        """Silence."""


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


def _ollama(server: Server) -> RemoteEncoder:
    return ollama_encoder("nomic", host=server.url, patience=BRIEF)


def _openai(server: Server) -> RemoteEncoder:
    return openai_encoder("bge", server.url, patience=BRIEF)


@pytest.mark.parametrize("connect", [_ollama, _openai])
def test_vectors_come_in_order_and_of_length_one(server: Server, connect: Callable[[Server], RemoteEncoder]) -> None:
    texts = ["x" * length for length in range(1, 2 * BATCH + 5)]
    encoder = connect(server)
    vectors = encoder.encode(texts)
    assert vectors.shape == (len(texts), encoder.dim) == (len(texts), 3)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert np.allclose(vectors[:, 0] / vectors[:, 1], range(1, len(texts) + 1), rtol=1e-5)
    assert all(len(body["input"]) <= BATCH for _, body, _ in server.requests)


@pytest.mark.parametrize("connect", [_ollama, _openai])
def test_hostile_texts_are_sent_as_utf8_and_never_blank(
    server: Server, connect: Callable[[Server], RemoteEncoder]
) -> None:
    vectors = connect(server).encode(["", " \n", "lone \ud800", "नमस्ते 👍", "x" * 100_000])
    assert np.isfinite(vectors).all()
    sent = [text for _, body, _ in server.requests for text in body["input"]]
    assert all(text.strip() for text in sent)
    assert "नमस्ते 👍" in sent
    assert connect(server).encode([]).shape == (0, 3)


def test_a_service_gives_no_token_vectors(server: Server) -> None:
    encoder = _ollama(server)
    assert not encoder.has_tokens
    with pytest.raises(EncoderError):
        encoder.encode_tokens(["x"])


def test_the_settings_reach_the_service(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", server.url.removeprefix("http://"))
    # A proxy from the environment must not see what goes to this computer.
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    specs = ("ollama:nomic:v1.5", f"openai:org/bge@{server.url}/v1", f"openai:org/bge@{server.url}/")
    for spec in specs:
        assert open_encoder(spec, home=tmp_path, key="s3cret")
    assert [(path, body["model"], key) for path, body, key in server.requests] == [
        ("/api/embed", "nomic:v1.5", None),
        ("/v1/embeddings", "org/bge", "Bearer s3cret"),
        ("/v1/embeddings", "org/bge", "Bearer s3cret"),
    ]


@pytest.mark.parametrize("passing", [(500, b""), (503, b"busy"), (429, b"slow down"), None])
def test_what_passes_is_tried_again(server: Server, passing: Answer | None) -> None:
    encoder = _ollama(server)
    server.answers = [passing, passing]
    assert encoder.encode(["abc"]).shape == (1, 3)


@pytest.mark.parametrize("status", [301, 400, 401, 404])
def test_what_does_not_pass_is_not_tried_again(server: Server, status: int) -> None:
    encoder = _ollama(server)
    asked = len(server.requests)
    server.answers = [(status, b"{}")]
    with pytest.raises(EncoderError, match=str(status)):
        encoder.encode(["abc"])
    assert len(server.requests) == asked + 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"\xff\xfe",
        b"null",
        b"[]",
        b'{"error": "no"}',
        b'{"embeddings": 3}',
        b'{"embeddings": []}',
        b'{"embeddings": [[]]}',
        b'{"embeddings": [["a", "b", "c"]]}',
        b'{"embeddings": [[1, 2, 3], [1, 2]]}',
        b'{"embeddings": [[1, 2, 3], [1, 2, 3]]}',
        b'{"embeddings": [[1, 2, 3, 4]]}',
        b'{"embeddings": [[0, 0, 0]]}',
        b'{"embeddings": [[NaN, 1, 2]]}',
        b'{"embeddings": [[1e999, 1, 2]]}',
        b'{"embeddings": [[null, 1, 2]]}',
    ],
)
def test_an_answer_that_is_no_vector_is_told(server: Server, content: bytes) -> None:
    encoder = _ollama(server)
    server.answers = [(200, content)]
    with pytest.raises(EncoderError, match="answered with") as caught:
        encoder.encode(["abc"])
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    "content", [b'{"data": [{"embedding": [1, 2, 3]}]}', b'{"data": {"index": 0}}', b'{"data": [3]}']
)
def test_rows_without_their_number_or_vector_are_told(server: Server, content: bytes) -> None:
    encoder = _openai(server)
    server.answers = [(200, content)]
    with pytest.raises(EncoderError, match="no vectors"):
        encoder.encode(["abc"])


def test_a_service_that_hangs_or_is_not_there_is_told(server: Server) -> None:
    server.answers = [None] * BRIEF.tries
    with pytest.raises(EncoderError, match="ReadTimeout"):
        _ollama(server)
    with pytest.raises(EncoderError, match="ollama serve"):
        ollama_encoder("nomic", host="127.0.0.1:9", patience=BRIEF)


def test_addresses_and_keys_that_cannot_be_are_told(server: Server) -> None:
    for host in ("http://[::1", "host:port"):
        with pytest.raises(EncoderError, match="OLLAMA_HOST"):
            ollama_encoder("nomic", host=host)
    with pytest.raises(EncoderError, match="no URL"):
        openai_encoder("bge", "http://[::1")
    for key in ("clé", "two\nlines"):
        with pytest.raises(EncoderError, match="MUNSHI_ENCODER_KEY") as caught:
            openai_encoder("bge", server.url, key=key)
        assert key not in str(caught.value)
