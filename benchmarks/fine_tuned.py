"""What fine-tuning gains over few-shot learning, and what it costs: both on the same public sets and the same weights.

python -m benchmarks.fine_tuned [--only sofmattress,banking77] [--seeds 3] [--base FOLDER] [--work FOLDER]

It needs the train extra. A training of BANKING77 takes some ten minutes on one free core; with --work it goes on where
it was stopped. Settings and thresholds come from the training files; the test files are only measured on.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.intent_sets import SETS, IntentSet
from benchmarks.intents import COLUMNS, cell, measure_arm, sizes
from benchmarks.machine import describe
from munshi.intents.registry import Training, factory
from munshi.knowledge.base import Encoder
from munshi.knowledge.encoder import open_encoder

LIBRARIES = ("onnxruntime", "numpy", "torch", "transformers", "accelerate")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="sofmattress,banking77", help=f"of {', '.join(SETS)}, by comma")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each set")
    parser.add_argument("--base", type=Path, help="a Hugging Face folder; the installed MiniLM by default")
    parser.add_argument("--work", type=Path, help="keeps checkpoints and models")
    parser.add_argument("--json", type=Path, help="write every report there too")
    options = parser.parse_args()
    print(describe(LIBRARIES))
    print(f"base      {options.base or 'minilm'}; seeds 0 to {options.seeds - 1}")
    reports = []
    with tempfile.TemporaryDirectory() as home:
        encoder = open_encoder("minilm", home=Path(home))
        for task in (task for name in options.only.split(",") for task in SETS[name]() if not task.shots):
            reports += measure(task, encoder, trainings(options, task), options.seeds)
    if options.json:
        options.json.write_text(json.dumps(reports, indent=1), encoding="utf-8")


def trainings(options: argparse.Namespace, task: IntentSet) -> Callable[[int], Training]:
    """What the fine-tuning of a set is started with, by seed."""

    def training(seed: int) -> Training:
        work = options.work / f"{task.name} {seed}".replace(" ", "-").lower() if options.work else None
        return Training(base=options.base, work=work, seed=seed)

    return training


def measure(
    task: IntentSet, encoder: Encoder | None, training: Callable[[int], Training], seeds: int
) -> list[dict[str, Any]]:
    """One set's table: few-shot, fine-tuned for each seed, and the mean of these."""
    print(f"\n{task.name} ({task.licence}): {sizes(task)}{f'; {task.note}' if task.note else ''}")
    print(f"  {'':28}" + "".join(f"{title:>10}" for _, title, _ in COLUMNS) + f"{'fit s':>8}{'MiB':>7}")
    few_shot = measure_arm(task, "few_shot", factory("few_shot"), Training(encoder), seeds)
    tuned = [
        measure_arm(task, f"fine_tuned, seed {seed}", factory("fine_tuned"), training(seed), seeds)
        for seed in range(seeds)
    ]
    print(f"  {'fine_tuned, mean':28}" + "".join(cell(mean(tuned, column), scale) for column, _, scale in COLUMNS))
    return [few_shot, *tuned]


def mean(reports: Sequence[dict[str, Any]], column: str) -> float | None:
    values = [report[column] for report in reports if report.get(column) is not None]
    return statistics.fmean(values) if values else None


if __name__ == "__main__":
    main()
