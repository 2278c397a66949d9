"""How long a search takes among many passages, beside the well-known recipe, and how fast an index is built.

python -m benchmarks.search_speed [--passages 10000,100000] [--vectors real|random] [--no-peer] [--no-build-rate]

Passages are real texts: BANKING77's and CLINC150's training questions and XQuAD's English sentences, drawn without
repeats (some 26,000); past those, two of them joined with a running number, so that no two passages are the same.
Queries are test questions of BANKING77 and CLINC150, none of which is a passage; none is remembered. With `--vectors
random` (the default above 20,000 passages, where embedding takes long) passages get random vectors and as many random
token vectors as they have words: what is found is then meaningless, the time it takes the same. The index is written to
a folder and opened from there, as a server opens it.

The recipe, where the train extra is installed: rank_bm25 over lower-cased words, sentence-transformers on the same
weights, numpy; both min-max fused. The passages' vectors are ours. Each searches in a process of its own, with its
libraries' threads as they come; ours keeps BLAS to one, as the server does. With OMP_NUM_THREADS=1 before the command
the recipe is kept to one thread too, which it may gain by. Times are per query in milliseconds, encoding included, over
200 queries, ours and the recipe's taken in turns so that a busy machine slows both, and in processor time too, which
other programs change less: twenty queries at a time, and once more one at a time, when each finds the processor's
caches full of the other's passages. Memory is that of a process that searches alone, the files of the index that were
touched included.

Data: BANKING77 (CC BY 4.0), CLINC150 (CC BY 3.0), XQuAD (CC BY-SA 4.0).
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import data_folder, describe
from benchmarks.retrieval import recipe_lexical, stretched
from benchmarks.turns import Apart, Taken, Ways, in_turns, medians
from munshi.knowledge.base import Encoder, Passage
from munshi.knowledge.encoder import open_encoder
from munshi.knowledge.evaluation import read_task
from munshi.knowledge.generation import Generation, read_generation, write_generation
from munshi.knowledge.index import Index
from munshi.knowledge.search import HybridRetriever, SearchSettings
from munshi.knowledge.text import sentences
from munshi.knowledge.threads import one_blas_thread
from munshi.knowledge.weights import minilm_folder

LIBRARIES = ("onnxruntime", "bm25s", "numpy", "rank-bm25", "sentence-transformers", "torch")
QUERIES, UNCOUNTED = 200, 10
TOGETHER = 20
SAMPLE = 1000  # passages embedded to tell the rate
REAL_UP_TO = 20_000


@dataclass(frozen=True)
class RandomEncoder:
    """Vectors of the right shapes that mean nothing."""

    dim: int
    rng: np.random.Generator
    name: str = "random"
    has_tokens: bool = True

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """A unit vector a text, (n, dim)."""
        return self._unit(len(texts))

    def encode_tokens(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        """A unit vector for each word and three more, of each text."""
        return [self._unit(len(text.split()) + 3) for text in texts]

    def _unit(self, rows: int) -> NDArray[np.float32]:
        drawn = self.rng.standard_normal((rows, self.dim), dtype=np.float32)
        return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--passages", default="10000,100000", help="how many, several with commas between")
    parser.add_argument("--vectors", choices=("real", "random"), help=f"default: real up to {REAL_UP_TO:,} passages")
    parser.add_argument("--no-peer", action="store_true", help="leave the recipe out, though it is installed")
    parser.add_argument("--no-build-rate", action="store_true", help="do not measure how fast passages are embedded")
    options = parser.parse_args()
    peer = not options.no_peer and all(map(find_spec, ("rank_bm25", "sentence_transformers")))
    print(describe(LIBRARIES))
    if not peer:
        print("the recipe is left out: pip install -e '.[train]' for it")
    with tempfile.TemporaryDirectory() as home:
        encoder = opened(home)
        for size in map(int, options.passages.split(",")):
            kind = options.vectors or ("real" if size <= REAL_UP_TO else "random")
            measure(size, encoder, home, random=kind == "random", peer=peer)
        if not options.no_build_rate:
            build_rate(encoder, peer=peer)


def measure(size: int, encoder: Encoder, home: str, *, random: bool, peer: bool) -> None:
    """Print how long searches among `size` passages take, in new processes, as a server would make them."""
    started = time.perf_counter()
    maker = RandomEncoder(encoder.dim, np.random.default_rng(0)) if random else encoder
    built = Index.from_passages(corpus(size), maker)
    seconds = time.perf_counter() - started
    print(f"\n{size:,} passages, {'random' if random else 'real'} vectors; built in {seconds:.1f} s", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        write_generation(Generation(built, {}), Path(folder))
        del built
        mine = Apart(ours, folder, home)
        show(in_turns([mine], queries(QUERIES + UNCOUNTED), uncounted=UNCOUNTED))
        print(f"  memory {mine.memory or float('nan'):.0f} MiB after the searches")
        if peer:
            against(partial(Apart, ours, folder, home), partial(Apart, recipe, folder))


def opened(home: str) -> Encoder:
    """The encoder, built where it is not yet."""
    encoder = open_encoder("minilm", home=Path(home))
    if encoder is None:
        raise SystemExit("no encoder")
    return encoder


@contextmanager
def ours(folder: str, home: str) -> Iterator[Ways]:
    """Our search, without and with the reranker, that remembers no question; BLAS is held as the server holds it."""
    encoder, index = opened(home), read_generation(Path(folder)).index
    settings = {"search": SearchSettings(rerank=False, cache=0), "re-ranked": SearchSettings(cache=0)}
    with one_blas_thread():
        yield {name: HybridRetriever(index, encoder, settings=one).search for name, one in settings.items()}


@contextmanager
def recipe(folder: str) -> Iterator[Ways]:
    """The recipe's hybrid search; it is given our vectors, whose content costs no time."""
    from sentence_transformers import SentenceTransformer

    index = read_generation(Path(folder)).index
    if index.vectors is None:
        raise ValueError("the index has no vectors")
    model: Any = SentenceTransformer(str(minilm_folder().path), device="cpu")
    lexical = recipe_lexical([passage.text for passage in index.passages])
    counts = index.vectors.counts
    matrix = np.array(index.vectors.matrix[np.cumsum(counts) - counts])  # one of each passage, that of the whole

    def search(query: str) -> NDArray[np.int64]:
        dense = matrix @ model.encode(query, normalize_embeddings=True, show_progress_bar=False)
        fused = 0.5 * stretched(lexical(query)) + 0.5 * stretched(dense)
        return np.argsort(-fused)[:5]

    yield {"recipe": search}


