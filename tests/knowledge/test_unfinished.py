"""Builds that are broken off: what was embedded is not lost, the old index is not harmed, and nothing is left lying."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from munshi.knowledge.embedding import Embedding
from munshi.knowledge.index_store import IndexStore
from munshi.knowledge.unfinished import PART, Unfinished

# An encoder that needs nothing, in a file of its own so that a process to be killed can have it too.
ENCODER = """
import hashlib, sys, time
from pathlib import Path
import numpy as np
from munshi.knowledge.index_store import IndexStore

class Slow:
    name, dim, has_tokens = "slow", 8, True

    def __init__(self, log, pause=0.0):
        self.log, self.pause = log, pause

    def encode(self, texts):
        with self.log.open("a") as log:
            log.write("".join(f"{text}\\n" for text in texts))
        time.sleep(self.pause * len(texts))
        return np.concatenate([self.encode_tokens([text])[0][:1] for text in texts])

    def encode_tokens(self, texts):
        seeds = (int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) for text in texts)
        drawn = (np.random.default_rng(seed).standard_normal((6, 8)).astype(np.float32) for seed in seeds)
        return [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in drawn]
"""
BUILD = """
place, papers, log, pause = map(Path, sys.argv[1:])
store = IndexStore(place, Slow(log, float(str(pause))))
print("ready", flush=True)
store.update(sorted(papers.iterdir()))
"""
PASSAGES = 5 * PART


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    folder = tmp_path / "papers"
    folder.mkdir()
    rows = "\n".join(f"Part {number},{number} rupees" for number in range(PASSAGES))
    (folder / "prices.csv").write_text(f"name,price\n{rows}\n", encoding="utf-8")
    return folder


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "embedded.txt"


@pytest.fixture
def store(place: Path, log: Path) -> IndexStore:
    made: dict = {}
    exec(ENCODER, made)
    return IndexStore(place, made["Slow"](log))


def build(place: Path, papers: Path, log: Path, *, pause: float = 0.0, before: str = "") -> subprocess.Popen[str]:
    command = [sys.executable, "-c", before + ENCODER + BUILD, str(place), str(papers), str(log), str(pause)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def lines(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


def folders(place: Path) -> list[Path]:
    return [path for path in next(place.iterdir()).iterdir() if path.is_dir()]


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is not known there")
def test_a_build_that_is_killed_again_and_again_gets_done(
    place: Path, papers: Path, log: Path, store: IndexStore
) -> None:
    moments = random.Random(4)
    for _ in range(12):
        process = build(place, papers, log, pause=0.0005)
        time.sleep(moments.uniform(0.05, 0.5))
        kill(process)
        opened = store.open()
        assert opened is None or len(opened.passages) == PASSAGES
    index, _ = store.update(sorted(papers.iterdir()))
    assert len(index.passages) == PASSAGES
    # Each time at most the parts that were not full yet are embedded twice.
    assert len(lines(log)) <= PASSAGES + 12 * (PART + 32)
    assert len(set(lines(log))) == PASSAGES
    assert len(folders(place)) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is not known there")
def test_a_rebuild_that_is_killed_leaves_the_old_index_and_its_embeddings(
    place: Path, papers: Path, log: Path, store: IndexStore
) -> None:
    old = store.update(sorted(papers.iterdir()))[0].version
    (papers / "more.csv").write_text("name\n" + "\n".join(f"More {n}" for n in range(2 * PART)), encoding="utf-8")
    moments = random.Random(5)
    for _ in range(6):
        process = build(place, papers, log, pause=0.001)
        time.sleep(moments.uniform(0.05, 0.4))
        kill(process)
        opened = store.open()
        assert opened is not None
        assert opened.version == old or len(opened.passages) == PASSAGES + 2 * PART
    index, _ = store.update(sorted(papers.iterdir()))
    assert len(index.passages) == PASSAGES + 2 * PART
    assert sum(line.startswith("Prices") for line in lines(log)) == PASSAGES


LIMIT = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no limits there")
@pytest.mark.parametrize("size", [200, 5_000, 20_000, 60_000])
def test_a_full_disk_leaves_the_old_index_and_nothing_half_written(
    place: Path, papers: Path, log: Path, store: IndexStore, size: int
) -> None:
    paper = papers / "prices.csv"
    whole = paper.read_text()
    paper.write_text("name\nOne\n")
    old = store.update([paper])[0].version
    paper.write_text(whole)
    process = build(place, papers, log, before=LIMIT.format(size=size))
    assert "KnowledgeError" in process.communicate()[1]
    assert process.returncode == 1
    opened = store.open()
    assert opened is not None
    assert opened.version == old
    assert [path.name for path in folders(place) if path.name.startswith(".building")] == []
    assert len(store.update([paper])[0].passages) == PASSAGES


def embedding(number: int) -> Embedding:
    return Embedding(
        np.full((2, 4), number, np.float32), np.full((3, 4), number % 100, np.int8), np.ones(3, np.float32)
    )


def keep(folder: Path, count: int) -> None:
    kept = Unfinished(folder)
    for start in range(0, count, 10):
        kept.add({str(number): embedding(number) for number in range(start, min(start + 10, count))})


def test_what_is_kept_is_found_by_its_key(tmp_path: Path) -> None:
    keep(tmp_path, 2 * PART + 40)
    found = Unfinished(tmp_path).find({"3", "300", "nowhere"})
    assert set(found) == {"3", "300"}
    for key, held in found.items():
        wanted = embedding(int(key))
        assert all((getattr(held, part) == getattr(wanted, part)).all() for part in ("vectors", "rows", "scales"))


def test_a_small_build_writes_nothing(tmp_path: Path) -> None:
    keep(tmp_path, PART - 20)
    assert list(tmp_path.iterdir()) == []


def test_what_is_damaged_or_wanted_no_more_is_removed(tmp_path: Path) -> None:
    keep(tmp_path, PART)
    (damaged,) = tmp_path.iterdir()
    with (damaged / "vectors.npy").open("r+b") as stream:
        stream.seek(-1, 2)
        stream.write(b"\xff")
    (tmp_path / "empty").mkdir()
    assert Unfinished(tmp_path).find({"1"}) == {}
    keep(tmp_path, PART)
    assert Unfinished(tmp_path).find({"another"}) == {}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("links", [True, False])
def test_what_is_too_large_for_memory_makes_the_same_index(
    place: Path, tmp_path: Path, papers: Path, store: IndexStore, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    def refuse(_self: Path, _target: Path) -> None:
        raise OSError("no links on this drive")

    if not links:
        monkeypatch.setattr(Path, "hardlink_to", refuse)
    paper = papers / "prices.csv"
    gathered, _ = store.update([paper])
    monkeypatch.setattr("munshi.knowledge.index.IN_MEMORY", 0)
    other = IndexStore(tmp_path / "other", store._encoder)
    for index in (other.update([paper])[0], other.open()):
        assert index is not None
        assert index.tokens is not None
        assert gathered.tokens is not None
        assert index.version == gathered.version
        assert np.array_equal(index.tokens.rows, gathered.tokens.rows)
        assert np.array_equal(index.tokens.starts, gathered.tokens.starts)
    paper.write_text(paper.read_text() + "Another,12 rupees\n")
    again, report = other.update([paper])
    assert report.embedded == 1
    assert again.tokens is not None
    assert np.array_equal(again.tokens.rows[: len(gathered.tokens.rows)], gathered.tokens.rows)
    assert other.update([paper])[1].rebuilt is False
    assert len(folders(tmp_path / "other")) == 1
