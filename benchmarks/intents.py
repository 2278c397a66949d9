"""How well messages are understood: Munshi's classifiers on public intent sets, beside peers on the same weights.

python -m benchmarks.intents [--only sofmattress,banking77] [--classifiers few_shot] [--encoder minilm] [--seeds 5]

Test sets are used for measuring only: whatever was chosen was chosen on training files, and every threshold comes from
the training data of its set, but for the one column that says otherwise ("swept", as HINT3's published figures have
it). Peers (they need the train extra) run after ours, in the same process. "prepared" arms put texts into Munshi's
canonical form first, as the assistant does.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.intent_peers import peers
from benchmarks.intent_sets import SETS, IntentSet, published
from benchmarks.machine import describe, memory_mib
from munshi.bot.preprocess import Preprocessor
from munshi.intents.evaluation import evaluate, evaluate_shots
from munshi.intents.examples import Examples
from munshi.intents.registry import Factory, Trained, Training, factory, names
from munshi.knowledge.base import Encoder
from munshi.knowledge.encoder import known_words, open_encoder

LIBRARIES = ("onnxruntime", "numpy", "scipy", "scikit-learn", "sentence-transformers", "torch")
COLUMNS = (
    ("in_scope_accuracy", "in scope", 100),
    ("in_scope_accuracy_rejecting", "rejecting", 100),
    ("oos_recall", "OOS rec.", 100),
    ("auroc", "AUROC", 1),
    ("fpr95", "FPR95", 1),
    ("mcc", "MCC", 1),
    ("mcc_swept", "swept", 1),
    ("ece", "ECE", 1),
    ("p50_ms", "p50 ms", 1),
    ("p95_ms", "p95 ms", 1),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default=",".join(SETS), help="sets, by comma")
    parser.add_argument("--classifiers", default="few_shot", help=f"of {', '.join(names())}, by comma")
    parser.add_argument("--encoder", default="minilm")
    parser.add_argument("--precision", default="int8", choices=("int8", "fp32"))
    parser.add_argument("--seeds", type=int, default=5, help="draws where a set is learnt from a few examples")
    parser.add_argument("--json", type=Path, help="write every report there too")
    options = parser.parse_args()
    print(describe(LIBRARIES))
    reports = []
    with tempfile.TemporaryDirectory() as home:
        encoder = open_encoder(options.encoder, home=Path(home), precision=options.precision)
        print(
            f"encoder   {encoder.name if encoder else 'none'}; seeds 0 to {options.seeds - 1} where examples are drawn"
        )
        for name in options.only.split(","):
            for task in SETS[name]():
                reports += measure(task, encoder, options.classifiers.split(","), options.seeds)
            if name == "sofmattress":
                show_published()
    if options.json:
        options.json.write_text(json.dumps(reports, indent=1), encoding="utf-8")


def measure(task: IntentSet, encoder: Encoder | None, classifiers: Sequence[str], seeds: int) -> list[dict[str, Any]]:
    """One set's table: a row for each arm, printed as it is done."""
    print(f"\n{task.name} ({task.licence}): {sizes(task)}{f'; {task.note}' if task.note else ''}")
    if encoder:
        print(f"  the bare encoder takes {bare_encoder(encoder, task.test.texts):.2f} ms a message (p50)")
    print(f"  {'':28}" + "".join(f"{title:>10}" for _, title, _ in COLUMNS) + f"{'fit s':>8}{'MiB':>7}")
    return [measure_arm(task, *arm, seeds) for arm in arms(task, encoder, classifiers)]


def arms(
    task: IntentSet, encoder: Encoder | None, classifiers: Sequence[str]
) -> Iterator[tuple[str, Factory, Training]]:
    """Ours, ours on prepared texts, ours without an encoder, then the peers."""
    for name in classifiers:
        yield name, factory(name), Training(encoder)
        yield f"{name}, prepared", factory(name), Training(encoder, prepare=canonical(task.train))
        if encoder:
            yield f"{name}, no encoder", factory(name), Training(None)
    for name, peer in peers().items():
        yield name, peer, Training()


def measure_arm(task: IntentSet, name: str, make: Factory, training: Training, seeds: int) -> dict[str, Any]:
    """Evaluate, print the row, and give the report as JSON takes it."""
    timed = Timed(make)
    if task.shots:
        report = evaluate_shots(task.train, task.test, timed, training, shots=task.shots, seeds=seeds).to_dict()
        figures, spread = report["mean"], report["std"]
    else:
        figures = report = evaluate(task.train, task.test, timed, training).to_dict()
        spread = {}
    cells = "".join(cell(figures.get(column), scale) for column, _, scale in COLUMNS)
    print(f"  {name:28}{cells}{statistics.fmean(timed.seconds):8.1f}{memory_mib() or 0:7.0f}")
    if spread:
        print(
            f"  {'  standard deviation':28}" + "".join(cell(spread.get(column), scale) for column, _, scale in COLUMNS)
        )
    sys.stdout.flush()
    return {"set": task.name, "arm": name, "fit_seconds": timed.seconds, **report}


class Timed:
    """A factory that notes how long each training took."""

    def __init__(self, make: Factory) -> None:
        self._make = make
        self.seconds: list[float] = []

    def __call__(self, examples: Examples, training: Training) -> Trained:
        """Train, and note the time."""
        started = time.perf_counter()
        trained = self._make(examples, training)
        self.seconds.append(time.perf_counter() - started)
        return trained


def canonical(train: Examples) -> Callable[[str], str]:
    """The assistant's preprocessing, for a shop whose words are those of the training texts."""
    vocabulary = (word for text in train.texts for word in text.split() if word.isalpha())
    prepare = Preprocessor(vocabulary=vocabulary, known_words=known_words(), timezone=ZoneInfo("Asia/Kolkata"))
    return prepare.canonical


def bare_encoder(encoder: Encoder, texts: Sequence[str]) -> float:
    """Milliseconds for one message, the median over 300."""
    times = []
    for text in texts[:: -(-len(texts) // 300)]:
        started = time.perf_counter()
        encoder.encode([text])
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def sizes(task: IntentSet) -> str:
    taught = f"{task.shots} of each intent" if task.shots else str(len(task.train.texts))
    outside = f" and {len(task.test.out_of_scope)} out of scope" if task.test.out_of_scope else ""
    return f"{len(task.train.intents)} intents, {taught} to learn from, {len(task.test.texts)} test texts{outside}"


def cell(value: float | None, scale: int) -> str:
    if value is None:
        return f"{'-':>10}"
    return f"{value * scale:10.1f}" if scale == 100 else f"{value:10.3f}"


def show_published() -> None:
    print("  published by HINT3 for this test set, the threshold swept on it:")
    for platform, mcc, accuracy, recall in published():
        known = {"in_scope_accuracy": accuracy, "oos_recall": recall, "mcc_swept": mcc}
        print(f"  {platform:28}" + "".join(cell(known.get(column), scale) for column, _, scale in COLUMNS))


if __name__ == "__main__":
    main()