def against(mine: Callable[[], Apart], peer: Callable[[], Apart]) -> None:
    """Print ours and the recipe, taken in turns, and how they compare: busy, and when nobody has asked for a while."""
    for together, told in (
        (TOGETHER, f"{TOGETHER} queries at a time"),
        (1, "a query at a time, so that caches are cold"),
    ):
        times = in_turns([mine(), peer()], queries(QUERIES + UNCOUNTED), uncounted=UNCOUNTED, together=together)
        print(f"  in turns with the recipe, {told}:")
        show(times)
        middle = medians(times)
        for name in (name for name in times if name != "recipe"):
            by_clock, by_processor = (np.array(middle["recipe"]) / np.array(middle[name])).tolist()
            print(f"  {name} takes 1/{by_clock:.1f} of the recipe's time, 1/{by_processor:.1f} of its processor time")


def show(times: Mapping[str, Sequence[Taken]]) -> None:
    for name, taken in times.items():
        p50, p95 = np.quantile([one.clock for one in taken], (0.5, 0.95)) * 1000
        processor = np.median([one.processor for one in taken]) * 1000
        print(f"  {name:12} p50 {p50:7.1f} ms   p95 {p95:7.1f} ms   processor {processor:7.1f} ms")


def build_rate(encoder: Encoder, *, peer: bool) -> None:
    """Print passages a second: ours through the whole build, token vectors too, and sentence-transformers' vectors."""
    print("\nbuilding, passages a second:")
    ways: dict[str, Callable[[list[Passage]], object]] = {"ours": lambda found: Index.from_passages(found, encoder)}
    if peer:
        from sentence_transformers import SentenceTransformer

        model: Any = SentenceTransformer(str(minilm_folder().path), device="cpu")
        ways["sentence-transformers"] = lambda found: model.encode([passage.text for passage in found])
    paragraphs = list(read_task(data_folder() / "xquad" / "xquad.en.json").passages)
    for kind, found in (("questions and sentences", corpus(SAMPLE)), ("XQuAD paragraphs", paragraphs)):
        for name, run in ways.items():
            started = time.perf_counter()
            run(found)
            print(f"  {len(found)} {kind}, {name}: {len(found) / (time.perf_counter() - started):.0f}")


def corpus(size: int) -> list[Passage]:
    return [Passage(id=str(i), text=text, source=f"{i // 100}.md") for i, text in enumerate(texts_of(size))]


def texts_of(size: int) -> list[str]:
    """So many different texts, the same ones every time."""
    rng = np.random.default_rng(0)
    pool = list(dict.fromkeys(real_texts()))
    found = [pool[i] for i in rng.permutation(len(pool))[:size]]
    pairs = rng.integers(0, len(pool), (size - len(found), 2))
    return found + [f"{pool[a]} {pool[b]} No. {number}" for number, (a, b) in enumerate(pairs.tolist(), 1)]


def real_texts() -> Iterator[str]:
    data = data_folder()
    yield from banking(data / "banking77" / "train.csv")
    clinc = json.loads((data / "clinc150" / "data_full.json").read_text(encoding="utf-8"))
    yield from (text for text, _ in clinc["train"])
    for passage in read_task(data / "xquad" / "xquad.en.json").passages:
        yield from sentences(passage.text)


def queries(size: int) -> list[str]:
    data = data_folder()
    clinc = json.loads((data / "clinc150" / "data_full.json").read_text(encoding="utf-8"))
    asked = [*banking(data / "banking77" / "test.csv"), *(text for text, _ in clinc["test"])]
    unseen = sorted(set(asked) - set(real_texts()))
    return [unseen[i] for i in np.random.default_rng(1).permutation(len(unseen))[:size]]


def banking(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file)]


if __name__ == "__main__":
    main()
