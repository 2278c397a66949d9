"""A language model's server on loopback: real HTTP in Ollama's and in OpenAI's words, and all that goes wrong there.

    with LanguageModelServer() as server:                     # or the fixture `language_model_server`
        model = open_chat_model(server.spec("ollama"))        # or "openai"
        server.answer = lambda prompt: "price" if "cost" in prompt else "other"
        server.always = "hang"                                # from now on
        server.next = [500, "cut", "answer"]                  # the next three calls only, then `always` again
        server.refuses = {"response_format"}                  # a request with that field gets 400, which names it
        server.names_refused = False                          # or does not
        server.requests[-1].body["messages"]                  # what was sent
    server.calls = {"send_money": {"amount": 5}}          # tools that it calls beside what it writes, asked or not

`answer` takes the contents of all messages, a line each, and gives the text. Left None, a request with a JSON schema
is answered with the simplest JSON that keeps to it (the first label of an `enum`), any other with "Yes, of course.".
Every token, which is a word with the space before it, has the log-probability `logprob(token)`; they are sent where
they are asked for, unless `gives_logprobs` is False. Beside "answer" it can be told to:

| behaviour | what the caller sees |
|---|---|
| a number, 400 say | that status, with an error in the protocol's words; 3xx leads to `redirects_to` |
| `hang` | the connection is taken, and then silence |
| `hang_midway` | half an answer, and then silence |
| `trickle` | half an answer, and then a space every 20 ms, without end |
| `trickle_headers` | the same within the headers |
| `hang_up` | the connection is closed at once |
| `cut` | the connection is closed in the middle of the answer |
| `stop` | the answer ends in order, but without its last piece |
| `error_midway` | half an answer, and then an error in its place |
| `empty` | no choice, or a message without content |
| `rubbish` | bytes that are no text |
| `html` | a web page, with status 200 |
| `wrong_json` | JSON of another shape |
| `wrong_label` | JSON after the schema, but with labels that are not in it |
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self

Behaviour = (
    int
    | Literal[
        "answer", "hang", "hang_midway", "trickle", "trickle_headers", "hang_up", "cut", "stop", "error_midway",
        "empty", "rubbish", "html", "wrong_json", "wrong_label",
    ]
)  # fmt: skip
Protocol = Literal["ollama", "openai", "completion"]
PROTOCOLS: tuple[Protocol, ...] = ("ollama", "openai")
MODEL = "tiny"
NO_LABEL = "no_such_label"

_WAIT = 60.0
_RAW: Mapping[str, tuple[str, bytes]] = {
    "rubbish": ("application/octet-stream", b"\xff\xfe\x00\x9f rubbish \xc3\x28\n"),
    "html": ("text/html", b"<!doctype html><html><body><h1>Welcome to nginx!</h1></body></html>\n"),
    "wrong_json": ("application/json", b'data: [1, {"hello": null}]\n\n[1, {"hello": null}]\n'),
}


@dataclass(frozen=True)
class Request:
    """One call as it arrived."""

    path: str
    body: dict[str, Any]
    headers: Mapping[str, str]

    @property
    def prompt(self) -> str:
        """The contents of all messages, a line each; what is to be completed as it is."""
        if "prompt" in self.body:
            return str(self.body["prompt"])
        return "\n".join(str(message.get("content") or "") for message in self.body.get("messages", []))

    @property
    def schema(self) -> dict[str, Any] | None:
        """The JSON schema to keep to, if there is one."""
        asked = self.body.get("format") or self.body.get("response_format") or {}
        found = (
            asked.get("json_schema", asked).get("schema") if "type" in asked and "properties" not in asked else asked
        )
        return found or None


class LanguageModelServer:
    """The server. Its attributes may be changed at any time; close it, or use it in a `with`."""

    def __init__(self, answer: Callable[[str], str] | None = None, *, models: tuple[str, ...] = (MODEL,)) -> None:
        self.answer = answer
        self.models = models
        self.always: Behaviour = "answer"
        self.next: list[Behaviour] = []
        self.refuses: set[str] = set()
        self.names_refused = True
        self.redirects_to = ""
        self.gives_logprobs = True
        self.logprob: Callable[[str], float] = lambda _: -0.1
        self.calls: dict[str, dict[str, Any]] = {}
        self.requests: list[Request] = []
        self.connections = 0
        self.released = threading.Event()
        self._http = _Http(self)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def spec(self, protocol: Protocol, model: str = MODEL) -> str:
        """How `open_chat_model` is told of it."""
        return f"{protocol}:{model}@{self.url}" + ("" if protocol == "ollama" else "/v1")

    def close(self) -> None:
        """Let go of all that hangs, and stop listening: a call finds nobody then."""
        self.released.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def text_for(self, request: Request, behaviour: Behaviour) -> str:
        """What the model writes."""
        if request.schema is not None and behaviour == "wrong_label":
            return json.dumps(instance(request.schema, NO_LABEL))
        if self.answer is not None:
            return self.answer(request.prompt)
        return "Yes, of course." if request.schema is None else json.dumps(instance(request.schema))


def instance(schema: Mapping[str, Any], label: str | None = None) -> Any:
    """The simplest JSON value that keeps to the schema; with a `label`, that stands in place of every string."""
    if "enum" in schema and label is None:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            return {name: instance(part, label) for name, part in schema.get("properties", {}).items()}
        case "array":
            return [instance(schema["items"], label)] if "items" in schema else []
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return True
        case "null":
            return None
        case _:
            return label or "text"


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, owner: LanguageModelServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.owner = owner

    def verify_request(self, *_: Any) -> bool:
        """Count it, whatever it turns out to be."""
        self.owner.connections += 1
        return True

    def handle_error(self, *_: Any) -> None:
        """Silence: callers that hang up are what is tested here."""


class _Handler(BaseHTTPRequestHandler):
    server: _Http
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self._misbehave(self._receive({})):
            return
        names = self.server.owner.models
        if self.path == "/api/tags":
            names = tuple(name if ":" in name else f"{name}:latest" for name in names)
            self._json(200, {"models": [{"name": name, "model": name, "size": 1, "details": {}} for name in names]})
        elif self.path == "/v1/models":
            self._json(200, {"object": "list", "data": [{"id": name, "object": "model"} for name in names]})
        else:
            self._json(404, {"error": "not found"})

    def do_POST(self) -> None:
        words = {"/api/chat": _Ollama, "/v1/chat/completions": _OpenAI, "/v1/completions": _Completion}
        speak = words.get(self.path)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        behaviour = self._receive(body)
        if speak is None:
            self._json(404, {"error": "not found"})
            return
        request = self.server.owner.requests[-1]
        if not self._misbehave(behaviour) and not self._refuse(speak, request):
            self._answer(speak, request, behaviour)

    def log_message(self, *_: object) -> None:
        """Silence."""

    def _receive(self, body: dict[str, Any]) -> Behaviour:
        owner = self.server.owner
        owner.requests.append(Request(self.path, body, dict(self.headers)))
        return owner.next.pop(0) if owner.next else owner.always

    def _misbehave(self, behaviour: Behaviour) -> bool:
        """Whether there was nothing of the protocol to come."""
        if isinstance(behaviour, int):
            told = f"told to answer {behaviour}"
            self._json(behaviour, {"error": told if self.path.startswith("/api") else {"message": told, "code": None}})
        elif behaviour in _RAW:
            self._raw(200, *_RAW[behaviour])
        elif behaviour == "hang":
            self.server.owner.released.wait(_WAIT)
            self.close_connection = True
        elif behaviour == "trickle_headers":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            self._trickle(b"x")
        elif behaviour == "hang_up":
            self.close_connection = True
        else:
            return False
        return True

    def _refuse(self, speak: type[_Words], request: Request) -> bool:
        """Unknown models and fields that it was told to refuse."""
        owner, model = self.server.owner, request.body.get("model")
        refused = sorted(owner.refuses & set(request.body))
        if refused:
            self._json(400, speak.error(f"no {refused[0]} here" if self.server.owner.names_refused else "no"))
        elif model not in owner.models:
            self._json(404, speak.error(f"model '{model}' not found"))
        else:
            return False
        return True

    def _answer(self, speak: type[_Words], request: Request, behaviour: Behaviour) -> None:
        words = speak(request, self.server.owner.text_for(request, behaviour), self.server.owner)
        if behaviour == "empty":
            words.choices = False
        if not words.streams:
            whole = json.dumps(words.whole()).encode()
            self._raw(200, "application/json", whole if behaviour in ("answer", "empty", "wrong_label") else whole[:9])
            return
        self.send_response(200)
        self.send_header("Content-Type", words.stream_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        pieces = list(words.pieces())
        if behaviour in ("answer", "empty", "wrong_label"):
            self._chunks([*pieces, words.end()])
            self.wfile.write(b"0\r\n\r\n")
        elif behaviour == "stop":
            self._chunks(pieces)
            self.wfile.write(b"0\r\n\r\n")
        else:
            self._break_off(pieces[: len(pieces) // 2], words, behaviour)

    def _break_off(self, pieces: list[bytes], words: _Words, behaviour: Behaviour) -> None:
        self._chunks(pieces)
        if behaviour == "error_midway":
            self._chunks([words.framed(words.error("out of memory"))])
            self.wfile.write(b"0\r\n\r\n")
        elif behaviour == "trickle":
            self._trickle(b"1\r\n \r\n")
        elif behaviour == "hang_midway":
            self.server.owner.released.wait(_WAIT)
        self.close_connection = True

    def _chunks(self, chunks: list[bytes]) -> None:
        for chunk in chunks:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            self.wfile.flush()

    def _trickle(self, drop: bytes) -> None:
        for _ in range(int(_WAIT / 0.02)):
            if self.server.owner.released.wait(0.02):
                break
            self.wfile.write(drop)
            self.wfile.flush()
        self.close_connection = True

    def _json(self, status: int, content: Any) -> None:
        self._raw(status, "application/json", json.dumps(content).encode())

    def _raw(self, status: int, content_type: str, content: bytes) -> None:
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", f"{self.server.owner.redirects_to}{self.path}")
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class _Words:
    """One answer in the words of a protocol."""

    stream_type = "text/event-stream"

    def __init__(self, request: Request, text: str, owner: LanguageModelServer) -> None:
        self.body = request.body
        self.choices = True
        everything = re.findall(r"\s*\S+|\s+", text)
        self.tokens = everything[: self.limit()]
        self.complete = len(self.tokens) == len(everything)
        self.calls = owner.calls
        self.logprob = owner.logprob if owner.gives_logprobs and self.body.get("logprobs") else None

    @property
    def streams(self) -> bool:
        return bool(self.body.get("stream"))

    def limit(self) -> int | None:
        raise NotImplementedError

    @staticmethod
    def error(message: str) -> dict[str, Any]:
        raise NotImplementedError

    @staticmethod
    def framed(content: dict[str, Any]) -> bytes:
        raise NotImplementedError

    def pieces(self) -> Iterator[bytes]:
        raise NotImplementedError

    def end(self) -> bytes:
        raise NotImplementedError

    def whole(self) -> dict[str, Any]:
        raise NotImplementedError

    def entries(self, tokens: list[str]) -> list[dict[str, Any]] | None:
        """The log-probabilities; both protocols have the same."""
        if self.logprob is None:
            return None
        return [{"token": t, "logprob": self.logprob(t), "bytes": list(t.encode()), "top_logprobs": []} for t in tokens]


class _Ollama(_Words):
    stream_type = "application/x-ndjson"

    @property
    def streams(self) -> bool:
        return bool(self.body.get("stream", True))

    def limit(self) -> int | None:
        limit: int | None = self.body.get("options", {}).get("num_predict")
        return limit if limit is None or limit >= 0 else None

    @staticmethod
    def error(message: str) -> dict[str, Any]:
        return {"error": message}

    @staticmethod
    def framed(content: dict[str, Any]) -> bytes:
        return json.dumps(content).encode() + b"\n"

    def pieces(self) -> Iterator[bytes]:
        for token in self.tokens:
            yield self.framed(self._part([token], done=False))

    def end(self) -> bytes:
        return self.framed(self._part([], done=True))

    def whole(self) -> dict[str, Any]:
        return self._part(self.tokens, done=True)

    def _part(self, tokens: list[str], *, done: bool) -> dict[str, Any]:
        message = {"role": "assistant", "content": "".join(tokens)} if self.choices else {"role": "assistant"}
        if done and self.calls:
            message |= {"tool_calls": [{"function": {"name": n, "arguments": a}} for n, a in self.calls.items()]}
        part: dict[str, Any] = {"model": self.body["model"], "created_at": "2026-11-21T05:00:00Z", "message": message}
        if tokens and (entries := self.entries(tokens)):
            part["logprobs"] = entries
        if done:
            part |= {"done_reason": "stop" if self.complete else "length", "total_duration": 1, "load_duration": 1}
            part |= {"prompt_eval_count": 1, "prompt_eval_duration": 1, "eval_count": len(self.tokens)}
        return part | {"done": done}


class _OpenAI(_Words):
    def limit(self) -> int | None:
        limit: int | None = self.body.get("max_completion_tokens") or self.body.get("max_tokens")
        return limit

    @staticmethod
    def error(message: str) -> dict[str, Any]:
        return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}

    @staticmethod
    def framed(content: dict[str, Any]) -> bytes:
        return b"data: " + json.dumps(content).encode() + b"\n\n"

    def pieces(self) -> Iterator[bytes]:
        yield self._event({"role": "assistant", "content": ""}, None)
        for token in self.tokens:
            yield self._event({"content": token}, [token])

    def end(self) -> bytes:
        called = self._event({"tool_calls": self._called()}, None) if self.calls else b""
        return called + self._event({}, None, finish="stop" if self.complete else "length") + b"data: [DONE]\n\n"

    def whole(self) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": "".join(self.tokens)}
        if self.calls:
            message |= {"tool_calls": self._called()}
        entries = self.entries(self.tokens)
        choice = {
            "index": 0,
            "message": message,
            "logprobs": entries and {"content": entries},
            "finish_reason": "stop" if self.complete else "length",
        }
        return self._envelope("chat.completion", choice) | {
            "usage": {"prompt_tokens": 1, "completion_tokens": len(self.tokens), "total_tokens": 1 + len(self.tokens)}
        }

    def _called(self) -> list[dict[str, Any]]:
        return [
            {"index": at, "id": f"call_{at}", "type": "function", "function": {"name": n, "arguments": json.dumps(a)}}
            for at, (n, a) in enumerate(self.calls.items())
        ]

    def _event(self, delta: dict[str, Any], tokens: list[str] | None, finish: str | None = None) -> bytes:
        entries = self.entries(tokens) if tokens else None
        choice = {
            "index": 0,
            "delta": delta,
            "logprobs": entries and {"content": entries},
            "finish_reason": finish,
        }
        return self.framed(self._envelope("chat.completion.chunk", choice))

    def _envelope(self, kind: str, choice: dict[str, Any]) -> dict[str, Any]:
        choices = [choice] if self.choices else []
        return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": self.body["model"], "choices": choices}


class _Completion(_OpenAI):
    def pieces(self) -> Iterator[bytes]:
        for token in self.tokens:
            yield self._text(token, None)

    def end(self) -> bytes:
        return self._text("", "stop" if self.complete else "length") + b"data: [DONE]\n\n"

    def _text(self, text: str, finish: str | None) -> bytes:
        choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": finish}
        return self.framed(self._envelope("text_completion", choice))
