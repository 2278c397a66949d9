"""What the encoder costs and what int8 changes, beside sentence-transformers on the same weights.

python -m benchmarks.encoder [--messages 500] [--texts 2000]

Each arm (ours in int8 and in fp32; sentence-transformers where it is installed, with torch's own choice of threads and
with one) runs in a process of its own, one after the other, so that memory is each arm's alone. Data: STS-B dev (see
the STS benchmark for its licence) for times and quality, XQuAD questions (CC BY-SA 4.0) in Hindi for how far int8
departs from fp32 in a language that the model barely knows.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import data_folder, describe, memory_mib
from munshi.knowledge.encoder import open_encoder
from munshi.knowledge.weights import minilm_folder

Encode = Callable[[list[str]], NDArray[np.float32]]

LIBRARIES = ("onnxruntime", "tokenizers", "numpy", "sentence-transformers", "torch")
PEER = "sentence-transformers"
ARMS = ("fp32", "int8", PEER, f"{PEER}, 1 thread")
COLUMNS = ("p50 ms", "p95 ms", "texts/s", "RSS MiB", "load s", "STS-B", "English", "Hindi")
WARM_UP = 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=500, help="messages timed one by one")
    parser.add_argument("--texts", type=int, default=2000, help="texts encoded in bulk")
    parser.add_argument("--arm", choices=ARMS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.arm:
        measure(options.arm, options.folder, options.messages, options.texts)
        return
    print(describe(LIBRARIES))
    print(f"data      STS-B dev: {options.messages} messages one by one, {options.texts} texts in bulk; nothing random")
    with tempfile.TemporaryDirectory() as folder:
        compare(Path(folder), sys.argv[1:])


def compare(folder: Path, arguments: list[str]) -> None:
    """Run the arms and print a row each."""
    print(f"{'':32}" + "".join(f"{column:>9}" for column in COLUMNS))
    for arm in ARMS:
        if arm.startswith(PEER) and find_spec("sentence_transformers") is None:
            print(f"{arm:32}not installed: pip install -e '.[train]'")
            continue
        command = [sys.executable, "-m", "benchmarks.encoder", "--arm", arm, "--folder", str(folder), *arguments]
        figures = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        nearness = [cosine(folder, arm, language) for language in ("english", "hindi")]
        print(
            f"{arm:32}{figures['p50']:9.2f}{figures['p95']:9.2f}{figures['throughput']:9.0f}{figures['memory']:9.0f}"
            f"{figures['load']:9.2f}{figures['spearman']:9.4f}{nearness[0]:9.4f}{nearness[1]:9.4f}"
        )
    print("\nSTS-B: Spearman of cosine and judged similarity, dev. English, Hindi: mean cosine to fp32's vectors.")
    print("RSS: the whole process when the texts are encoded. load: to the first vector, from a graph built before;")
    print("the peer imports torch in that time.")


def cosine(folder: Path, arm: str, language: str) -> float:
    """Mean cosine between an arm's vectors and those of fp32."""
    mine, exact = (np.load(folder / f"{name}-{language}.npy") for name in (arm, "fp32"))
    return float((mine * exact).sum(axis=1).mean())


def measure(arm: str, folder: Path, messages: int, texts: int) -> None:
    """One arm: its vectors to `folder`, its figures as JSON on stdout."""
    if not arm.startswith(PEER):
        open_ours(arm, folder)  # so that the graph is built before anything is timed
    started = time.perf_counter()
    encode = open_arm(arm, folder)
    encode(["the first message"])
    figures = {"load": time.perf_counter() - started}
    pairs, judged = read_pairs()
    distinct = list(dict.fromkeys(text for pair in pairs for text in pair))
    figures |= time_single(encode, distinct[:messages])
    figures["throughput"] = time_bulk(encode, distinct[:texts])
    figures["memory"] = memory_mib() or float("nan")
    from scipy.stats import spearmanr  # only here: its memory is not the encoder's

    left, right = (encode([pair[side] for pair in pairs]) for side in (0, 1))
    figures["spearman"] = float(spearmanr(judged, (left * right).sum(axis=1)).statistic)
    np.save(folder / f"{arm}-english.npy", left)
    np.save(folder / f"{arm}-hindi.npy", encode(read_hindi()))
    json.dump(figures, sys.stdout)


def open_arm(arm: str, folder: Path) -> Encode:
    return open_peer(one_thread=arm != PEER) if arm.startswith(PEER) else open_ours(arm, folder)


def open_ours(arm: str, folder: Path) -> Encode:
    encoder = open_encoder("minilm", home=folder, precision="fp32" if arm == "fp32" else "int8")
    if encoder is None:
        raise SystemExit("no encoder")
    return encoder.encode


def open_peer(*, one_thread: bool) -> Encode:
    """sentence-transformers as it comes, with its own batches."""
    if one_thread:
        import_module("torch").set_num_threads(1)
    model = import_module("sentence_transformers").SentenceTransformer(str(minilm_folder().path), device="cpu")
    return lambda texts: model.encode(texts, normalize_embeddings=True, show_progress_bar=False)


def time_single(encode: Encode, messages: list[str]) -> dict[str, float]:
    """Milliseconds for one message at a time."""
    for message in messages[:WARM_UP]:
        encode([message])
    taken = []
    for message in messages:
        started = time.perf_counter()
        encode([message])
        taken.append((time.perf_counter() - started) * 1000)
    return {"p50": float(np.percentile(taken, 50)), "p95": float(np.percentile(taken, 95))}


def time_bulk(encode: Encode, texts: list[str]) -> float:
    """Texts a second in one call."""
    started = time.perf_counter()
    encode(texts)
    return len(texts) / (time.perf_counter() - started)


def read_pairs() -> tuple[list[tuple[str, str]], list[float]]:
    """The sentence pairs of STS-B dev and their judged similarity, 0 to 5."""
    with (data_folder() / "stsb" / "en-dev.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    return [(row[0], row[1]) for row in rows], [float(row[2]) for row in rows]


def read_hindi(count: int = 300) -> list[str]:
    """The first XQuAD questions in Hindi."""
    data = json.loads((data_folder() / "xquad" / "xquad.hi.json").read_text(encoding="utf-8"))["data"]
    questions = [qa["question"] for article in data for paragraph in article["paragraphs"] for qa in paragraph["qas"]]
    return questions[:count]


if __name__ == "__main__":
    main()
