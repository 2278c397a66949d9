"""llama.cpp's own server with a model of random weights."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest

from munshi.bot.llm import LanguageModel, open_chat_model
from munshi.bot.llm_breaker import Breaker
from tests.llama.tiny_model import CONTEXT, write_tiny_llama

_PATIENCE = 60.0


@pytest.fixture(scope="package", params=["characters", "bytes"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageModel]:
    """One that writes ASCII noise, and one that writes bytes of which few make a character."""
    for needed in ("llama_cpp.server", "gguf"):
        pytest.importorskip(needed, reason="the llama extra is not installed: pip install -e '.[llama]'")
    file = tmp_path_factory.mktemp("llama") / "tiny.gguf"
    write_tiny_llama(file, whole_characters=request.param == "characters")
    port = _free_port()
    options = ["--model", str(file), "--model_alias", "tiny", "--port", str(port), "--n_ctx", str(CONTEXT)]
    server = subprocess.Popen(
        [sys.executable, "-m", "llama_cpp.server", "--n_threads", "1", "--chat_format", "chatml", *options],
        env={**os.environ, "HOST": "127.0.0.1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/v1/models", server)
        opened = open_chat_model(
            f"openai:tiny@http://127.0.0.1:{port}/v1",
            timeout=_PATIENCE,
            context=CONTEXT,
            breaker=Breaker(failures=10**9),
        )
        assert opened is not None
        yield opened
    finally:
        server.kill()
        server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        assert server.poll() is None, "llama.cpp's server stopped at once"
        with suppress(httpx.TransportError):
            if httpx.get(url).is_success:
                return
        time.sleep(0.1)
    pytest.fail("llama.cpp's server did not start")
