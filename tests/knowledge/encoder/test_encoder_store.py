"""The built graph on disk: kept, checked, mended, and shared by processes that start at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from munshi.knowledge.base import EncoderError
from munshi.knowledge.encoder import open_encoder
from munshi.knowledge.encoder_store import stored_graph

OPEN = (
    "import sys; from pathlib import Path; from munshi.knowledge.encoder import open_encoder;"
    "print(open_encoder(sys.argv[2], home=Path(sys.argv[1])).encode(['hello'])[0, :3].tolist())"
)


def _graphs(home: Path) -> list[Path]:
    return sorted((home / "encoders").rglob("*.onnx"))


def test_a_graph_is_built_once(tiny: Path, tmp_path: Path) -> None:
    told: list[str] = []
    first = open_encoder(str(tiny), home=tmp_path, progress=told.append)
    second = open_encoder(str(tiny), home=tmp_path, progress=told.append)
    assert first
    assert second
    assert len(told) == 1
    assert first.name == second.name
    assert np.array_equal(first.encode(["hello"]), second.encode(["hello"]))


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.write_bytes(file.read_bytes()[:-100]),
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(file.read_bytes()[:-1] + b"\xff"),
        lambda file: file.unlink(),
    ],
    ids=["truncated", "empty", "one byte", "gone"],
)
def test_a_damaged_graph_is_built_again(tiny: Path, tmp_path: Path, damage: Callable[[Path], object]) -> None:
    before = open_encoder(str(tiny), home=tmp_path)
    (graph,) = _graphs(tmp_path)
    damage(graph)
    told: list[str] = []
    after = open_encoder(str(tiny), home=tmp_path, progress=told.append)
    assert before
    assert after
    assert told
    assert _graphs(tmp_path) == [graph]
    assert np.array_equal(before.encode(["hello"]), after.encode(["hello"]))


def test_two_processes_may_build_at_once(tiny: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPEN, str(tmp_path), str(tiny)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert said[0] == said[1] != ""
    assert len(_graphs(tmp_path)) == 1
    assert not list((tmp_path / "encoders").rglob("building-*"))


def test_a_builder_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def build(target: Path) -> None:
        target.write_bytes(b"half a graph")
        raise EncoderError("out of memory")

    with pytest.raises(EncoderError, match="out of memory"):
        stored_graph(tmp_path, "key", build)
    assert not list((tmp_path / "encoders" / "key").iterdir())


def test_a_home_that_cannot_be_written_is_told(tiny: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.write_text("a file where the folder should be")
    with pytest.raises(EncoderError, match="MUNSHI_HOME"):
        open_encoder(str(tiny), home=home)
