"""A cross-encoder fine-tuned on STS-B English from the MiniLM weights, and what the same weights do otherwise.

python -m benchmarks.reranker [--seeds 3] [--rounds N] [--bf16] [--work FOLDER] [--no-recipe]

Five new pairs of the training sentences for each that is scored are learnt first, with the scores that the encoder's
cosine stands for. The best round and the cosine's share in what is served are chosen on the development pairs (1,500),
the test pairs (1,379) are scored once a seed, by the class that serves the folder. Beside it on the same weights: the
cross-encoder alone, the cosine of the bi-encoder as it comes, and a published walk-through's recipe, which leaves the
labels at 0 to 5 under a cross-entropy that wants 0 to 1 (with bert-base it reports Pearson 0.550 and Spearman 0.549).
It needs the train extra and takes half an hour a seed on an idle core, with --bf16 a third of it where the processor is
made for that; with --work a second call goes on where the first was stopped. Labels at 0 to 5 are learnt for one seed.

Data: STS-B (Cer et al., 2017), in MUNSHI_DATA/stsb.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import data_folder, describe
from munshi.knowledge.base import Encoder
from munshi.knowledge.cross_encoder import open_cross_encoder
from munshi.knowledge.encoder import open_encoder
from munshi.knowledge.reranker_blend import PairScorer, cosines
from munshi.knowledge.reranker_imitation import PER_PAIR, imitated
from munshi.knowledge.reranker_metrics import Correlations, correlations
from munshi.knowledge.reranker_model import read_manifest
from munshi.knowledge.reranker_pairs import Pair, read_pairs
from munshi.knowledge.reranker_settings import RerankerSettings
from munshi.knowledge.reranker_training import RerankerLesson, train_reranker
from munshi.knowledge.rerankers import RerankerParts, open_scorer

LIBRARIES = ("onnxruntime", "torch", "transformers", "tokenizers", "numpy")
TIMED, REPEATS = 20, 20

Scores = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=RerankerSettings().rounds)
    parser.add_argument("--work", type=Path, help="keep trainings here, and go on with them")
    parser.add_argument("--bf16", action="store_true", help="multiply in bfloat16 while it learns")
    parser.add_argument("--no-recipe", action="store_true", help="leave the walk-through's recipe out")
    options = parser.parse_args()
    train, dev, test = (read_pairs(data_folder() / "stsb" / f"en-{part}.csv")[0] for part in ("train", "dev", "test"))
    print(describe(LIBRARIES))
    print(f"STS-B English: {len(train)} training, {len(dev)} development, {len(test)} test pairs")
    with tempfile.TemporaryDirectory() as scratch:
        work = options.work or Path(scratch)
        encoder = minilm(work)
        own = cosines(encoder, [pair.query for pair in test], [pair.passage for pair in test])
        show("bi-encoder's cosine", own, test)
        settings = RerankerSettings(rounds=options.rounds, bf16=options.bf16)
        lesson = RerankerLesson(train, dev, settings=settings, encoder=encoder)
        first = imitated(train, encoder, PER_PAIR * len(train), seed=0)
        for seed in range(options.seeds):
            seeded = replace(lesson, settings=replace(lesson.settings, seed=seed), first=first)
            folder = trained(work / f"seed-{seed}", seeded)
            measure(f"seed {seed}", folder, RerankerParts(work, encoder=encoder), test)
        if not options.no_recipe:
            recipe = replace(lesson, train=[replace(pair, label=5 * pair.label) for pair in train])
            model = open_cross_encoder(trained(work / "labels-0-to-5", recipe), home=work, precision="fp32")
            show("labels left at 0 to 5, seed 0", scores(model, test), test)


def trained(folder: Path, lesson: RerankerLesson) -> Path:
    if not (folder / "model.json").exists():
        started = time.perf_counter()
        train_reranker(folder, lesson, lambda text: print(f"    {text}", file=sys.stderr, flush=True))
        print(f"  {folder.name}: trained in {(time.perf_counter() - started) / 60:.0f} min")
    return folder


def measure(name: str, folder: Path, parts: RerankerParts, test: Sequence[Pair]) -> None:
    """What is served on the test pairs, and the cross-encoder alone, int8 and fp32, and how long each takes."""
    small, exact = (open_cross_encoder(folder, home=parts.home, precision=precision) for precision in ("int8", "fp32"))
    own, precise = scores(small, test), scores(exact, test)
    served, share = open_scorer(folder, parts), ((read_manifest(folder) or {}).get("cosine") or {}).get("share", 0)
    show(f"{name}, as served, the cosine's share {share:g}", scores(served, test), test)
    show(f"{name}, int8 alone", own, test)
    show(f"{name}, fp32 alone", precise, test)
    print(f"  int8 from fp32: mean {np.abs(own - precise).mean():.4f}, most {np.abs(own - precise).max():.4f}")
    timed = {"as served": served, "int8 alone": small, "fp32 alone": exact}
    told = ", ".join(f"{kind} {milliseconds(model, test):.0f} ms" for kind, model in timed.items())
    print(f"  {TIMED} pairs: {told} (median)")


def scores(model: PairScorer, pairs: Sequence[Pair]) -> Scores:
    return np.array([model.score(pair.query, [pair.passage])[0] for pair in pairs])


def minilm(home: Path) -> Encoder:
    encoder = open_encoder("minilm", home=home)
    if encoder is None:
        raise SystemExit("no encoder")
    return encoder


def milliseconds(model: PairScorer, pairs: Sequence[Pair]) -> float:
    """The median over queries, each with 20 other sentences, on one thread."""
    seconds = []
    for number in range(REPEATS):
        passages = [pair.passage for pair in pairs[number * TIMED : (number + 1) * TIMED]]
        started = time.perf_counter()
        model.score(pairs[number].query, passages)
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds)) * 1000


def show(name: str, given: Scores, pairs: Sequence[Pair]) -> None:
    found: Correlations = correlations(given, [pair.label for pair in pairs])
    print(f"  {name:52} test Pearson {found.pearson:.4f}  Spearman {found.spearman:.4f}", flush=True)


if __name__ == "__main__":
    main()
