"""How well messages are understood: Munshi's classifiers on public intent sets, beside peers on the same weights.

python -m benchmarks.intents [--only sofmattress,banking77] [--classifiers few_shot,cascade,zero_shot] [--no-peers]

Test sets are used for measuring only: whatever was chosen was chosen on training files, and every threshold comes from
the training data of its set, but for the one column that says otherwise ("swept", as HINT3's published figures have
it). Peers run after ours, in the same process, as far as they are installed: sentence-transformers with a logistic
regression, semantic-router, SetFit. "prepared" arms put texts into Munshi's canonical form first, as the assistant
does; "x enc." is the time of one message over that of the bare encoder, each text timed by both in turn.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.intent_peer_router import SEMANTIC_ROUTER
from benchmarks.intent_peer_setfit import SETFIT
from benchmarks.intent_peers import peers
from benchmarks.intent_sets import SETS, IntentSet, published
from benchmarks.machine import describe, memory_mib
from munshi.bot.preprocess import Preprocessor
from munshi.intents.evaluation import evaluate, evaluate_shots
from munshi.intents.examples import Examples
from munshi.intents.registry import Factory, Trained, Training, factory, names
from munshi.knowledge.base import Encoder
from munshi.knowledge.encoder import known_words, open_encoder

LIBRARIES = (
    "onnxruntime", "numpy", "scipy", "scikit-learn",
    "sentence-transformers", "transformers", "torch", "semantic-router", "setfit",
)  # fmt: skip
ENCODERS = "encoders"
RANDOM = ("fine_tuned", "ensemble", SETFIT)
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
    (ENCODERS, "x enc.", 1),
)


def main() -> None:
    options = parsed()
    print(describe(LIBRARIES))
    reports = []
    with tempfile.TemporaryDirectory() as home:
        encoder = open_encoder(options.encoder, home=Path(home), precision=options.precision)
        name = encoder.name if encoder else "none"
        print(f"encoder   {name}; where examples are drawn, seeds from 0: {options.seeds}, peers' {options.peer_seeds}")
        for wanted in options.only:
            for task in SETS[wanted]():
                reports += measure(task, encoder, options)
            if wanted == "sofmattress":
                show_published()
    if options.json:
        options.json.write_text(json.dumps(reports, indent=1), encoding="utf-8")


def parsed() -> argparse.Namespace:
    """The command line's options; a name that there is not is refused."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default=",".join(SETS), help="sets, by comma")
    parser.add_argument("--classifiers", default="few_shot", help=f"of {', '.join(names())}, by comma")
    parser.add_argument("--encoder", default="minilm")
    parser.add_argument("--precision", default="int8", choices=("int8", "fp32"))
    parser.add_argument("--seeds", type=int, default=5, help="draws where a set is learnt from a few examples")
    parser.add_argument("--peer-seeds", type=int, default=3, help="the same for the peers")
    parser.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True, help="those installed")
    parser.add_argument("--setfit-steps", type=int, default=300, help="of 16 pairs each; 0 leaves it out")
    parser.add_argument("--base", type=Path, help="the folder of the encoder that fine_tuned starts from")
    parser.add_argument("--work", type=Path, help="a folder from which fine-tunings that were stopped go on")
    parser.add_argument("--prepared", action=argparse.BooleanOptionalAction, default=True, help="with arms prepared")
    parser.add_argument("--json", type=Path, help="write every report there too")
    options = parser.parse_args()
    options.only, options.classifiers = options.only.split(","), options.classifiers.split(",")
    for given, known in ((options.only, tuple(SETS)), (options.classifiers, names())):
        unknown = sorted(set(given) - set(known))
        if unknown:
            parser.error(f"there is no {', '.join(unknown)}: choose from {', '.join(known)}")
    return options


def measure(task: IntentSet, encoder: Encoder | None, options: argparse.Namespace) -> list[dict[str, Any]]:
    """One set's table: a row for each arm, printed as it is done, then how the times compare."""
    print(f"\n{task.name} ({task.licence}): {sizes(task)}{f'; {task.note}' if task.note else ''}")
    print(f"  {'':28}" + "".join(f"{title:>10}" for _, title, _ in COLUMNS) + f"{'fit s':>8}{'MiB':>7}")
    training = Training(encoder, base=options.base, work=options.work)
    ours = arms(task, training, options.classifiers, prepared=options.prepared)
    reports = [measure_arm(task, *arm, options.seeds) for arm in ours]
    if options.peers:
        for name, peer in peers(task, setfit_steps=options.setfit_steps).items():
            # A peer has an encoder of its own; ours is timed beside it, so that "x enc." means the same in every row.
            reports.append(measure_arm(task, name, peer, Training(encoder), options.peer_seeds))
    show_times(reports)
    return reports


def arms(
    task: IntentSet, training: Training, classifiers: Sequence[str], *, prepared: bool
) -> Iterator[tuple[str, Factory, Training]]:
    """Each of ours, on prepared texts too, and few_shot without an encoder."""
    for name in classifiers:
        yield name, at_work(name, task.name), training
        if prepared:
            ready = replace(training, prepare=canonical(task.train))
            yield f"{name}, prepared", at_work(name, f"{task.name}, prepared"), ready
        if training.encoder and name == "few_shot":
            yield f"{name}, no encoder", factory(name), replace(training, encoder=None)


def at_work(name: str, what: str) -> Factory:
    """A classifier's factory with a work folder for each set and seed, so that each training can go on."""

    def make(examples: Examples, training: Training) -> Trained:
        work = training.work / f"{what}, seed {training.seed}" if training.work else None
        return factory(name)(examples, replace(training, work=work))

    return make


def measure_arm(task: IntentSet, name: str, make: Factory, training: Training, seeds: int) -> dict[str, Any]:
    """Evaluate, print the row, and give the report as JSON takes it."""
    timed = Timed(make)
    # What trains at random is run with several seeds though it learns from all examples each time.
    shots = task.shots or (len(task.train.texts) if name.startswith(RANDOM) else 0)
    if shots:
        report = evaluate_shots(task.train, task.test, timed, training, shots=shots, seeds=seeds).to_dict()
        figures, spread = report["mean"], report["std"]
    else:
        figures = report = evaluate(task.train, task.test, timed, training).to_dict()
        spread = {}
    alone = figures.get("bare_encoder_ms")
    figures[ENCODERS] = figures["p50_ms"] / alone if alone else None
    cells = "".join(cell(figures.get(column), scale) for column, _, scale in COLUMNS)
    print(f"  {name:28}{cells}{statistics.fmean(timed.seconds):8.1f}{memory_mib() or 0:7.0f}")
    if spread:
        print(
            f"  {'  standard deviation':28}" + "".join(cell(spread.get(column), scale) for column, _, scale in COLUMNS)
        )
    sys.stdout.flush()
    return {"set": task.name, "arm": name, "fit_seconds": timed.seconds, **report}


def show_times(reports: Sequence[Mapping[str, Any]]) -> None:
    """One message's time in each arm beside semantic-router's, where that has run."""
    took = {report["arm"]: report.get("mean", report)["p50_ms"] for report in reports}
    router = took.get(SEMANTIC_ROUTER)
    if router:
        shares = (f"{arm} {ms / router:.2f}" for arm, ms in took.items() if arm != SEMANTIC_ROUTER)
        print(f"  one message (p50) in times of semantic-router's {router:.1f} ms: {', '.join(shares)}")


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
